"""Doorbells: `LocalDoorbell` within a process, `SqliteDoorbell` between processes that share one database file.

A ring only shortens a wait; who is woken reads the truth (law 5). So rings may be lost or invented, and are counted,
not queued: a waiter that was busy while it rang notices by the count.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mmap
import os
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from rostrum.interfaces.doorbell import Doorbell
from rostrum.service.futex import WORD_BYTES, SharedWord

_log = logging.getLogger(__name__)

Callback = Callable[[str], None]

_LINGER_SECONDS = 2.0
_QUIET_SECONDS = 5.0
_QUIET_POLL = 0.1
"""Poll time once nothing has rung for `_QUIET_SECONDS`: an idle machine is to be idle."""
_BACKSTOP_SECONDS = 5.0
"""How often the file is looked at where the kernel tells of rings."""
_PLACES = 64
_PLACE_BYTES = 8
_BELL_BYTES = _PLACES * _PLACE_BYTES
_FILE_BYTES = _BELL_BYTES + WORD_BYTES


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
    """Rings between processes that share a database file on one host, by a small shared file beside it.

    The file `<database>-bell` is mapped by every process; a ring writes a new value into the topic's place and wakes
    those who wait for the word at the end. While somebody waits or subscribes, one thread does, and compares the places
    with what it saw last, at most every `poll_seconds`: no SQL. Where the kernel cannot wake, the thread looks that
    often (in quiet times less often). (The database's own change counter was tried first: every commit then rings every
    topic, which makes all loops spin while events stream in.) A ring follows the commit that it tells of. With nobody
    waiting no thread runs.
    """

    def __init__(self, path: Path, *, poll_seconds: float = 0.01) -> None:
        self._path = path.with_name(f"{path.name}-bell")
        self._poll_seconds = poll_seconds
        self._local = LocalDoorbell()
        self._lock = threading.Lock()
        self._map: mmap.mmap | None = None
        self._word: SharedWord | None = None
        self._seen = bytes(_BELL_BYTES)
        self._topics: set[str] = set()
        self._wanted = 0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def ring(self, topic: str) -> None:
        """Wake waiters here, and within the poll time those in other processes."""
        with self._lock:
            self._write(topic)
        self._local.ring(topic)

    def wait(self, topic: str, seen: int, seconds: float) -> int:
        """As `Doorbell.wait`."""
        self._want(topic)
        try:
            return self._local.wait(topic, seen, seconds)
        finally:
            self._unwant()

    def count(self, topic: str) -> int:
        """How often the topic has rung, as far as is known here: other processes' rings count from the first call."""
        with self._lock:
            self._topics.add(topic)
        return self._local.count(topic)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """As `LocalDoorbell.subscribe`; from other processes come rings of the topics that were asked for here."""
        unsubscribe = self._local.subscribe(callback)
        self._want(None)
        ended = threading.Event()

        def end() -> None:
            unsubscribe()
            with self._lock:
                if not ended.is_set():
                    ended.set()
                    self._wanted -= 1

        return end

    def close(self) -> None:
        """End the poll thread; a later wait starts anew."""
        self._stop.set()
        with self._lock:
            thread = self._thread
            if self._word is not None:
                self._word.change()
        if thread is not None:
            thread.join()
        with self._lock:
            if self._word is not None:
                self._word.close()
                self._word = None
            if self._map is not None:
                self._map.close()
                self._map = None

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
        # The thread lingers for a while: who waits again and again must not start a thread each time.
        idle_since = heard = time.monotonic()
        rung = False
        while not self._stop.is_set():
            with self._lock:
                self._shared()
                word = self._word
                seen = word.value if word is not None else 0
            for topic in self._changed():
                heard = time.monotonic()
                self._local.ring(topic)
            with self._lock:
                if self._wanted > 0:
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > _LINGER_SECONDS:
                    self._thread = None
                    return
            if rung:
                self._stop.wait(self._poll_seconds)  # a burst of rings is gathered
            rung = self._wait_for_ring(word, seen, heard)
        with self._lock:
            self._thread = None

    def _wait_for_ring(self, word: SharedWord | None, seen: int, heard: float) -> bool:
        """Block until somebody may have rung since `seen`; say whether somebody has for sure."""
        if word is not None:
            return word.wait(seen, _BACKSTOP_SECONDS)
        self._stop.wait(self._poll_seconds if time.monotonic() - heard < _QUIET_SECONDS else _QUIET_POLL)
        return False

    def _changed(self) -> list[str]:
        """Topics that other processes have rung since the last look."""
        with self._lock:
            shared = self._shared()
            if shared is None:
                return []
            now, before = shared[:_BELL_BYTES], self._seen
            if now == before:
                return []
            self._seen = now
            return [topic for topic in self._topics if now[_place(topic)] != before[_place(topic)]]

    def _write(self, topic: str) -> None:
        shared = self._shared()
        if shared is not None:
            # A fresh value rather than a count: two processes that write at once cannot cancel each other out.
            place, value = _place(topic), os.urandom(_PLACE_BYTES)
            shared[place] = value
            self._seen = self._seen[: place.start] + value + self._seen[place.stop :]
            if self._word is not None:
                self._word.change()

    def _shared(self) -> mmap.mmap | None:
        if self._map is None:
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    if os.fstat(descriptor).st_size < _FILE_BYTES:
                        os.ftruncate(descriptor, _FILE_BYTES)
                    self._map = mmap.mmap(descriptor, _FILE_BYTES)
                finally:
                    os.close(descriptor)
            except OSError as error:
                _log.debug("no shared doorbell at %s: %s", self._path, error)
                return None
            self._seen = self._map[:_BELL_BYTES]
            self._word = SharedWord.at(self._map, _BELL_BYTES)
        return self._map


def _place(topic: str) -> slice:
    """Where a topic's value is. Two topics may share a place: then both ring."""
    start = zlib.crc32(topic.encode()) % _PLACES * _PLACE_BYTES
    return slice(start, start + _PLACE_BYTES)


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
