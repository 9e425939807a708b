"""`dagster.components.resolved`."""
