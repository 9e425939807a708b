"""The user's source files as they were when the active version was loaded, for processes that import them again later.

Where forking is not safe, work starts in fresh interpreters. By then a file may have been edited, even broken; the
last good version has to go on running all the same (law 6), so a fresh process reads the zygote's copy. Python files
only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import msgspec


def keep_sources(files: Iterable[str]) -> int:
    """Copy files into memory; returns an inheritable descriptor for `use_sources`."""
    copies: dict[str, bytes] = {}
    for file in files:
        try:
            copies[file] = Path(file).read_bytes()
        except OSError:
            continue  # made up, or gone already: it is imported from wherever it is found
    descriptor = os.memfd_create("rostrum-sources", 0)
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(msgspec.msgpack.encode(copies))
    return descriptor


def use_sources(descriptor: int) -> None:
    """Import kept files from their copies from now on, whatever is on disk."""
    kept = Path(f"/proc/self/fd/{descriptor}").read_bytes()  # opened anew: the descriptor's offset is shared
    copies = msgspec.msgpack.decode(kept, type=dict[str, bytes])
    read, stats = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def get_data(self: SourceFileLoader, path: str) -> bytes:
        copy = copies.get(os.path.realpath(path))
        return read(self, path) if copy is None else copy

    def path_stats(self: SourceFileLoader, path: str) -> Any:
        if os.path.realpath(path) in copies:
            raise OSError("no cached bytecode belongs to the copy")  # the loader then compiles, and caches nothing
        return stats(self, path)

    SourceFileLoader.get_data = get_data  # type: ignore[method-assign,assignment]
    SourceFileLoader.path_stats = path_stats  # type: ignore[method-assign]
