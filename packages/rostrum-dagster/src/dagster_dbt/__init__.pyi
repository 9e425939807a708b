from rostrum.compat.dagster_dbt import *
