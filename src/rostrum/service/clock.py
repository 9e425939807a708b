"""The system clock: the only file that reads the wall clock, sleeps, or draws randomness (law 7)."""

from __future__ import annotations

import random
import secrets
import threading
import time
from datetime import UTC, datetime

from rostrum.model.ids import uuid7

_TICKS_A_MILLISECOND = 4096
"""Resolution within a millisecond that an id keeps (the 12 bits of `rand_a`)."""

_now = datetime.now
"""Looked up once: every event asks."""


class SystemClock:
    """Real time. Safe to share between threads and to inherit over a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = datetime.fromtimestamp(0, UTC)
        self._last_tick = 0
        # The system's source, not `random`'s global generator: that one is the user's, and equal in forked children.
        self._random = random.SystemRandom()

    def now(self) -> datetime:
        """Aware UTC time; stands still where the system's clock is set back."""
        # Without the lock, which a fork would copy as it is held: what two threads make of `_last` at once is either.
        at = _now(UTC)
        if at < self._last:
            return self._last
        self._last = at
        return at

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Block until `stop` is set or `seconds` have passed; say whether `stop` is set."""
        return stop.wait(max(0.0, min(seconds, threading.TIMEOUT_MAX)))

    def new_id(self) -> str:
        """A fresh uuid7; ids of one process sort in the order they were made."""
        with self._lock:
            tick = max(time.time_ns() * _TICKS_A_MILLISECOND // 1_000_000, self._last_tick + 1)
            self._last_tick = tick
        milliseconds, within = divmod(tick, _TICKS_A_MILLISECOND)
        # Half a millisecond is added so that converting through a float cannot fall into the one before.
        at = datetime.fromtimestamp((milliseconds + 0.5) / 1000, UTC)
        return uuid7(at, (secrets.randbits(62) << 12) | within)

    def random(self) -> float:
        """Uniform in [0, 1)."""
        return self._random.random()
