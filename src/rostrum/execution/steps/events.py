"""Events of a step that are made of one thing each: of a verdict, of an observed output, of what user code logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.definitions.events.outputs import AssetMaterialization, AssetObservation, recorded
from rostrum.execution.steps.prepared import Prepared
from rostrum.execution.steps.results import Made, Verdict
from rostrum.model.errors import InvocationError
from rostrum.model.events import AssetMaterialized, AssetObserved, CheckEvaluated, CheckTarget, EngineMessage, Event
from rostrum.model.metadata import JsonMetadata, MetadataValue, metadata_values


def observations(made: Made, metadata: dict[str, MetadataValue], scope: StepScope, at: datetime) -> Iterator[Event]:
    """What was observed: of each partition that was told, or of the run's, or of the asset as a whole."""
    key = made.output.asset_key
    assert key is not None
    versions: dict[str | None, str | None] = {None: made.data_version}
    if made.versions is not None:
        versions = {name: version.value for name, version in made.versions.data_versions_by_partition.items()}
    elif made.output.partitions is not None and scope.partition_keys:
        versions = dict.fromkeys(scope.partition_keys, made.data_version)
    for partition_key, version in versions.items():
        yield AssetObserved(
            at=at,
            step_key=scope.step.key,
            asset_key=key,
            partition_key=partition_key,
            metadata=metadata,
            data_version=version,
            tags=made.tags or {},
        )


def evaluated(
    verdict: Verdict, prepared: Prepared, scope: StepScope, target: CheckTarget | None, at: datetime
) -> CheckEvaluated:
    """The event of a verdict."""
    result, key = verdict.result, verdict.check_key
    metadata = recorded(result.metadata)
    if verdict.output is not None and scope.output_metadata:
        metadata = {**metadata, **metadata_values(scope.output_metadata.get((verdict.output.name, None), {}))}
    return CheckEvaluated(
        at=at,
        step_key=scope.step.key,
        check_key=key,
        passed=result.passed,
        severity=result.severity.value.lower(),
        blocking=key in prepared.blocking,
        partition_key=scope.run.target.partition_key if prepared.partitions is not None else None,
        description=result.description,
        metadata=metadata,
        target=target,
    )


def logged(event: Any, key: str, at: datetime) -> Event:
    """The event of what user code logs, or yields beside its outputs, in step `key`. Raises InvocationError for a thing
    that is no event.
    """
    if isinstance(event, AssetMaterialization):
        return AssetMaterialized(
            at=at,
            step_key=key,
            asset_key=event.asset_key,
            partition_key=str(event.partition) if event.partition is not None else None,
            description=event.description,
            metadata=recorded(event.metadata),
            tags=event.tags or {},
        )
    if isinstance(event, AssetObservation):
        return AssetObserved(
            at=at,
            step_key=key,
            asset_key=event.asset_key,
            partition_key=str(event.partition) if event.partition is not None else None,
            description=event.description,
            metadata=recorded(event.metadata),
            data_version=event.data_version,
            tags=dict(event.tags or {}),
        )
    if getattr(event, "engine_message", None) == "expectation":
        told = {"success": event.success, "label": event.label, "description": event.description}
        outcome = "held" if event.success else "did not hold"
        message = f"Expectation {event.label} {outcome}." if event.label else f"Expectation {outcome}."
        metadata = {**event.metadata, "expectation": JsonMetadata(told)}
        return EngineMessage(at=at, step_key=key, message=message, metadata=metadata)
    raise InvocationError(
        f"{type(event).__name__} cannot be logged as an event: use AssetMaterialization or AssetObservation."
    )
