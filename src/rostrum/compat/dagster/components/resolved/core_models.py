"""`dagster.components.resolved.core_models`."""

from __future__ import annotations

from rostrum.components.attributes import AssetAttributesModel as AssetAttributesModel
from rostrum.components.attributes import AssetAttributesModel as AssetSpecUpdateKwargsModel
from rostrum.components.attributes import ResolvedAssetAttributes as ResolvedAssetAttributes
from rostrum.components.attributes import ResolvedAssetCheckSpec as ResolvedAssetCheckSpec
from rostrum.components.attributes import ResolvedAssetKey as ResolvedAssetKey
from rostrum.components.attributes import ResolvedAssetSpec as ResolvedAssetSpec
from rostrum.components.attributes import resolve_asset_key as resolve_asset_key
from rostrum.components.attributes import resolve_asset_spec as resolve_asset_spec
from rostrum.components.executable import OpSpec as OpSpec
from rostrum.components.partition_models import DailyPartitionsDefinitionModel as DailyPartitionsDefinitionModel
from rostrum.components.partition_models import HourlyPartitionsDefinitionModel as HourlyPartitionsDefinitionModel
from rostrum.components.partition_models import StaticPartitionsDefinitionModel as StaticPartitionsDefinitionModel
from rostrum.components.partition_models import (
    TimeWindowPartitionsDefinitionModel as TimeWindowPartitionsDefinitionModel,
)
from rostrum.components.partition_models import WeeklyPartitionsDefinitionModel as WeeklyPartitionsDefinitionModel

__all__ = ["AssetSpecUpdateKwargsModel"]
