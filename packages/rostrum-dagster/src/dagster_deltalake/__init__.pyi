from rostrum.compat.dagster_deltalake import *
