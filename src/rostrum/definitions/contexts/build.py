"""Contexts for tests: call a definition's function directly with one of these.

Resources are given as they are bound in definitions: what needs opening is opened. A context whose resources are torn
down again is used in a `with` statement.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from rostrum.definitions.contexts.step import AssetCheckExecutionContext, AssetExecutionContext, OpExecutionContext
from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.definitions.contexts.storage import EPHEMERAL, InputContext, OutputContext
from rostrum.definitions.names import KeyLike, asset_key_of, string_tags
from rostrum.definitions.ops.ops import OpDefinition, OpOutput
from rostrum.definitions.ops.signatures import Signature
from rostrum.definitions.partitions.definition import PartitionKeyRange, PartitionsDefinition
from rostrum.definitions.resources.lifecycle import (
    InitResourceContext,
    needed_keys,
    needs_teardown,
    open_resource,
    opening_order,
)
from rostrum.definitions.resources.scoped import EnteredResources, ScopedResources
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import InvocationError
from rostrum.model.metadata import metadata_values
from rostrum.model.plans import Step
from rostrum.model.runs import Run, RunTarget

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RecordedEvents(list[Any]):
    """Events that user code has logged through a built context."""


def build_op_context(
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    resources_config: Mapping[str, Any] | None = None,
    instance: Any = None,
    config: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    mapping_key: str | None = None,
    run_tags: Mapping[str, Any] | None = None,
    event_loop: Any = None,  # noqa: ARG001 - one loop serves all
    *,
    partitions_def: PartitionsDefinition | None = None,
    retry_number: int = 0,
    now: datetime = _EPOCH,
    log_event: Callable[[Any], None] | None = None,
) -> OpExecutionContext:
    """Context of an op. `config` is another name of `op_config`; `event_loop` is accepted and not needed."""
    scope = _Scope(resources, resources_config, instance, run_tags, now, log_event)
    scope.partition(partition_key, partition_key_range, partitions_def)
    return OpExecutionContext(scope.of("op", (), (), _either("config", op_config, config), retry_number, mapping_key))


def build_asset_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    instance: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    run_tags: Mapping[str, Any] | None = None,
    event_loop: Any = None,  # noqa: ARG001 - one loop serves all
    *,
    asset_key: KeyLike = "asset",
    partitions_def: PartitionsDefinition | None = None,
    retry_number: int = 0,
    now: datetime = _EPOCH,
    log_event: Callable[[Any], None] | None = None,
) -> AssetExecutionContext:
    """Context of an asset. Its key is that of the asset whose function is called with it, before that `asset_key`."""
    scope = _Scope(resources, resources_config, instance, run_tags, now, log_event)
    scope.partition(partition_key, partition_key_range, partitions_def)
    return AssetExecutionContext(scope.of("asset", (asset_key_of(asset_key),), (), asset_config, retry_number, None))


def build_asset_check_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    instance: Any = None,
    *,
    asset_key: KeyLike = "asset",
    check_name: str = "check",
    partition_key: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    run_tags: Mapping[str, Any] | None = None,
    now: datetime = _EPOCH,
) -> AssetCheckExecutionContext:
    """Context of a check."""
    scope = _Scope(resources, resources_config, instance, run_tags, now, None)
    scope.partition(partition_key, None, partitions_def)
    keys = (CheckKey(asset_key_of(asset_key), check_name),)
    return AssetCheckExecutionContext(scope.of("check", (), keys, asset_config, 0, None))


def build_output_context(
    step_key: str | None = None,
    name: str | None = None,
    definition_metadata: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    mapping_key: str | None = None,
    config: Any = None,
    dagster_type: Any = None,
    version: str | None = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: Any = None,
    asset_key: KeyLike | None = None,
    partition_key: str | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    instance: Any = None,
    asset_spec: Any = None,
    metadata: Mapping[str, Any] | None = None,
    output_metadata: Mapping[str, Any] | None = None,
    *,
    annotation: Any = None,
) -> OutputContext:
    """Context of `handle_output`. What is not given raises when it is asked for."""
    if asset_key is None and asset_spec is not None:
        asset_key = asset_spec.key
    context = OutputContext(
        name=name or "result",
        asset_key=asset_key_of(asset_key) if asset_key is not None else None,
        step_key=step_key,
        run_id=run_id or EPHEMERAL,
        mapping_key=mapping_key,
        partition_key=partition_key,
        asset_partition_keys=_covered(partition_key, asset_partition_key_range, asset_partitions_def, None),
        asset_partitions=asset_partitions_def.spec if asset_partitions_def is not None else None,
        definition_metadata=_either("metadata", definition_metadata, metadata),
        output_metadata=metadata_values(output_metadata),
        annotation=_either("annotation", dagster_type, annotation),
        config=config,
        resources=_opened(resources, None, ExitStack()) if resources is not None else None,
        log_event=RecordedEvents().append,
    )
    _fill(context, op_def=op_def, resource_config=resource_config, instance=instance)
    _fill(context, asset_spec=asset_spec, version=version)
    return context


def build_input_context(
    name: str | None = None,
    config: Any = None,
    definition_metadata: Mapping[str, Any] | None = None,
    upstream_output: OutputContext | None = None,
    dagster_type: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: Any = None,
    step_context: Any = None,
    asset_key: KeyLike | None = None,
    partition_key: str | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    instance: Any = None,
    metadata: Mapping[str, Any] | None = None,
    *,
    asset_partition_keys: Sequence[str] | None = None,
    annotation: Any = None,
) -> InputContext:
    """Context of `load_input`. What is not given raises when it is asked for."""
    context = InputContext(
        name=name or "input",
        upstream_output=upstream_output,
        asset_key=asset_key_of(asset_key) if asset_key is not None else None,
        partition_key=partition_key,
        asset_partition_keys=_covered(
            partition_key, asset_partition_key_range, asset_partitions_def, asset_partition_keys
        ),
        asset_partitions=asset_partitions_def.spec if asset_partitions_def is not None else None,
        definition_metadata=_either("metadata", definition_metadata, metadata),
        annotation=_either("annotation", dagster_type, annotation),
        config=config,
        resources=_opened(resources, None, ExitStack()) if resources is not None else None,
    )
    _fill(context, op_def=op_def, resource_config=resource_config, instance=instance, step_context=step_context)
    return context


def build_init_resource_context(
    config: Any = None, resources: Mapping[str, Any] | None = None, instance: Any = None
) -> InitResourceContext:
    """Context of a resource's setup."""
    context = InitResourceContext(config=config, resources=resources)
    if instance is not None:
        context.instance = instance
    return context


