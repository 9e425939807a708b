"""dbt: models, seeds and snapshots as assets, tests as checks. Needs dbt-core and an adapter where commands run;
definitions are made from the manifest alone.
"""

from __future__ import annotations

from rostrum.integrations.dbt.assets import build_dbt_specs as build_dbt_specs
from rostrum.integrations.dbt.assets import dbt_assets as dbt_assets
from rostrum.integrations.dbt.errors import DbtCliRuntimeError as DbtCliRuntimeError
from rostrum.integrations.dbt.errors import DbtCliTaskOptionsError as DbtCliTaskOptionsError
from rostrum.integrations.dbt.errors import DbtError as DbtError
from rostrum.integrations.dbt.errors import DbtManifestError as DbtManifestError
from rostrum.integrations.dbt.errors import DbtSelectionError as DbtSelectionError
from rostrum.integrations.dbt.invocation import DbtCliInvocation as DbtCliInvocation
from rostrum.integrations.dbt.invocation import DbtEventIterator as DbtEventIterator
from rostrum.integrations.dbt.lookups import DbtManifestAssetSelection as DbtManifestAssetSelection
from rostrum.integrations.dbt.lookups import build_dbt_asset_selection as build_dbt_asset_selection
from rostrum.integrations.dbt.lookups import (
    build_freshness_checks_from_dbt_assets as build_freshness_checks_from_dbt_assets,
)
from rostrum.integrations.dbt.lookups import build_schedule_from_dbt_selection as build_schedule_from_dbt_selection
from rostrum.integrations.dbt.lookups import get_asset_key_for_model as get_asset_key_for_model
from rostrum.integrations.dbt.lookups import get_asset_key_for_source as get_asset_key_for_source
from rostrum.integrations.dbt.lookups import (
    get_asset_keys_by_output_name_for_source as get_asset_keys_by_output_name_for_source,
)
from rostrum.integrations.dbt.messages import DbtCliEventMessage as DbtCliEventMessage
from rostrum.integrations.dbt.project import DbtProject as DbtProject
from rostrum.integrations.dbt.project import DbtProjectPreparer as DbtProjectPreparer
from rostrum.integrations.dbt.project import DefaultPreparer as DefaultPreparer
from rostrum.integrations.dbt.properties import (
    default_asset_key_from_dbt_resource_props as default_asset_key_from_dbt_resource_props,
)
from rostrum.integrations.dbt.properties import (
    default_automation_condition_from_dbt_resource_props as default_automation_condition_from_dbt_resource_props,
)
from rostrum.integrations.dbt.properties import (
    default_code_version_from_dbt_resource_props as default_code_version_from_dbt_resource_props,
)
from rostrum.integrations.dbt.properties import (
    default_description_from_dbt_resource_props as default_description_from_dbt_resource_props,
)
from rostrum.integrations.dbt.properties import (
    default_group_from_dbt_resource_props as default_group_from_dbt_resource_props,
)
from rostrum.integrations.dbt.properties import (
    default_metadata_from_dbt_resource_props as default_metadata_from_dbt_resource_props,
)
from rostrum.integrations.dbt.properties import (
    default_owners_from_dbt_resource_props as default_owners_from_dbt_resource_props,
)
from rostrum.integrations.dbt.properties import (
    default_tags_from_dbt_resource_props as default_tags_from_dbt_resource_props,
)
from rostrum.integrations.dbt.properties import (
    group_from_dbt_resource_props_fallback_to_directory as group_from_dbt_resource_props_fallback_to_directory,
)
from rostrum.integrations.dbt.resource import DbtCliResource as DbtCliResource
from rostrum.integrations.dbt.translator import DbtTranslator as DbtTranslator
from rostrum.integrations.dbt.translator import DbtTranslatorSettings as DbtTranslatorSettings
