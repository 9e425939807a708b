from rostrum.compat.dagster_slack.sensors import *
