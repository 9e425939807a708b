"""Partitions of time: hours, days, weeks, months, and windows between the ticks of any cron expression."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from rostrum.definitions.broken import noting_init
from rostrum.definitions.partitions.definition import PaginatedResults, PartitionKeyRange, PartitionsSubset
from rostrum.definitions.partitions.loading import PartitionLoadingContext, loading_context
from rostrum.definitions.partitions.time_window_fields import ScheduleType, TimeWindowFields
from rostrum.model import partitions as model
from rostrum.model.errors import ArgumentError, DateTextError, DefinitionError
from rostrum.planning import cron
from rostrum.planning.partitions import partitions_of
from rostrum.planning.time_windows import TimedPartitions, TimeWindow

DATE_FORMAT, HOUR_FORMAT = "%Y-%m-%d", "%Y-%m-%d-%H:%M"


class TimeWindowPartitionsDefinition(TimeWindowFields):
    """Windows between the ticks of a cron expression (or of a `schedule_type` with offsets).

    `start` and `end` are datetimes, taken as times in `timezone` whatever zone they have, or text in `fmt`; `end` is
    exclusive. A partition exists once its window has ended; `end_offset` adds windows that have not, negative removes.
    `exclusions` leave out the windows that start at a datetime or at a tick of a cron expression.
    """

    kind = "time_window"

    @noting_init
    def __init__(
        self,
        start: datetime | str,
        fmt: str,
        end: datetime | str | None = None,
        schedule_type: ScheduleType | None = None,
        timezone: str | None = None,
        end_offset: int = 0,
        minute_offset: int | None = None,
        hour_offset: int | None = None,
        day_offset: int | None = None,
        cron_schedule: str | None = None,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        offsets = (minute_offset, hour_offset, day_offset)
        if cron_schedule is None:
            if schedule_type is None:
                raise DefinitionError("TimeWindowPartitionsDefinition needs a cron_schedule or a schedule_type.")
            cron_schedule = cron_of(schedule_type, *offsets)
        elif schedule_type is not None or any(offset is not None for offset in offsets):
            raise DefinitionError(
                "TimeWindowPartitionsDefinition: give either cron_schedule, or schedule_type and offsets."
            )
        self._set(start, fmt, end, timezone, end_offset, cron_schedule, exclusions)

    def _set(
        self,
        start: datetime | str,
        fmt: str,
        end: datetime | str | None,
        timezone: str | None,
        end_offset: int,
        cron_schedule: str,
        exclusions: Sequence[str | datetime] | None,
    ) -> None:
        zone = timezone or "UTC"
        crons = tuple(each for each in exclusions or () if isinstance(each, str))
        cron.validate((cron_schedule, *crons), zone)
        first = _moment("start", start, fmt, zone)
        last = _moment("end", end, fmt, zone) if end is not None else None
        if last is not None and last < first:
            raise DefinitionError(
                f"{type(self).__name__}: the end {last.strftime(fmt)} is before the start {first.strftime(fmt)}, so "
                "there would never be a partition."
            )
        self._spec = model.TimePartitions(
            cron=cron_schedule,
            start=first,
            format=fmt,
            timezone=zone,
            end=last,
            end_offset=end_offset,
            excluded_crons=crons,
            excluded_starts=tuple(
                _moment("exclusion", each, fmt, zone) for each in exclusions or () if not isinstance(each, str)
            ),
        )

    # --- windows and keys

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """Start and end of a key. Raises ValueError for text that is no key, UnknownPartition for a window that there
        is none of.
        """
        self._instant(partition_key)
        return self._timed.window(str(partition_key))

    def time_windows_for_partition_keys(
        self, partition_keys: Iterable[str], validate: bool = True
    ) -> Sequence[TimeWindow]:
        """Windows of keys, in order of time."""
        return sorted(self.time_window_for_partition_key(key) for key in partition_keys)

    def start_time_for_partition_key(self, partition_key: str) -> datetime:
        """Start of a key's window."""
        return self.time_window_for_partition_key(partition_key).start

    def end_time_for_partition_key(self, partition_key: str) -> datetime:
        """End of a key's window."""
        return self.time_window_for_partition_key(partition_key).end

    def get_first_partition_window(self, current_time: datetime | None = None) -> TimeWindow | None:
        """Window of the first partition that exists."""
        return self._timed.window_of(0) if self._count(current_time) else None

    def get_last_partition_window(self, current_time: datetime | None = None) -> TimeWindow | None:
        """Window of the last partition that exists."""
        count = self._count(current_time)
        return self._timed.window_of(count - 1) if count else None

    def get_next_partition_key(self, partition_key: str, current_time: datetime | None = None) -> str | None:
        """The key after this one; None when it does not exist (yet)."""
        n = self._number(partition_key) + 1
        return self._timed.key(n) if n < self._count(current_time) else None

    def get_prev_partition_key(self, partition_key: str) -> str | None:
        """The key before this one; None before the first."""
        n = self._number(partition_key) - 1
        return self._timed.key(n) if n >= 0 else None

    def get_next_partition_window(self, end_dt: datetime, respect_bounds: bool = True) -> TimeWindow | None:
        """The first window that starts at `end_dt` or later; within bounds only one that exists."""
        n = self._timed.first_from(self._aware(end_dt))
        return self._timed.window_of(n) if not respect_bounds or n < self._count() else None

    def get_prev_partition_window(self, start_dt: datetime, respect_bounds: bool = True) -> TimeWindow | None:
        """The last window that starts before `start_dt`; within bounds only one that exists."""
        n = self._timed.first_from(self._aware(start_dt)) - 1
        return self._timed.window_of(n) if n >= 0 and (not respect_bounds or n < self._count()) else None

    def get_partition_key(self, key: str | date | datetime) -> str:
        """Key of a date or time, whether or not there is such a partition; text must be a key."""
        if isinstance(key, str):
            self._instant(key)
            return key
        at = key if isinstance(key, datetime) else datetime(key.year, key.month, key.day)  # noqa: DTZ001 - below
        return self._timed.key_at(self._aware(at))

    def get_partition_key_for_timestamp(self, timestamp: float, end_closed: bool = False) -> str:
        """Key of the window that contains an instant, in seconds since 1970; `end_closed`: the end belongs to it."""
        at = datetime.fromtimestamp(timestamp, UTC)
        n = self._timed.first_from(at)
        if end_closed or n == 0 or self._timed.window_of(n).start != at:
            n -= 1
        return self._timed.key(max(0, n))

    def get_partition_key_range_for_time_window(
        self, time_window: TimeWindow, respect_bounds: bool = True
    ) -> PartitionKeyRange:
        """First and last key within a window."""
        start, end = self._bounds(time_window)
        first = self._timed.first_from(start)
        last = self._timed.first_from(end) - 1
        if respect_bounds:
            last = min(last, max(first, self._count() - 1))
        return PartitionKeyRange(self._timed.key(first), self._timed.key(max(first, last)))

    def get_partition_keys_in_time_window(self, time_window: TimeWindow) -> Sequence[str]:
        """Keys of the windows that start within a window, up to the last that exists."""
        return [self._timed.key(n) for n in self._within(time_window)]

    def get_num_partitions_in_window(self, time_window: TimeWindow) -> int:
        """How many windows start within a window."""
        return len(self._within(time_window))

    def has_any_partitions_in_window(self, time_window: TimeWindow) -> bool:
        """Say whether a window starts within a window."""
        return bool(self._within(time_window))

    def get_partition_subset_in_time_window(self, time_window: TimeWindow) -> PartitionsSubset:
        """Partitions whose windows start within a window."""
        return PartitionsSubset(self, self.get_partition_keys_in_time_window(time_window))

    def get_partition_keys_between_indexes(self, start_idx: int, end_idx: int) -> list[str]:
        """Keys from a position up to, without, another."""
        return [self._timed.key(n) for n in range(start_idx, min(end_idx, self._count()))]

    def get_paginated_partition_keys(
        self, context: PartitionLoadingContext, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults:
        """At most `limit` keys after the key `cursor`, oldest or newest first; the others are not listed."""
        timed, count = self._timed, self._timed.count(context.effective_dt)
        at = timed.number(cursor) if cursor else None
        if ascending:
            first = 0 if at is None else at + 1
            numbers = range(first, min(first + limit, count))
            more = first + limit < count
        else:
            first = count - 1 if at is None else at - 1
            numbers = range(first, max(first - limit, -1), -1)
            more = first - limit >= 0
        page = [timed.key(n) for n in numbers]
        return PaginatedResults(page, page[-1] if page else cursor or "", more)

    def is_window_start_excluded(self, window_start: datetime) -> bool:
        """Say whether a window that would start then is left out."""
        at = self._aware(window_start)
        whole = TimedPartitions(_without_exclusions(self._spec))
        n = self._timed.first_from(at)
        return whole.window_of(whole.first_from(at)).start == at and self._timed.window_of(n).start != at

    def less_than(self, partition_key1: str, partition_key2: str) -> bool:
        """Say whether the first key is of an earlier time."""
        return self._instant(partition_key1) < self._instant(partition_key2)

    def equal_except_for_start_or_end(self, other: TimeWindowPartitionsDefinition) -> bool:
        """Say whether only `start` and `end` may differ."""
        return _unbounded(self._spec) == _unbounded(other._spec)

    # --- inside

    @property
    def _timed(self) -> TimedPartitions:
        found = partitions_of(self._spec)
        assert isinstance(found, TimedPartitions)
        return found

    def _count(self, current_time: datetime | None = None) -> int:
        return self._timed.count(loading_context(current_time).effective_dt)

    def _number(self, key: str) -> int:
        self._instant(key)
        return self._timed.first_from(self.start_time_for_partition_key(key))

    def _instant(self, key: str) -> datetime:
        at = self._timed.start_of(str(key))
        if at is None:
            raise DateTextError(f"partition key {key!r} does not match the format {self.fmt!r}.")
        return at

    def _aware(self, at: datetime) -> datetime:
        return at if at.tzinfo is not None else at.replace(tzinfo=cron.zone(self.timezone))

    def _bounds(self, time_window: TimeWindow) -> tuple[datetime, datetime]:
        start, end = self._aware(time_window[0]), self._aware(time_window[1])
        if end < start:
            raise ArgumentError(f"the time window ends at {end}, before it starts at {start}: swap the two.")
        return start, end

    def _within(self, time_window: TimeWindow) -> range:
        start, end = self._bounds(time_window)
        return range(self._timed.first_from(start), min(self._timed.first_from(end), self._count()))


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """One partition an hour."""

    kind = "hourly"

    @noting_init
    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        schedule = cron_of(ScheduleType.HOURLY, minute_offset)
        self._set(start_date, fmt or HOUR_FORMAT, end_date, timezone, end_offset, schedule, exclusions)


class DailyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """One partition a day."""

    kind = "daily"

    @noting_init
    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        schedule = cron_of(ScheduleType.DAILY, minute_offset, hour_offset)
        self._set(start_date, fmt or DATE_FORMAT, end_date, timezone, end_offset, schedule, exclusions)


class WeeklyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """One partition a week. `day_offset` is the first day of the week, 0 for Sunday."""

    kind = "weekly"

    @noting_init
    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        schedule = cron_of(ScheduleType.WEEKLY, minute_offset, hour_offset, day_offset)
        self._set(start_date, fmt or DATE_FORMAT, end_date, timezone, end_offset, schedule, exclusions)


class MonthlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """One partition a month. `day_offset` is the first day of the window, from 1."""

    kind = "monthly"

    @noting_init
    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 1,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime] | None = None,
    ) -> None:
        schedule = cron_of(ScheduleType.MONTHLY, minute_offset, hour_offset, day_offset)
        self._set(start_date, fmt or DATE_FORMAT, end_date, timezone, end_offset, schedule, exclusions)


