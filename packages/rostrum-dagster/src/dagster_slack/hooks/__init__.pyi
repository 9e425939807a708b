from rostrum.compat.dagster_slack.hooks import *
