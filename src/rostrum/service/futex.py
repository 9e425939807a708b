"""Waiting until a word of shared memory changes, across processes: the kernel wakes the waiter (Linux's futex), so that
nobody has to look again and again. Elsewhere there is none, and callers poll.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import sys
from typing import Any, Self

_CALL_NUMBERS = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "s390x": 238, "ppc64le": 221}
"""Number of the futex system call; the C library has no function for it."""
_WAIT, _WAKE = 0, 1
_ALL = 2**31 - 1
WORD_BYTES = 4


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class SharedWord:
    """32 bits at an offset (a multiple of 4) of a shared map. Let go of it with `close` before the map is closed."""

    def __init__(self, shared: mmap.mmap, offset: int, call: Any, number: int) -> None:
        self._word = ctypes.c_uint32.from_buffer(shared, offset)
        self._address = ctypes.addressof(self._word)
        self._call, self._number = call, number

    @classmethod
    def at(cls, shared: mmap.mmap, offset: int) -> Self | None:
        """Make one; None where this system cannot wait for it."""
        number = _CALL_NUMBERS.get(platform.machine()) if sys.platform == "linux" and sys.maxsize > 2**32 else None
        if number is None:
            return None
        call: Any = ctypes.CDLL(None, use_errno=True).syscall
        call.restype = ctypes.c_long
        call.argtypes = (
            ctypes.c_long,
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_uint32,
            ctypes.POINTER(_Timespec),
            ctypes.c_void_p,
            ctypes.c_uint32,
        )
        word = cls(shared, offset, call, number)
        # A wait for a word that has another value already: whoever understands it says so.
        word._futex(_WAIT, word.value ^ 1, _Timespec(0, 1))
        if ctypes.get_errno() != errno.EAGAIN:
            word.close()
            return None
        return word

    @property
    def value(self) -> int:
        """What it holds now."""
        return self._word.value

    def change(self) -> None:
        """Give it another value and wake all who wait, in every process."""
        # A random value rather than a count: two that write at once cannot cancel each other out.
        self._word.value = int.from_bytes(os.urandom(WORD_BYTES), sys.byteorder)
        self._futex(_WAKE, _ALL, None)

    def wait(self, seen: int, seconds: float) -> bool:
        """Block until it is not `seen` any more, at most `seconds`; say whether it is not."""
        whole = int(seconds)
        self._futex(_WAIT, seen, _Timespec(whole, int((seconds - whole) * 1e9)))
        return self.value != seen

    def close(self) -> None:
        """Let go of the map. Nobody may wait."""
        del self._word

    def _futex(self, operation: int, value: int, timeout: _Timespec | None) -> None:
        self._call(self._number, self._address, operation, value, timeout, None, 0)
