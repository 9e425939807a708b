"""`@graph_asset` and `@graph_multi_asset`: assets made by a graph of ops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, overload

from rostrum.definitions.assets.backing import backing_of
from rostrum.definitions.assets.decorator import deprecated
from rostrum.definitions.assets.definition import AssetsDefinition, assets_of
from rostrum.definitions.assets.parts import own_key
from rostrum.definitions.assets.ports import AssetIn, AssetOut
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.broken import noting, noting_call, unnamed
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.names import KeyLike, nearest
from rostrum.definitions.ops.graphs import GraphDefinition, GraphOut, compose
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.sources import function_source
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, DefinitionError


@overload
def graph_asset(compose_fn: Callable[..., Any]) -> AssetsDefinition: ...
@overload
def graph_asset(
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    config: Any = None,
    key_prefix: str | Sequence[str] | None = None,
    group_name: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: Any = None,
    backfill_policy: BackfillPolicy | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    code_version: str | None = None,
    key: KeyLike | None = None,
    kinds: Iterable[str] | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...
@noting_call(AssetsDefinition)
def graph_asset(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    config: Any = None,
    key_prefix: str | Sequence[str] | None = None,
    group_name: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: Any = None,
    backfill_policy: BackfillPolicy | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    code_version: str | None = None,
    key: KeyLike | None = None,
    kinds: Iterable[str] | None = None,
    **kwargs: Any,
) -> Any:
    """Make an asset of a function that composes ops: the result of one of them, which it returns, is the asset.

    Each parameter is the upstream asset of that name. The steps are `<asset>.<op>`. With `check_specs` the function
    returns a dict: `result`, and for each check the output `<asset>_<check>` of an op that gives the verdict.
    """
    kinds, _ = deprecated("graph_asset", kwargs, kinds, None)

    @noting(AssetsDefinition, named=partial(own_key, source=None, name=name, key=key, key_prefix=key_prefix))
    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        source = function_source(function)
        full = own_key(function, source, name, key, key_prefix)
        graph = _composed(function, full.step_key, ("result",), check_specs, config, description)
        spec_options: dict[str, Any] = {
            "description": description or function.__doc__,
            "metadata": metadata,
            "group_name": group_name,
            "code_version": code_version,
            "automation_condition": automation_condition,
            "owners": owners,
            "tags": tags,
            "kinds": kinds,
            "partitions_def": partitions_def,
        }
        backing = backing_of(
            graph,
            _input_keys(graph, ins),
            {"result": full},
            partition_mappings=_mappings(ins),
            check_specs=check_specs,
            common=spec_options,
        )
        return _finished(backing, backfill_policy, resource_defs, hooks)

    return decorate if compose_fn is None else decorate(compose_fn)


@noting_call(AssetsDefinition, many=True)
def graph_multi_asset(
    *,
    outs: Mapping[str, AssetOut],
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    backfill_policy: BackfillPolicy | None = None,
    group_name: str | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    config: Any = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of a function that composes ops. It returns a dict of outputs (or a tuple in the order of
    `outs`).

    With `can_subset` a run executes only those ops that the selected assets need.
    """

    @noting(AssetsDefinition, named=unnamed)
    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        source = function_source(function)
        label = name or function.__name__
        graph = _composed(function, AssetKey((label,)).step_key, tuple(outs), check_specs, config, None)
        keys = {out: declared.resolve_key(out) for out, declared in outs.items()}
        inputs = _input_keys(graph, ins)
        mappings = _mappings(ins)
        plain = backing_of(graph, inputs, keys, partition_mappings=mappings, check_specs=check_specs)
        specs: dict[str, AssetSpec] = {}
        for out, declared in outs.items():
            if group_name is not None and declared.group_name is not None:
                raise ArgumentError(f"{label}: the out {out!r} has a group of its own; give the group at one place.")
            spec = declared.to_spec(keys[out], plain.specs[0].deps, partitions_def=partitions_def, source=source)
            specs[out] = spec.replace_attributes(group_name=group_name) if group_name is not None else spec
        backing = backing_of(
            graph,
            inputs,
            keys,
            partition_mappings=mappings,
            can_subset=can_subset,
            check_specs=check_specs,
            specs=specs,
        )
        return _finished(backing, backfill_policy, resource_defs, hooks)

    return decorate


def _composed(
    function: Callable[..., Any],
    name: str,
    outputs: Sequence[str],
    checks: Sequence[AssetCheckSpec] | None,
    config: Any,
    description: str | None,
) -> GraphDefinition:
    names = [*outputs, *(check.output_name for check in checks or ())]
    out = None if names == ["result"] else {each: GraphOut() for each in names}
    options = {"config": config} if config is not None else {}
    return compose(GraphDefinition, function, name, out, None, description, **options)


def _input_keys(graph: GraphDefinition, ins: Mapping[str, AssetIn] | None) -> Mapping[str, AssetKey]:
    for name in ins or ():
        if name not in graph.inputs:
            known = ", ".join(graph.inputs) or "there are none"
            raise DefinitionError(
                f"ins names {name!r}, which does not correspond to any of the names of the arguments ({known})."
                f"{nearest(name, graph.inputs)}"
            )
    return {name: AssetIn.from_coercible(given).resolve_key(name) for name, given in (ins or {}).items()}


def _mappings(ins: Mapping[str, AssetIn] | None) -> Mapping[str, Any]:
    return {
        name: given.partition_mapping
        for name, given in (ins or {}).items()
        if isinstance(given, AssetIn) and given.partition_mapping is not None
    }


def _finished(
    backing: Any,
    backfill_policy: BackfillPolicy | None,
    resources: Mapping[str, Any] | None,
    hooks: Iterable[Any] | None,
) -> AssetsDefinition:
    if hooks:
        backing.op.hooks = frozenset(hooks)
    return assets_of(backing, backfill_policy=backfill_policy, resource_defs=resources, hook_defs=hooks)
