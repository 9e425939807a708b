"""Windows of time as a sequence: the n-th window, keys, counts, ranges, computed and never listed unless asked for.

Time partitions with a regular cadence (hourly, daily, weekly, monthly up to the 28th) are arithmetic: the n-th window
costs the same as the first. Other cron expressions, and definitions that leave out windows, are enumerated once and
kept. Rules of daylight saving: a daily window may last 23 or 25 hours; an hour that does not exist has no key; of a
repeated hour the second key carries its offset (`2024-11-03-01:00-0500`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple, Protocol

from rostrum.model.errors import UnknownPartition
from rostrum.model.partitions import TimePartitions
from rostrum.planning import cron

_SUFFIX = re.compile(r"(.+)([+-]\d{4})")
FOREVER = datetime.max.replace(tzinfo=UTC) - timedelta(days=400)
"""Later than any window that anybody asks for."""
_INSTANT = timedelta(microseconds=1)


class TimeWindow(NamedTuple):
    """From `start` (inclusive) to `end` (exclusive), aware, in the partitions' time zone."""

    start: datetime
    end: datetime


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
                return FOREVER
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


class _Kept:
    """Which of the raw windows exist when some are left out. Windows are looked at once, as far as they are asked
    for.
    """

    def __init__(self, spec: TimePartitions, cadence: _Cadence, start: datetime) -> None:
        self._cadence = cadence
        self._moments = {moment.astimezone(UTC) for moment in spec.excluded_starts}
        after = start.astimezone(UTC) - timedelta(seconds=1)
        self._ticks: Iterator[datetime] = (
            cron.ticks(spec.excluded_crons, spec.timezone, after) if spec.excluded_crons else iter(())
        )
        self._tick = next(self._ticks, FOREVER)
        self._numbers: list[int] = []
        self._seen = 0

    def position(self, raw: int) -> int:
        """How many windows exist before the raw window of that number."""
        while self._seen < raw:
            self._look()
        return bisect_left(self._numbers, raw)

    def raw(self, n: int) -> int:
        """Number of the n-th window that exists among the raw ones."""
        while len(self._numbers) <= n and self._cadence.tick(self._seen) < FOREVER:
            self._look()
        return self._numbers[n] if n < len(self._numbers) else self._seen

    def has(self, raw: int) -> bool:
        """Say whether the raw window exists."""
        return self.position(raw + 1) > self.position(raw)

    def _look(self) -> None:
        start = self._cadence.tick(self._seen)
        while self._tick < start:
            self._tick = next(self._ticks, FOREVER)
        if start not in self._moments and start != self._tick:
            self._numbers.append(self._seen)
        self._seen += 1


class TimedPartitions:
    """Windows between consecutive ticks of a cadence. Positions count the windows that exist, in order of time."""

    def __init__(self, spec: TimePartitions) -> None:
        self._spec = spec
        self._zone: tzinfo = cron.zone(spec.timezone)
        start = (
            spec.start.replace(tzinfo=self._zone) if spec.start.tzinfo is None else spec.start.astimezone(self._zone)
        )
        self._cadence = _cadence(spec, start)
        self._end = spec.end.astimezone(UTC) if spec.end is not None else None
        leaves_out = spec.excluded_crons or spec.excluded_starts
        self._kept = _Kept(spec, self._cadence, start) if leaves_out else None

    def keys(self, now: datetime, start: int = 0) -> Iterator[str]:
        """Keys in order of time, made one by one."""
        for n in range(start, self.count(now)):
            yield self.key(n)

    def count(self, now: datetime) -> int:
        """Number of windows that have ended (moved by the definition's end offset), up to its end."""
        ended = self._cadence.index(now.astimezone(UTC) + _INSTANT) - 1
        number = max(0, ended + self._spec.end_offset)
        if self._end is not None:
            number = min(number, self._cadence.index(self._end))
        return self._position(number)

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
        cadence, zone, raw = self._cadence, self._zone, self._raw(n)
        return TimeWindow(cadence.tick(raw).astimezone(zone), cadence.tick(raw + 1).astimezone(zone))

    def key(self, n: int) -> str:
        """Key of the n-th window."""
        return self.key_at(self._cadence.tick(self._raw(n)))

    def key_at(self, at: datetime) -> str:
        """Key that a window starting at `at` has."""
        local = at.astimezone(self._zone)
        if self._spec.format == "%Y-%m-%d":
            return local.date().isoformat()
        if self._spec.format == "%Y-%m-%d-%H:%M":
            text = f"{local.date().isoformat()}-{local.hour:02d}:{local.minute:02d}"
        else:
            text = local.strftime(self._spec.format)
        if local.fold and "%H" in self._spec.format and "%z" not in self._spec.format:
            text += local.strftime("%z")
        return text

    def number(self, key: str) -> int | None:
        """Position of a key, None for a key that is none of this definition."""
        at = self.start_of(key)
        if at is None:
            return None
        raw = self._cadence.index(at)
        if self._end is not None and at >= self._end:
            return None
        if self.key_at(self._cadence.tick(raw)) != key or (self._kept is not None and not self._kept.has(raw)):
            return None
        return self._position(raw)

    def number_at(self, at: datetime) -> int | None:
        """Position of the window that contains `at` (of the next one where that is left out); None before the first
        one.
        """
        raw = self._cadence.index(at.astimezone(UTC) + _INSTANT) - 1
        return self._position(raw) if raw >= 0 else None

    def first_from(self, at: datetime) -> int:
        """Position of the first window that starts at `at` or later."""
        return self._position(self._cadence.index(at.astimezone(UTC)))

    def overlapping(self, window: TimeWindow) -> range:
        """Positions of the windows that overlap a window."""
        first = self.number_at(window.start)
        end = self._cadence.index(window.end.astimezone(UTC))
        if self._end is not None:
            end = min(end, self._cadence.index(self._end))
        return range(first if first is not None else 0, self._position(end))

    def limit(self) -> int | None:
        """Number of windows there will ever be; None without an end."""
        return self._position(self._cadence.index(self._end)) if self._end is not None else None

    def start_of(self, key: str) -> datetime | None:
        """Instant that a key names, whether or not a window starts at it; None for text of another format.

        A tick moved by a gap of daylight saving is found again, because windows start at it.
        """
        text, fold = key, 0
        suffix = _SUFFIX.fullmatch(key)
        if suffix and "%H" in self._spec.format and "%z" not in self._spec.format:
            text, fold = suffix[1], 1
        try:
            if self._spec.format == "%Y-%m-%d":
                day = date.fromisoformat(text)
                return datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(UTC)
            naive = datetime.strptime(text, self._spec.format)  # noqa: DTZ007 - the zone is set below
        except ValueError:
            return None
        if naive.tzinfo is not None:
            return naive.astimezone(UTC)
        return naive.replace(tzinfo=self._zone, fold=fold).astimezone(UTC)

    def _position(self, raw: int) -> int:
        return raw if self._kept is None else self._kept.position(raw)

    def _raw(self, n: int) -> int:
        return n if self._kept is None else self._kept.raw(n)

    def _known(self, key: str) -> int:
        n = self.number(key)
        if n is None:
            raise UnknownPartition(
                f"Could not find a partition with key {key!r}: keys look like {self.key(0)!r}, and that is the first."
            )
        return n
