from rostrum.compat.dagster_aws import *
