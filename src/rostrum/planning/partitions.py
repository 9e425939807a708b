"""Partitions as sequences: keys, windows, counts and ranges, computed and never listed unless asked for. Those of time
are in `time_windows`, how partitions depend on each other is in `mappings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice, product
from typing import Protocol

from rostrum.model.errors import InvocationError, UnknownPartition
from rostrum.model.partitions import (
    DynamicPartitions,
    MultiPartitions,
    PartitionsSpec,
    StaticPartitions,
    TimePartitions,
)
from rostrum.planning.time_windows import TimedPartitions, TimeWindow

DynamicKeys = Callable[[str], Sequence[str]]
"""Name of a dynamic definition -> its keys."""
_HINTED_KEYS = 5000
"""Up to this many keys are searched for the one that was meant."""


class Partitions(Protocol):
    """A partitions definition at work. Where `now` is asked for, only partitions that exist at that time count."""

    def keys(self, now: datetime, start: int = 0) -> Iterator[str]:
        """Keys in order, from position `start`."""
        ...

    def count(self, now: datetime) -> int:
        """Number of keys."""
        ...

    def has_key(self, key: str, now: datetime | None = None) -> bool:
        """Say whether the key exists (without `now`: whether it can ever exist)."""
        ...

    def first(self, now: datetime) -> str | None:
        """First key."""
        ...

    def last(self, now: datetime) -> str | None:
        """Last key."""
        ...

    def keys_in_range(self, first: str, last: str) -> list[str]:
        """Keys from `first` to `last`, both inclusive; empty when reversed. Raises UnknownPartition."""
        ...

    def window(self, key: str) -> TimeWindow:
        """Time window of a key. Raises InvocationError for partitions that are not of time, UnknownPartition."""
        ...


@lru_cache(maxsize=512)
def _cached(spec: StaticPartitions | TimePartitions) -> Partitions:
    return ListedPartitions(spec.keys) if isinstance(spec, StaticPartitions) else TimedPartitions(spec)


def partitions_of(spec: PartitionsSpec, dynamic: DynamicKeys | None = None) -> Partitions:
    """Partitions of a definition. `dynamic` answers for the keys of dynamic definitions; without it they have none."""
    if isinstance(spec, (StaticPartitions, TimePartitions)):
        return _cached(spec)
    if isinstance(spec, DynamicPartitions):
        return ListedPartitions(tuple(dynamic(spec.name)) if dynamic else (), any_key=dynamic is None)
    return MultiDimensional([(name, partitions_of(dimension, dynamic)) for name, dimension in spec.dimensions])


class ListedPartitions:
    """Keys that are listed: static ones, or dynamic ones as they are now."""

    def __init__(self, keys: Sequence[str], *, any_key: bool = False) -> None:
        self._keys = keys
        self._position = {key: position for position, key in enumerate(keys)}
        self._any_key = any_key

    def keys(self, now: datetime, start: int = 0) -> Iterator[str]:
        """Keys in the order given."""
        return islice(iter(self._keys), start, None)

    def count(self, now: datetime) -> int:
        """Number of keys."""
        return len(self._keys)

    def has_key(self, key: str, now: datetime | None = None) -> bool:
        """Say whether the key is listed."""
        return self._any_key or key in self._position

    def first(self, now: datetime) -> str | None:
        """First key."""
        return self._keys[0] if self._keys else None

    def last(self, now: datetime) -> str | None:
        """Last key."""
        return self._keys[-1] if self._keys else None

    def keys_in_range(self, first: str, last: str) -> list[str]:
        """Keys between two, inclusive."""
        if self._any_key and first == last:
            return [first]
        for key in (first, last):
            if key not in self._position:
                raise UnknownPartition(f"Could not find a partition with key {key!r}.{_some(self._keys)}")
        return list(self._keys[self._position[first] : self._position[last] + 1])

    def window(self, key: str) -> TimeWindow:
        """Listed partitions have no windows."""
        raise InvocationError(f"partition {key!r} is not a time window.")


class MultiDimensional:
    """Product of dimensions; the first one outermost. A key joins its dimensions' keys with `|`."""

    def __init__(self, dimensions: Sequence[tuple[str, Partitions]]) -> None:
        self.dimensions = dimensions

    def split(self, key: str) -> dict[str, str]:
        """Key of each dimension. Raises UnknownPartition when the parts do not match."""
        parts = key.split("|")
        if len(parts) != len(self.dimensions):
            raise UnknownPartition(
                f"Could not find a partition with key {key!r}: it has {len(parts)} parts, and there are "
                f"{len(self.dimensions)} dimensions, joined by `|`."
            )
        return {name: part for (name, _), part in zip(self.dimensions, parts, strict=True)}

    def keys(self, now: datetime, start: int = 0) -> Iterator[str]:
        """Keys, first dimension outermost."""
        every = ("|".join(parts) for parts in product(*(list(each.keys(now)) for _, each in self.dimensions)))
        return islice(every, start, None)

    def count(self, now: datetime) -> int:
        """Product of the dimensions' numbers."""
        total = 1
        for _, each in self.dimensions:
            total *= each.count(now)
        return total

    def has_key(self, key: str, now: datetime | None = None) -> bool:
        """Say whether all parts exist."""
        parts = key.split("|")
        return len(parts) == len(self.dimensions) and all(
            each.has_key(part, now) for (_, each), part in zip(self.dimensions, parts, strict=True)
        )

    def first(self, now: datetime) -> str | None:
        """First keys of all dimensions."""
        return _joined([each.first(now) for _, each in self.dimensions])

    def last(self, now: datetime) -> str | None:
        """Last keys of all dimensions."""
        return _joined([each.last(now) for _, each in self.dimensions])

    def keys_in_range(self, first: str, last: str) -> list[str]:
        """Product of the dimensions' ranges."""
        low, high = self.split(first), self.split(last)
        ranges = [each.keys_in_range(low[name], high[name]) for name, each in self.dimensions]
        return ["|".join(parts) for parts in product(*ranges)]

    def window(self, key: str) -> TimeWindow:
        """Window of the one dimension that is of time."""
        parts = self.split(key)
        for name, each in self.dimensions:
            if isinstance(each, TimedPartitions):
                return each.window(parts[name])
        raise InvocationError(f"partition {key!r} has no dimension of time.")


