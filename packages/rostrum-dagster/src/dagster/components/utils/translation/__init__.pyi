# What editors and type checkers see of `dagster.components.utils.translation`. Written by `./task generate`; do not edit.
from typing import Any

from rostrum.compat.dagster.components.utils.translation import AssetAttributesModel as AssetAttributesModel
from rostrum.compat.dagster.components.utils.translation import AssetCheckSpec as AssetCheckSpec
from rostrum.compat.dagster.components.utils.translation import AssetSpec as AssetSpec
from rostrum.compat.dagster.components.utils.translation import ComponentTranslator as ComponentTranslator
from rostrum.compat.dagster.components.utils.translation import ResolutionContext as ResolutionContext
from rostrum.compat.dagster.components.utils.translation import Resolver as Resolver
from rostrum.compat.dagster.components.utils.translation import TranslationFnResolver as TranslationFnResolver
from rostrum.compat.dagster.components.utils.translation import TranslatorResolvingInfo as TranslatorResolvingInfo
from rostrum.compat.dagster.components.utils.translation import create_component_translator_cls as create_component_translator_cls
from rostrum.compat.dagster.components.utils.translation import resolve_asset_spec_update_kwargs_to_mapping as resolve_asset_spec_update_kwargs_to_mapping

__all__ = [
    "AssetAttributesModel",
    "AssetCheckSpec",
    "AssetSpec",
    "ComponentTranslator",
    "ResolutionContext",
    "Resolver",
    "TranslationFnResolver",
    "TranslatorResolvingInfo",
    "create_component_translator_cls",
    "resolve_asset_spec_update_kwargs_to_mapping",
]
