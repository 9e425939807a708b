"""Fairness between writers: `Turns` among threads, `Turnstile` among processes.

`threading.Lock` lets a thread that has just released it take it again before those who wait: a thread that drains a
long spool would keep a daemon loop waiting for a hundred milliseconds and more.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path

from rostrum.model.errors import Unavailable

try:
    import fcntl
except ImportError:  # Windows: no order among processes
    fcntl = None


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


class Turnstile:
    """An advisory lock on a file beside the database, held while waiting for the database, not while writing.

    Who has just written and wants to write again finds it held by the one who waits. The system frees it when a process
    ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def enter(self) -> bool:
        """Take it without waiting; False when another process is in it."""
        if fcntl is None:
            return True
        if self._file is None:
            self._file = self._opened()
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"cannot open {self._path}, by which processes take turns to write: {error}") from error

    def leave(self) -> None:
        """Let the next one in."""
        if fcntl is not None and self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; entering opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
