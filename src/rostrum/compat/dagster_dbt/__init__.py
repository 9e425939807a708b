"""`dagster_dbt`."""

from __future__ import annotations

from rostrum.integrations import dbt as _dbt
from rostrum.integrations.dbt import DbtCliEventMessage as DbtCliEventMessage
from rostrum.integrations.dbt import DbtCliInvocation as DbtCliInvocation
from rostrum.integrations.dbt import DbtCliResource as DbtCliResource
from rostrum.integrations.dbt import DbtEventIterator as DbtEventIterator
from rostrum.integrations.dbt import DbtManifestAssetSelection as DbtManifestAssetSelection
from rostrum.integrations.dbt import DbtProject as DbtProject
from rostrum.integrations.dbt import DbtProjectPreparer as DbtProjectPreparer
from rostrum.integrations.dbt import build_dbt_asset_selection as build_dbt_asset_selection
from rostrum.integrations.dbt import build_freshness_checks_from_dbt_assets as build_freshness_checks_from_dbt_assets
from rostrum.integrations.dbt import build_schedule_from_dbt_selection as build_schedule_from_dbt_selection
from rostrum.integrations.dbt import dbt_assets as dbt_assets
from rostrum.integrations.dbt import default_group_from_dbt_resource_props as default_group_from_dbt_resource_props
from rostrum.integrations.dbt import (
    default_metadata_from_dbt_resource_props as default_metadata_from_dbt_resource_props,
)
from rostrum.integrations.dbt import get_asset_key_for_model as get_asset_key_for_model
from rostrum.integrations.dbt import get_asset_key_for_source as get_asset_key_for_source
from rostrum.integrations.dbt import (
    get_asset_keys_by_output_name_for_source as get_asset_keys_by_output_name_for_source,
)
from rostrum.integrations.dbt import (
    group_from_dbt_resource_props_fallback_to_directory as group_from_dbt_resource_props_fallback_to_directory,
)
from rostrum.integrations.dbt.component import DbtProjectComponent as DbtProjectComponent

DagsterDbtCliRuntimeError = _dbt.DbtCliRuntimeError
DagsterDbtError = _dbt.DbtError
DagsterDbtTranslator = _dbt.DbtTranslator
DagsterDbtTranslatorSettings = _dbt.DbtTranslatorSettings
DagsterDbtProjectPreparer = _dbt.DefaultPreparer
