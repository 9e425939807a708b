"""A lock that is given in the order in which it was asked for.

`threading.Lock` lets a thread that has just released it take it again before those who wait: a thread that drains a
long spool would keep a daemon loop waiting for a hundred milliseconds and more.
"""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """A fair lock. Not reentrant: `is_mine` says whether this thread has it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._holder: int | None = None
        self._waiting: deque[tuple[int, threading.Lock]] = deque()

    @property
    def is_mine(self) -> bool:
        """True when the calling thread holds the lock."""
        return self._holder == threading.get_ident()

    def acquire(self, timeout_seconds: float) -> bool:
        """Wait for our turn; False when it has not come in time."""
        me = threading.get_ident()
        with self._guard:
            if self._holder is None:
                self._holder = me
                return True
            called = threading.Lock()
            called.acquire()
            place = (me, called)
            self._waiting.append(place)
        if called.acquire(timeout=timeout_seconds):
            return True
        with self._guard:
            if place in self._waiting:
                self._waiting.remove(place)
                return False
        # Called in the moment in which the patience ended.
        return True

    def release(self) -> None:
        """Give the lock to the one who has waited longest."""
        with self._guard:
            if self._waiting:
                self._holder, called = self._waiting.popleft()
                called.release()
            else:
                self._holder = None
