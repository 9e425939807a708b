"""The instance, as scripts, tests and steps use it."""
