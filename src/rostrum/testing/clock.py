"""A clock for tests: it stands still until it is told to advance; ids and randomness are the same in every run."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta

from rostrum.model.ids import uuid7

_LOOK_SECONDS = 0.002
"""How often a blocked `wait` looks whether its `stop` event was set (real time)."""


class FakeClock:
    """Time that only tests move. Thread-safe; every method may be called from any thread.

    `seed` makes ids and randomness of two fake clocks differ. Ids of one clock sort in the order they were made.
    """

    def __init__(self, start: datetime | None = None, *, seed: int = 0) -> None:
        self._moved = threading.Condition()
        self._now = (start or datetime(2026, 1, 1, tzinfo=UTC)).astimezone(UTC)
        self._seed = seed
        self._ids = 0
        self._random = random.Random(seed)
        self._waiting = 0

    def now(self) -> datetime:
        """The time that was set last."""
        with self._moved:
            return self._now

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Block until `stop` is set or the clock has been advanced by `seconds`; say whether `stop` is set."""
        with self._moved:
            until = self._now + timedelta(seconds=max(0.0, seconds))
            self._waiting += 1
            self._moved.notify_all()
            try:
                while not stop.is_set() and self._now < until:
                    self._moved.wait(_LOOK_SECONDS)
            finally:
                self._waiting -= 1
            return stop.is_set()

    def new_id(self) -> str:
        """A uuid7 of the present time and a counter."""
        with self._moved:
            self._ids += 1
            return uuid7(self._now, ((self._ids & (2**62 - 1)) << 12) | (self._seed & 0xFFF))

    def random(self) -> float:
        """The next number of a seeded generator."""
        with self._moved:
            return self._random.random()

    def advance(self, seconds: float) -> datetime:
        """Move forward and wake those whose time has come; returns the new time."""
        return self.set(self.now() + timedelta(seconds=seconds))

    def set(self, now: datetime) -> datetime:
        """Set the time (never back); returns it."""
        with self._moved:
            self._now = max(self._now, now.astimezone(UTC))
            self._moved.notify_all()
            return self._now

    def wait_for_waiters(self, number: int, seconds: float = 5.0) -> bool:
        """Block (in real time) until `number` threads are in `wait`; False when that did not happen in `seconds`."""
        with self._moved:
            return self._moved.wait_for(lambda: self._waiting >= number, seconds)
