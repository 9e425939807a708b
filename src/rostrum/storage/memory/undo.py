"""Undo: what a writing session has changed, so that an exception can take it back. Costs one small tuple a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rostrum.model.errors import InvocationError

K = TypeVar("K")
V = TypeVar("V")
_ABSENT: Any = object()


class Undo:
    """Changes dictionaries and lists, and remembers how they were."""

    def __init__(self, *, writes: bool) -> None:
        self.writes = writes
        self._ended = False
        self._back: list[Callable[[], object]] = []

    def require(self) -> None:
        """Raise when the session has ended. Every method of a table asks first."""
        if self._ended:
            raise InvocationError("this storage session has ended: use it within its `with` block")

    def require_writing(self) -> None:
        """Raise unless this is a writing session that has not ended."""
        self.require()
        if not self.writes:
            raise InvocationError("this session only reads: open it with begin(write=True) to change something")

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """Set a key."""
        before: Any = table.get(key, _ABSENT)
        table[key] = value
        if before is _ABSENT:
            self._back.append(lambda: table.pop(key, None))
        else:
            self._back.append(lambda: table.update({key: before}))

    def drop(self, table: dict[K, V], key: K) -> None:
        """Remove a key if it is there. (Taken back, it stands last: nothing relies on the order of a dictionary.)"""
        before = table.pop(key, _ABSENT)
        if before is not _ABSENT:
            self._back.append(lambda: table.__setitem__(key, before))

    def extend(self, rows: list[V], new: list[V]) -> None:
        """Append to a list."""
        length = len(rows)
        rows.extend(new)
        self._back.append(lambda: rows.__delitem__(slice(length, None)))

    def replace(self, rows: list[V], new: list[V]) -> None:
        """Replace all of a list."""
        before = list(rows)
        rows[:] = new
        self._back.append(lambda: rows.__setitem__(slice(None), before))

    def end(self, *, commit: bool) -> None:
        """Keep the changes or take them back, last first."""
        self._ended = True
        if not commit:
            for back in reversed(self._back):
                back()
        self._back.clear()
