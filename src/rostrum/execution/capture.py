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


class Tail:
    """Reads what has been appended to captured files since the last look and hands it on, by offset."""

    def __init__(self, folder: Path, write: Callable[[str, str, int, bytes], None]) -> None:
        self._folder, self._write = folder, write
        self._offsets: dict[str, dict[str, int]] = {}

    @property
    def keys(self) -> list[str]:
        """Keys that are followed."""
        return list(self._offsets)

    def follow(self, key: str) -> None:
        """Add the files of a key."""
        self._offsets.setdefault(key, dict.fromkeys(STREAMS, 0))

    def pump(self) -> None:
        """Hand on what is new."""
        for key in list(self._offsets):
            self._pump(key)

    def finish(self, key: str) -> bool:
        """Hand on the rest of a key and follow it no more; False when it is not followed."""
        if key not in self._offsets:
            return False
        self._pump(key)
        return self._offsets.pop(key, None) is not None

    def _pump(self, key: str) -> None:
        offsets = self._offsets[key]
        for stream, offset in offsets.items():
            path = self._folder / f"{key}.{stream}"
            try:
                if path.stat().st_size <= offset:
                    continue
                with path.open("rb") as file:
                    file.seek(offset)
                    while data := file.read(_CHUNK_BYTES):
                        self._write(key, stream, offset, data)
                        offset += len(data)  # noqa: PLW2901 - it moves on with what was read
                        offsets[stream] = offset
            except FileNotFoundError:
                continue


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
