"""Arguments of assets that name an upstream asset of their own group by the last segment of its key.

`bronze/foo/b` and `silver/foo/e` are both of the group `foo`: `def e(b)` means the one `b` there is in the group, where
no asset has the key `b`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.specs import AssetDep, AssetSpec
from rostrum.model.keys import AssetKey


def with_relatives(assets: Sequence[AssetsDefinition | AssetSpec]) -> Sequence[AssetsDefinition | AssetSpec]:
    """The same definitions, those copied whose arguments mean an asset of their group."""
    keys = {spec.key for spec in _specs(assets)}
    lost = {id(each): found for each in assets if (found := _lost(each, keys))}
    if not lost:
        return assets
    groups: dict[tuple[str, str], list[AssetKey]] = {}
    for spec in _specs(assets):
        groups.setdefault((spec.group_name or "default", spec.key.parts[-1]), []).append(spec.key)
    return [_found(each, lost[id(each)], groups) if id(each) in lost else each for each in assets]


def _specs(assets: Sequence[AssetsDefinition | AssetSpec]) -> Iterator[AssetSpec]:
    for each in assets:
        if isinstance(each, AssetSpec):
            yield each
        else:
            yield from each.specs


def _lost(each: AssetsDefinition | AssetSpec, keys: set[AssetKey]) -> list[AssetKey]:
    """Keys of one segment that arguments load, and that no asset has."""
    if isinstance(each, AssetSpec) or each.op is None:
        return []
    return [
        item.asset_key
        for item in each.op.inputs.values()
        if item.asset_key is not None
        and item.asset_key not in keys
        and not item.nothing
        and len(item.asset_key.parts) == 1
    ]


def _found(
    each: AssetsDefinition | AssetSpec, lost: list[AssetKey], groups: dict[tuple[str, str], list[AssetKey]]
) -> AssetsDefinition | AssetSpec:
    """A copy that loads those of the lost keys that mean one asset of the group."""
    assert not isinstance(each, AssetSpec)
    own = {spec.key for spec in each.specs}
    group = {spec.group_name or "default" for spec in each.specs}
    meant: dict[AssetKey, AssetKey] = {}
    for key in lost:
        there = [other for name in group for other in groups.get((name, key.parts[0]), ()) if other not in own]
        if len(there) == 1:
            meant[key] = there[0]
    if not meant:
        return each
    made, mappings = copy.copy(each), {dep.asset_key: dep.partition_mapping for spec in each.specs for dep in spec.deps}
    made.specs = tuple(_renamed(spec, meant) for spec in each.specs)
    op = made.op = copy.copy(each.op)
    assert op is not None
    op.inputs = dict(op.inputs)
    for name, item in op.inputs.items():
        if item.asset_key in meant:
            other = op.inputs[name] = copy.copy(item)
            other.asset_key = meant[item.asset_key]
            mapping = mappings.get(other.asset_key)
            other.mapping = item.mapping if mapping is None else mapping.spec
    return made


def _renamed(spec: AssetSpec, meant: dict[AssetKey, AssetKey]) -> AssetSpec:
    """The spec with what is meant in place of what is lost. A dependency that is there by its full key stays."""
    named = {dep.asset_key for dep in spec.deps}
    deps = [
        AssetDep(meant[dep.asset_key], partition_mapping=dep.partition_mapping, metadata=dep.metadata)
        if dep.asset_key in meant
        else dep
        for dep in spec.deps
        if meant.get(dep.asset_key) not in named
    ]
    return spec.replace_attributes(deps=deps)
