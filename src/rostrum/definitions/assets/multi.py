"""`@multi_asset`: a function that makes several assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rostrum.definitions.assets.backing import Backing
from rostrum.definitions.assets.decorator import deprecated
from rostrum.definitions.assets.definition import AssetsDefinition, assets_of
from rostrum.definitions.assets.parts import asset_inputs, asset_op, asset_signature, own_checks, spec_output
from rostrum.definitions.assets.ports import AssetIn, AssetOut
from rostrum.definitions.assets.specs import AssetDep, AssetSpec, DepLike, asset_deps
from rostrum.definitions.broken import noting, noting_call, unnamed
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.names import asset_key_of, check_segment, nearest
from rostrum.definitions.ops.ops import OpOutput, is_nothing
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.sources import function_source, shown
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, DefinitionError, kind_of
from rostrum.model.manifest import Source


@noting_call(AssetsDefinition, many=True)
def multi_asset(
    *,
    outs: Mapping[str, AssetOut] | None = None,
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[DepLike] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    internal_asset_deps: Mapping[str, set[AssetKey]] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    backfill_policy: BackfillPolicy | None = None,
    op_tags: Mapping[str, Any] | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    specs: Sequence[AssetSpec] | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
    **kwargs: Any,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of one function: `specs` (no values through IO managers) or `outs` (values, returned in a
    tuple or yielded).

    With `can_subset` a run may select some of them; the function finds out which by `context.selected_asset_keys`.
    `isolation` and `timeout` as of `op`.
    """
    kinds, deps = deprecated("multi_asset", kwargs, None, deps)

    @noting(AssetsDefinition, named=unnamed)
    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        source = function_source(function)
        if (specs is None) == (outs is None) and not (specs is None and check_specs):
            raise DefinitionError("multi_asset: give either specs or outs.")
        label = name or function.__name__
        check_segment(label)
        op_name = AssetKey((label,)).step_key
        signature = asset_signature(function, label, source)
        inputs, own_deps = asset_inputs(label, signature, ins, None if specs else deps, source)
        if specs is not None:
            given = asset_deps(deps) if deps else ()
            made = shared_specs(specs, [*own_deps, *given], source, partitions_def, group_name, code_version)
            outputs = {spec.key.step_key: spec_output(spec) for spec in made}
        else:
            common = {"partitions_def": partitions_def, "group_name": group_name, "code_version": code_version}
            made, outputs = _outs(outs or {}, own_deps, internal_asset_deps or {}, source, common)
        if kinds:
            made = [spec.merge_attributes(kinds=kinds) for spec in made]
        checks = own_checks(check_specs, [spec.key for spec in made], source)
        op = asset_op(
            op_name,
            function,
            signature,
            inputs,
            outputs,
            checks,
            source,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            resource_defs=resource_defs,
            op_tags=op_tags,
            hooks=hooks,
            description=description or function.__doc__,
            retry_policy=retry_policy,
            pool=pool,
            isolation=isolation,
            timeout=timeout,
            code_version=code_version,
            can_subset=can_subset,
        )
        return assets_of(
            Backing(op, tuple(made), checks),
            backfill_policy=backfill_policy,
            resource_defs=resource_defs,
            hook_defs=hooks,
        )

    return decorate


def shared_specs(
    specs: Sequence[AssetSpec],
    extra: Sequence[AssetDep],
    source: Source | None,
    partitions: PartitionsDefinition | None,
    group: str | None,
    version: str | None = None,
) -> list[AssetSpec]:
    """Specs with what the decorator says for all of them. Raises ArgumentError for a group given at both places."""
    keys = [spec.key for spec in _checked(specs, source)]
    twice = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
    if twice is not None:
        raise DefinitionError(f"{shown(source)}: two specs have the key {twice}.")
    if group is not None and (own := next((spec for spec in specs if spec.group_name is not None), None)) is not None:
        raise ArgumentError(f"{shown(source)}: {own.key} has a group of its own; give the group at one place.")
    made: list[AssetSpec] = []
    for spec in specs:
        changes: dict[str, Any] = {"source": source}
        above = [dep for dep in extra if dep.asset_key != spec.key]
        if above:
            own_keys = {dep.asset_key for dep in spec.deps}
            changes["deps"] = [*spec.deps, *(dep for dep in above if dep.asset_key not in own_keys)]
        if partitions is not None and spec.partitions_def is None:
            changes["partitions_def"] = partitions
        if group is not None:
            changes["group_name"] = group
        if version is not None and spec.code_version is None:
            changes["code_version"] = version
        made.append(spec.replace_attributes(**changes))
    return made


def _checked(specs: Sequence[Any], source: Source | None) -> Sequence[AssetSpec]:
    for each in specs:
        if not isinstance(each, AssetSpec):
            raise ArgumentError(f"{shown(source)}: specs holds {kind_of(each)}, which is no AssetSpec.")
    return specs


def _outs(
    outs: Mapping[str, AssetOut],
    deps: Sequence[AssetDep],
    internal: Mapping[str, Iterable[Any]],
    source: Source | None,
    common: Mapping[str, Any],
) -> tuple[list[AssetSpec], dict[str, OpOutput]]:
    unknown = next((name for name in internal if name not in outs), None)
    if unknown is not None:
        raise ArgumentError(
            f"{shown(source)}: internal_asset_deps names {unknown!r}, which is none of the outs ({', '.join(outs)})."
            f"{nearest(unknown, outs)}"
        )
    by_key = {dep.asset_key: dep for dep in deps}
    specs: list[AssetSpec] = []
    outputs: dict[str, OpOutput] = {}
    for name, out in outs.items():
        if common["group_name"] is not None and out.group_name is not None:
            raise ArgumentError(
                f"{shown(source)}: the out {name!r} has a group of its own; give the group at one place."
            )
        own = deps
        if name in internal:
            keys = sorted(asset_key_of(key) for key in internal[name])
            own = [by_key.get(key) or AssetDep.on(key) for key in keys]
        spec = _out_spec(name, out, own, source, common)
        specs.append(spec)
        outputs[name] = OpOutput(
            name,
            out.type,
            asset_key=spec.key,
            io_manager_key=out.io_manager_key,
            required=out.is_required,
            nothing=out.type is not MISSING and is_nothing(out.type),
            metadata=spec.metadata,
            code_version=spec.code_version,
            partitions=spec.partitions_def.spec if spec.partitions_def is not None else None,
        )
    return specs, outputs


def _out_spec(
    name: str, out: AssetOut, deps: Sequence[AssetDep], source: Source | None, common: Mapping[str, Any]
) -> AssetSpec:
    spec = out.to_spec(out.resolve_key(name), deps, source=source)
    own = {what: value for what, value in common.items() if value is not None and getattr(spec, what) is None}
    return spec.replace_attributes(**own) if own else spec
