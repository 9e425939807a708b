# What editors and type checkers see of `dagster.components`. Written by `./task generate`; do not edit.
from typing import Any

from dagster import AssetAttributesModel as AssetAttributesModel
from dagster import Component as Component
from dagster import ComponentLoadContext as ComponentLoadContext
from dagster import ComponentTypeSpec as ComponentTypeSpec
from dagster import DefinitionsComponent as DefinitionsComponent
from dagster import DefsFolderComponent as DefsFolderComponent
from dagster import FunctionComponent as FunctionComponent
from dagster import Injected as Injected
from dagster import Model as Model
from dagster import PythonScriptComponent as PythonScriptComponent
from dagster import ResolutionContext as ResolutionContext
from dagster import Resolvable as Resolvable
from dagster import ResolvedAssetCheckSpec as ResolvedAssetCheckSpec
from dagster import ResolvedAssetKey as ResolvedAssetKey
from dagster import ResolvedAssetSpec as ResolvedAssetSpec
from dagster import Resolver as Resolver
from dagster import ScaffoldRequest as ScaffoldRequest
from dagster import Scaffolder as Scaffolder
from dagster import SqlComponent as SqlComponent
from dagster import StateBackedComponent as StateBackedComponent
from dagster import TemplatedSqlComponent as TemplatedSqlComponent
from dagster import UvRunComponent as UvRunComponent
from dagster import build_component_defs as build_component_defs
from dagster import build_defs_for_component as build_defs_for_component
from dagster import component_instance as component_instance
from dagster import definitions as definitions
from dagster import load_defs as load_defs
from dagster import load_from_defs_folder as load_from_defs_folder
from dagster import scaffold_component as scaffold_component
from dagster import scaffold_with as scaffold_with

__all__ = [
    "AssetAttributesModel",
    "Component",
    "ComponentLoadContext",
    "ComponentTypeSpec",
    "DefinitionsComponent",
    "DefsFolderComponent",
    "DefsStateConfig",
    "DefsStateConfigArgs",
    "FunctionComponent",
    "Injected",
    "Model",
    "PythonScriptComponent",
    "ResolutionContext",
    "Resolvable",
    "ResolvedAssetCheckSpec",
    "ResolvedAssetKey",
    "ResolvedAssetSpec",
    "ResolvedDefsStateConfig",
    "Resolver",
    "ScaffoldRequest",
    "Scaffolder",
    "SqlComponent",
    "StateBackedComponent",
    "TemplatedSqlComponent",
    "UvRunComponent",
    "build_component_defs",
    "build_defs_for_component",
    "component_instance",
    "definitions",
    "load_defs",
    "load_from_defs_folder",
    "scaffold_component",
    "scaffold_with",
]

class DefsStateConfig:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
class DefsStateConfigArgs:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
ResolvedDefsStateConfig: Any
