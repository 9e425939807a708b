from rostrum.compat.dagster_aws.pipes import *
