from rostrum.compat.dagster_aws.s3.io_manager import *