def split_key(spec: MultiPartitions, key: str) -> dict[str, str]:
    """Key of each dimension, by name, without asking whether they exist. Raises UnknownPartition when the parts do not
    match.
    """
    parts = key.split("|")
    if len(parts) != len(spec.dimensions):
        raise UnknownPartition(
            f"Could not find a partition with key {key!r}: there are {len(spec.dimensions)} dimensions "
            f"({', '.join(name for name, _ in spec.dimensions)}), whose keys are joined by `|`."
        )
    return {name: part for (name, _), part in zip(spec.dimensions, parts, strict=True)}


def dimension_tags(spec: PartitionsSpec, key: str) -> dict[str, str]:
    """Key by dimension; empty for a definition without dimensions."""
    return split_key(spec, key) if isinstance(spec, MultiPartitions) else {}


def not_found(source: Partitions, key: str, now: datetime) -> str:
    """What is said of a key that does not exist: how many there are, from where to where, and the nearest one."""
    number = source.count(now)
    if not number:
        return f"Could not find a partition with key {key!r}: there are none yet."
    told = f"Could not find a partition with key {key!r}: there are {number}, from {source.first(now)!r} to "
    from difflib import get_close_matches  # only mistakes need it

    few = number <= _HINTED_KEYS and not isinstance(source, TimedPartitions)  # of times the range says it all
    close = get_close_matches(key, list(source.keys(now)), n=1) if few else ()
    return f"{told}{source.last(now)!r}." + (f" Did you mean {close[0]!r}?" if close else "")


def _some(keys: Sequence[str]) -> str:
    """The first keys, for messages."""
    if not keys:
        return " There are no keys."
    return f" The keys are {', '.join(repr(key) for key in keys[:10])}{', ...' if len(keys) > 10 else ''}."


def _joined(parts: Sequence[str | None]) -> str | None:
    present = [part for part in parts if part is not None]
    return "|".join(present) if len(present) == len(parts) else None
