"""`dagster.components.core`."""
