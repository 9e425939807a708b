"""`dagster_aws.s3`."""

from __future__ import annotations

from rostrum.integrations.s3 import S3FileHandle as S3FileHandle
from rostrum.integrations.s3 import S3FileManager as S3FileManager
from rostrum.integrations.s3 import S3FileManagerResource as S3FileManagerResource
from rostrum.integrations.s3 import S3PickleIOManager as ConfigurablePickledObjectS3IOManager
from rostrum.integrations.s3 import S3PickleIOManager as S3PickleIOManager
from rostrum.integrations.s3 import S3Resource as S3Resource
from rostrum.integrations.s3 import get_s3_keys as get_s3_keys
from rostrum.integrations.s3 import s3_pickle_io_manager as s3_pickle_io_manager
from rostrum.integrations.s3 import s3_resource as s3_resource

__all__ = [
    "ConfigurablePickledObjectS3IOManager",
    "S3FileHandle",
    "S3FileManager",
    "S3FileManagerResource",
    "S3PickleIOManager",
    "S3Resource",
    "get_s3_keys",
    "s3_pickle_io_manager",
    "s3_resource",
]