@contextmanager
def build_resources(
    resources: Mapping[str, Any],
    instance: Any = None,  # noqa: ARG001 - resources know no instance
    resource_config: Mapping[str, Any] | None = None,
    dagster_run: Run | None = None,
    log_manager: Any = None,  # noqa: ARG001 - they log to the library's logger
    event_loop: Any = None,  # noqa: ARG001 - one loop serves all
) -> Generator[Any, None, None]:
    """Open resources outside of a run; gives them by attribute, and tears them down at the end.

    `resource_config` is as the run config's `resources`: `{key: {"config": ...}}`.
    """
    with ExitStack() as stack:
        yield ScopedResources(_opened(resources, resource_config, stack, dagster_run))


def _opened(
    resources: Mapping[str, Any] | None,
    config: Mapping[str, Any] | None,
    stack: ExitStack,
    run: Run | None = None,
) -> dict[str, Any]:
    """Values of resources, opened in the order in which they need each other."""
    bound = dict(resources or {})
    values: dict[str, Any] = {}
    by_id: dict[int, Any] = {}
    for key in opening_order(bound, bound):
        value = bound[key]
        own = (config or {}).get(key, {})
        context = InitResourceContext(
            key=key,
            config=own.get("config") if isinstance(own, Mapping) else None,
            resources={needed: values[needed] for needed in needed_keys(value)},
            run=run,
            opened=by_id,
        )
        values[key] = by_id[id(value)] = stack.enter_context(open_resource(value, context))
    return values


