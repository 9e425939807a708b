"""`dagster_duckdb_pandas`."""

from __future__ import annotations

from rostrum.integrations.duckdb import DuckDBPandasIOManager as DuckDBPandasIOManager
from rostrum.integrations.duckdb import DuckDBPandasTypeHandler as DuckDBPandasTypeHandler
from rostrum.integrations.duckdb_style import duckdb_pandas_io_manager as duckdb_pandas_io_manager
