from rostrum.compat.dagster_slack import *
