"""Attempts under way, as the loop keeps them: when their time is over, how far an interrupt has gone, how they end."""

from __future__ import annotations

from rostrum.executors.places import Attempt, Ended, Place
from rostrum.model.errors import ErrorInfo, StepTimeout
from rostrum.model.events import Event

_AT_ONCE = 0
"""Level of an interrupt that says that the time is over."""
_GIVE_UP_SECONDS = 10.0
"""After a kill a place has this time to say that the attempt has ended; then it is given up."""


class Underway:
    """One attempt that a place has been given. Times are of the monotonic clock, in seconds."""

    __slots__ = (
        "attempt",
        "began",
        "deadline",
        "end",
        "has_begun",
        "interrupted_at",
        "is_over_time",
        "level",
        "place",
    )

    def __init__(self, attempt: Attempt, place: Place, now: float) -> None:
        self.attempt, self.place, self.began = attempt, place, now
        self.end: Event | None = None
        """The event that ended the attempt, None until it comes."""
        self.has_begun = False
        """Its code runs, or has run."""
        self.deadline: float | None = None
        """When its time is over."""
        self.interrupted_at: float | None = None
        self.is_over_time = False
        """It was its limit that interrupted it."""
        self.level = -1
        """The highest interrupt that it has been sent."""

    def begin(self, now: float) -> bool:
        """Its code begins; whether it has a time limit, which counts from now."""
        self.has_begun = True
        limit = self.attempt.step.timeout_seconds
        if limit is not None:
            self.deadline = now + limit
        return limit is not None

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
            return self.deadline if self.end is None else None
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


def given_up() -> Ended:
    """A place that cannot end an attempt."""
    message = "The worker of this step did not end when it was killed, and was given up."
    return Ended(cause="lost", error=ErrorInfo(class_name="StepWorkerLost", message=message, code="worker_lost"))
