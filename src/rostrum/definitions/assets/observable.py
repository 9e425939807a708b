"""Assets that somebody else makes and that are looked at from time to time: `@observable_source_asset` and
`@multi_observable_source_asset`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, overload

from rostrum.definitions.assets.backing import Backing
from rostrum.definitions.assets.definition import OBSERVE, AssetsDefinition, assets_of
from rostrum.definitions.assets.multi import shared_specs
from rostrum.definitions.assets.parts import (
    asset_inputs,
    asset_op,
    asset_signature,
    own_checks,
    own_key,
    own_resources,
    spec_output,
)
from rostrum.definitions.assets.specs import IO_MANAGER_KEY, AssetSpec
from rostrum.definitions.broken import noting, noting_call, unnamed
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.names import KeyLike, hidden_options
from rostrum.definitions.ops.ops import OpOutput
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError

_HIDDEN = ("auto_observe_interval_minutes", "legacy_freshness_policy")


@overload
def observable_source_asset(observe_fn: Callable[..., Any]) -> AssetsDefinition: ...
@overload
def observable_source_asset(
    *,
    key: KeyLike | None = None,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    automation_condition: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    retry_policy: RetryPolicy | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...
@noting_call(AssetsDefinition)
def observable_source_asset(
    observe_fn: Callable[..., Any] | None = None,
    *,
    key: KeyLike | None = None,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    automation_condition: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    retry_policy: RetryPolicy | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
    **kwargs: Any,
) -> Any:
    """Make an observable asset of a function that returns a DataVersion, DataVersionsByPartition or ObserveResult.

    A run that selects only observable assets observes them; a run that makes assets leaves them out. Their values are
    loaded by the IO manager of `io_manager_key`. `retry_policy`, `pool`, `isolation` and `timeout` as of `op`.
    """
    if kwargs:
        hidden_options("observable_source_asset", kwargs, _HIDDEN)

    @noting(AssetsDefinition, named=partial(own_key, source=None, name=name, key=key, key_prefix=key_prefix))
    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        source = function_source(function)
        full = own_key(function, source, name, key, key_prefix)
        signature = asset_signature(function, str(full), source)
        _no_inputs(str(full), signature)
        op_name = full.step_key
        resources, manager = own_resources(op_name, resource_defs, io_manager_def, io_manager_key, source)
        spec = AssetSpec.made(
            source or caller_source(),
            full,
            description=description or function.__doc__,
            metadata=metadata if manager == "io_manager" else {**(metadata or {}), IO_MANAGER_KEY: manager},
            group_name=group_name,
            automation_condition=automation_condition,
            tags=tags,
            partitions_def=partitions_def,
        )
        output = OpOutput(
            "result",
            asset_key=full,
            io_manager_key=manager,
            nothing=True,
            metadata=spec.metadata,
            partitions=partitions_def.spec if partitions_def is not None else None,
        )
        output.observed = True
        op = asset_op(
            op_name,
            function,
            signature,
            {},
            {"result": output},
            (),
            source,
            required_resource_keys=required_resource_keys,
            resource_defs=resource_defs,
            op_tags=op_tags,
            description=spec.description,
            retry_policy=retry_policy,
            pool=pool,
            isolation=isolation,
            timeout=timeout,
        )
        return assets_of(Backing(op, (spec,), ()), resource_defs=resources, execution_type=OBSERVE)

    return decorate if observe_fn is None else decorate(observe_fn)


@noting_call(AssetsDefinition, many=True)
def multi_observable_source_asset(
    *,
    specs: Sequence[AssetSpec],
    name: str | None = None,
    description: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    can_subset: bool = False,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    retry_policy: RetryPolicy | None = None,
    pool: str | None = None,
    isolation: str | None = None,
    timeout: float | timedelta | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make observable assets of one function that yields an ObserveResult for each. `retry_policy`, `pool`,
    `isolation` and `timeout` as of `op`.
    """

    @noting(AssetsDefinition, named=unnamed)
    def decorate(function: Callable[..., Any]) -> AssetsDefinition:
        source = function_source(function)
        label = name or function.__name__
        signature = asset_signature(function, label, source)
        inputs, deps = asset_inputs(label, signature, None, None, source)
        made = shared_specs(specs, deps, source, partitions_def, group_name)
        outputs = {spec.key.step_key: spec_output(spec) for spec in made}
        for output in outputs.values():
            output.observed = True
        checks = own_checks(check_specs, [spec.key for spec in made], source)
        op = asset_op(
            AssetKey((label,)).step_key,
            function,
            signature,
            inputs,
            outputs,
            checks,
            source,
            required_resource_keys=required_resource_keys,
            resource_defs=resource_defs,
            description=description or function.__doc__,
            can_subset=can_subset,
            retry_policy=retry_policy,
            pool=pool,
            isolation=isolation,
            timeout=timeout,
        )
        return assets_of(Backing(op, tuple(made), checks), resource_defs=resource_defs, execution_type=OBSERVE)

    return decorate


def _no_inputs(label: str, signature: Any) -> None:
    if signature.inputs:
        raise DefinitionError(
            f"asset {label}: a function that observes takes context, config and resources only; it has the parameter "
            f"{signature.inputs[0]!r}."
        )
