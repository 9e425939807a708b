"""Collecting mistakes in definitions, so that all are told at once."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

from rostrum.definitions.sources import shown
from rostrum.model.errors import ArgumentError, ComponentTreeError, DefinitionError, SelectionError
from rostrum.model.manifest import Source

_LOCATED = re.compile(r"there are \d+ mistakes|[^\n]+?:\d+: ")
_PLACE = re.compile(r"([^\n]+?):(\d+): ")


class Broken(DefinitionError):
    """A definition was used that has a mistake, which has been told."""


def is_located(error: Exception) -> bool:
    """The message begins with a place, or lists mistakes that do."""
    return _LOCATED.match(str(error)) is not None


@contextmanager
def located(source: Source | None) -> Generator[None, None, None]:
    """Put the place before the message of a DefinitionError, ArgumentError or SelectionError that tells none yet."""
    try:
        yield
    except (DefinitionError, ArgumentError, SelectionError) as error:
        if source is None or isinstance(error, Broken) or is_located(error):
            raise
        placed = type(error)(f"{shown(source)}: {error}")
        raise placed.with_traceback(error.__traceback__) from error.__cause__


def listed(mistakes: Iterable[str]) -> DefinitionError:
    """One error that tells all of these, each once, in the order of files and lines; those without a place last."""
    told = sorted(dict.fromkeys(mistakes), key=_place)
    if len(told) == 1:
        return DefinitionError(told[0])
    lines = "\n".join("  " + each.replace("\n", "\n    ") for each in told)
    error = DefinitionError(f"there are {len(told)} mistakes in the definitions:\n{lines}")
    error.mistakes = told
    return error


def all_in_one(errors: Sequence[Exception]) -> DefinitionError:
    """One error that tells the mistakes of all of these. A picture that one of them draws comes at the end."""
    if len(errors) == 1 and isinstance(errors[0], DefinitionError):
        return errors[0]
    told: list[str] = []
    pictures: list[str] = []
    for error in errors:
        own = mistakes_of(error)
        told += own
        if isinstance(error, ComponentTreeError):
            pictures.append(str(error).partition("\n\n")[2])
    made = listed(told)
    if any(pictures):
        pictured = DefinitionError("\n\n".join([str(made), *filter(None, pictures)]))
        pictured.mistakes = made.mistakes
        return pictured
    return made


def mistakes_of(error: Exception) -> list[str]:
    """The mistakes that an error tells."""
    if isinstance(error, DefinitionError) and error.mistakes:
        return list(error.mistakes)
    if not isinstance(error, ComponentTreeError):
        return [str(error)]
    # What follows an empty line is the picture of a tree.
    lines = str(error).partition("\n\n")[0].splitlines()
    return [line.strip() for line in (lines[1:] if lines and lines[0].startswith("there are ") else lines)]


def _place(message: str) -> tuple[bool, str, int]:
    match = _PLACE.match(message)
    return (False, match[1].rpartition(" at ")[2], int(match[2])) if match is not None else (True, "", 0)


class Problems:
    """Mistakes found so far, each with the place of the definition."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._causes: list[Exception | None] = []

    def add(self, source: Source | None, message: str, cause: Exception | None = None) -> None:
        """Note a mistake, with the error that it was found by."""
        self._causes.append(cause)
        self._lines.append(f"{shown(source)}: {message}" if source is not None else message)

    def __bool__(self) -> bool:
        return bool(self._lines)

    def raise_if_any(self) -> None:
        """Raise one DefinitionError that lists all mistakes."""
        if self._lines:
            raise listed(self._lines) from (self._causes[0] if len(self._lines) == 1 else None)
