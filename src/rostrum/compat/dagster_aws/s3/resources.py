"""`dagster_aws.s3.resources`."""

from __future__ import annotations

from rostrum.integrations.s3 import S3FileManagerResource as S3FileManagerResource
from rostrum.integrations.s3 import S3Resource as S3Resource
from rostrum.integrations.s3 import s3_resource as s3_resource
