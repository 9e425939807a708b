"""Contexts for tests: call a definition's function directly with one of these."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rostrum.definitions.contexts import (
    AssetCheckExecutionContext,
    AssetExecutionContext,
    InputContext,
    OpExecutionContext,
    OutputContext,
    StepScope,
)
from rostrum.definitions.lifecycle import InitResourceContext
from rostrum.definitions.names import KeyLike, asset_key_of, string_tags
from rostrum.definitions.ops import OpDefinition, OpOutput
from rostrum.definitions.partitions import PartitionKeyRange, PartitionsDefinition
from rostrum.definitions.schedules import ScheduleEvaluationContext
from rostrum.definitions.signatures import MISSING, Signature
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.plans import Step
from rostrum.model.runs import Run, RunTarget

EPHEMERAL = "EPHEMERAL"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RecordedEvents(list[Any]):
    """Events that user code has logged through a built context."""


def build_op_context(
    *,
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    partitions_def: PartitionsDefinition | None = None,
    run_tags: Mapping[str, Any] | None = None,
    retry_number: int = 0,
    instance: Any = None,
    now: datetime = _EPOCH,
    log_event: Callable[[Any], None] | None = None,
) -> OpExecutionContext:
    """Context of an op. Resources are given as user code gets them: opened."""
    scope = _scope(
        "op",
        (),
        (),
        resources,
        op_config,
        partition_key,
        partition_key_range,
        partitions_def,
        run_tags,
        retry_number,
        instance,
        now,
        log_event,
    )
    return OpExecutionContext(scope)


def build_asset_context(
    *,
    asset_key: KeyLike = "asset",
    resources: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    partitions_def: PartitionsDefinition | None = None,
    run_tags: Mapping[str, Any] | None = None,
    retry_number: int = 0,
    instance: Any = None,
    now: datetime = _EPOCH,
    log_event: Callable[[Any], None] | None = None,
) -> AssetExecutionContext:
    """Context of an asset."""
    keys = (asset_key_of(asset_key),)
    scope = _scope(
        "asset",
        keys,
        (),
        resources,
        asset_config,
        partition_key,
        partition_key_range,
        partitions_def,
        run_tags,
        retry_number,
        instance,
        now,
        log_event,
    )
    return AssetExecutionContext(scope)


def build_asset_check_context(
    *,
    asset_key: KeyLike = "asset",
    check_name: str = "check",
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    run_tags: Mapping[str, Any] | None = None,
    instance: Any = None,
    now: datetime = _EPOCH,
) -> AssetCheckExecutionContext:
    """Context of a check."""
    keys = (CheckKey(asset_key_of(asset_key), check_name),)
    return AssetCheckExecutionContext(
        _scope(
            "check", (), keys, resources, None, partition_key, None, partitions_def, run_tags, 0, instance, now, None
        )
    )


def build_output_context(
    *,
    asset_key: KeyLike | None = None,
    name: str = "result",
    step_key: str = "",
    run_id: str = EPHEMERAL,
    mapping_key: str | None = None,
    partition_key: str | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    definition_metadata: Mapping[str, Any] | None = None,
    output_metadata: Mapping[str, Any] | None = None,
    annotation: Any = MISSING,
    resources: Mapping[str, Any] | None = None,
) -> OutputContext:
    """Context of `handle_output`."""
    return OutputContext(
        name=name,
        asset_key=asset_key_of(asset_key) if asset_key is not None else None,
        step_key=step_key,
        run_id=run_id,
        mapping_key=mapping_key,
        partition_key=partition_key,
        asset_partition_keys=(partition_key,) if partition_key is not None else None,
        asset_partitions=asset_partitions_def.spec if asset_partitions_def is not None else None,
        definition_metadata=definition_metadata,
        output_metadata=output_metadata,
        annotation=annotation,
        resources=resources,
        log_event=RecordedEvents().append,
    )


def build_input_context(
    *,
    upstream_output: OutputContext | None = None,
    asset_key: KeyLike | None = None,
    name: str = "input",
    partition_key: str | None = None,
    asset_partition_keys: Sequence[str] | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    definition_metadata: Mapping[str, Any] | None = None,
    annotation: Any = MISSING,
    resources: Mapping[str, Any] | None = None,
) -> InputContext:
    """Context of `load_input`."""
    if asset_partition_keys is None and partition_key is not None:
        asset_partition_keys = (partition_key,)
    return InputContext(
        name=name,
        upstream_output=upstream_output,
        asset_key=asset_key_of(asset_key) if asset_key is not None else None,
        partition_key=partition_key,
        asset_partition_keys=asset_partition_keys,
        asset_partitions=asset_partitions_def.spec if asset_partitions_def is not None else None,
        definition_metadata=definition_metadata,
        annotation=annotation,
        resources=resources,
    )


def build_init_resource_context(
    *, config: Any = None, resources: Mapping[str, Any] | None = None
) -> InitResourceContext:
    """Context of a resource's setup."""
    return InitResourceContext(config=config, resources=resources)


def build_schedule_context(
    *, scheduled_execution_time: datetime | None = None, cursor: str | None = None
) -> ScheduleEvaluationContext:
    """Context of a schedule's function."""
    return ScheduleEvaluationContext(scheduled_execution_time, cursor)


def _scope(
    kind: str,
    assets: tuple[AssetKey, ...],
    checks: tuple[CheckKey, ...],
    resources: Mapping[str, Any] | None,
    config: Any,
    partition_key: str | None,
    partition_range: PartitionKeyRange | None,
    partitions: PartitionsDefinition | None,
    run_tags: Mapping[str, Any] | None,
    retry_number: int,
    instance: Any,
    now: datetime,
    log_event: Callable[[Any], None] | None,
) -> StepScope:
    keys: Sequence[str] = (partition_key,) if partition_key is not None else ()
    if partition_range is not None:
        keys = (
            partitions.get_partition_keys_in_range(partition_range)
            if partitions is not None
            else tuple(dict.fromkeys(partition_range))
        )
    target = RunTarget(
        "",
        EPHEMERAL,
        partition_key=partition_key,
        partition_range=(partition_range.start, partition_range.end) if partition_range is not None else None,
    )
    name = assets[0].step_key if assets else kind
    outputs = {"result": OpOutput("result", asset_key=assets[0] if assets else None)}
    return StepScope(
        run=Run(run_id=EPHEMERAL, target=target, created_at=now, tags=string_tags(run_tags)),
        step=Step(key=name, op=name, asset_keys=assets, check_keys=checks),
        op=OpDefinition(name, lambda: None, Signature(lambda: None), {}, outputs, kind=kind),
        log=logging.getLogger("rostrum.user"),
        resources=resources or {},
        log_event=log_event or RecordedEvents().append,
        now=lambda: now,
        config=config,
        attempt=retry_number + 1,
        instance=instance,
        partitions=partitions.spec if partitions is not None else None,
        partition_keys=keys,
    )
