"""Partitions as sequences: keys, windows, counts, ranges and mappings, computed and never listed unless asked for.

Time partitions with a regular cadence (hourly, daily, weekly, monthly up to the 28th) are arithmetic: the n-th
window costs the
same as the first. Other cron expressions are enumerated once and kept. Rules of daylight saving: a daily window may
last 23 or
25 hours; an hour that does not exist has no key; of a repeated hour the second key carries its offset
(`2024-11-03-01:00-0500`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice, product
from typing import Protocol

import msgspec

from rostrum.model.errors import DefinitionError, InvocationError, NotFound
from rostrum.model.partitions import (
    AllMapping,
    DynamicPartitions,
    IdentityMapping,
    LastMapping,
    MultiPartitions,
    PartitionMapping,
    PartitionsSpec,
    SpecificMapping,
    StaticMapping,
    StaticPartitions,
    TimePartitions,
    TimeWindowMapping,
)
from rostrum.planning import cron

DynamicKeys = Callable[[str], Sequence[str]]
"""Name of a dynamic definition -> its keys."""

_SUFFIX = re.compile(r"(.+)([+-]\d{4})")
_FOREVER = datetime.max.replace(tzinfo=UTC) - timedelta(days=400)


class TimeWindow(msgspec.Struct, frozen=True):
    """From `start` (inclusive) to `end` (exclusive), aware, in the partitions' time zone."""

    start: datetime
    end: datetime


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
        """Keys from `first` to `last`, both inclusive; empty when reversed. Raises NotFound for an unknown key."""
        ...

    def window(self, key: str) -> TimeWindow:
        """Time window of a key. Raises InvocationError for partitions that are not of time, NotFound for an unknown
        key.
        """
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
                raise NotFound(f"there is no partition {key!r}.")
        return list(self._keys[self._position[first] : self._position[last] + 1])

    def window(self, key: str) -> TimeWindow:
        """Listed partitions have no windows."""
        raise InvocationError(f"partition {key!r} is not a time window.")


