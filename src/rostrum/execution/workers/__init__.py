"""The bodies of run workers and step workers, here and elsewhere, and how they talk, are interrupted and end."""
