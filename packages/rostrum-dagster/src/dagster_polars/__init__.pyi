from rostrum.compat.dagster_polars import *
