"""A folder used like an object store, with the standard library alone."""

# Paths are text here: they are made and thrown away for every value.
# ruff: noqa: PTH100, PTH103, PTH105, PTH108, PTH113, PTH118, PTH120, PTH123, PTH202, SIM115

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Generator, Iterable
from typing import BinaryIO

from rostrum.interfaces.objects import Data
from rostrum.model.errors import InvocationError

_numbers = itertools.count()
_TEMPORARY = ".%tmp-"


class Folder:
    """Objects as files below `base`. A file is replaced as a whole; what a killed process leaves behind is never taken
    for an object.
    """

    def __init__(self, base: str | os.PathLike[str]) -> None:
        self.base = os.path.abspath(base)

    def __repr__(self) -> str:
        return f"Folder({self.base!r})"

    def put(self, key: str, data: Data) -> None:
        """Store an object, or replace it."""
        with replacing(self.local_path(key)) as file:
            file.write(data)

    def get(self, key: str) -> Data | None:
        """The bytes of an object; None where there is none."""
        file = self.open(key)
        if file is None:
            return None
        with file:
            return file.read()

    def get_range(self, key: str, start: int, length: int) -> Data | None:
        """A part of the bytes; None where there is no object."""
        file = self.open(key)
        if file is None:
            return None
        with file:
            file.seek(start)
            return file.read(max(length, 0))

    def size(self, key: str) -> int | None:
        """How many bytes an object has; None where there is none."""
        path = self.local_path(key)
        return os.path.getsize(path) if os.path.isfile(path) else None

    def open(self, key: str) -> BinaryIO | None:
        """The object as a file."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return open(self.local_path(key), "rb")
        return None

    def keys(self, prefix: str = "") -> Iterable[str]:
        """Keys below `prefix/`, in order."""
        found: list[str] = []
        for folder, _, names in os.walk(self.local_path(prefix) if prefix else self.base):
            below = os.path.relpath(folder, self.base).replace(os.sep, "/")
            found += [name if below == "." else f"{below}/{name}" for name in names if _TEMPORARY not in name]
        return sorted(found)

    def delete(self, *keys: str) -> None:
        """Delete objects."""
        for key in keys:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(self.local_path(key))

    def address(self, key: str) -> str:
        """Path of an object."""
        return self.local_path(key) if key else self.base

    def local_path(self, key: str) -> str:
        """Path of an object."""
        return os.path.join(self.base, *key.split("/"))


@contextlib.contextmanager
def replacing(path: str) -> Generator[BinaryIO]:
    """A file to write, which takes the place of `path` when it is complete, and is gone if it never is. Raises
    InvocationError where a folder is in the way, or a file where a folder must be.
    """
    # The name is unique among processes and threads; no key can be equal to it, since `%` is escaped there.
    temporary = f"{path}{_TEMPORARY}{os.getpid()}-{next(_numbers)}"
    try:
        file = open(temporary, "xb")
    except (FileNotFoundError, NotADirectoryError):
        make_folder(os.path.dirname(path))
        file = open(temporary, "xb")
    try:
        with file:
            yield file
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, IsADirectoryError):
            raise InvocationError(
                f"{path} cannot be a file: a folder is in the way. An asset's key is the beginning of "
                "another's, or an asset that "
                "had partitions has none now. Remove the folder, or give one of the assets another key or base_dir."
            ) from None
        raise


def make_folder(folder: str) -> None:
    """Make a folder and those above it. Raises InvocationError where a file is in the way."""
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InvocationError(
            f"{folder} cannot be a folder: a file is in the way. An asset's key is the beginning of "
            "another's, or an asset "
            "that had no partitions has some now. Remove the file, or give one of the assets another key or base_dir."
        ) from None
