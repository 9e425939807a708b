from rostrum.compat.dagster_deltalake_pandas import *
