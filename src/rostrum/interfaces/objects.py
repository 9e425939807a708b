"""Bytes under keys: a bucket of an object store, or a folder that is used like one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, Protocol

Data = bytes | bytearray | memoryview
"""What is stored."""


class Objects(Protocol):
    """Objects below one address. Keys are text with `/` between their parts; a part is never empty, `.` or `..`.

    Every method may be called from several threads, blocks, and raises Unavailable (or Denied) naming the address where
    the store does not answer (or refuses).
    """

    def put(self, key: str, data: Data) -> None:
        """Store an object, or replace it as a whole: readers see the old bytes or the new ones, whatever happens."""
        ...

    def get(self, key: str) -> Data | None:
        """The bytes of an object; None where there is none."""
        ...

    def get_range(self, key: str, start: int, length: int) -> Data | None:
        """A part of the bytes, shorter where the object ends before; None where there is no object."""
        ...

    def size(self, key: str) -> int | None:
        """How many bytes an object has; None where there is none."""
        ...

    def open(self, key: str) -> BinaryIO | None:
        """The object as a file that can be read from any position, without fetching all of it; None where there is
        none.
        """
        ...

    def keys(self, prefix: str = "") -> Iterable[str]:
        """Keys below `prefix/` (all without one), in order, those in subfolders too."""
        ...

    def delete(self, *keys: str) -> None:
        """Delete objects; those that do not exist are passed over."""
        ...

    def address(self, key: str) -> str:
        """Where an object is, for people: `s3://bucket/prefix/key`. Never holds a secret."""
        ...

    def local_path(self, key: str) -> str | None:
        """Path of the object as a file of this machine; None where it is none."""
        ...
