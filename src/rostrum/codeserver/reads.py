"""Which files the user's code reads while it is loaded, other than its modules: settings, templates, `defs.yaml`. What
it was made of is what reloads it when it changes.
"""

from __future__ import annotations

import builtins
import io
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

_MOST_FILES = 1000
"""Remembered; whoever reads more of them while loading has data there, not settings."""
_MODULES = (".py", ".pyi", ".pyc")
_NO_CODE = ("__pycache__", "node_modules", "site-packages")


class Reads:
    """While entered: what this thread opens with `open` or `Path`. (An audit hook would see more, but it can never be
    taken away, and would be called for every `id()` of every run.)
    """

    def __init__(self) -> None:
        self._read: set[str] = set()
        self._written: set[str] = set()
        self._thread = 0
        self._before: Any = None
        self._noting: Any = None

    def __enter__(self) -> Self:
        self._thread = threading.get_ident()
        before = self._before = builtins.open

        def noting(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if threading.get_ident() == self._thread:
                self._note(file, mode)
            return before(file, mode, *arguments, **options)

        self._noting = noting
        builtins.open = io.open = noting
        return self

    def __exit__(self, *raised: object) -> None:
        self._thread = 0  # whoever has kept the function may go on using it
        if builtins.open is self._noting:
            builtins.open = self._before
        if io.open is self._noting:
            io.open = self._before

    def _note(self, file: Any, mode: str) -> None:
        if not isinstance(file, int) and len(self._read) < _MOST_FILES:
            path = os.path.abspath(os.fsdecode(file))  # noqa: PTH100 - links are followed later, and only once
            (self._written if set(mode) & set("wax+") else self._read).add(path)

    def below(self, folders: Iterable[Path]) -> dict[str, int]:
        """Files in or below the folders that were read and not written, and those that were looked for in vain: each
        with the time of its last change, as `changed_at` has it. Not in folders that hold no code.
        """
        tops = [folder.resolve() for folder in folders]
        written = {os.path.realpath(file) for file in self._written}
        found = {os.path.realpath(file) for file in self._read} - written
        return {
            file: changed_at(file)
            for file in sorted(found)
            if not file.endswith(_MODULES) and any(_is_below(Path(file), top) for top in tops)
        }


def _is_below(file: Path, top: Path) -> bool:
    if top not in file.parents or home_folder() in file.parents:
        return False
    return all(may_hold_code(folder) for folder in file.relative_to(top).parts[:-1])


def may_hold_code(name: str) -> bool:
    """Whether code is looked for under this name, of a file or folder."""
    return name not in _NO_CODE and not name.startswith(".")


def home_folder() -> Path | None:
    """The instance's home, in which every run writes; None: it is a hidden folder."""
    home = os.environ.get("ROSTRUM_HOME")
    return Path(home).resolve() if home else None


def changed_at(file: str) -> int:
    """When the file was changed last, in nanoseconds since 1970; 0: there is none."""
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return 0