class MultiDimensional:
    """Product of dimensions; the first one outermost. A key joins its dimensions' keys with `|`."""

    def __init__(self, dimensions: Sequence[tuple[str, Partitions]]) -> None:
        self.dimensions = dimensions

    def split(self, key: str) -> dict[str, str]:
        """Key of each dimension. Raises NotFound when the parts do not match."""
        parts = key.split("|")
        if len(parts) != len(self.dimensions):
            raise NotFound(
                f"partition {key!r} has {len(parts)} parts; there are {len(self.dimensions)} dimensions, joined by `|`."
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


def _joined(parts: Sequence[str | None]) -> str | None:
    present = [part for part in parts if part is not None]
    return "|".join(present) if len(present) == len(parts) else None


# --- time ------------------------------------------------------------------------------------------------------------


class _Cadence(Protocol):
    """Ticks by number: `tick(n)` is the start of window n in UTC; `index(at)` the smallest n whose tick is not
    before `at`.
    """

    def tick(self, n: int) -> datetime: ...

    def index(self, at: datetime) -> int: ...


class _Hourly:
    """Every hour of real time, at a minute: arithmetic in UTC."""

    def __init__(self, start: datetime, minute: int) -> None:
        local = start.replace(minute=minute, second=0, microsecond=0)
        origin = local.astimezone(UTC)
        at = start.astimezone(UTC)
        self._origin = origin if origin >= at else origin + timedelta(hours=1)

    def tick(self, n: int) -> datetime:
        return self._origin + n * timedelta(hours=1)

    def index(self, at: datetime) -> int:
        return max(0, -((self._origin - at) // timedelta(hours=1)))


class _Days:
    """Every `step` days at a local time: arithmetic on dates."""

    def __init__(self, start: datetime, hour: int, minute: int, step: int, weekday: int | None) -> None:
        self._zone, self._hour, self._minute, self._step = start.tzinfo, hour, minute, step
        first = start.date()
        if weekday is not None:
            first += timedelta(days=(weekday - first.isoweekday()) % 7)
        self._first = first.toordinal()
        if self.tick(0) < start.astimezone(UTC):
            self._first += step

    def tick(self, n: int) -> datetime:
        day = date.fromordinal(self._first + n * self._step)
        return datetime(day.year, day.month, day.day, self._hour, self._minute, tzinfo=self._zone).astimezone(UTC)

    def index(self, at: datetime) -> int:
        day = at.astimezone(self._zone).date().toordinal()
        n = max(0, (day - self._first) // self._step - 1)
        while self.tick(n) < at:
            n += 1
        return n


class _Months:
    """Every month on a day that all months have."""

    def __init__(self, start: datetime, hour: int, minute: int, day: int) -> None:
        self._zone, self._hour, self._minute, self._day = start.tzinfo, hour, minute, day
        self._first = start.year * 12 + start.month - 1
        if self.tick(0) < start.astimezone(UTC):
            self._first += 1

    def tick(self, n: int) -> datetime:
        year, month = divmod(self._first + n, 12)
        return datetime(year, month + 1, self._day, self._hour, self._minute, tzinfo=self._zone).astimezone(UTC)

    def index(self, at: datetime) -> int:
        local = at.astimezone(self._zone)
        n = max(0, local.year * 12 + local.month - 1 - self._first - 1)
        while self.tick(n) < at:
            n += 1
        return n


class _Listed:
    """Any cron expression: ticks enumerated as far as they have been asked for."""

    def __init__(self, expression: str, timezone: str, start: datetime) -> None:
        self._source = cron.ticks((expression,), timezone, start.astimezone(UTC) - timedelta(seconds=1))
        self._ticks: list[datetime] = []

    def tick(self, n: int) -> datetime:
        while len(self._ticks) <= n:
            if not self._more():
                return _FOREVER
        return self._ticks[n]

    def index(self, at: datetime) -> int:
        while not self._ticks or self._ticks[-1] < at:
            if not self._more():
                return len(self._ticks)
        return bisect_left(self._ticks, at)

    def _more(self) -> bool:
        tick = next(self._source, None)
        if tick is None:
            return False
        self._ticks.append(tick)
        return True


def _cadence(spec: TimePartitions, start: datetime) -> _Cadence:
    expression = cron.expanded(spec.cron)
    minute, hour, day, month, weekday = expression.split()
    if minute.isdigit() and month == "*":
        if hour == "*" and day == "*" and weekday == "*" and _moves_by_hours(start):
            return _Hourly(start, int(minute))
        if hour.isdigit():
            if day == "*" and weekday == "*":
                return _Days(start, int(hour), int(minute), 1, None)
            if day == "*" and weekday.isdigit():
                return _Days(start, int(hour), int(minute), 7, int(weekday) % 7)
            if weekday == "*" and day.isdigit() and int(day) <= 28:
                return _Months(start, int(hour), int(minute), int(day))
    return _Listed(expression, spec.timezone, start)


def _moves_by_hours(start: datetime) -> bool:
    """False where daylight saving moves the clock by part of an hour."""
    zone = start.tzinfo
    winter, summer = datetime(start.year, 1, 1, tzinfo=zone), datetime(start.year, 7, 1, tzinfo=zone)
    difference = (winter.utcoffset() or timedelta()) - (summer.utcoffset() or timedelta())
    return difference % timedelta(hours=1) == timedelta()


class TimedPartitions:
    """Windows between consecutive ticks of a cadence."""

    def __init__(self, spec: TimePartitions) -> None:
        self._spec = spec
        self._zone: tzinfo = cron.zone(spec.timezone)
        start = (
            spec.start.replace(tzinfo=self._zone) if spec.start.tzinfo is None else spec.start.astimezone(self._zone)
        )
        self._cadence = _cadence(spec, start)
        self._end = spec.end.astimezone(UTC) if spec.end is not None else None

    def keys(self, now: datetime, start: int = 0) -> Iterator[str]:
        """Keys in order of time, made one by one."""
        for n in range(start, self.count(now)):
            yield self.key(n)

    def count(self, now: datetime) -> int:
        """Number of windows that have ended (moved by the definition's end offset), up to its end."""
        ended = self._cadence.index(now.astimezone(UTC) + timedelta(microseconds=1)) - 1
        number = max(0, ended + self._spec.end_offset)
        return number if self._end is None else min(number, self._cadence.index(self._end))

    def has_key(self, key: str, now: datetime | None = None) -> bool:
        """Say whether the key names a window that exists."""
        n = self.number(key)
        return n is not None and (now is None or n < self.count(now))

    def first(self, now: datetime) -> str | None:
        """First key that exists."""
        return self.key(0) if self.count(now) else None

    def last(self, now: datetime) -> str | None:
        """Last key that exists."""
        count = self.count(now)
        return self.key(count - 1) if count else None

    def keys_in_range(self, first: str, last: str) -> list[str]:
        """Keys between two, inclusive."""
        return [self.key(n) for n in range(self._known(first), self._known(last) + 1)]

    def window(self, key: str) -> TimeWindow:
        """Window of a key."""
        return self.window_of(self._known(key))

    def window_of(self, n: int) -> TimeWindow:
        """The n-th window."""
        cadence, zone = self._cadence, self._zone
        return TimeWindow(cadence.tick(n).astimezone(zone), cadence.tick(n + 1).astimezone(zone))

    def key(self, n: int) -> str:
        """Key of the n-th window."""
        local = self._cadence.tick(n).astimezone(self._zone)
        if self._spec.format == "%Y-%m-%d":
            text = local.date().isoformat()
        elif self._spec.format == "%Y-%m-%d-%H:%M":
            text = f"{local.date().isoformat()}-{local.hour:02d}:{local.minute:02d}"
        else:
            text = local.strftime(self._spec.format)
        if local.fold and "%H" in self._spec.format and "%z" not in self._spec.format:
            text += local.strftime("%z")
        return text

    def number(self, key: str) -> int | None:
        """Position of a key, None for a key that is none of this definition."""
        at = self._parsed(key)
        if at is None:
            return None
        n = self._cadence.index(at)
        if self._end is not None and at >= self._end:
            return None
        return n if self.key(n) == key else None

    def number_at(self, at: datetime) -> int | None:
        """Position of the window that contains `at`; None before the first one."""
        n = self._cadence.index(at.astimezone(UTC) + timedelta(microseconds=1)) - 1
        return n if n >= 0 else None

    def overlapping(self, window: TimeWindow) -> range:
        """Positions of the windows that overlap a window."""
        first = self.number_at(window.start)
        end = self._cadence.index(window.end.astimezone(UTC))
        if self._end is not None:
            end = min(end, self._cadence.index(self._end))
        return range(first if first is not None else 0, end)

    def _known(self, key: str) -> int:
        n = self.number(key)
        if n is None:
            raise NotFound(f"there is no partition {key!r} (keys look like {self.key(0)!r}).")
        return n

    def _parsed(self, key: str) -> datetime | None:
        """Instant that a key names. A tick moved by a gap of daylight saving is found again, because windows start
        at it.
        """
        text, fold = key, 0
        suffix = _SUFFIX.fullmatch(key)
        if suffix and "%H" in self._spec.format and "%z" not in self._spec.format:
            text, fold = suffix[1], 1
        try:
            if self._spec.format == "%Y-%m-%d":
                day = date.fromisoformat(text)
                return self._start_of_day(day)
            naive = datetime.strptime(text, self._spec.format)  # noqa: DTZ007 - the zone is set below
        except ValueError:
            return None
        if naive.tzinfo is not None:
            return naive.astimezone(UTC)
        return naive.replace(tzinfo=self._zone, fold=fold).astimezone(UTC)

    def _start_of_day(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(UTC)


# --- mappings --------------------------------------------------------------------------------------------------------


def default_mapping(downstream: PartitionsSpec | None, upstream: PartitionsSpec | None) -> PartitionMapping:
    """What holds where the user gave no mapping."""
    if upstream is None or downstream is None:
        return AllMapping()
    if isinstance(upstream, TimePartitions) and isinstance(downstream, TimePartitions) and upstream != downstream:
        return TimeWindowMapping()
    return IdentityMapping()


def upstream_keys(
    mapping: PartitionMapping | None,
    downstream: PartitionsSpec | None,
    upstream: PartitionsSpec | None,
    keys: Sequence[str],
    now: datetime,
    dynamic: DynamicKeys | None = None,
) -> list[str] | None:
    """Upstream partitions that partitions `keys` of the downstream asset need, in order; None when upstream is not
    partitioned.

    Raises NotFound when a needed partition cannot exist upstream.
    """
    if upstream is None:
        return None
    source = partitions_of(upstream, dynamic)
    mapping = mapping or default_mapping(downstream, upstream)
    if isinstance(mapping, AllMapping):
        return list(source.keys(now))
    if isinstance(mapping, LastMapping):
        last = source.last(now)
        return [last] if last is not None else []
    if isinstance(mapping, SpecificMapping):
        return list(mapping.keys)
    if isinstance(mapping, StaticMapping):
        return _unique([key for own in keys for key in mapping.upstream_keys.get(own, ())])
    if isinstance(mapping, TimeWindowMapping):
        return _time_keys(mapping, downstream, upstream, keys)
    return _identical(downstream, upstream, source, keys)


def _identical(
    downstream: PartitionsSpec | None, upstream: PartitionsSpec, source: Partitions, keys: Sequence[str]
) -> list[str]:
    if isinstance(upstream, MultiPartitions) != isinstance(downstream, MultiPartitions):
        return _by_dimension(downstream, upstream, source, keys)
    for key in keys:
        if not source.has_key(key):
            raise NotFound(f"partition {key!r} does not exist upstream; give the dependency a partition mapping.")
    return list(keys)


def _by_dimension(
    downstream: PartitionsSpec | None, upstream: PartitionsSpec, source: Partitions, keys: Sequence[str]
) -> list[str]:
    """Between a multi-dimensional definition and a single one that equals one of its dimensions."""
    if isinstance(downstream, MultiPartitions):
        multi = partitions_of(downstream)
        assert isinstance(multi, MultiDimensional)
        name = _dimension_like(downstream, upstream)
        return _unique([multi.split(key)[name] for key in keys])
    assert isinstance(upstream, MultiPartitions)
    assert downstream is not None
    name = _dimension_like(upstream, downstream)
    assert isinstance(source, MultiDimensional)
    found: list[str] = []
    for key in keys:
        parts = [[key] if each == name else list(inner.keys(_FOREVER)) for each, inner in source.dimensions]
        found.extend("|".join(each) for each in product(*parts))
    return found


def _dimension_like(multi: MultiPartitions, single: PartitionsSpec) -> str:
    for name, dimension in multi.dimensions:
        if dimension == single:
            return name
    raise DefinitionError(
        "no dimension of the partitions equals those of the other asset; give the dependency a partition mapping."
    )


def _time_keys(
    mapping: TimeWindowMapping, downstream: PartitionsSpec | None, upstream: PartitionsSpec, keys: Sequence[str]
) -> list[str]:
    if not isinstance(downstream, TimePartitions) or not isinstance(upstream, TimePartitions):
        raise DefinitionError("a time window mapping needs time partitions on both sides.")
    own, above = partitions_of(downstream), partitions_of(upstream)
    assert isinstance(own, TimedPartitions)
    assert isinstance(above, TimedPartitions)
    numbers: dict[int, None] = {}
    for key in keys:
        covered = above.overlapping(own.window(key))
        for n in range(covered.start + mapping.start_offset, covered.stop + mapping.end_offset):
            if n >= 0:
                numbers[n] = None
    return [above.key(n) for n in sorted(numbers)]


def _unique(keys: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(keys))
