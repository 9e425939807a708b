"""What a definition of time partitions tells of itself: start, end, zone, cadence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.model import partitions as model
from rostrum.model.errors import DefinitionError
from rostrum.planning import cron


class ScheduleType(Enum):
    """Cadences with a name."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"

    @property
    def ordinal(self) -> int:
        """Place from the finest (1) to the coarsest."""
        return list(ScheduleType).index(self) + 1


class TimeWindowFields(PartitionsDefinition):
    """The part of `TimeWindowPartitionsDefinition` that only reads how it was made."""

    _spec: model.TimePartitions  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def start(self) -> datetime:
        """Where the first window may begin, in the definition's zone."""
        return self._spec.start

    @property
    def end(self) -> datetime | None:
        """Where no window begins any more."""
        return self._spec.end

    @property
    def start_ts(self) -> datetime:
        """Same as `start`."""
        return self._spec.start

    @property
    def end_ts(self) -> datetime | None:
        """Same as `end`."""
        return self._spec.end

    @property
    def start_timestamp(self) -> float:
        """`start` in seconds since 1970."""
        return self._spec.start.timestamp()

    @property
    def end_timestamp(self) -> float | None:
        """`end` in seconds since 1970."""
        return self._spec.end.timestamp() if self._spec.end is not None else None

    @property
    def timezone(self) -> str:
        """IANA name of the zone."""
        return self._spec.timezone

    @property
    def fmt(self) -> str:
        """Strftime format of the keys."""
        return self._spec.format

    @property
    def end_offset(self) -> int:
        """How many windows beyond the last ended one exist."""
        return self._spec.end_offset

    @property
    def cron_schedule(self) -> str:
        """The expression at whose ticks windows begin."""
        return self._spec.cron

    @property
    def exclusions(self) -> Sequence[str | datetime] | None:
        """What is left out; None when nothing is."""
        return [*self._spec.excluded_crons, *self._spec.excluded_starts] or None

    @property
    def schedule_type(self) -> ScheduleType | None:
        """The named cadence; None for a cron expression that is none of them."""
        minute, hour, day, month, weekday = cron.expanded(self._spec.cron).split()
        shape = (minute.isdigit(), hour.isdigit(), day.isdigit(), month == "*", weekday.isdigit())
        stars = (hour == "*", day == "*", weekday == "*")
        if shape == (True, False, False, True, False) and all(stars):
            return ScheduleType.HOURLY
        if shape == (True, True, False, True, False) and stars[1:] == (True, True):
            return ScheduleType.DAILY
        if shape == (True, True, False, True, True) and stars[1]:
            return ScheduleType.WEEKLY
        if shape == (True, True, True, True, False) and stars[2]:
            return ScheduleType.MONTHLY
        return None

    @property
    def minute_offset(self) -> int:
        """Minute at which windows begin."""
        return self._offset(0)

    @property
    def hour_offset(self) -> int:
        """Hour at which windows begin, 0 for hourly ones."""
        return self._offset(1)

    @property
    def day_offset(self) -> int:
        """Weekday (0: Sunday) or day of the month at which windows begin, 0 for shorter ones."""
        return self._offset(2) or self._offset(4)

    def _offset(self, field: int) -> int:
        text = cron.expanded(self._spec.cron).split()[field]
        return int(text) if text.isdigit() else 0

    @property
    def is_basic_daily(self) -> bool:
        """True for days from midnight."""
        return cron.expanded(self._spec.cron) == "0 0 * * *"

    @property
    def is_basic_hourly(self) -> bool:
        """True for full hours."""
        return cron.expanded(self._spec.cron) == "0 * * * *"

    def __str__(self) -> str:
        zone = f" {self.timezone}" if self.timezone != "UTC" else ""
        return f"{self.kind}, starting {self._spec.start.strftime(self.fmt)}{zone}"

    def get_cron_schedule(
        self,
        minute_of_hour: int | None = None,
        hour_of_day: int | None = None,
        day_of_week: int | None = None,
        day_of_month: int | None = None,
    ) -> str:
        """The cron expression of a schedule that runs once a window, at these times where they are given.

        Raises DefinitionError for a time that the cadence has no room for.
        """
        given = (minute_of_hour, hour_of_day, day_of_week, day_of_month)
        if all(each is None for each in given):
            return self._spec.cron
        kind = self.schedule_type
        names = ("minute_of_hour", "hour_of_day", "day_of_week", "day_of_month")
        allowed = {
            ScheduleType.HOURLY: names[:1],
            ScheduleType.DAILY: names[:2],
            ScheduleType.WEEKLY: names[:3],
            ScheduleType.MONTHLY: (*names[:2], names[3]),
        }
        for name, value in zip(names, given, strict=True):
            if value is not None and (kind is None or name not in allowed[kind]):
                raise DefinitionError(f"{self}: a schedule of these partitions cannot be given {name}.")
        fields = cron.expanded(self._spec.cron).split()
        for field, value in zip((0, 1, 4, 2), given, strict=True):
            if value is not None:
                fields[field] = str(value)
        return " ".join(fields)
