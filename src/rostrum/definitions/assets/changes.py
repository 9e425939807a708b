"""Definitions of assets made of other ones: with other specs, other keys, or fewer assets."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rostrum.definitions.assets.specs import AssetDep, AssetSpec
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ArgumentError, DefinitionError

T = TypeVar("T")


def changed(definition: T, specs: Sequence[AssetSpec]) -> T:
    """A copy with these specs; the op's outputs follow what they repeat of them."""
    made: Any = copy.copy(definition)
    before = {spec.key: spec for spec in made.specs}
    made.specs = tuple(specs)
    by_key = {spec.key: spec for spec in specs}
    if made.op is None or all(_same_output(before.get(key), spec) for key, spec in by_key.items()):
        return made
    made.op = copy.copy(made.op)
    outputs = dict(made.op.outputs)
    for name, output in outputs.items():
        spec = by_key.get(output.asset_key)
        if spec is not None:
            own = outputs[name] = copy.copy(output)
            own.metadata, own.code_version = spec.metadata, spec.code_version
            own.partitions = spec.partitions_def.spec if spec.partitions_def is not None else None
    made.op.outputs = outputs
    return made


def _same_output(before: AssetSpec | None, after: AssetSpec) -> bool:
    return before is after or (
        before is not None
        and before.metadata == after.metadata
        and before.code_version == after.code_version
        and before.partitions_def == after.partitions_def
    )


def with_values(
    groups: Mapping[AssetKey, str],
    tags: Mapping[AssetKey, Mapping[str, str]],
    metadata: Mapping[AssetKey, Mapping[str, Any]],
    automation_condition: Any,
) -> Callable[[AssetSpec], AssetSpec]:
    """What gives specs other attributes by key. It raises DefinitionError where a spec has another group already."""

    def change(spec: AssetSpec) -> AssetSpec:
        key, changes = spec.key, dict[str, Any]()
        if key in groups:
            if spec.group_name not in (None, "default", groups[key]):
                raise DefinitionError(f"asset {key} has the group {spec.group_name!r} already.")
            changes["group_name"] = groups[key]
        if key in tags:
            changes["tags"] = tags[key]
        if key in metadata:
            changes["metadata"] = metadata[key]
        if automation_condition is not None:
            changes["automation_condition"] = automation_condition
        return spec.replace_attributes(**changes) if changes else spec

    return change


def with_keys(definition: T, keys: Mapping[AssetKey, AssetKey], *, own: bool = False) -> T:
    """A copy in which assets have other keys: those that it makes, those it loads or depends on, and those its checks
    are of. `own`: only those that it makes.
    """
    made: Any = copy.copy(definition)
    made.specs = tuple(_renamed_spec(spec, keys) for spec in made.specs)
    made.check_specs = tuple(_renamed_check(spec, keys) for spec in made.check_specs)
    if made.op is None:
        return made
    op = made.op = copy.copy(made.op)
    op.outputs = {name: _renamed_output(output, keys) for name, output in op.outputs.items()}
    if not own:
        op.inputs = {name: _renamed_input(item, keys) for name, item in op.inputs.items()}
    return made


def _renamed_output(output: Any, keys: Mapping[AssetKey, AssetKey]) -> Any:
    each = copy.copy(output)
    if each.asset_key in keys:
        each.asset_key = keys[each.asset_key]
    if each.check_key is not None and each.check_key.asset_key in keys:
        each.check_key = CheckKey(keys[each.check_key.asset_key], each.check_key.name)
    return each


def _renamed_spec(spec: AssetSpec, keys: Mapping[AssetKey, AssetKey]) -> AssetSpec:
    changes: dict[str, Any] = {}
    if spec.key in keys:
        changes["key"] = keys[spec.key]
    if any(dep.asset_key in keys for dep in spec.deps):
        changes["deps"] = [
            AssetDep(
                keys.get(dep.asset_key, dep.asset_key), partition_mapping=dep.partition_mapping, metadata=dep.metadata
            )
            for dep in spec.deps
        ]
    return spec.replace_attributes(**changes) if changes else spec


def _renamed_check(spec: Any, keys: Mapping[AssetKey, AssetKey]) -> Any:
    if spec.asset_key not in keys:
        return spec
    made = copy.copy(spec)
    object.__setattr__(made, "asset_key", keys[spec.asset_key])
    return made


def _renamed_input(item: Any, keys: Mapping[AssetKey, AssetKey]) -> Any:
    if item.asset_key not in keys:
        return item
    made = copy.copy(item)
    made.asset_key = keys[item.asset_key]
    return made


def subset(definition: T, keys: frozenset[AssetKey], checks: Iterable[CheckKey] | None) -> T:
    """A copy with some of the assets and checks. Raises ArgumentError where they are made only together."""
    made: Any = copy.copy(definition)
    whole = frozenset(spec.key for spec in made.specs)
    if not made.can_subset and keys & whole and not keys >= whole:
        raise ArgumentError(f"{definition!r} cannot be subset: its assets are made together.")
    chosen = set(checks) if checks is not None else None
    made.specs = tuple(spec for spec in made.specs if spec.key in keys)
    made.check_specs = tuple(
        spec for spec in made.check_specs if (spec.key in chosen if chosen is not None else spec.asset_key in keys)
    )
    made.is_subset = len(made.specs) < len(whole)
    return made
