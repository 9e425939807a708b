"""The disk spool of a run worker: an append-only file of events. An event is accepted once it is written here.

A record is four bytes of length, four of CRC-32 (both big endian) and the encoded event. The stream of an epoch counts
from 1 without gaps, so the n-th record is the event with sequence n. Acceptance survives the kill of any process (the
data is in the kernel's cache); it is not synced to disk. A record cut short by a kill or a crash of the machine ends
the file.
"""

from __future__ import annotations

import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from rostrum.model.errors import InvocationError, Unavailable
from rostrum.model.events import AnyEvent, Event, decode_event, encode_event

_HEAD = struct.Struct(">II")
MAX_EVENT = 64 * 1024 * 1024


def spool_file(directory: str | Path, epoch: int) -> Path:
    """Where the events of an epoch are."""
    return Path(directory) / f"events.{epoch}.log"


def output_is_left(directory: str | Path) -> Path:
    """A file that says that of the spool of a worker that has ended only output is left to be stored: whoever tidies up
    on its host need not wait.
    """
    return Path(directory) / "output-is-left"


def logs_directory(directory: str | Path) -> Path:
    """Where captured output is: files `<file key>.out` and `<file key>.err`, sent from there by offset."""
    return Path(directory) / "logs"


class Spool:
    """The spool of one epoch, for its one writer. Opening it again finds what an earlier process of the epoch has
    accepted.
    """

    def __init__(self, directory: str | Path, epoch: int) -> None:
        self.path = spool_file(directory, epoch)
        self._file = _open(self.path)
        self._offsets = array("Q")
        self._end = 0
        for record in _records(self.path):
            self._offsets.append(self._end)
            self._end += _HEAD.size + len(record)
        os.ftruncate(self._file, self._end)  # what a killed writer left of its last record

    @property
    def last_sequence(self) -> int:
        """Sequence of the last accepted event; 0 when there is none."""
        return len(self._offsets)

    def append(self, events: Sequence[Event]) -> None:
        """Accept events; those accepted before are passed over. Raises InvocationError on a gap, Unavailable when
        the disk does not take them.
        """
        records: list[bytes] = []
        for event in events:
            if event.sequence <= self.last_sequence:
                continue
            expected = self.last_sequence + len(records) + 1
            if event.sequence > expected:
                raise InvocationError(f"event {event.sequence} of {event.stream} came where {expected} was due")
            if event.sequence == expected:
                body = encode_event(event)
                records.append(_HEAD.pack(len(body), zlib.crc32(body)) + body)
        if records:
            self._write(records)

    def _write(self, records: Sequence[bytes]) -> None:
        data = memoryview(b"".join(records))
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._file, data[done:], self._end + done)
        except OSError as error:
            os.ftruncate(self._file, self._end)
            raise Unavailable(f"events cannot be written to the spool {self.path}: {error.strerror}") from error
        for record in records:
            self._offsets.append(self._end)
            self._end += len(record)

    def read(self, after: int, max_events: int, max_bytes: int) -> list[bytes]:
        """Encoded events behind sequence `after`: at most `max_events`, and `max_bytes` unless the first alone is
        larger.
        """
        last = min(len(self._offsets), after + max_events)
        if after >= last:
            return []
        start = self._offsets[after]
        while last > after + 1 and self._end_of(last) - start > max_bytes:
            last = max(after + 1, last - max(1, (last - after) // 2))
        data = os.pread(self._file, self._end_of(last) - start, start)
        return [
            data[self._offsets[index] - start + _HEAD.size : self._end_of(index + 1) - start]
            for index in range(after, last)
        ]

    def _end_of(self, count: int) -> int:
        return self._offsets[count] if count < len(self._offsets) else self._end

    def close(self) -> None:
        """Let go of the file; it stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def remove(self) -> None:
        """Everything is stored by the control plane: the file has done its work."""
        self.close()
        self.path.unlink(missing_ok=True)


def _open(path: Path) -> int:
    for attempt in (1, 2):  # an ending worker of an earlier epoch may remove the empty folder in between
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            if attempt == 2:
                raise
    raise AssertionError


def _records(path: Path) -> Iterator[bytes]:
    """Whole records of a spool file, up to the first that is not."""
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            size, checksum = _HEAD.unpack(head)
            if not 0 < size <= MAX_EVENT:
                return
            body = file.read(size)
            if len(body) < size or zlib.crc32(body) != checksum:
                return
            yield body


def read_spool(directory: str | Path, epoch: int, *, batch: int = 500) -> Iterator[list[AnyEvent]]:
    """Events that a dead worker of `epoch` accepted on this host, in batches; nothing when it left no spool."""
    path = spool_file(directory, epoch)
    if not path.exists():
        return
    events: list[AnyEvent] = []
    for record in _records(path):
        try:
            events.append(decode_event(record))
        except (msgspec.DecodeError, ValueError):
            break  # no event: somebody else has written here
        if len(events) == batch:
            yield events
            events = []
    if events:
        yield events
