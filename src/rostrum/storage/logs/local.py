"""`LocalLogStore`: captured output in files of the local disk, `root/<run id>/<file key>.<stream>`.

Of a file that is longer than its limits the first part is there; the last part is in the folder beside it, `<file
key>.<stream>.tail`, in pieces named by the offset of their first byte: the oldest piece goes when the others suffice.

No path is ever taken from outside: ids are checked against a pattern, and files are opened relative to an open folder
without following links, so that neither `..` nor a planted link leads out of the root.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Generator
from pathlib import Path

from rostrum.interfaces.logs import STREAMS, LogChunk, LogLimits
from rostrum.model.errors import Unavailable
from rostrum.storage.logs.names import checked_key, checked_run, checked_stream, require_no_gap

_COMPLETE = ".complete"
_TAIL = ".tail"
_PIECE = re.compile(r"[0-9]{20}")
_FILE = re.compile(rf"(.+)\.({'|'.join(STREAMS)})({re.escape(_TAIL)})?", re.DOTALL)
_TRIES = 5
_PIECES = 4
"""How many pieces the last part of a file is made of, about."""


class LocalLogStore:
    """Captured output below `root`, a folder that is made when it is first needed."""

    def __init__(self, root: Path, limits: LogLimits | None = None) -> None:
        self._root = Path(root)
        self._limits = limits or LogLimits()
        self._lock = threading.Lock()

    @property
    def limits(self) -> LogLimits:
        """See the seam."""
        return self._limits

    def append(
        self, run_id: str, file_key: str, stream: str, offset: int, data: bytes, *, leave_out: bool = False
    ) -> int:
        """Write at an offset (see the seam). Raises Conflict for a gap."""
        name = f"{checked_key(file_key)}.{checked_stream(stream)}"
        with self._lock, self._folder(run_id, create=True) as folder:
            head = _size(name, folder)
            pieces = _pieces(name, folder)
            size = _end(pieces, head or 0)
            require_no_gap(f"{name} of run {run_id}", size, offset, leave_out=leave_out)
            view = memoryview(data)[max(0, size - offset) :]
            position = max(offset, size)
            if head is None:
                _write(name, folder, 0, memoryview(b""))
            if not pieces and position == size and position < self._limits.head:
                first = view[: self._limits.head - position]
                _write(name, folder, position, first)
                position, view = position + len(first), view[len(first) :]
            if len(view) > self._limits.tail:
                position, view = position + len(view) - self._limits.tail, view[-self._limits.tail :]
            return self._append_tail(name, folder, pieces, position, view) if view else max(size, position)

    def _append_tail(self, name: str, folder: int, pieces: dict[int, int], position: int, view: memoryview) -> int:
        most = max(1, self._limits.tail // _PIECES)
        with _inner(name + _TAIL, folder) as tail:
            while view:
                last = max(pieces, default=-1)
                if last < 0 or last + pieces[last] != position or pieces[last] >= most:
                    last, pieces[position] = position, 0
                part = view[: most - pieces[last]]
                _write(f"{last:020d}", tail, position - last, part)
                pieces[last] += len(part)
                position, view = position + len(part), view[len(part) :]
            while sum(pieces.values()) - pieces[min(pieces)] >= self._limits.tail:
                oldest = min(pieces)
                del pieces[oldest]
                os.unlink(f"{oldest:020d}", dir_fd=tail)
        return position

    def complete(self, run_id: str, file_key: str) -> None:
        """Mark both streams complete."""
        name = checked_key(file_key) + _COMPLETE
        with self._folder(run_id, create=True) as folder, _opened(name, os.O_WRONLY | os.O_CREAT, folder):
            pass

    def read(self, run_id: str, file_key: str, stream: str, offset: int = 0, limit: int = 1_000_000) -> LogChunk:
        """Read a part (see the seam)."""
        name, complete = f"{checked_key(file_key)}.{checked_stream(stream)}", file_key + _COMPLETE
        for _ in range(_TRIES):  # a piece may go between the look and the reading of it
            with contextlib.suppress(FileNotFoundError), self._folder(run_id) as folder:
                return _chunk(name, complete, folder, offset, limit)
        return LogChunk(b"", 0, 0, False)

    def files(self, run_id: str) -> list[str]:
        """File keys of a run."""
        names = self._names(run_id)
        found = {named.group(1) for name in names if (named := _FILE.fullmatch(name))}
        return sorted(found | {name.removesuffix(_COMPLETE) for name in names if name.endswith(_COMPLETE)})

    def sizes(self, run_id: str) -> dict[tuple[str, str], int]:
        """Size of each file of a run."""
        sizes: dict[tuple[str, str], int] = {}
        with contextlib.suppress(FileNotFoundError), self._folder(run_id) as folder:
            for name in os.listdir(folder):  # noqa: PTH208 - of the open folder, not of a path
                named = _FILE.fullmatch(name)
                if named is None:
                    continue
                key = (named.group(1), named.group(2))
                end = _end(_pieces(name.removesuffix(_TAIL), folder), 0) if named.group(3) else _size(name, folder)
                sizes[key] = max(sizes.get(key, 0), end or 0)
        return sizes

    def delete(self, run_id: str) -> None:
        """Delete all files of a run."""
        with self._lock, contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._root / checked_run(run_id))

    def _names(self, run_id: str) -> list[str]:
        try:
            with self._folder(run_id) as folder:
                return os.listdir(folder)  # noqa: PTH208 - of the open folder, not of a path
        except FileNotFoundError:
            return []

    @contextlib.contextmanager
    def _folder(self, run_id: str, *, create: bool = False) -> Generator[int]:
        path = self._root / checked_run(run_id)
        try:
            if create:
                path.mkdir(parents=True, exist_ok=True)
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Unavailable(f"cannot open the folder of logs {path}: {error}") from error
        try:
            yield folder
        finally:
            os.close(folder)


def _chunk(name: str, complete_name: str, folder: int, offset: int, limit: int) -> LogChunk:
    complete = _exists(complete_name, folder)  # asked first: what is written later is not said to be all
    head = _size(name, folder) or 0
    pieces = _pieces(name, folder)
    size = _end(pieces, head)
    start = min(offset, size) if offset >= 0 else max(0, size + offset)
    if start < head:
        return LogChunk(_read(name, folder, start, min(limit, head - start)), start, size, complete)
    found = [at for at in sorted(pieces) if start < at + pieces[at]]
    if not found:
        return LogChunk(b"", size, size, complete)
    start = max(start, found[0])
    data = b""
    with _inner(name + _TAIL, folder) as tail:
        for at in found:
            position = start + len(data)
            if at > position or len(data) >= limit:
                break
            data += _read(f"{at:020d}", tail, position - at, min(limit - len(data), at + pieces[at] - position))
    return LogChunk(data, start, size, complete)


def _end(pieces: dict[int, int], head: int) -> int:
    last = max(pieces, default=-1)
    return last + pieces[last] if last >= 0 else head


def _pieces(name: str, folder: int) -> dict[int, int]:
    """Offset and size of each piece of a file's last part."""
    if not _exists(name + _TAIL, folder):
        return {}
    with _inner(name + _TAIL, folder) as tail:
        names = [each for each in os.listdir(tail) if _PIECE.fullmatch(each)]  # noqa: PTH208 - of the open folder
        return {int(each): size for each in names if (size := _size(each, tail)) is not None}


@contextlib.contextmanager
def _inner(name: str, folder: int) -> Generator[int]:
    """A folder in an open folder, made where it is missing."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
    with _opened(name, os.O_RDONLY | os.O_DIRECTORY, folder) as inner:
        yield inner


@contextlib.contextmanager
def _opened(name: str, flags: int, folder: int) -> Generator[int]:
    try:
        file = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unavailable(f"cannot open the log file {name}: {error}") from error
    try:
        yield file
    finally:
        os.close(file)


def _write(name: str, folder: int, offset: int, view: memoryview) -> None:
    with _opened(name, os.O_WRONLY | os.O_CREAT, folder) as file:
        try:
            while view:
                written = os.pwrite(file, view, offset)
                offset, view = offset + written, view[written:]
        except OSError as error:
            raise Unavailable(f"cannot write the log file {name}: {error.strerror}") from error


def _read(name: str, folder: int, offset: int, limit: int) -> bytes:
    with _opened(name, os.O_RDONLY, folder) as file:
        return os.pread(file, max(0, limit), offset)


def _size(name: str, folder: int) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
    except FileNotFoundError:
        return None


def _exists(name: str, folder: int) -> bool:
    return _size(name, folder) is not None
