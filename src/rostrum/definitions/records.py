"""What users compare: two records of the same kind with equal values are equal."""

from __future__ import annotations

from typing import Any


class Record:
    """Equality, hash and text by the values of `__slots__` (or of the instance's dict)."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Record) and type(self) is type(other) and _values(self) == _values(other)

    def __hash__(self) -> int:
        return hash((type(self), getattr(self, "asset_key", None)))  # others may be mappings, which have no hash

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in _values(self).items() if not _is_empty(value)]
        return f"{type(self).__name__}({', '.join(given)})"


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, (dict, list, tuple, set)) and not value)


def _values(record: Record) -> dict[str, Any]:
    slots = [name for kind in type(record).__mro__ for name in getattr(kind, "__slots__", ())]
    return {name: getattr(record, name) for name in slots if hasattr(record, name)} | getattr(record, "__dict__", {})
