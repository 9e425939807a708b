"""How an error is told that ended the import of the user's code: the place first, what Python says, a hint where a name
or module is written wrongly, and the lines of the user's code that led there.
"""

from __future__ import annotations

import linecache
import pkgutil
import re
import sys
import traceback

from rostrum.definitions.error_info import is_user_file
from rostrum.definitions.names import nearest
from rostrum.definitions.problems import is_located
from rostrum.definitions.sources import relative
from rostrum.model.errors import DefinitionError, RostrumError

_FROM = re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'")
_FILE = re.compile(r" \((/[^()]*|[A-Z]:[^()]*|unknown location)\)$")


def load_error(error: BaseException, what: str) -> DefinitionError:
    """The error that users see. `what` is the file or module whose import ended."""
    if isinstance(error, RostrumError):
        if is_located(error):
            return error if isinstance(error, DefinitionError) else DefinitionError(str(error))
        place = error_place(error)
        return DefinitionError(f"{place}{error}" if isinstance(error, DefinitionError) else _told(error, what))
    return DefinitionError(_told(error, what))


def error_place(error: BaseException) -> str:
    """`file:line: ` of the user's code that raised."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{relative(error.filename)}:{error.lineno}: "
    frames = _user_frames(error)
    return f"{frames[-1][0]}:{frames[-1][1]}: " if frames else ""


def explained(error: BaseException) -> str:
    """Class and message on one line, with a hint for a name or module that is not there."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}"
    message = str(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        if message != f"No module named {error.name!r}":
            return f"{type(error).__name__}: {message}"  # whoever raised it says what to do
        message = f"{message}.{_module_hint(error.name)}"
    elif isinstance(error, ImportError):
        message = _of_name(message)
    message = re.sub(r"\n +For further information visit https://errors\.pydantic\S+", "", message)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _told(error: BaseException, what: str) -> str:
    place = error_place(error)
    told = f"{place or f'{what} could not be loaded: '}{explained(error)}"
    if isinstance(error, SyntaxError):
        return told + _caret(error)
    frames = _user_frames(error)
    if len(frames) > 1:
        told += "".join(f"\n  {file}:{line}, in {function}: {source}" for file, line, function, source in frames)
    return told


def _user_frames(error: BaseException) -> list[tuple[str, int, str, str]]:
    """File, line, function and source of each of the user's frames, outermost first."""
    return [
        (
            relative(frame.f_code.co_filename),
            line,
            frame.f_code.co_name,
            linecache.getline(frame.f_code.co_filename, line).strip(),
        )
        for frame, line in traceback.walk_tb(error.__traceback__)
        if is_user_file(frame.f_code.co_filename)
    ]


def _caret(error: SyntaxError) -> str:
    """The line, and below it what of it is wrong."""
    text = (error.text or "").rstrip("\n")
    if not text.strip():
        return ""
    shown = text.lstrip()
    start = max((error.offset or 1) - 1 - (len(text) - len(shown)), 0)
    end = error.end_offset if error.end_lineno == error.lineno else None
    width = max((end or 0) - (error.offset or 0), 1)
    return f"\n  {shown}\n  {' ' * start}{'^' * width}"


def _module_hint(name: str) -> str:
    parent, _, last = name.rpartition(".")
    if parent:
        inside = getattr(sys.modules.get(parent), "__path__", [])
        return nearest(last, [module.name for module in pkgutil.iter_modules(inside)]) or _not_installed()
    installed = {module.name for module in pkgutil.iter_modules()} | set(sys.stdlib_module_names)
    return nearest(name, sorted(each for each in installed if not each.startswith("_"))) or _not_installed()


def _not_installed() -> str:
    return f" It is not installed in the environment of {sys.executable}."


def _of_name(message: str) -> str:
    """The message without the path of a library, with the nearest name that the module has."""
    message = message.replace("'rostrum.compat.", "'")
    match = _FROM.search(message)
    file = _FILE.search(message)
    if file is not None and not (file[1].startswith(("/", "\\")) and is_user_file(file[1])):
        message = message[: file.start()]
    elif file is not None:
        message = f"{message[: file.start()]} ({relative(file[1])})"
    module = sys.modules.get(match[2]) if match is not None else None
    if match is None or module is None or "partially initialized" in message:
        return message
    hint = nearest(match[1], [name for name in dir(module) if not name.startswith("_")])
    return f"{message}.{hint}" if hint else message
