"""State in dictionaries: tests, and `materialize()` without an installation."""
