"""Doorbells: `LocalDoorbell` within a process, `SqliteDoorbell` between processes that share one database file.

A ring only shortens a wait; who is woken reads the truth (law 5). So rings may be lost or invented, and are counted,
not queued: a waiter that was busy while it rang notices by the count.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rostrum.interfaces.doorbell import Doorbell

_log = logging.getLogger(__name__)

Callback = Callable[[str], None]

_LINGER_SECONDS = 2.0
_RECONNECT_SECONDS = 1.0


class LocalDoorbell:
    """Rings within this process."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._counts: dict[str, int] = {}
        self._callbacks: dict[int, Callback] = {}
        self._next = 0

    def ring(self, topic: str) -> None:
        """Wake those who wait on the topic and call the subscribers, in this thread."""
        with self._rung:
            self._counts[topic] = self._counts.get(topic, 0) + 1
            callbacks = list(self._callbacks.values())
            self._rung.notify_all()
        for callback in callbacks:
            try:
                callback(topic)
            except Exception:  # noqa: BLE001 - a ring never fails whoever rings
                _log.exception("a subscriber of the doorbell failed (topic %s)", topic)

    def wait(self, topic: str, seen: int, seconds: float) -> int:
        """Block until the topic's count differs from `seen`, at most `seconds`; returns the count."""
        with self._rung:
            self._rung.wait_for(lambda: self._counts.get(topic, 0) != seen, max(0.0, seconds))
            return self._counts.get(topic, 0)

    def count(self, topic: str) -> int:
        """How often the topic has rung."""
        with self._rung:
            return self._counts.get(topic, 0)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Have `callback(topic)` called at each ring, in the ringing thread: it must be quick. Returns what ends it."""
        with self._rung:
            self._next += 1
            number = self._next
            self._callbacks[number] = callback

        def unsubscribe() -> None:
            with self._rung:
                self._callbacks.pop(number, None)

        return unsubscribe

    @property
    def subscribers(self) -> int:
        """How many subscribe now."""
        with self._rung:
            return len(self._callbacks)


class SqliteDoorbell:
    """Rings of this process at once, and those of other processes by the database file's change counter.

    While somebody waits or subscribes, one thread asks `PRAGMA data_version` every `poll_seconds`. Any commit of
    another connection counts as a ring of every topic. With nobody waiting no thread runs.
    """

    def __init__(self, path: Path, *, poll_seconds: float = 0.01) -> None:
        self._path = path
        self._poll_seconds = poll_seconds
        self._local = LocalDoorbell()
        self._lock = threading.Lock()
        self._topics: set[str] = set()
        self._wanted = 0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._connection: sqlite3.Connection | None = None
        self._version = -1

    def ring(self, topic: str) -> None:
        """Wake waiters here; the commit that goes with the ring wakes those in other processes."""
        self._local.ring(topic)

    def wait(self, topic: str, seen: int, seconds: float) -> int:
        """As `Doorbell.wait`."""
        self._want(topic)
        try:
            return self._local.wait(topic, seen, seconds)
        finally:
            self._unwant()

    def count(self, topic: str) -> int:
        """How often the topic has rung, as far as is known here."""
        with self._lock:
            self._topics.add(topic)
        return self._local.count(topic)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """As `LocalDoorbell.subscribe`; for commits of other processes `callback` gets each topic known here."""
        unsubscribe = self._local.subscribe(callback)
        self._want(None)
        ended = threading.Event()

        def end() -> None:
            unsubscribe()
            if not ended.is_set():
                ended.set()
                self._unwant()

        return end

    def watch(self, topic: str) -> None:
        """Make `topic` known, so that commits of other processes ring it."""
        with self._lock:
            self._topics.add(topic)

    def close(self) -> None:
        """End the poll thread and close the connection; a later wait starts anew."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join()

    def _want(self, topic: str | None) -> None:
        with self._lock:
            if topic is not None:
                self._topics.add(topic)
            self._wanted += 1
            if self._thread is None:
                self._stop.clear()
                self._thread = threading.Thread(target=self._poll, name="doorbell", daemon=True)
                self._thread.start()

    def _unwant(self) -> None:
        with self._lock:
            self._wanted -= 1

    def _poll(self) -> None:
        # The thread lingers for a while: who waits again and again must not start a thread and connection each time.
        idle_since = time.monotonic()
        while True:
            pause = self._poll_seconds if self._changed() else _RECONNECT_SECONDS
            self._stop.wait(pause)
            with self._lock:
                if self._wanted > 0:
                    idle_since = time.monotonic()
                if self._stop.is_set() or time.monotonic() - idle_since > _LINGER_SECONDS:
                    self._disconnect()
                    self._thread = None
                    return

    def _changed(self) -> bool:
        """Ring when the file has changed; False when it cannot be read now."""
        try:
            if self._connection is None:
                uri = f"{self._path.absolute().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
                self._version = -1
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            self._disconnect()
            return False
        if version != self._version:
            # The first look of a connection counts as a change: something may have been committed since the last one.
            self._version = version
            self._ring_all()
        return True

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _ring_all(self) -> None:
        with self._lock:
            topics = list(self._topics)
        for topic in topics:
            self._local.ring(topic)


async def wait_async(doorbell: Doorbell, topic: str, seen: int, seconds: float) -> int:
    """`Doorbell.wait` for coroutines: holds no thread while it waits (law 8)."""
    loop = asyncio.get_running_loop()
    rung = asyncio.Event()

    def wake(rung_topic: str) -> None:
        if rung_topic == topic:
            with contextlib.suppress(RuntimeError):  # the event loop has been closed meanwhile
                loop.call_soon_threadsafe(rung.set)

    deadline = time.monotonic() + seconds
    unsubscribe = doorbell.subscribe(wake)
    try:
        while (count := doorbell.count(topic)) == seen and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), left)
            rung.clear()
        return count
    finally:
        unsubscribe()
