"""Captured output of user processes."""

from __future__ import annotations

from typing import Protocol

import msgspec


class LogChunk(msgspec.Struct, frozen=True):
    """A part of a log file."""

    data: bytes
    offset: int
    """Of the first byte of `data`."""
    size: int
    """Of the whole file as stored now."""
    complete: bool
    """True when the writer has closed the file."""


class LogStore(Protocol):
    """Stores captured output by (run, file key, stream). Keys are checked against `[A-Za-z0-9_.-]+`: no path is ever
    taken from outside.
    """

    def append(self, run_id: str, file_key: str, stream: str, offset: int, data: bytes) -> int:
        """Write at an offset; bytes that are stored already are passed over; a gap raises Conflict. Returns the new
        size. `data` empty at the end's offset closes nothing.
        """
        ...

    def complete(self, run_id: str, file_key: str) -> None:
        """Mark both streams of a file complete."""
        ...

    def read(self, run_id: str, file_key: str, stream: str, offset: int = 0, limit: int = 1_000_000) -> LogChunk:
        """Read a part; a file that does not exist is empty and incomplete. A negative offset counts from the end."""
        ...

    def files(self, run_id: str) -> list[str]:
        """File keys of a run."""
        ...

    def delete(self, run_id: str) -> None:
        """Delete all files of a run."""
        ...
