"""How often a login may be tried. Counted, never slept: a waiting thread would be another thing to run out of."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from rostrum.interfaces.clock import Clock
from rostrum.model.errors import RostrumError

MOST = 10
"""Failed logins in a window, for one name and for one address."""
WINDOW_SECONDS = 60.0
_KEPT = 10_000
"""Names and addresses that are remembered at most."""


class TooManyAttempts(RostrumError):
    """Too many logins have failed; try again later."""

    code = "too_many_attempts"
    retryable = True

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"too many logins have failed; try again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class Attempts:
    """Failed logins by name and by address. An attempt counts from its beginning, so that many at once are many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tried: dict[str, deque[datetime]] = {}

    def begin(self, name: str, address: str) -> None:
        """Count an attempt. Raises TooManyAttempts, which does not count."""
        now = self._clock.now()
        with self._lock:
            waits = [self._wait(key, now) for key in _keys(name, address)]
            if max(waits) > 0:
                raise TooManyAttempts(int(max(waits)) + 1)
            for key in _keys(name, address):
                self._tried.setdefault(key, deque()).append(now)
            if len(self._tried) > _KEPT:
                self._forget(now)

    def succeeded(self, name: str, address: str) -> None:
        """Take back the last attempt: only failures count."""
        with self._lock:
            for key in _keys(name, address):
                if self._tried.get(key):
                    self._tried[key].pop()

    def _wait(self, key: str, now: datetime) -> float:
        """Seconds until this name or address may try again."""
        tried = self._tried.get(key)
        if tried is None:
            return 0.0
        while tried and tried[0] <= now - timedelta(seconds=WINDOW_SECONDS):
            tried.popleft()
        if not tried:
            del self._tried[key]
        return WINDOW_SECONDS - (now - tried[0]).total_seconds() if len(tried) >= MOST else 0.0

    def _forget(self, now: datetime) -> None:
        """Forget what is out of the window, and then whoever came first: memory has an end too."""
        for key in list(self._tried):
            self._wait(key, now)
        for key in list(self._tried)[: max(len(self._tried) - _KEPT, 0)]:
            del self._tried[key]


def _keys(name: str, address: str) -> tuple[str, str]:
    return f"name {name[:200]}", f"address {address}"
