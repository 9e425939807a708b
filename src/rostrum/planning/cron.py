"""Cron expressions: validation, ticks with time zones and daylight saving, descriptions in words. The only user of
cronsim.

Expressions have five fields or are a macro (`@daily`, ...). A schedule may have several: its ticks are their union.
Around daylight saving the rules are those of Debian's cron: a job for a time that does not exist runs right after
the gap,
a job for a repeated time runs once; jobs with a `*` hour follow the clock. All results are aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from rostrum.model.errors import DefinitionError

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_HORIZON = timedelta(days=366 * 9)
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_ANY_TIME = datetime(2024, 1, 1, tzinfo=UTC)


def expanded(expression: str) -> str:
    """The five fields of an expression. Raises DefinitionError for anything that is not cron."""
    text = MACROS.get(expression.strip().lower(), expression.strip())
    fields = text.split()
    if len(fields) != 5:
        raise DefinitionError(
            f"{expression!r} is not a cron expression: it needs five fields (minute hour day month weekday) or one "
            f"of {', '.join(MACROS)}."
        )
    from cronsim import CronSim, CronSimError  # scripts without schedules never load it

    try:
        CronSim(text, _ANY_TIME)
    except CronSimError as error:
        raise DefinitionError(f"{expression!r} is not a cron expression: {str(error).lower()}.") from None
    return " ".join(fields)


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """A time zone by its IANA name. Raises DefinitionError for an unknown one."""
    from zoneinfo import ZoneInfo  # scripts without time never load it

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise DefinitionError(
            f"{name!r} is not a time zone. Use an IANA name such as 'Europe/Berlin' or 'UTC'."
        ) from None


def validate(expressions: Sequence[str], timezone: str = "UTC") -> None:
    """Raise DefinitionError when an expression or the time zone is not valid."""
    if not expressions:
        raise DefinitionError("a schedule needs at least one cron expression.")
    zone(timezone)
    for expression in expressions:
        expanded(expression)


def ticks(expressions: Sequence[str], timezone: str, after: datetime) -> Iterator[datetime]:
    """Ticks later than `after`, in order, each once, without end (it ends for a date that never comes)."""
    streams = [_forward(expanded(expression), timezone, after) for expression in expressions]
    last: datetime | None = None
    for tick in _merged(streams) if len(streams) > 1 else streams[0]:
        if tick != last:
            last = tick
            yield tick


def _merged(streams: Sequence[Iterator[datetime]]) -> Iterator[datetime]:
    from heapq import merge  # few schedules have several expressions

    return merge(*streams)


def next_tick(expressions: Sequence[str], timezone: str, after: datetime) -> datetime | None:
    """The first tick later than `after`; None when there is none within nine years."""
    return next(ticks(expressions, timezone, after), None)


def previous_tick(expressions: Sequence[str], timezone: str, before: datetime) -> datetime | None:
    """The last tick earlier than `before`; None when there is none within nine years."""
    found = [_backward(expanded(expression), timezone, before) for expression in expressions]
    return max((tick for tick in found if tick is not None), default=None)


def ticks_between(expressions: Sequence[str], timezone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Ticks later than `after` and not later than `until`."""
    for tick in ticks(expressions, timezone, after):
        if tick > until:
            return
        yield tick


def _forward(expression: str, timezone: str, after: datetime) -> Iterator[datetime]:
    from cronsim import CronSim, CronSimError  # as above

    limit = after + _HORIZON
    last = after
    try:
        for local in CronSim(expression, after.astimezone(zone(timezone))):
            tick = local.astimezone(UTC)
            # Within a repeated hour cronsim may answer with the first of the two: never go back.
            if tick <= last:
                continue
            if tick > limit:
                return
            last = tick
            limit = tick + _HORIZON
            yield tick
    except (StopIteration, CronSimError, OverflowError):
        return


def _backward(expression: str, timezone: str, before: datetime) -> datetime | None:
    """Through forward ticks from growing distances: only they know daylight saving exactly."""
    from cronsim import CronSim  # as above

    for distance in (timedelta(hours=2), timedelta(days=2), timedelta(days=40), timedelta(days=400), _HORIZON):
        last: datetime | None = None
        if distance > timedelta(days=2):
            for local in CronSim(expression, before.astimezone(zone(timezone)), reverse=True):
                tick = local.astimezone(UTC)
                if tick < before - _HORIZON:
                    return None
                if tick < before:
                    return tick
            return None
        for tick in _forward(expression, timezone, before - distance):
            if tick >= before:
                break
            last = tick
        if last is not None:
            return last
    return None


def describe(expressions: str | Sequence[str]) -> str:
    """One or more expressions in words where they are simple (`every day at 06:00`), else as they are."""
    if isinstance(expressions, str):
        return _describe(expressions)
    return "; ".join(_describe(expression) for expression in expressions)


def _describe(expression: str) -> str:
    minute, hour, day, month, weekday = expanded(expression).split()
    if month == "*" and day == "*" and weekday == "*" and hour == "*":
        if minute == "*":
            return "every minute"
        if minute.startswith("*/") and minute[2:].isdigit():
            return f"every {minute[2:]} minutes"
        if minute.isdigit():
            return f"every hour at minute {int(minute):02d}" if minute != "0" else "every hour"
    if minute == "0" and hour.startswith("*/") and hour[2:].isdigit() and (day, month, weekday) == ("*", "*", "*"):
        return f"every {hour[2:]} hours"
    if not (minute.isdigit() and hour.isdigit()):
        return expression
    at = f"at {int(hour):02d}:{int(minute):02d}"
    if (day, month, weekday) == ("*", "*", "*"):
        return f"every day {at}"
    if (day, month) == ("*", "*"):
        if weekday in ("1-5", "MON-FRI", "mon-fri"):
            return f"on weekdays {at}"
        if weekday.isdigit():
            return f"every {_DAYS[int(weekday) % 7]} {at}"
    if (month, weekday) == ("*", "*") and day.isdigit():
        return f"on day {day} of every month {at}"
    return expression
