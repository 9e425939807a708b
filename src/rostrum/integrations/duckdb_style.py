"""The DuckDB IO managers in the style of functions: `io_manager.configured({"database": ...})`."""

from __future__ import annotations

from typing import Any, cast

from rostrum.definitions.config.schema import Field
from rostrum.definitions.resources.lifecycle import InitResourceContext, io_manager
from rostrum.integrations.duckdb import DuckDBIOManager, DuckDBPandasIOManager, DuckDBPolarsIOManager

_CONFIG = {
    "database": Field(str, description="Path of the database file."),
    "connection_config": Field(dict, is_required=False, description="Configuration of DuckDB."),
    "schema": Field(str, is_required=False, description="Schema of all tables."),
}


def _made(kind: type[DuckDBIOManager], context: InitResourceContext) -> Any:
    return kind(**cast("dict[str, Any]", context.config)).create_io_manager(context)


@io_manager(config_schema=_CONFIG)
def duckdb_pandas_io_manager(init_context: InitResourceContext) -> Any:
    """`DuckDBPandasIOManager` in the style of functions."""
    return _made(DuckDBPandasIOManager, init_context)


@io_manager(config_schema=_CONFIG)
def duckdb_polars_io_manager(init_context: InitResourceContext) -> Any:
    """`DuckDBPolarsIOManager` in the style of functions."""
    return _made(DuckDBPolarsIOManager, init_context)
