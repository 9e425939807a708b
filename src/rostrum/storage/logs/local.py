"""`LocalLogStore`: captured output in files of the local disk, `root/<run id>/<file key>.<stream>`.

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

from rostrum.interfaces.logs import LogChunk
from rostrum.model.errors import Conflict, InvocationError, Unavailable

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_STREAMS = ("out", "err")
_COMPLETE = ".complete"


class LocalLogStore:
    """Captured output below `root`, a folder that is made when it is first needed."""

    def __init__(self, root: Path) -> None:
        self._root = Path(root)
        self._lock = threading.Lock()

    def append(self, run_id: str, file_key: str, stream: str, offset: int, data: bytes) -> int:
        """Write at an offset (see the seam). Raises Conflict for a gap."""
        name = _file_name(file_key, stream)
        with (
            self._lock,
            self._folder(run_id, create=True) as folder,
            _opened(name, os.O_RDWR | os.O_CREAT, folder) as file,
        ):
            size = os.fstat(file).st_size
            if offset < 0 or offset > size:
                raise Conflict(
                    f"{name} of run {run_id} has {size} bytes: bytes from offset {offset} on would leave a gap. "
                    f"Continue at {size}."
                )
            position = size
            view = memoryview(data)[size - offset :]
            while view:
                written = os.pwrite(file, view, position)
                position += written
                view = view[written:]
            return position

    def complete(self, run_id: str, file_key: str) -> None:
        """Mark both streams complete."""
        name = _checked(file_key, "file key") + _COMPLETE
        with self._folder(run_id, create=True) as folder, _opened(name, os.O_WRONLY | os.O_CREAT, folder):
            pass

    def read(self, run_id: str, file_key: str, stream: str, offset: int = 0, limit: int = 1_000_000) -> LogChunk:
        """Read a part (see the seam)."""
        name = _file_name(file_key, stream)
        try:
            with self._folder(run_id) as folder:
                complete = _exists(file_key + _COMPLETE, folder)
                with _opened(name, os.O_RDONLY, folder) as file:
                    size = os.fstat(file).st_size
                    start = min(offset, size) if offset >= 0 else max(0, size + offset)
                    return LogChunk(os.pread(file, max(0, min(limit, size - start)), start), start, size, complete)
        except FileNotFoundError:
            return LogChunk(b"", 0, 0, self._is_complete(run_id, file_key))

    def files(self, run_id: str) -> list[str]:
        """File keys of a run."""
        try:
            with self._folder(run_id) as folder:
                names = os.listdir(folder)  # noqa: PTH208 - of the open folder, not of a path
        except FileNotFoundError:
            return []
        suffixes = (*(f".{stream}" for stream in _STREAMS), _COMPLETE)
        return sorted({name.removesuffix(suffix) for name in names for suffix in suffixes if name.endswith(suffix)})

    def delete(self, run_id: str) -> None:
        """Delete all files of a run."""
        with self._lock, contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._root / _checked(run_id, "run id"))

    def _is_complete(self, run_id: str, file_key: str) -> bool:
        try:
            with self._folder(run_id) as folder:
                return _exists(file_key + _COMPLETE, folder)
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def _folder(self, run_id: str, *, create: bool = False) -> Generator[int]:
        path = self._root / _checked(run_id, "run id")
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


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _file_name(file_key: str, stream: str) -> str:
    if stream not in _STREAMS:
        raise InvocationError(f"{stream!r} is not a stream of captured output: `out` or `err`")
    return f"{_checked(file_key, 'file key')}.{stream}"


def _checked(name: str, what: str) -> str:
    if not _NAME.fullmatch(name) or set(name) == {"."}:
        raise InvocationError(f"{name[:80]!r} is not a {what}: letters, digits, `_`, `.` and `-`, at most 200")
    return name
