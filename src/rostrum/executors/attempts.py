"""Attempts under way, as the loop keeps them: when their time is over, how far an interrupt has gone, how they end."""

from __future__ import annotations

import time
from datetime import datetime
from math import inf

from rostrum.executors.places import Attempt, Ended, Place
from rostrum.model.errors import ErrorInfo, RostrumError, StepTimeout
from rostrum.model.events import (
    EngineMessage,
    Event,
    HookCompleted,
    StepFailed,
    StepStarted,
    StepSucceeded,
    StepWorkerStarted,
)

_AT_ONCE = 0
"""Level of an interrupt that says that the time is over."""
_SET_UP_SECONDS = 300.0
"""So much longer than its code the resources of an attempt with a time limit may take to be set up."""
_HOOK_SECONDS = 300.0
"""So long each hook of a step that has ended may be silent."""
_GIVE_UP_SECONDS = 10.0
"""After a kill a place has this time to say that the attempt has ended; then it is given up."""


class Underway:
    """One attempt that a place has been given. Times are of the monotonic clock, in seconds."""

    __slots__ = (
        "attempt",
        "began",
        "deadline",
        "end",
        "ended_at",
        "has_begun",
        "hooks_left",
        "interrupted_at",
        "is_near",
        "is_over_time",
        "level",
        "place",
    )

    def __init__(self, attempt: Attempt, place: Place, now: float) -> None:
        self.attempt, self.place, self.began = attempt, place, now
        self.end: Event | None = None
        """The event that ended the attempt, None until it comes."""
        self.ended_at: float | None = None
        """When that came, or what the worker has told of it last."""
        self.hooks_left = 0
        """Hooks that it has not told of since then."""
        self.has_begun = False
        """Its code runs, or has run."""
        self.is_near = False
        """Its worker is a child of this process."""
        self.deadline: float | None = None
        """When its time is over."""
        self.interrupted_at: float | None = None
        self.is_over_time = False
        """It was its limit that interrupted it."""
        self.level = -1
        """The highest interrupt that it has been sent."""

    def note(self, event: Event) -> bool:
        """Take note of an event that is not its end; whether a time limit counts from it on."""
        limit = self.attempt.step.timeout_seconds
        if self.ended_at is not None:
            self.ended_at = time.monotonic()  # it still does something
            self.hooks_left -= type(event) is HookCompleted
        elif type(event) is StepStarted:
            self.has_begun = True
            if limit is not None:
                self.deadline = time.monotonic() + limit
            return limit is not None
        elif type(event) is StepWorkerStarted and event.pid is not None:
            self.is_near = True
            if limit is not None:
                self.deadline = time.monotonic() + limit + _SET_UP_SECONDS
            return limit is not None
        return False

    def finish(self, end: Event) -> None:
        """It has ended; its worker may still run hooks, and tear down."""
        self.end, self.ended_at = end, time.monotonic()
        if isinstance(end, (StepSucceeded, StepFailed)):
            self.hooks_left = len(self.attempt.step.hooks)

    def lingers_at(self, now: float, grace_seconds: float) -> bool:
        """Say whether its worker should have ended: it has torn its resources down for longer than the grace."""
        if self.interrupted_at is None and now >= self._leaves_at(grace_seconds):
            self.interrupted_at = now - grace_seconds  # it is killed at once
        return self.end is not None and self.interrupted_at is not None

    def _leaves_at(self, grace_seconds: float) -> float:
        if self.ended_at is None or not self.is_near:
            return inf
        return self.ended_at + (max(grace_seconds, _HOOK_SECONDS) if self.hooks_left else grace_seconds)

    def is_over_at(self, now: float) -> bool:
        """Say whether its time is over, and it has not ended by itself."""
        if self.interrupted_at is None and self.end is None and self.deadline is not None and now >= self.deadline:
            self.is_over_time = True
        return self.is_over_time

    def interrupt(self, now: float, grace_seconds: float) -> bool:
        """Ask, terminate after half of the grace, kill after all of it; False when even that has not helped."""
        if self.interrupted_at is None:
            self.interrupted_at = now
        waited = now - self.interrupted_at
        asks = _AT_ONCE if self.is_over_time and self.place.tells_limits else 1
        due = asks if waited < grace_seconds / 2 else 2 if waited < grace_seconds else 3
        if due > self.level:
            self.level = due
            self.place.interrupt(self.attempt, due)
        return waited < grace_seconds + _GIVE_UP_SECONDS

    def next_look(self, grace_seconds: float) -> float | None:
        """When something is due for it."""
        if self.interrupted_at is None:
            return self.deadline if self.end is None else self._leaves_at(grace_seconds)
        if self.level < 2:
            return self.interrupted_at + grace_seconds / 2
        return self.interrupted_at + grace_seconds if self.level < 3 else None


def over_time(attempt: Attempt, cause: ErrorInfo | None = None) -> ErrorInfo:
    """The error of an attempt that took too long."""
    raised = StepTimeout.of(attempt.step.timeout_seconds or 0.0)
    return ErrorInfo(class_name=StepTimeout.__name__, message=str(raised), cause=cause, code="timeout")


def silent(underway: Underway) -> Ended:
    """A worker that says that it has ended, without any end of its attempt."""
    message = f"The worker of this step ({underway.place.name}) has ended without telling how the step ended."
    return Ended(cause="crash", error=ErrorInfo(class_name="StepWorkerDied", message=message, code="worker_died"))


def not_started(error: BaseException, what: str = "") -> Ended:
    """An attempt that could not be started, by what was raised. What will not work the next time either is somebody's
    to mend.
    """
    is_ours = isinstance(error, RostrumError)
    info = ErrorInfo(class_name=type(error).__name__, message=f"{what}{error}", code=error.code if is_ours else "")
    return Ended(cause="user" if is_ours and not error.retryable else "lost", error=info)


def given_up() -> Ended:
    """A place that cannot end an attempt."""
    message = "The worker of this step did not end when it was killed, and was given up."
    return Ended(cause="lost", error=ErrorInfo(class_name="StepWorkerLost", message=message, code="worker_lost"))


def lingering(underway: Underway, at: datetime) -> EngineMessage:
    """What is told of a worker that does not end after its attempt has."""
    key, place = underway.attempt.step.key, underway.place.name
    message = f"The worker of this step ({place}) has not ended long after the step had: it is killed."
    return EngineMessage(at=at, step_key=key, message=message, level="warning")
