"""`@asset`: a function that makes one asset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, overload

from rostrum.definitions.assets.backing import Backing
from rostrum.definitions.assets.definition import AssetsDefinition, assets_of
from rostrum.definitions.assets.parts import asset_inputs, asset_op, asset_signature, own_checks, own_key, own_resources
from rostrum.definitions.assets.ports import AssetIn
from rostrum.definitions.assets.specs import AssetSpec, DepLike, condition_of
from rostrum.definitions.broken import noting, noting_call
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.events.outputs import inner_type
from rostrum.definitions.names import KeyLike, hidden_options
from rostrum.definitions.ops.ops import OpOutput, is_nothing
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Source

HIDDEN = ("legacy_freshness_policy", "auto_materialize_policy")


@overload
def asset(compute_fn: Callable[..., Any]) -> AssetsDefinition: ...
@overload
def asset(
    *,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[DepLike] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: Iterable[Any] | None = None,
    io_manager_def: Any = None,
    io_manager_key: str | None = None,
    dagster_type: Any = None,
    partitions_def: PartitionsDefinition | None = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    automation_condition: Any = None,
    freshness_policy: Any = None,
    backfill_policy: BackfillPolicy | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    key: KeyLike | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
    is_virtual: bool = False,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...
@overload
def asset(*, compute_kind: str, **options: Any) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...
@noting_call(AssetsDefinition)
def asset(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[DepLike] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: Iterable[Any] | None = None,
    io_manager_def: Any = None,
    io_manager_key: str | None = None,
    dagster_type: Any = None,
    partitions_def: PartitionsDefinition | None = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    automation_condition: Any = None,
    freshness_policy: Any = None,
    backfill_policy: BackfillPolicy | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    key: KeyLike | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
    is_virtual: bool = False,
    **kwargs: Any,
) -> Any:
    """Make an asset of a function. Bare (`@asset`) or called.

    The function's name is the asset's key, its docstring the description; each parameter that is not context, config
    or a resource is the upstream asset of that name. `key` takes the place of `name` and `key_prefix`; `dagster_type`
    that of the return annotation; `deps` are upstream assets that are not loaded. `isolation` and `timeout` as of `op`.
    """
    if kwargs:
        automation_condition = condition_of(kwargs, automation_condition)
    kinds, deps = deprecated(f"asset {name or getattr(compute_fn, '__name__', '')}", kwargs, kinds, deps)

    spec_options: dict[str, Any] = {
        "description": description,
        "metadata": metadata,
        "skippable": not output_required,
        "group_name": group_name,
        "code_version": code_version,
        "automation_condition": automation_condition,
        "owners": owners,
        "tags": tags,
        "kinds": kinds,
        "partitions_def": partitions_def,
        "freshness_policy": freshness_policy,
        "is_virtual": is_virtual,
    }
    op_options: dict[str, Any] = {
        "config_schema": config_schema,
        "required_resource_keys": required_resource_keys,
        "resource_defs": resource_defs,
        "op_tags": op_tags,
        "hooks": hooks,
        "retry_policy": retry_policy,
        "pool": pool,
        "code_version": code_version,
        "isolation": isolation,
        "timeout": timeout,
    }

    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        return _asset_of(
            function,
            (name, key, key_prefix),
            (resource_defs, io_manager_def, io_manager_key),
            (ins, deps, check_specs, dagster_type),
            spec_options,
            op_options,
            backfill_policy,
        )

    return decorate if compute_fn is None else decorate(compute_fn)


def _key_of(function: Any, key: tuple[Any, Any, Any], *_rest: Any) -> AssetKey:
    return own_key(function, None, *key)


@noting(AssetsDefinition, named=_key_of)
def _asset_of(
    function: Callable[..., Any],
    key: tuple[Any, Any, Any],
    resources: tuple[Any, Any, Any],
    parts: tuple[Any, Any, Any, Any],
    spec_options: dict[str, Any],
    op_options: dict[str, Any],
    backfill_policy: BackfillPolicy | None,
) -> AssetsDefinition:
    """The asset of a function. (Not inside the decorator: wrapping a function anew for each asset takes long.)"""
    source = function_source(function)
    full = own_key(function, source, *key)
    defs, manager = own_resources(full.step_key, *resources, source)
    backing = _backing(function, full, source, *parts, manager, spec_options, op_options)
    return assets_of(backing, backfill_policy=backfill_policy, resource_defs=defs, hook_defs=op_options["hooks"])


def _backing(
    function: Callable[..., Any],
    key: AssetKey,
    source: Source | None,
    ins: Mapping[str, AssetIn] | None,
    deps: Iterable[Any] | None,
    check_specs: Sequence[AssetCheckSpec] | None,
    dagster_type: Any,
    io_manager_key: str,
    spec_options: dict[str, Any],
    op_options: dict[str, Any],
) -> Backing:
    signature = asset_signature(function, str(key), source)
    inputs, own_deps = asset_inputs(str(key), signature, ins, deps, source)
    returns = dagster_type if dagster_type is not None else signature.annotation("return")
    told = spec_options["description"] or function.__doc__
    spec = AssetSpec.made(source or caller_source(), key, **{**spec_options, "deps": own_deps, "description": told})
    partitions = spec.partitions_def
    output = OpOutput(
        "result",
        inner_type(returns, MISSING),
        asset_key=key,
        io_manager_key=io_manager_key,
        required=not spec.skippable,
        nothing=returns is not MISSING and is_nothing(returns),
        metadata=spec.metadata,
        code_version=spec.code_version,
        partitions=partitions.spec if partitions is not None else None,
    )
    checks = own_checks(check_specs, (key,), source)
    outputs = {"result": output}
    op = asset_op(
        key.step_key, function, signature, inputs, outputs, checks, source, description=spec.description, **op_options
    )
    return Backing(op, (spec,), checks)


def deprecated(
    label: str, kwargs: dict[str, Any], kinds: Iterable[str] | None, deps: Iterable[Any] | None
) -> tuple[Iterable[str] | None, Iterable[Any] | None]:
    """Kinds and dependencies with those that were given by the names of old."""
    if not kwargs:
        return kinds, deps
    kind, more = kwargs.pop("compute_kind", None), kwargs.pop("non_argument_deps", None)
    kwargs.pop("allow_arbitrary_check_specs", None)
    hidden_options(label.split(" ", 1)[0], kwargs, HIDDEN)
    if kind is not None:
        if kinds is not None:
            raise DefinitionError(f"{label}: compute_kind and kinds cannot be given together: kinds is enough.")
        kinds = (str(kind),)
    if more is not None:
        if deps is not None:
            raise DefinitionError(f"{label}: non_argument_deps and deps cannot be given together: deps is enough.")
        deps = more
    return kinds, deps
