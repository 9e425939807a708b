from rostrum.compat.dagster_duckdb_polars import *
