"""`Pool`: a few daemon threads for calls that may block long (a launch, a user's function at its deadline).

Unlike the standard executor it never holds up the end of the process: what is under way then is found again by
those who look (law 5).
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Pool:
    """Runs functions in at most `threads` threads, which are started as they are needed. Thread-safe."""

    def __init__(self, threads: int, name: str) -> None:
        self._limit = threads
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0

    def submit(self, function: Callable[[], object]) -> None:
        """Have `function` called soon. It reports for itself; what it raises is logged."""
        with self._changed:
            self._unfinished += 1
            if len(self._threads) < min(self._limit, self._unfinished):
                name = f"{self._name}-{len(self._threads)}"
                thread = threading.Thread(target=self._main, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        self._work.put(function)

    def wait(self, seconds: float) -> bool:
        """Block until nothing is under way, at most `seconds`; False when time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: self._unfinished == 0, seconds)

    def close(self, seconds: float = 5.0) -> bool:
        """Take what was submitted to its end, for `seconds` at most, and end the threads. May be used again."""
        until = time.monotonic() + seconds
        done = self.wait(seconds)
        with self._changed:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._work.put(None)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return done

    def _main(self) -> None:
        while (function := self._work.get()) is not None:
            try:
                function()
            except Exception:  # noqa: BLE001 - the bottom of a thread
                _log.exception("a call in pool %s failed", self._name)
            finally:
                with self._changed:
                    self._unfinished -= 1
                    self._changed.notify_all()
