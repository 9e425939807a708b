from rostrum.compat.dagster_deltalake.config import *
