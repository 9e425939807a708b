from rostrum.compat.dagster_pandas import *
