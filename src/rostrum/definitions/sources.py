"""Where a definition was written: file and line, kept for every definition so that errors can name them."""

from __future__ import annotations

import os
import sys
from typing import Any

from rostrum.model.manifest import Source

# By text: pathlib would cost more than all else in this module.
_PACKAGE = __file__.rpartition("definitions")[0]


def function_source(function: Any) -> Source | None:
    """Place of a function's `def` line, None for callables without code of their own."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    return Source(code.co_filename, code.co_firstlineno) if code is not None else None


def caller_source() -> Source | None:
    """Place of the innermost frame outside this package: where the user called us."""
    frame = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - inspect.stack() is a thousand times slower
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            return Source(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None


def is_own_file(file: str) -> bool:
    """True for files of this package."""
    return file.startswith(_PACKAGE)


def user_level() -> int:
    """The `stacklevel` of warnings by which the caller of this function tells of the user's line."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above
    while frame.f_back is not None and is_own_file(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return level


def shown(source: Source | None) -> str:
    """`file:line`, the file relative to the working directory where it is below it."""
    if source is None:
        return "<unknown>"
    return f"{relative(source.file)}:{source.line}"


def relative(file: str) -> str:
    """Path relative to the working directory where it is below it, else as it is."""
    here = os.getcwd() + os.sep  # noqa: PTH109 - called for each definition that an error names
    return file.removeprefix(here)
