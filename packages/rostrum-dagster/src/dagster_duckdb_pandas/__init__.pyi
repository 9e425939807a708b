from rostrum.compat.dagster_duckdb_pandas import *
