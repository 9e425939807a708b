"""Captured output for people: which files a run has, a part of one as text, all of one as a download, what has grown.
A log store that does not answer costs the log, never the page of the run.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from rostrum.interfaces.logs import LogStore, left_out_note
from rostrum.interfaces.storage import Session
from rostrum.model import events as ev
from rostrum.model.errors import Unavailable

MAX_PART = 1_048_576
"""Bytes of a part of a log, at most."""
MOST_FILES = 10_000
WATCHED_SECONDS = 12 * 3600.0
"""How long somebody who has read a log is told that it has grown."""
LINGER_SECONDS = 20.0
"""After the end of a run and the last of its output it is looked at no more."""
MOST_WATCHED = 100
_SHARE = 0.25
"""Of the time, what looking at watched logs may take."""


def log_files(session: Session, logs: LogStore, run_id: str) -> list[dict[str, Any]]:
    """Log files of a run: `fileKey`, `stepKeys`, and `attempt` where one attempt of one step writes it. What has been
    told of comes first, in order.
    """
    stored = session.events.read(run_id, kinds=("logs_captured",), limit=MOST_FILES)
    files: dict[str, dict[str, Any]] = {}
    tries: dict[str, int] = {}
    for item in stored:
        event = item.event
        if not isinstance(event, ev.LogsCaptured) or event.file_key in files:
            continue
        of_step = event.step_keys[0] if len(event.step_keys) == 1 else None
        attempt = event.attempt
        if of_step is not None:
            # The worker that goes on after the loss of another counts from 1 again.
            attempt = tries[of_step] = max(attempt or 1, tries.get(of_step, 0) + 1)
        files[event.file_key] = {"fileKey": event.file_key, "stepKeys": list(event.step_keys), "attempt": attempt}
    with contextlib.suppress(Unavailable):
        for key in logs.files(run_id):
            files.setdefault(key, {"fileKey": key, "stepKeys": [], "attempt": None})
    return list(files.values())


def log_part(logs: LogStore, run_id: str, file_key: str, stream: str, offset: int, limit: int) -> dict[str, Any]:
    """A part of a log as text, which never ends within a character. `offset` is beyond the one asked for where bytes
    were left out.
    """
    chunk = logs.read(run_id, file_key, stream, offset, min(max(limit, 16), MAX_PART))
    end = chunk.offset + len(chunk.data)
    data = chunk.data if end >= chunk.size and chunk.complete else whole(chunk.data)
    if not data and end < chunk.size:  # half a character before bytes that were left out: nothing completes it
        data = chunk.data
    return {
        "text": data.decode("utf-8", "replace"),
        "offset": chunk.offset,
        "nextOffset": chunk.offset + len(data),
        "size": chunk.size,
        "complete": chunk.complete,
    }


def log_bytes(logs: LogStore, run_id: str, file_key: str, stream: str, offset: int = 0) -> Iterator[bytes]:
    """All of a log from `offset` on, with a note where bytes were left out."""
    while (chunk := logs.read(run_id, file_key, stream, offset)).data:
        if chunk.offset > offset:
            yield left_out_note(chunk.offset - offset).encode()
        offset = chunk.offset + len(chunk.data)
        yield chunk.data


def whole(data: bytes) -> bytes:
    """Bytes of UTF-8 without the beginning of a character at their end: the rest of it comes with the next part."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return data[:-back] if length > back else data
    return data


class WatchedLogs:
    """Runs whose log somebody reads, and what of them has grown: others are not looked at, since a look may be a
    request to an object store. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at: OrderedDict[str, float] = OrderedDict()
        self._sizes: dict[str, Any] = {}
        self._grown_at: dict[str, float] = {}
        self._look_at = 0.0

    def read(self, run_id: str) -> None:
        """Somebody reads a log of this run."""
        with self._lock:
            self._read_at[run_id] = time.monotonic()
            self._read_at.move_to_end(run_id)
            while len(self._read_at) > MOST_WATCHED:
                self._drop(next(iter(self._read_at)))

    def grown(self, logs: LogStore, in_progress: Callable[[str], bool]) -> list[str]:
        """Runs of which a log has grown since the last look; none where it is too early, or the store is away."""
        began = time.monotonic()
        if began < self._look_at:
            return []
        with self._lock:
            for run_id, at in list(self._read_at.items()):
                over = not in_progress(run_id) and began - self._grown_at.get(run_id, at) > LINGER_SECONDS
                if over or began - at > WATCHED_SECONDS:
                    self._drop(run_id)
            watched = list(self._read_at)
        grown: list[str] = []
        with contextlib.suppress(Unavailable):
            for run_id in watched:
                sizes = logs.sizes(run_id)
                if sizes != self._sizes.get(run_id):
                    grown.append(run_id)
                    self._sizes[run_id], self._grown_at[run_id] = sizes, began
        now = time.monotonic()
        self._look_at = now + (now - began) / _SHARE
        return grown

    def _drop(self, run_id: str) -> None:
        for kept in (self._read_at, self._sizes, self._grown_at):
            kept.pop(run_id, None)
