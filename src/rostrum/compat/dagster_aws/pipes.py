"""`dagster_aws.pipes`."""

from __future__ import annotations

from rostrum.integrations.s3_pipes import PipesS3ContextInjector as PipesS3ContextInjector
from rostrum.integrations.s3_pipes import PipesS3MessageReader as PipesS3MessageReader
