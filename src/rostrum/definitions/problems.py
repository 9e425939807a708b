"""Collecting mistakes in definitions, so that all are told at once."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from rostrum.definitions.sources import shown
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.model.manifest import Source

_LOCATED = re.compile(r"there are \d+ mistakes|[^\n]+?:\d+: ")


class Broken(DefinitionError):
    """A definition was used that has a mistake, which has been told."""


def is_located(error: Exception) -> bool:
    """The message begins with a place, or lists mistakes that do."""
    return _LOCATED.match(str(error)) is not None


@contextmanager
def located(source: Source | None) -> Generator[None, None, None]:
    """Put the place before the message of a DefinitionError or ArgumentError that does not tell one yet."""
    try:
        yield
    except (DefinitionError, ArgumentError) as error:
        if source is None or isinstance(error, Broken) or is_located(error):
            raise
        placed = type(error)(f"{shown(source)}: {error}")
        raise placed.with_traceback(error.__traceback__) from error.__cause__


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
        if not self._lines:
            return
        if len(self._lines) == 1:
            raise DefinitionError(self._lines[0]) from self._causes[0]
        listed = "\n".join(f"  {line}" for line in self._lines)
        raise DefinitionError(f"there are {len(self._lines)} mistakes in the definitions:\n{listed}")
