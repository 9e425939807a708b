"""`dagster_duckdb_polars`."""

from __future__ import annotations

from rostrum.integrations.duckdb import DuckDBPolarsIOManager as DuckDBPolarsIOManager
from rostrum.integrations.duckdb import DuckDBPolarsTypeHandler as DuckDBPolarsTypeHandler
from rostrum.integrations.duckdb_style import duckdb_polars_io_manager as duckdb_polars_io_manager
