"""The one place that turns an exception into an `ErrorInfo`: frames with source lines, the user's own marked,
causes followed. Everything in it has a limit: an error that is too large to be stored would be lost.
"""

from __future__ import annotations

import linecache
import os
import sysconfig
import traceback
from functools import lru_cache
from pathlib import Path
from typing import cast

from rostrum.model.errors import ErrorInfo, Frame, RostrumError
from rostrum.model.texts import storable

MAX_FRAMES = 100
"""Of a longer traceback the first `FIRST_FRAMES` are kept, and the last."""
FIRST_FRAMES = 20
MAX_CAUSES = 10
MAX_GROUP = 10
"""Of an exception group the first ones are kept."""
MAX_MESSAGE = 64 * 1024
"""Characters."""
MAX_SOURCE_LINE = 500
MAX_NAME = 200
SOURCE_LINES = 4
"""Lines shown before and after the line of a user's frame."""

_OURS = __file__.rpartition("definitions")[0]


@lru_cache(maxsize=1)
def _library_roots() -> tuple[str, ...]:
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(str(Path(path).resolve()) + os.sep for path in paths if path)


def is_user_file(file: str) -> bool:
    """True for a file that is neither Rostrum's, nor a library's, nor made up (`<string>`)."""
    if file.startswith(("<", _OURS)):
        return False
    return not str(Path(file).resolve()).startswith(_library_roots())


def error_info(error: BaseException, project_root: str | Path | None = None) -> ErrorInfo:
    """The exception as a value. Paths below `project_root` (default: the working directory) are relative to it.

    Frames are in the order of Python's traceback. Where there are frames of user code, Rostrum's own frames outside
    of them are left out.
    """
    root = str(Path(project_root).resolve() if project_root is not None else Path.cwd()) + os.sep
    return _info(error, root, MAX_CAUSES, set())


def _info(error: BaseException, root: str, depth: int, seen: set[int]) -> ErrorInfo:
    seen.add(id(error))
    places = [
        (entry.f_code.co_filename, line, entry.f_code.co_name) for entry, line in traceback.walk_tb(error.__traceback__)
    ]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        places.append((error.filename, error.lineno, "<module>"))
    places = [place for place in places if not place[0].startswith("<frozen")]
    first = next((position for position, place in enumerate(places) if is_user_file(place[0])), 0)
    places = places[first:]
    if len(places) > MAX_FRAMES:
        places = [*places[:FIRST_FRAMES], *places[FIRST_FRAMES - MAX_FRAMES :]]
    frames = [_frame(*place, root) for place in places]
    inner = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    follow = inner is not None and depth > 0 and id(inner) not in seen
    return ErrorInfo(
        class_name=storable(type(error).__name__, MAX_NAME),
        message=storable(_message(error), MAX_MESSAGE),
        frames=tuple(frames),
        cause=_info(inner, root, depth - 1, seen) if follow and inner is not None else None,
        code=error.code if isinstance(error, RostrumError) else "",
        group=_group(cast("BaseExceptionGroup[BaseException]", error), root, depth, seen)
        if isinstance(error, BaseExceptionGroup)
        else (),
    )


def _group(error: BaseExceptionGroup[BaseException], root: str, depth: int, seen: set[int]) -> tuple[ErrorInfo, ...]:
    if depth <= 0:
        return ()
    members = [each for each in error.exceptions if id(each) not in seen]
    return tuple(_info(each, root, depth - 1, seen) for each in members[:MAX_GROUP])


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        where = f" ({error.text.strip()})" if error.text else ""
        return f"{error.msg}{where}"
    if (type(error).__module__, type(error).__name__) == ("bdb", "BdbQuit"):
        return "the debugger was left with `q` (quit), which ends what it was in; `c` (continue) goes on"
    try:
        if isinstance(error, BaseExceptionGroup):
            return _of_group(cast("BaseExceptionGroup[BaseException]", error))
        return str(error)
    except Exception:  # noqa: BLE001 - the user's own __str__ may fail; the error must still be told
        return "<the message of this error could not be made>"


def _of_group(error: BaseExceptionGroup[BaseException]) -> str:
    """The message, and below it what came up: the message of a group alone says only how many there are."""
    told = [f"  - {type(each).__name__}: {_message(each)}".replace("\n", "\n    ") for each in error.exceptions]
    more = [f"  - and {len(told) - MAX_GROUP} more"] if len(told) > MAX_GROUP else []
    return "\n".join([str(error), *told[:MAX_GROUP], *more])


def _frame(file: str, line: int, function: str, root: str) -> Frame:
    user = is_user_file(file)
    around = SOURCE_LINES if user else 0
    first = max(1, line - around)
    source = [_source_line(file, number) for number in range(first, line + around + 1)]
    while source and not source[-1]:
        source.pop()
    shown = file.removeprefix(root)
    return Frame(
        file=storable(shown),
        line=line,
        function=storable(function, MAX_NAME),
        source=tuple(source),
        first_source_line=first if source else 0,
        user=user,
    )


def _source_line(file: str, number: int) -> str:
    line = linecache.getline(file, number).rstrip("\n")
    return storable(line if len(line) <= MAX_SOURCE_LINE else f"{line[:MAX_SOURCE_LINE]} ...")
