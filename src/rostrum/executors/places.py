"""Where attempts of steps run: the seam between the one loop that schedules steps and processes, threads, containers,
clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from rostrum.interfaces.execution import Attempt
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import Event


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker ended that gave its attempt no end event."""

    cause: str
    """`crash` (the process is known dead) or `lost` (machine, container or cluster went away), as in `StepFailed`;
    `user` where it could not be started and never can."""
    error: ErrorInfo


class Reports(Protocol):
    """What a place tells the loop. Called in the loop's thread only (`Reactor.call` gets there from others)."""

    def events(self, attempt: Attempt, events: Sequence[Event], *, stored: bool = False) -> None:
        """Events of the attempt, or of the process that it runs in, in order. `stored`: the worker has sent them to the
        control plane itself.
        """
        ...

    def ended(self, attempt: Attempt, how: Ended | None) -> None:
        """The worker does nothing more for the attempt; None where its last event told its end."""
        ...


class Reactor(Protocol):
    """The loop as places see it."""

    def watch(self, file: Any, on_readable: Callable[[], object]) -> None:
        """Call back in the loop's thread whenever `file` can be read."""
        ...

    def unwatch(self, file: Any) -> None:
        """No more. No error where it was not watched."""
        ...

    def call(self, function: Callable[[], None]) -> None:
        """Have it called in the loop's thread soon. From any thread."""
        ...


class Place(Protocol):
    """Runs attempts. Used by one loop, in its thread."""

    name: str
    """As in `StepWorkerStarted.place`."""
    tells_limits: bool
    """Whether `interrupt` knows level 0."""

    def open(self, reports: Reports, reactor: Reactor) -> None:
        """Called once, before anything else."""
        ...

    def has_room(self) -> bool:
        """Whether one more attempt may start now."""
        ...

    def start(self, attempt: Attempt) -> None:
        """Start it, or raise RostrumError: then it has not been started, and fails as `lost` where trying again may
        help.
        """
        ...

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """Have it end: 0 asks because its time is over (`StepTimeout` in user code), 1 asks (KeyboardInterrupt), 2
        terminates, 3 kills. `ended` follows, after 3 at once. Level 0 comes only where the place `tells_limits`; others
        get 1, and the loop says what the end was.
        """
        ...

    def look(self) -> None:
        """Called about four times a second: for places that have to ask whether their workers live."""
        ...

    def close(self) -> None:
        """Leave nothing behind: no process, container, task, thread or connection."""
        ...
