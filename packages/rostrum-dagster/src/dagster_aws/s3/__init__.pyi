from rostrum.compat.dagster_aws.s3 import *
