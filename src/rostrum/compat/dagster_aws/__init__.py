"""`dagster_aws`."""
