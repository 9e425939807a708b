"""Captured output of user processes: where it is kept, by whom it is written and read, and how much of it.

A log file is named by (run, file key, stream) and is a sequence of bytes with offsets: those of the file that the
process writes on its own disk. Offsets stay true where bytes are missing: a file that is longer than its limits keeps
its first and its last part, and a reader that asks for what lies between is given the next byte there is.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

STREAMS = ("out", "err")
"""Standard output and standard error."""
MAX_BYTES = 50_000_000
"""Bytes kept of one log file unless the instance says otherwise."""


class LogLimits(msgspec.Struct, frozen=True):
    """How much is kept of one log file: its first `head` bytes and its last `tail` bytes."""

    head: int = MAX_BYTES // 2
    tail: int = MAX_BYTES // 2

    @classmethod
    def of(cls, max_bytes: int) -> LogLimits:
        """Half for the beginning, half for the end."""
        return cls(max_bytes // 2, max_bytes - max_bytes // 2)

    def next_part(self, stored: int, size: int, most: int) -> tuple[int, int]:
        """Which bytes of a file of `size` to store next, where it is stored up to `stored`: start and end, at most
        `most` bytes. A start beyond `stored` leaves out what lies between.
        """
        if stored < self.head:
            return stored, min(size, stored + most, self.head)
        start = max(stored, size - self.tail)
        return start, min(size, start + most)


class LogChunk(msgspec.Struct, frozen=True):
    """A part of a log file."""

    data: bytes
    offset: int
    """Of the first byte of `data`: beyond the one asked for, where that one was left out."""
    size: int
    """Of the whole file as the process wrote it and as far as it is stored, what was left out included."""
    complete: bool
    """True when the writer has closed the file."""


class LogStore(Protocol):
    """Stores captured output by (run, file key, stream). Keys are checked against `[A-Za-z0-9_.-]+`: no path is ever
    taken from outside.

    Every method may be called from several threads, and by several replicas of the control plane at once; it may block,
    and raises Unavailable where the store does not answer: nothing is lost then, whoever writes tries again.
    """

    @property
    def limits(self) -> LogLimits:
        """How much is kept of a file. The store sees to it whatever it is sent; writers are told, to send less."""
        ...

    def append(
        self, run_id: str, file_key: str, stream: str, offset: int, data: bytes, *, leave_out: bool = False
    ) -> int:
        """Write at an offset; bytes that are stored already are passed over. A gap raises Conflict, unless `leave_out`
        says that what is missing will never come. Returns the new size. Empty `data` at the end's offset closes
        nothing.
        """
        ...

    def complete(self, run_id: str, file_key: str) -> None:
        """Mark both streams of a file complete."""
        ...

    def read(self, run_id: str, file_key: str, stream: str, offset: int = 0, limit: int = 1_000_000) -> LogChunk:
        """Read a part, at most `limit` bytes; no data means that there is none at or after `offset`. A file that does
        not exist is empty and incomplete. A negative offset counts from the end.
        """
        ...

    def files(self, run_id: str) -> list[str]:
        """File keys of a run."""
        ...

    def sizes(self, run_id: str) -> dict[tuple[str, str], int]:
        """Size by (file key, stream), of all that is stored of a run: cheap enough to be asked for every second."""
        ...

    def delete(self, run_id: str) -> None:
        """Delete all files of a run."""
        ...


def left_out_note(count: int) -> str:
    """What a reader is told in the place of bytes that were left out: a line of its own."""
    units = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
    size = next((f"{count / each:.1f} {unit}" for unit, each in units if count >= each), f"{count} bytes")
    return f"\n[... {size} left out here: more was written than is kept of a log file (setting logs.max_bytes) ...]\n"
