"""Calling the user's functions that decide something outside a run: schedules and sensors at a tick."""

from __future__ import annotations

import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec

from rostrum.definitions.automations.schedules import ScheduleDefinition
from rostrum.definitions.automations.sensors import SensorDefinition
from rostrum.definitions.automations.tick_contexts import ScheduleEvaluationContext, SensorEvaluationContext
from rostrum.definitions.location.live import Resolved
from rostrum.definitions.partitions.definition import own_definitions
from rostrum.definitions.partitions.loading import PartitionLoadingContext
from rostrum.definitions.partitions.own_keys import listed_keys
from rostrum.execution.user_code import guard
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.masks import KNOWN
from rostrum.model.errors import InvocationError, NotFound
from rostrum.model.partitions import DynamicPartitions
from rostrum.model.ticks import TickRequest, TickResult
from rostrum.planning.partitions import partitions_of

_MAX_LOG_LINES = 1000


def evaluate_tick(resolved: Resolved, request: TickRequest) -> TickResult:
    """Decide one tick by the live schedule or sensor; what user code raises is the result's error."""
    lines = _Lines()
    # One of its own: a function that is called again must not log through the handlers of before.
    logger = logging.Logger(f"rostrum.{request.kind}.{request.name}", logging.DEBUG)  # noqa: LOG001
    logger.addHandler(lines)
    evaluate = _evaluation(resolved, request, logger)
    results: list[TickResult] = []
    raised = guard(lambda: results.append(evaluate()))
    result = TickResult(error=raised.info()) if raised is not None else results[0]
    KNOWN.add_environment()
    told = tuple(KNOWN.event(event) for event in result.asset_events)
    shown = {"logs": tuple(lines.lines), "error": result.error, "skip_reason": result.skip_reason}
    covered = {name: KNOWN.anything(value) for name, value in shown.items()}
    return msgspec.structs.replace(result, asset_events=told, **covered)


def _evaluation(resolved: Resolved, request: TickRequest, logger: logging.Logger) -> Callable[[], TickResult]:
    """What decides the tick. Raises NotFound where the code that is loaded has no such schedule or sensor."""
    if request.kind == "sensor":
        sensor: SensorDefinition | None = resolved.sensors.get(request.name)
        if sensor is not None:
            return lambda: _sensor(resolved, sensor, request, logger)
    else:
        schedule: ScheduleDefinition | None = resolved.schedules.get(request.name)
        if schedule is not None:
            return lambda: _schedule(resolved, schedule, request, logger)
    raise NotFound(f"there is no {request.kind} {request.name!r} in the code that is loaded now")


def _schedule(
    resolved: Resolved, schedule: ScheduleDefinition, request: TickRequest, logger: logging.Logger
) -> TickResult:
    at = request.scheduled_at
    local = at.astimezone(ZoneInfo(schedule.timezone)) if at is not None else None
    with ScheduleEvaluationContext(
        scheduled_execution_time=local,
        schedule_name=schedule.name,
        resources=resolved.resources,
        cursor=request.cursor,
        log=logger,
    ) as context:
        return schedule.evaluate(context)


def _sensor(resolved: Resolved, sensor: SensorDefinition, request: TickRequest, logger: logging.Logger) -> TickResult:
    completed = request.last_completed_at.timestamp() if request.last_completed_at is not None else None
    with SensorEvaluationContext(
        last_tick_completion_time=completed,
        last_run_key=request.last_run_key,
        cursor=request.cursor,
        sensor_name=sensor.name,
        resources=resolved.resources,
        last_sensor_start_time=request.switched_on_at.timestamp() if request.switched_on_at is not None else None,
        log=logger,
    ) as context:
        return sensor.evaluate(context)


def list_partition_keys(resolved: Resolved, name: str, clock: Clock) -> list[str]:
    """Keys of a partitions definition that exist now; a class of the user's is asked again."""
    spec = resolved.manifest.partitions.get(name)
    if spec is None:
        raise NotFound(f"there is no partitions definition {name!r}")
    if isinstance(spec, DynamicPartitions):
        raise InvocationError(f"the keys of dynamic partitions {name!r} are kept by the control plane, not by the code")
    own = own_definitions.get(spec)
    if own is not None:
        return list(listed_keys(own, PartitionLoadingContext(clock.now())))
    return list(partitions_of(spec).keys(clock.now()))


class _Lines(logging.Handler):
    """Keeps what a function logs."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.lines) < _MAX_LOG_LINES:
            self.lines.append(self.format(record))
