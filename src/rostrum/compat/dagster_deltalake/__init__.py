"""`dagster_deltalake`."""

from __future__ import annotations

from rostrum.integrations.delta import AzureConfig as AzureConfig
from rostrum.integrations.delta import DeltaLakeIOManager as DeltaLakeIOManager
from rostrum.integrations.delta import DeltaLakePyarrowIOManager as DeltaLakePyarrowIOManager
from rostrum.integrations.delta import DeltaTableResource as DeltaTableResource
from rostrum.integrations.delta import GcsConfig as GcsConfig
from rostrum.integrations.delta import LocalConfig as LocalConfig
from rostrum.integrations.delta import S3Config as S3Config
from rostrum.integrations.delta import WriteMode as WriteMode
