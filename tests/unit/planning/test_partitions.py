"""Partitions: keys, windows, ranges, daylight saving, mappings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.errors import InvariantError, InvocationError, NotFound
from rostrum.model.partitions import (
    AllMapping,
    DynamicPartitions,
    LastMapping,
    MultiPartitions,
    SpecificMapping,
    StaticMapping,
    StaticPartitions,
    TimePartitions,
    TimeWindowMapping,
)
from rostrum.planning.mappings import upstream_keys
from rostrum.planning.partitions import partitions_of
from rostrum.planning.time_windows import TimedPartitions

NY = ZoneInfo("America/New_York")
DAY, HOUR = "%Y-%m-%d", "%Y-%m-%d-%H:%M"


def at(*parts: int, zone: object = UTC) -> datetime:
    return datetime(*parts, tzinfo=zone)  # type: ignore[arg-type]


def daily(start: datetime = at(2024, 1, 1), **options: object) -> TimePartitions:
    return TimePartitions("0 0 * * *", start, DAY, **options)  # type: ignore[arg-type]


def hourly(start: datetime, zone: str = "UTC") -> TimePartitions:
    return TimePartitions("0 * * * *", start, HOUR, zone)


def test_a_partition_exists_once_its_window_has_ended():
    days = partitions_of(daily())
    assert days.last(at(2024, 1, 5)) == "2024-01-04"
    assert days.last(at(2024, 1, 5) - timedelta(microseconds=1)) == "2024-01-03"
    assert days.first(at(2024, 1, 1, 23)) is None
    assert list(days.keys(at(2024, 1, 3))) == ["2024-01-01", "2024-01-02"]


def test_the_end_offset_moves_the_last_partition():
    assert partitions_of(daily(end_offset=1)).last(at(2024, 1, 5)) == "2024-01-05"
    assert partitions_of(daily(end_offset=-1)).last(at(2024, 1, 5)) == "2024-01-03"


def test_the_end_is_exclusive():
    days = partitions_of(daily(end=at(2024, 1, 3)))
    assert list(days.keys(at(2025, 1, 1))) == ["2024-01-01", "2024-01-02"]
    assert not days.has_key("2024-01-03")


@pytest.mark.parametrize(
    ("cron", "start", "first"),
    [
        ("0 0 * * 0", at(2024, 1, 1), "2024-01-07"),  # a Monday: the first week begins on the Sunday after
        ("0 0 * * 1", at(2024, 1, 1), "2024-01-01"),
        ("0 0 1 * *", at(2024, 1, 15), "2024-02-01"),
        ("0 0 31 * *", at(2024, 2, 1), "2024-03-31"),
        ("30 4 * * *", at(2024, 1, 1, 5), "2024-01-02"),
    ],
)
def test_the_first_window_begins_at_the_first_tick(cron: str, start: datetime, first: str):
    assert partitions_of(TimePartitions(cron, start, DAY)).first(at(2025, 1, 1)) == first


def test_an_hour_that_does_not_exist_has_no_key():
    hours = partitions_of(hourly(at(2024, 3, 10, 0, zone=NY), "America/New_York"))
    assert list(hours.keys(at(2024, 3, 10, 5, zone=NY))) == [f"2024-03-10-0{hour}:00" for hour in (0, 1, 3, 4)]
    assert not hours.has_key("2024-03-10-02:00")


def test_of_a_repeated_hour_the_second_key_carries_its_offset():
    hours = partitions_of(hourly(at(2024, 11, 3, 0, zone=NY), "America/New_York"))
    keys = list(hours.keys(at(2024, 11, 3, 3, zone=NY)))
    assert keys == ["2024-11-03-00:00", "2024-11-03-01:00", "2024-11-03-01:00-0500", "2024-11-03-02:00"]
    assert hours.window(keys[2]).start - hours.window(keys[1]).start == timedelta(0)  # same clock time ...
    assert hours.window(keys[2]).start.astimezone(UTC) - hours.window(keys[1]).start.astimezone(UTC) == timedelta(
        hours=1
    )


@pytest.mark.parametrize(("key", "hours"), [("2024-03-10", 23), ("2024-03-11", 24), ("2024-11-03", 25)])
def test_days_around_daylight_saving_are_shorter_and_longer(key: str, hours: int):
    window = partitions_of(daily(at(2024, 1, 1, zone=NY), timezone="America/New_York")).window(key)
    assert window.end.astimezone(UTC) - window.start.astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.parametrize("key", ["2023-12-31", "2024-1-1", "2024-02-30", "yesterday", "", "2024-01-01x"])
def test_what_is_no_key(key: str):
    days = partitions_of(daily())
    assert not days.has_key(key)
    with pytest.raises(NotFound):
        days.window(key)


def test_ranges_are_inclusive_and_reversed_ones_empty():
    days = partitions_of(daily())
    assert days.keys_in_range("2024-01-30", "2024-02-02") == ["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"]
    assert days.keys_in_range("2024-02-02", "2024-01-30") == []


def test_a_million_windows_are_counted_without_listing_them():
    hours = partitions_of(hourly(at(1900, 1, 1)))
    assert hours.count(at(2024, 1, 1)) == (at(2024, 1, 1) - at(1900, 1, 1)) // timedelta(hours=1)


ZONES = st.sampled_from(
    ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"]
)
CRONS = st.sampled_from(
    ["0 * * * *", "20 * * * *", "0 0 * * *", "30 2 * * *", "0 0 * * 3", "15 1 1 * *", "*/30 * * * *", "0 0 31 * *"]
)


@given(ZONES, CRONS, st.integers(0, 3000), st.datetimes(datetime(2015, 1, 1), datetime(2025, 1, 1)))
def test_keys_windows_and_positions_agree(zone: str, cron: str, n: int, start: datetime):
    spec = TimePartitions(cron, start.replace(second=0, microsecond=0, tzinfo=ZoneInfo(zone)), HOUR, zone)
    times = TimedPartitions(spec)
    n = n if cron != "0 0 31 * *" else n % 20
    window = times.window_of(n)
    first, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    assert first < end
    assert times.window_of(n + 1).start.astimezone(UTC) == end
    assert times.number_at(first) == n
    assert times.number_at(end - timedelta(seconds=1)) == n
    assert times.count(end) == n + 1
    assert times.count(end - timedelta(microseconds=1)) == n
    assert times.number(times.key(n)) == n
    assert times.key(n) != times.key(n + 1)


def test_static_keys_keep_their_order():
    static = partitions_of(StaticPartitions(("b", "a", "c")))
    assert list(static.keys(at(2024, 1, 1))) == ["b", "a", "c"]
    assert static.keys_in_range("a", "c") == ["a", "c"]
    assert static.last(at(2024, 1, 1)) == "c"
    with pytest.raises(NotFound):
        static.keys_in_range("a", "z")
    with pytest.raises(InvocationError):
        static.window("a")


def test_dynamic_keys_are_asked_for():
    spec = DynamicPartitions("files")
    assert list(partitions_of(spec, lambda name: ["x"]).keys(at(2024, 1, 1))) == ["x"]
    assert partitions_of(spec).has_key("anything")


def test_dimensions_multiply_first_one_outermost():
    multi = partitions_of(MultiPartitions((("color", StaticPartitions(("r", "g"))), ("day", daily()))))
    now = at(2024, 1, 3)
    assert list(multi.keys(now)) == ["r|2024-01-01", "r|2024-01-02", "g|2024-01-01", "g|2024-01-02"]
    assert multi.count(now) == 4
    assert multi.has_key("g|2024-01-02", now)
    assert not multi.has_key("g|2024-01-03", now)
    assert not multi.has_key("g")
    assert multi.window("g|2024-01-02").start == at(2024, 1, 2)


WEEKLY = TimePartitions("0 0 * * 0", at(2024, 1, 1), DAY)
NOW = at(2024, 2, 1)


@pytest.mark.parametrize(
    ("mapping", "downstream", "upstream", "keys", "expected"),
    [
        (None, daily(), daily(), ["2024-01-02"], ["2024-01-02"]),
        (None, None, StaticPartitions(("a", "b")), [], ["a", "b"]),
        (None, WEEKLY, daily(), ["2024-01-07"], [f"2024-01-{day:02d}" for day in range(7, 14)]),
        (None, daily(), WEEKLY, ["2024-01-09"], ["2024-01-07"]),
        (None, daily(), None, ["2024-01-02"], None),
        (TimeWindowMapping(-1, -1), daily(), daily(), ["2024-01-02"], ["2024-01-01"]),
        (TimeWindowMapping(-1, -1), daily(), daily(), ["2024-01-01"], []),
        (TimeWindowMapping(-2, 0), daily(), daily(), ["2024-01-03"], ["2024-01-01", "2024-01-02", "2024-01-03"]),
        (LastMapping(), daily(), daily(), ["2024-01-02"], ["2024-01-31"]),
        (AllMapping(), None, StaticPartitions(("a",)), [], ["a"]),
        (SpecificMapping(("b",)), None, StaticPartitions(("a", "b")), [], ["b"]),
        (StaticMapping({"x": ("a", "b")}), StaticPartitions(("x",)), StaticPartitions(("a", "b")), ["x"], ["a", "b"]),
        (
            None,
            MultiPartitions((("c", StaticPartitions(("r",))), ("d", daily()))),
            daily(),
            ["r|2024-01-02"],
            ["2024-01-02"],
        ),
    ],
)
def test_mappings(mapping: object, downstream: object, upstream: object, keys: list[str], expected: list[str] | None):
    assert upstream_keys(mapping, downstream, upstream, keys, NOW) == expected  # type: ignore[arg-type]


def test_an_identical_key_must_exist_upstream():
    with pytest.raises(InvariantError, match="partition mapping"):
        upstream_keys(None, StaticPartitions(("x",)), StaticPartitions(("a",)), ["x"], NOW)
