"""Calling the user's functions that decide something outside a run: schedules at a tick."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Any
from zoneinfo import ZoneInfo

from rostrum.definitions.lifecycle import InitResourceContext, open_resource, opening_order
from rostrum.definitions.live import Resolved
from rostrum.definitions.schedules import ScheduleDefinition, ScheduleEvaluationContext
from rostrum.execution.user_code import guard
from rostrum.interfaces.clock import Clock
from rostrum.model.errors import InvocationError, NotFound
from rostrum.model.partitions import DynamicPartitions
from rostrum.model.ticks import TickRequest, TickResult
from rostrum.planning.partitions import partitions_of

_MAX_LOG_LINES = 1000


def evaluate_tick(resolved: Resolved, request: TickRequest) -> TickResult:
    """Decide one tick by the live schedule; what user code raises is the result's error."""
    schedule = resolved.schedules.get(request.name)
    if schedule is None:
        raise NotFound(f"there is no {request.kind} {request.name!r} in the code that is loaded now")
    lines = _Lines()
    # One of its own: a function that is called again must not log through the handlers of before.
    logger = logging.Logger(f"rostrum.{request.kind}.{request.name}", logging.DEBUG)  # noqa: LOG001
    logger.addHandler(lines)
    results: list[TickResult] = []
    raised = guard(lambda: results.append(_evaluate(resolved, schedule, request, logger)))
    result = TickResult(error=raised.info()) if raised is not None else results[0]
    return TickResult(
        run_requests=result.run_requests,
        skip_reason=result.skip_reason,
        cursor=result.cursor,
        error=result.error,
        logs=tuple(lines.lines),
    )


def _evaluate(
    resolved: Resolved, schedule: ScheduleDefinition, request: TickRequest, logger: logging.Logger
) -> TickResult:
    at = request.scheduled_at
    local = at.astimezone(ZoneInfo(schedule.execution_timezone)) if at is not None else None
    context = ScheduleEvaluationContext(scheduled_execution_time=local, cursor=request.cursor, log=logger)
    wanted = _parameters(schedule) & set(resolved.resources)
    with ExitStack() as stack:
        opened: dict[str, Any] = {}
        by_id: dict[int, Any] = {}
        for key in opening_order(resolved.resources, wanted):
            bound = resolved.resources[key]
            init = InitResourceContext(key=key, resources=opened, log=logger, opened=by_id)
            opened[key] = by_id[id(bound)] = stack.enter_context(open_resource(bound, init))
        return schedule.evaluate(context, {key: opened[key] for key in wanted})


def _parameters(schedule: ScheduleDefinition) -> set[str]:
    code = getattr(schedule.function, "__code__", None)
    return set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]) if code is not None else set()


def list_partition_keys(resolved: Resolved, name: str, clock: Clock) -> list[str]:
    """Keys of a partitions definition that exist now."""
    spec = resolved.manifest.partitions.get(name)
    if spec is None:
        raise NotFound(f"there is no partitions definition {name!r}")
    if isinstance(spec, DynamicPartitions):
        raise InvocationError(f"the keys of dynamic partitions {name!r} are kept by the control plane, not by the code")
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
