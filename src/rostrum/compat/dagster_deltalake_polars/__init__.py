"""`dagster_deltalake_polars`."""

from __future__ import annotations

from rostrum.integrations.delta import DeltaLakePolarsIOManager as DeltaLakePolarsIOManager
