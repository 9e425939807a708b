from rostrum.compat.dagster_deltalake_polars import *
