"""Contexts of schedules and sensors for tests: call a definition directly with one of these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rostrum.definitions.automations.tick_contexts import ScheduleEvaluationContext, SensorEvaluationContext


def build_schedule_context(
    instance: Any = None,
    scheduled_execution_time: datetime | None = None,
    resources: Mapping[str, Any] | None = None,
    repository_def: Any = None,
    instance_ref: Any = None,
    *,
    cursor: str | None = None,
) -> ScheduleEvaluationContext:
    """Context of a schedule's function. Used in a `with` statement it tears its resources down at the end."""
    return ScheduleEvaluationContext(
        instance_ref,
        scheduled_execution_time,
        resources=resources,
        repository_def=repository_def,
        instance=instance,
        cursor=cursor,
    )


def build_sensor_context(
    instance: Any = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    repository_def: Any = None,
    sensor_name: str | None = None,
    resources: Mapping[str, Any] | None = None,
    definitions: Any = None,
    instance_ref: Any = None,
    last_sensor_start_time: float | None = None,
) -> SensorEvaluationContext:
    """Context of a sensor's function. Used in a `with` statement it tears its resources down at the end."""
    return SensorEvaluationContext(
        instance_ref,
        cursor=cursor,
        repository_name=repository_name,
        repository_def=repository_def,
        instance=instance,
        sensor_name=sensor_name,
        resources=resources,
        definitions=definitions,
        last_sensor_start_time=last_sensor_start_time,
    )
