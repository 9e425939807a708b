from rostrum.compat.dagster_dask import *
