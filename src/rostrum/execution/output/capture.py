"""Captured output: descriptors 1 and 2 go to append-only files, which others read by offset.

Never a pipe: a dead reader must not break a user's `print`, and the last lines of a killed process are in the file.
Capture is at the level of descriptors, so output of native libraries and of child processes is in it too.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO, cast

STREAMS = ("out", "err")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_CHUNK_BYTES = 256 * 1024
_QUIET_LOOKS, _MOST_SKIPPED = 4, 3
"""After so many looks at quiet files one more look is skipped, and never more than that: a second, at four a second."""


def file_key(step_key: str, attempt: int, epoch: int = 1) -> str:
    """Name of the log files of an attempt of a step: `[A-Za-z0-9_.-]+`, different for different steps, attempts and
    epochs.
    """
    safe = _UNSAFE.sub("_", step_key)[:120].lstrip(".")
    if safe != step_key:
        safe = f"{safe}-{hashlib.blake2b(step_key.encode(), digest_size=4).hexdigest()}"
    # No step key has a hyphen, and a hash is not as short as these.
    return of_epoch(safe if attempt == 1 else f"{safe}-{attempt}", epoch)


def of_epoch(key: str, epoch: int) -> str:
    """The key for files of one epoch: what a worker of another epoch has written is not written over."""
    return key if epoch == 1 else f"{key}-e{epoch}"


class Redirect:
    """Standard output and error of this process go to `<folder>/<file key>.out` and `.err` until `restore`.

    The files are made if needed and only ever appended to.
    """

    def __init__(self, folder: Path, key: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _flush()
        self._saved: list[int] = []
        for descriptor, stream in zip((1, 2), STREAMS, strict=True):
            self._saved.append(os.dup(descriptor))
            file = os.open(folder / f"{key}.{stream}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.dup2(file, descriptor)
            os.close(file)
        self._streams = (sys.stdout, sys.stderr)
        sys.stdout, sys.stderr = _lines_to(1, sys.stdout), _lines_to(2, sys.stderr)

    def restore(self) -> None:
        """Send output where it went before."""
        _flush()
        sys.stdout, sys.stderr = self._streams
        for descriptor, saved in zip((1, 2), self._saved, strict=True):
            os.dup2(saved, descriptor)
            os.close(saved)


class _Followed:
    """Files of one key, and how long they have been quiet."""

    __slots__ = ("offsets", "paths", "quiet", "skip")

    def __init__(self, folder: Path, key: str) -> None:
        self.paths: dict[str, str] = {stream: str(folder / f"{key}.{stream}") for stream in STREAMS}
        self.offsets: dict[str, int] = dict.fromkeys(STREAMS, 0)
        self.quiet = self.skip = 0


class Tail:
    """Reads what has been appended to captured files since the last look and hands it on, by offset.

    Files that stay quiet are looked at less often: thousands of steps may share a process. With no `write` it only
    knows which files there are: the run's session reads them itself.
    """

    def __init__(self, folder: Path, write: Callable[[str, str, int, bytes], None] | None) -> None:
        self._folder, self._write = folder, write
        self._followed: dict[str, _Followed] = {}

    @property
    def keys(self) -> list[str]:
        """Keys that are followed."""
        return list(self._followed)

    def follows(self, key: str) -> bool:
        """Whether a key is followed."""
        return key in self._followed

    def follow(self, key: str) -> None:
        """Add the files of a key."""
        if key not in self._followed:
            self._followed[key] = _Followed(self._folder, key)

    def pump(self) -> None:
        """Hand on what is new."""
        if self._write is None:
            return
        for key, each in list(self._followed.items()):
            if each.skip:
                each.skip -= 1
                continue
            each.quiet = 0 if self._pump(key, each) else each.quiet + 1
            each.skip = min(each.quiet // _QUIET_LOOKS, _MOST_SKIPPED)

    def finish(self, key: str) -> bool:
        """Hand on the rest of a key and follow it no more; False when it is not followed."""
        each = self._followed.get(key)
        if each is None:
            return False
        self._pump(key, each)
        return self._followed.pop(key, None) is not None

    def _pump(self, key: str, each: _Followed) -> bool:
        """Whether there was anything new."""
        moved = False
        if self._write is None:
            return moved
        for stream, path in each.paths.items():
            offset = each.offsets[stream]
            try:
                if os.stat(path).st_size <= offset:  # noqa: PTH116 - thousands of files: a Path costs more than the look
                    continue
                with open(path, "rb") as file:  # noqa: PTH123
                    file.seek(offset)
                    while data := file.read(_CHUNK_BYTES):
                        self._write(key, stream, offset, data)
                        offset += len(data)
                        each.offsets[stream] = offset
                moved = True
            except FileNotFoundError:
                continue
        return moved


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def _lines_to(descriptor: int, stream: TextIO) -> TextIO:
    """The stream that `print` is to use: a file makes Python buffer blocks, and whoever watches a run wants lines.

    Where somebody has replaced the stream by one that leads elsewhere, a new one takes its place.
    """
    try:
        leads_there = stream.fileno() == descriptor
    except (AttributeError, OSError, ValueError):
        leads_there = False
    if leads_there and isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(line_buffering=True)
        return cast(TextIO, stream)
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
