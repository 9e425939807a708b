"""What the end of an attempt counts as: what its worker told of it, or how the worker itself ended."""

from __future__ import annotations

import time
from typing import Any

from rostrum.executors.attempts import Underway, over_time
from rostrum.executors.places import Ended
from rostrum.executors.rules import Rules
from rostrum.interfaces.execution import RunHost
from rostrum.model.errors import ErrorInfo, StepTimeout
from rostrum.model.events import Event, StepCanceled, StepFailed, StepRetrying
from rostrum.planning.retries import class_names, retry_after

_TIMEOUT_NAMES = class_names(StepTimeout)


class Verdicts:
    """For one execution."""

    def __init__(self, rules: Rules, host: RunHost) -> None:
        self._rules, self._host = rules, host

    def told(self, underway: Underway, event: Event) -> Event:
        """By what its worker told: one that has run too long has failed for that, whatever its code made of the
        interrupt.
        """
        if not underway.is_over_time or self._host.stop.is_set():
            return event
        if isinstance(event, (StepFailed, StepRetrying)):
            if event.cause != "user":
                return event
            return self._failed(underway, "timeout", over_time(underway.attempt, event.error))
        if isinstance(event, StepCanceled):
            return self._failed(underway, "timeout", over_time(underway.attempt))
        return event

    def untold(self, underway: Underway, how: Ended) -> Event:
        """Of an attempt whose worker told no end."""
        if self._host.stop.is_set():
            seconds = time.monotonic() - underway.began
            return StepCanceled(at=self._host.clock.now(), step_key=underway.attempt.step.key, seconds=seconds)
        if underway.is_over_time:
            return self._failed(underway, "timeout", over_time(underway.attempt))
        return self._failed(underway, how.cause, how.error)

    def _failed(self, underway: Underway, cause: str, error: ErrorInfo) -> StepFailed | StepRetrying:
        attempt, rules, clock = underway.attempt, self._rules, self._host.clock
        delay = None
        if rules.retries:
            delay = retry_after(
                attempt.step.retry_policy,
                attempt.number,
                clock.random,
                apart=attempt.apart,
                cause=cause,
                names=_TIMEOUT_NAMES if cause == "timeout" else (),
                infrastructure=rules.infrastructure_retries,
            )
        common: dict[str, Any] = {"at": clock.now(), "step_key": attempt.step.key, "error": error, "cause": cause}
        if delay is not None:
            return StepRetrying(**common, attempt=attempt.number, delay_seconds=delay)
        return StepFailed(**common, attempt=attempt.number, seconds=time.monotonic() - underway.began)
