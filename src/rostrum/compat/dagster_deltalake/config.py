"""`dagster_deltalake.config`."""

from __future__ import annotations

from rostrum.integrations.delta import AzureConfig as AzureConfig
from rostrum.integrations.delta import GcsConfig as GcsConfig
from rostrum.integrations.delta import LocalConfig as LocalConfig
from rostrum.integrations.delta import S3Config as S3Config
