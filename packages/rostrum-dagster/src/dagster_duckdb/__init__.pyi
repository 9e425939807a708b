from rostrum.compat.dagster_duckdb import *
