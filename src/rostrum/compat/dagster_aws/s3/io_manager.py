"""`dagster_aws.s3.io_manager`."""

from __future__ import annotations

from rostrum.integrations.s3 import S3PickleIOManager as S3PickleIOManager
from rostrum.integrations.s3 import S3Resource as S3Resource
from rostrum.integrations.s3 import s3_pickle_io_manager as s3_pickle_io_manager
