"""What one request may cost: rows and bytes of its answer, counted while it is made."""

from __future__ import annotations

from typing import Any

import msgspec

MAX_EVENTS = 50_000
"""Stored events that go into one answer."""
MAX_ROWS = 250_000
"""Items of all lists of an answer."""
MAX_BYTES = 32 * 1024 * 1024
"""Length of an answer."""


class OverBudget(BaseException):
    """The request is over a limit. Not an `Exception`: GraphQL makes of those a null and goes on with the next field,
    and it is the going on that costs.
    """


class Budget:
    """Counts what resolvers return. Raises OverBudget, naming the limit, as soon as one is passed."""

    def __init__(self) -> None:
        self._events = 0
        self._rows = 0
        self._bytes = 0

    def events(self, count: int) -> None:
        """Count stored events."""
        self._events += count
        if self._events > MAX_EVENTS:
            raise OverBudget(f"the request asks for more than {MAX_EVENTS} events in all; ask for fewer at a time")

    def value(self, value: Any) -> None:
        """Count a field's value: texts and encoded JSON by their length, lists by their items."""
        if isinstance(value, str):
            self._bytes += len(value)
        elif isinstance(value, msgspec.Raw):
            self._bytes += memoryview(value).nbytes
        elif isinstance(value, (list, tuple)):
            self._rows += len(value)  # pyright: ignore[reportUnknownArgumentType]
        if self._rows > MAX_ROWS:
            raise OverBudget(f"the request asks for more than {MAX_ROWS} list items in all; ask for fewer at a time")
        if self._bytes > MAX_BYTES:
            raise OverBudget(f"the answer would be longer than {MAX_BYTES} bytes; ask for less at a time")


def encoded(value: Any) -> msgspec.Raw:
    """A JSON value as it goes into the answer."""
    return value if isinstance(value, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(value))
