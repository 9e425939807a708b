"""A captured file on this disk: which of its bytes go to the log store next, how they look there, and what of it may be
forgotten here. Used by the worker that delivers its files, and by whoever takes what a dead worker has left.

What is sent is decided from what the store holds and from the size of the file alone, so it does not matter who asks,
nor how often. Secrets are covered here: no byte leaves the file otherwise.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import stat
from pathlib import Path

import msgspec

from rostrum.interfaces.logs import LogLimits
from rostrum.interfaces.masks import Masks

_log = logging.getLogger(__name__)

PUNCH_BYTES = 4 * 1024 * 1024
"""So much must be forgettable before the disk is told."""
_KEEP = 256 * 1024
"""Bytes before what is still to be sent that are kept: a secret may begin in them."""
_BLOCK = 4096
_PUNCH_HOLE_KEEP_SIZE = 0x03


class Part(msgspec.Struct, frozen=True):
    """Bytes for the store."""

    offset: int
    data: bytes
    leave_out: bool
    """What lies between the stored bytes and these will never come."""


class CapturedFile:
    """One file. `stored`: how far the store has it. Offsets are those of the log, which are the file's own unless
    somebody has cut it (a shell that opens /dev/stderr does): then they go on from where it was cut.
    """

    def __init__(self, path: Path, masks: Masks, *, stored: int = 0) -> None:
        self.path = path
        self.stored = stored
        self.size = 0
        self.next_at = 0.0
        """Monotonic time before which nothing is sent of it."""
        self._masks = masks
        self._base = 0
        self._on_disk = 0
        self._held_at = -1
        self._punched = 0
        self._punched_ahead = 0

    def look(self, on_disk: int) -> None:
        """The file has this many bytes now."""
        if on_disk < self._on_disk:
            self._base += self._on_disk
            self._punched = self._punched_ahead = 0
        self._on_disk = on_disk
        self.size = self._base + on_disk

    @property
    def is_stored(self) -> bool:
        """Nothing is left to send."""
        return self.stored >= self.size

    @property
    def is_held(self) -> bool:
        """All that is left may be the beginning of a secret, of which the rest is not written yet."""
        return self.size == self._held_at

    def part(self, limits: LogLimits, most: int, *, ended: bool) -> Part | None:
        """The next bytes for the store, at most `most`; None when there are none now. `ended`: it grows no more."""
        start, end = limits.next_part(self.stored, self.size, most)
        start = max(start, self._base)
        descriptor = self._open() if start < end else None
        if descriptor is None:
            self.size = min(self.size, self.stored) if start < end else self.size  # it is gone: nothing can be sent
            return None
        try:
            begin, until = _data(descriptor, start - self._base)
            if begin > start - self._base:
                start, end = limits.next_part(self._base + begin, self.size, most)
            end = min(end, self._base + until)
            lead = min(self._masks.longest, start - self._base)
            wanted = max(0, end - start)
            window = os.pread(descriptor, lead + wanted + self._masks.longest, start - self._base - lead)
        finally:
            os.close(descriptor)
        size = min(wanted, len(window) - lead)
        if not ended and len(window) < lead + wanted + self._masks.longest:  # up to the end of what is written so far
            beyond = len(window) - lead - size
            size -= max(0, self._masks.open_end(window) - beyond)
        if size <= 0:
            self._held_at = self.size
            return None
        data = self._masks.data(window)[lead : lead + size]
        return Part(start, data, leave_out=start > self.stored)

    def forget(self, limits: LogLimits) -> None:
        """Give back to the disk what is stored, and what will never be sent. The file keeps its size: it is being
        appended to. Does nothing where the file system cannot do that.
        """
        done = self.stored - self._base - _KEEP
        if done - self._punched >= PUNCH_BYTES:
            self._punched = self._punch(self._punched, done)
        ahead = self.size - self._base - limits.tail - _KEEP
        begin = max(limits.head - self._base, self._punched, self._punched_ahead, 0)
        if ahead - begin >= PUNCH_BYTES:
            self._punched_ahead = self._punch(begin, ahead)

    def _punch(self, start: int, end: int) -> int:
        start, end = -(-start // _BLOCK) * _BLOCK, end // _BLOCK * _BLOCK
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                _punch_hole(descriptor, start, end - start)
            finally:
                os.close(descriptor)
        except (OSError, AttributeError) as error:
            _log.debug("%s keeps its bytes on the disk: %s", self.path, error)
        return end

    def _open(self) -> int | None:
        """A descriptor, of a regular file only: user code may write into the folder."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            _log.debug("%s cannot be read: %s", self.path, error.strerror)
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            _log.warning("%s is passed over: it is no regular file", self.path)
            return None
        return descriptor


def _data(descriptor: int, at: int) -> tuple[int, int]:
    """The next stretch at or behind `at` that has not been given back to the disk: its begin and end."""
    try:
        begin = os.lseek(descriptor, at, os.SEEK_DATA)
        return begin, os.lseek(descriptor, begin, os.SEEK_HOLE)
    except (OSError, AttributeError) as error:
        size = os.fstat(descriptor).st_size
        # Nothing but a hole up to the end; else holes are not known here, and there are none then.
        return (max(at, size), size) if getattr(error, "errno", None) == errno.ENXIO else (at, size)


def _punch_hole(descriptor: int, start: int, length: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    fallocate = library.fallocate
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    if fallocate(descriptor, _PUNCH_HOLE_KEEP_SIZE, start, length) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
