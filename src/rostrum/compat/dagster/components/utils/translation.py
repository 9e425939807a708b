"""`dagster.components.utils.translation`."""

from __future__ import annotations

from rostrum.components.attributes import AssetAttributesModel as AssetAttributesModel
from rostrum.components.attributes import (
    resolve_asset_spec_update_kwargs_to_mapping as resolve_asset_spec_update_kwargs_to_mapping,
)
from rostrum.components.resolution import ResolutionContext as ResolutionContext
from rostrum.components.resolvers import Resolver as Resolver
from rostrum.components.translation import ComponentTranslator as ComponentTranslator
from rostrum.components.translation import TranslationFn as TranslationFn
from rostrum.components.translation import TranslationFnResolver as TranslationFnResolver
from rostrum.components.translation import TranslatorResolvingInfo as TranslatorResolvingInfo
from rostrum.components.translation import create_component_translator_cls as create_component_translator_cls
from rostrum.definitions.assets.specs import AssetSpec as AssetSpec
from rostrum.definitions.checks.specs import AssetCheckSpec as AssetCheckSpec
