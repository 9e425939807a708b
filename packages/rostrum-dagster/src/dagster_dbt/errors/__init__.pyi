from rostrum.compat.dagster_dbt.errors import *
