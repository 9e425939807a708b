"""Projects written for another orchestrator's public API, run unchanged. Not affiliated with Dagster Labs."""
