"""`ObjectLogStore`: captured output in an object store, as parts that are never changed.

A part is an object named by what it holds: `<prefix>/<run id>/<file key>/<stream>/<start>-<end>`, and an empty object
`<prefix>/<run id>/<file key>/complete` marks the end. So:

- a listing of the names is the whole index; nothing else must be kept in step with it, and every replica of the control
  plane reads and writes without knowing of the others;
- writing is idempotent: the same bytes have the same name, and a request that arrives late, or twice, at another
  replica makes a part that overlaps others, which is harmless. No conditional writes are needed, which not all stores
  have;
- output can be read while it grows. A multipart upload, the other way to append to an object, shows nothing before its
  end, and loses all when it is not ended.

A file that grows slowly would become many small parts. So the last part is replaced by a longer one as long as it is
short: first the longer one is written, then the shorter one deleted; a reader who misses it looks again.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from rostrum.interfaces.logs import STREAMS, LogChunk, LogLimits
from rostrum.interfaces.objects import Objects
from rostrum.model.errors import Denied, Unavailable
from rostrum.object_store.store import ObjectStore
from rostrum.storage.logs.names import checked_key, checked_run, checked_stream, require_no_gap

Part = tuple[int, int]
"""Offsets of the first byte of a part, and of the one behind its last."""

SHORT_PART = 64 * 1024
"""A last part below this size is replaced by a longer one."""
AWAY_SECONDS = 2.0
"""After a failure nothing is asked for this long: requests that wait for a dead store must not hold all threads."""
MOST_FILES = 10_000
"""Files whose end is remembered, to write without asking."""
_WHOLE = 1024 * 1024
"""Parts up to this size are read whole, which costs one request less."""
_TRIES = 5
_COMPLETE = "complete"
_PART = re.compile(r"([0-9]{20})-([0-9]{20})")
_OPTIONS = {"timeout": "20s", "connect_timeout": "5s"}


class _File:
    """What this replica knows of the end of one stream of one file. Its lock is held while it is written."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.lock = threading.Lock()
        self.parts = sorted(set(parts))
        self.last = b""
        """Bytes of the last part, while it is short and has been written here."""

    @property
    def end(self) -> int:
        return max((end for _, end in self.parts), default=0)