def _either(name: str, first: Any, second: Any) -> Any:
    if first is not None and second is not None:
        raise InvocationError(f"{name} was given twice, under two names.")
    return first if first is not None else second


def _fill(context: Any, **fields: Any) -> None:
    for name, value in fields.items():
        if value is not None:
            setattr(context, name, value)


def _covered(
    key: str | None,
    between: PartitionKeyRange | None,
    definition: PartitionsDefinition | None,
    listed: Sequence[str] | None,
) -> Sequence[str] | None:
    """Partitions of the asset that a value covers."""
    if listed is not None:
        return listed
    if between is not None:
        if definition is None:
            raise InvocationError("asset_partition_key_range needs asset_partitions_def, which says what is between.")
        return definition.get_partition_keys_in_range(between)
    return (key,) if key is not None else None


class _Scope:
    """Makes the `StepScope` of a context that belongs to no run."""

    def __init__(
        self,
        resources: Mapping[str, Any] | None,
        resources_config: Mapping[str, Any] | None,
        instance: Any,
        run_tags: Mapping[str, Any] | None,
        now: datetime,
        log_event: Callable[[Any], None] | None,
    ) -> None:
        self._stack = ExitStack()
        self._resources: Mapping[str, Any] = _opened(resources, resources_config, self._stack)
        torn = [key for key, value in (resources or {}).items() if needs_teardown(value)]
        if torn:
            self._resources = EnteredResources(self._resources, torn)
        self._instance, self._tags, self._now = instance, string_tags(run_tags), now
        self._log_event = log_event
        self._key: str | None = None
        self._range: PartitionKeyRange | None = None
        self._keys: Sequence[str] = ()
        self._partitions: PartitionsDefinition | None = None

    def partition(
        self, key: str | None, between: PartitionKeyRange | None, definition: PartitionsDefinition | None
    ) -> None:
        """For which partitions the step runs."""
        if key is not None and between is not None:
            raise InvocationError("give partition_key or partition_key_range, not both.")
        self._key, self._range, self._partitions = key, between, definition
        self._keys = (key,) if key is not None else ()
        if between is not None:
            inside = definition.get_partition_keys_in_range(between) if definition is not None else between
            self._keys = tuple(dict.fromkeys(inside))

    def of(
        self,
        kind: str,
        assets: tuple[AssetKey, ...],
        checks: tuple[CheckKey, ...],
        config: Any,
        retry_number: int,
        mapping_key: str | None,
    ) -> StepScope:
        """The scope."""
        between = (self._range.start, self._range.end) if self._range is not None else None
        target = RunTarget("", EPHEMERAL, partition_key=self._key, partition_range=between)
        name = assets[0].step_key if assets else kind
        outputs = {"result": OpOutput("result", asset_key=assets[0] if assets else None)}
        now = self._now
        scope = StepScope(
            run=Run(run_id=EPHEMERAL, target=target, created_at=now, tags=self._tags),
            step=Step(key=name, op=name, asset_keys=assets, check_keys=checks),
            op=OpDefinition.made(name, lambda: None, Signature(lambda: None), {}, outputs, kind=kind),
            log=logging.getLogger("rostrum.user"),
            resources=self._resources,
            log_event=self._log_event or RecordedEvents().append,
            now=lambda: now,
            config=config,
            attempt=retry_number + 1,
            instance=self._instance,
            partitions=self._partitions.spec if self._partitions is not None else None,
            partition_keys=self._keys,
            mapping_key=mapping_key,
        )
        scope.stack = self._stack
        return scope