def cron_of(kind: ScheduleType, minute: int | None = None, hour: int | None = None, day: int | None = None) -> str:
    """Cron expression of a named cadence. `day`: weekday from 0 for Sunday, or day of the month from 1 (0 is read as
    1). Raises DefinitionError for an offset out of its bounds, or one that the cadence has not.
    """
    bounds = {ScheduleType.WEEKLY: 7, ScheduleType.MONTHLY: 31}
    limits = (59, 23 if kind is not ScheduleType.HOURLY else 0, bounds.get(kind, 0))
    for name, value, limit in zip(("minute", "hour", "day"), (minute, hour, day), limits, strict=True):
        if not 0 <= (value or 0) <= limit:
            allowed = f"it is between 0 and {limit}" if limit else "these partitions have none"
            raise DefinitionError(f"{name}_offset {value}: {allowed}.")
    minute, hour = minute or 0, hour or 0
    if kind is ScheduleType.HOURLY:
        return f"{minute} * * * *"
    if kind is ScheduleType.DAILY:
        return f"{minute} {hour} * * *"
    if kind is ScheduleType.WEEKLY:
        return f"{minute} {hour} * * {day or 0}"
    return f"{minute} {hour} {day or 1} * *"


def _moment(what: str, value: datetime | str, fmt: str, zone: str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.strptime(value, fmt)  # noqa: DTZ007 - the zone is set below
        except ValueError:
            raise DateTextError(
                f"the partitions' {what} {value!r} is no date of the format {fmt!r} (time data {value!r} does not "
                "match format); write it so, or give fmt=."
            ) from None
    return value.replace(tzinfo=cron.zone(zone))


def _without_exclusions(spec: model.TimePartitions) -> model.TimePartitions:
    import msgspec

    return msgspec.structs.replace(spec, excluded_crons=(), excluded_starts=())


def _unbounded(spec: model.TimePartitions) -> model.TimePartitions:
    import msgspec

    return msgspec.structs.replace(spec, start=datetime(1970, 1, 1, tzinfo=UTC), end=None)