class ObjectLogStore:
    """Captured output below `url` (`s3://bucket`, `gs://bucket`, `az://container`, a folder, `memory://name`) and
    `prefix`. Other settings are options of the store, as `rostrum.object_store` takes them. The first argument, the
    instance's folder of logs, is not used.
    """

    def __init__(
        self,
        root: Path | None,
        limits: LogLimits | None = None,
        *,
        url: str,
        prefix: str = "",
        objects: Objects | None = None,
        **options: Any,
    ) -> None:
        self._limits = limits or LogLimits()
        address = "/".join((url.rstrip("/"), *(part for part in prefix.split("/") if part)))
        self._objects = objects or ObjectStore(
            address, {**_OPTIONS, **options} if "://" in url else {}, patience_seconds=5.0
        )
        self._files: OrderedDict[tuple[str, str, str], _File] = OrderedDict()
        self._lock = threading.Lock()
        self._away_until = float("-inf")
        self._trouble = ""

    @property
    def limits(self) -> LogLimits:
        """See the seam."""
        return self._limits

    def append(
        self, run_id: str, file_key: str, stream: str, offset: int, data: bytes, *, leave_out: bool = False
    ) -> int:
        """Write at an offset (see the seam). Raises Conflict for a gap, Unavailable where the store does not answer."""
        folder = f"{checked_run(run_id)}/{checked_key(file_key)}/{checked_stream(stream)}"
        file = self._file(run_id, file_key, stream)
        with file.lock, self._asking():
            if offset > file.end:  # another replica may have written
                file.parts, file.last = self._parts(run_id, file_key, stream), b""
            size = file.end
            require_no_gap(f"{file_key}.{stream} of run {run_id}", size, offset, leave_out=leave_out)
            data = data[max(0, size - offset) :]
            position = max(offset, size)
            while data:
                room = self._limits.head - position
                if room <= 0 and len(data) > self._limits.tail:
                    position, data = position + len(data) - self._limits.tail, data[-self._limits.tail :]
                part = data[:room] if room > 0 else data
                self._write(folder, file, position, part)
                position, data = position + len(part), data[len(part) :]
            return file.end

    def _write(self, folder: str, file: _File, position: int, data: bytes) -> None:
        start, replaced = position, None
        if file.parts and file.last and file.parts[-1][1] == position != self._limits.head:
            replaced = file.parts[-1]
            start, data = replaced[0], file.last + data
        part = (start, start + len(data))
        self._objects.put(f"{folder}/{_name(part)}", data)
        file.parts.append(part)
        file.last = data if len(data) < min(SHORT_PART, self._limits.tail // 4) else b""
        if replaced is not None:
            file.parts.remove(replaced)
            self._objects.delete(f"{folder}/{_name(replaced)}")
        self._trim(folder, file)

    def _trim(self, folder: str, file: _File) -> None:
        """Delete the oldest parts behind the head that are not needed for the tail."""
        tail = [part for part in file.parts if part[0] >= self._limits.head]
        held = sum(end - start for start, end in tail)
        for part in tail:
            held -= part[1] - part[0]
            if held < self._limits.tail:
                return
            file.parts.remove(part)
            self._objects.delete(f"{folder}/{_name(part)}")

    def complete(self, run_id: str, file_key: str) -> None:
        """Mark both streams complete."""
        with self._asking():
            self._objects.put(f"{checked_run(run_id)}/{checked_key(file_key)}/{_COMPLETE}", b"")
        with self._lock:
            for stream in STREAMS:
                self._files.pop((run_id, file_key, stream), None)

    def read(self, run_id: str, file_key: str, stream: str, offset: int = 0, limit: int = 1_000_000) -> LogChunk:
        """Read a part (see the seam)."""
        folder = f"{checked_run(run_id)}/{checked_key(file_key)}/{checked_stream(stream)}"
        with self._asking():
            for _ in range(_TRIES):
                names = set(self._objects.keys(f"{run_id}/{file_key}"))
                parts = _parts_of(names, folder)
                complete = f"{run_id}/{file_key}/{_COMPLETE}" in names
                size = max((end for _, end in parts), default=0)
                start = min(offset, size) if offset >= 0 else max(0, size + offset)
                data, start = self._joined(folder, parts, start, size, limit)
                if data is not None:
                    return LogChunk(data, start, size, complete)
        raise Unavailable(f"{file_key}.{stream} of run {run_id} changes while it is read; trying again is safe")

    def _joined(self, folder: str, parts: list[Part], start: int, size: int, limit: int) -> tuple[bytes | None, int]:
        """Bytes from `start` on, or from where the next ones are, without a gap; None where a part has gone."""
        found = _covering(parts, start)
        if found is None:
            return b"", size
        start = max(start, found[0])
        data = bytearray()
        while found is not None and found[0] <= start + len(data) and len(data) < limit:
            read = self._read(folder, found, start + len(data), limit - len(data))
            if read is None:
                return None, start
            data += read
            found = _covering(parts, start + len(data))
        return bytes(data), start

    def _read(self, folder: str, part: Part, at: int, limit: int) -> bytes | None:
        name, skip = f"{folder}/{_name(part)}", at - part[0]
        length = min(limit, part[1] - at)
        if part[1] - part[0] > _WHOLE:
            ranged = self._objects.get_range(name, skip, length)
            return None if ranged is None else bytes(ranged)
        whole = self._objects.get(name)
        return None if whole is None else bytes(whole[skip : skip + length])

    def files(self, run_id: str) -> list[str]:
        """File keys of a run."""
        with self._asking():
            return sorted({name.split("/")[1] for name in self._objects.keys(checked_run(run_id)) if "/" in name})

    def sizes(self, run_id: str) -> dict[tuple[str, str], int]:
        """Size of each file of a run, by one listing."""
        sizes: dict[tuple[str, str], int] = {}
        with self._asking():
            for name in self._objects.keys(checked_run(run_id)):
                _, file_key, *rest = name.split("/")
                named = _PART.fullmatch(rest[1]) if len(rest) == 2 else None
                if named is not None:
                    key = (file_key, rest[0])
                    sizes[key] = max(sizes.get(key, 0), int(named.group(2)))
        return sizes

    def delete(self, run_id: str) -> None:
        """Delete all files of a run."""
        with self._asking():
            self._objects.delete(*self._objects.keys(checked_run(run_id)))
        with self._lock:
            for key in [key for key in self._files if key[0] == run_id]:
                del self._files[key]

    def _file(self, run_id: str, file_key: str, stream: str) -> _File:
        key = (run_id, file_key, stream)
        with self._lock:
            known = self._files.get(key)
            if known is not None:
                self._files.move_to_end(key)
                return known
        with self._asking():
            read = _File(self._parts(run_id, file_key, stream))
        with self._lock:
            known = self._files.setdefault(key, read)
            while len(self._files) > MOST_FILES:
                self._files.popitem(last=False)
        return known

    def _parts(self, run_id: str, file_key: str, stream: str) -> list[Part]:
        folder = f"{run_id}/{file_key}/{stream}"
        return _parts_of(self._objects.keys(folder), folder)

    @contextlib.contextmanager
    def _asking(self) -> Generator[None]:
        """A store that refuses us is as good as one that does not answer: whoever asks is told to try again."""
        if time.monotonic() < self._away_until:
            raise Unavailable(f"the store of captured output does not answer, tried a moment ago: {self._trouble}")
        try:
            yield
        except (Unavailable, Denied) as error:
            self._trouble, self._away_until = str(error), time.monotonic() + AWAY_SECONDS
            raise Unavailable(f"the store of captured output does not answer: {error}") from error


def _name(part: Part) -> str:
    return f"{part[0]:020d}-{part[1]:020d}"


def _parts_of(names: Iterable[str], folder: str) -> list[Part]:
    found = (_PART.fullmatch(name.removeprefix(f"{folder}/")) for name in names)
    return sorted((int(named.group(1)), int(named.group(2))) for named in found if named is not None)


def _covering(parts: list[Part], at: int) -> Part | None:
    """The part that holds this offset and goes farthest, else the next one."""
    holding = [part for part in parts if part[0] <= at < part[1]]
    if holding:
        return max(holding, key=lambda part: part[1])
    return min((part for part in parts if part[0] > at), default=None, key=lambda part: (part[0], -part[1]))
