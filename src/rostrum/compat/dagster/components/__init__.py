"""`dagster.components`: components, as Rostrum has them."""

from __future__ import annotations

import importlib
from typing import Any

_C = "rostrum.components."
_TABLE: dict[str, tuple[str, ...]] = {
    _C + "attributes": ("AssetAttributesModel", "ResolvedAssetCheckSpec", "ResolvedAssetKey", "ResolvedAssetSpec"),
    _C + "component": ("Component", "ComponentTypeSpec", "component_instance"),
    _C + "context": ("ComponentLoadContext",),
    _C + "definitions_component": ("DefinitionsComponent",),
    _C + "executable": ("FunctionComponent",),
    _C + "folders": ("DefsFolderComponent",),
    _C + "loading": (
        "build_component_defs",
        "build_defs_for_component",
        "component_defs",
        "get_all_components_defs_within_project",
        "get_component_defs_within_project",
        "load_defs",
        "load_from_defs_folder",
    ),
    _C + "resolution": ("ResolutionContext",),
    _C + "resolvable": ("Model", "Resolvable"),
    _C + "resolvers": ("Injected", "Resolver"),
    _C + "scaffold": ("ScaffoldRequest", "Scaffolder", "scaffold_component", "scaffold_with"),
    _C + "scope": ("template_var",),
    _C + "scripts": ("PythonScriptComponent", "UvRunComponent"),
    _C + "sql": ("SqlComponent", "TemplatedSqlComponent"),
    _C + "state": ("DefsStateConfig", "DefsStateConfigArgs", "ResolvedDefsStateConfig", "StateBackedComponent"),
    _C + "tree": ("ComponentTree",),
}
_MODULE_OF = {name: module for module, names in _TABLE.items() for name in names}

__all__ = sorted([*_MODULE_OF, "definitions"])  # noqa: PLE0605 # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name == "definitions":
        return importlib.import_module("rostrum.definitions.location.lazy").lazy_definitions
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'dagster.components' (Rostrum's) has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
