"""`dagster_duckdb`."""

from __future__ import annotations

from rostrum.integrations.duckdb import DuckDBIOManager as DuckDBIOManager
from rostrum.integrations.duckdb import DuckDBResource as DuckDBResource
from rostrum.integrations.duckdb import build_duckdb_io_manager as build_duckdb_io_manager
