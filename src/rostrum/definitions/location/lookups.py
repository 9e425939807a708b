"""Finding definitions by name, key or selection, with errors that tell what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.assets.specs import AssetSpec, changed_spec
from rostrum.definitions.names import nearest
from rostrum.model.assets import AssetKey
from rostrum.model.errors import InvariantError
from rostrum.model.manifest import ASSET_JOB_NAMES
from rostrum.planning.graph import AssetGraph

T = TypeVar("T")


def is_implicit(name: str) -> bool:
    """Whether this is the name of the job over all assets."""
    return name in ASSET_JOB_NAMES


def found(what: str, name: Any, known: Mapping[Any, T]) -> T:
    """What has this name. Raises InvariantError that lists what there is."""
    if name in known:
        return known[name]
    names = [str(each) for each in known]
    listed = ", ".join(sorted(names)) or "none"
    raise InvariantError(f"Could not find {what} {str(name)!r}. There are: {listed}.{nearest(str(name), names)}")


def assets_def_of(assets: Iterable[AssetsDefinition | AssetSpec], key: AssetKey) -> AssetsDefinition:
    """The definition that holds an asset; one of a spec is external. Raises InvariantError where there is none."""
    known: dict[AssetKey, Any] = {}
    for each in assets:
        for spec in each.specs if isinstance(each, AssetsDefinition) else (each,):
            known[spec.key] = each
    held = found("asset", key, known)
    return held if isinstance(held, AssetsDefinition) else AssetsDefinition(specs=[held])


def selected_keys(graph: AssetGraph, selection: Any) -> frozenset[AssetKey]:
    """Keys that a selection means; all where there is none."""
    if selection is None:
        return frozenset(graph.nodes)
    return frozenset(AssetSelection.from_coercible(selection).resolve(graph))


def mapped(
    func: Callable[[AssetSpec], AssetSpec], assets: Iterable[AssetsDefinition | AssetSpec], keys: frozenset[AssetKey]
) -> Sequence[Any]:
    """The assets, with the specs of those keys replaced by what a function makes of them."""

    def change(spec: AssetSpec) -> AssetSpec:
        return changed_spec(func, spec) if spec.key in keys else spec

    return [
        change(each) if isinstance(each, AssetSpec) else each.map_asset_specs(change) if each.keys & keys else each
        for each in assets
    ]
