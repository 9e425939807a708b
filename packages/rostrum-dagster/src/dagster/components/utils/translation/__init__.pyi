# What editors and type checkers see of `dagster.components.utils.translation`. Written by `./task generate`; do not edit.
from typing import Any

from dagster import AssetAttributesModel as AssetAttributesModel
from dagster import AssetCheckSpec as AssetCheckSpec
from dagster import AssetSpec as AssetSpec
from dagster import ResolutionContext as ResolutionContext
from dagster import Resolver as Resolver
from dagster import TYPE_CHECKING as TYPE_CHECKING

__all__ = [
    "AssetAttributesModel",
    "AssetCheckSpec",
    "AssetSpec",
    "ComponentTranslator",
    "ResolutionContext",
    "Resolver",
    "TYPE_CHECKING",
    "TranslationFnResolver",
    "TranslatorResolvingInfo",
    "create_component_translator_cls",
    "resolve_asset_spec_update_kwargs_to_mapping",
]

class ComponentTranslator:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
class TranslationFnResolver:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
class TranslatorResolvingInfo:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
def create_component_translator_cls(*args: Any, **kwargs: Any) -> Any: ...
def resolve_asset_spec_update_kwargs_to_mapping(*args: Any, **kwargs: Any) -> Any: ...
