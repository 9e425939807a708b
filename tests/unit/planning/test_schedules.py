from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.manifest import ScheduleNode
from rostrum.model.partitions import StaticPartitions, TimePartitions
from rostrum.model.ticks import AutomationKey, AutomationState
from rostrum.planning.schedules import MAX_MISSED, default_requests, due, identity

KEY = AutomationKey("l", "s")
NODE = ScheduleNode("s", "j", ("*/10 * * * *",))
START = datetime(2026, 3, 2, 12, 3, tzinfo=UTC)


def state(node: ScheduleNode = NODE, **more: object) -> AutomationState:
    fields: dict[str, object] = {"key": KEY, "running": True, "changed_at": START, "cron": identity(node)} | more
    return AutomationState(**fields)  # type: ignore[arg-type]


def at(minutes: float) -> datetime:
    return START.replace(minute=0) + timedelta(minutes=minutes)


def times(found: object) -> list[tuple[datetime, bool]]:
    return [(tick.scheduled_at, tick.missed) for tick in found.ticks]  # type: ignore[attr-defined]


def test_nothing_before_the_first_tick_and_nothing_when_off() -> None:
    assert due(state(), NODE, at(9)).ticks == ()
    assert due(state(), NODE, at(9)).next_at == at(10)
    assert due(state(running=False), NODE, at(99)) == due(state(running=False), NODE, at(0))
    assert due(state(running=False), NODE, at(99)).next_at is None


def test_a_due_tick_and_the_next_one() -> None:
    found = due(state(), NODE, at(10))
    assert times(found) == [(at(10), False)]
    assert found.next_at == at(20)
    assert due(state(last_tick_at=at(10)), NODE, at(19)).ticks == ()


def test_ticks_before_the_switch_on_are_none() -> None:
    late = state(changed_at=at(31), last_tick_at=at(10))
    assert times(due(late, NODE, at(45))) == [(at(40), False)]


def test_older_ticks_are_missed_and_told() -> None:
    found = due(state(), NODE, at(35))
    assert times(found) == [(at(10), True), (at(20), True), (at(30), False)]
    assert "could not be made in time" in found.ticks[0].reason
    assert times(due(state(), NODE, at(35), max_catchup=5)) == [(at(10), False), (at(20), False), (at(30), False)]
    assert times(due(state(), NODE, at(15), max_catchup=0)) == [(at(10), True)]


def test_a_long_absence_is_recorded_within_bounds() -> None:
    found = due(state(), NODE, START + timedelta(days=30))
    assert len(found.ticks) == MAX_MISSED + 1
    assert "earlier ones were missed too" in found.ticks[0].reason
    assert "earlier ones" not in found.ticks[1].reason


def test_a_changed_cron_never_replays() -> None:
    old = state(last_tick_at=at(10))
    node = msgspec.structs.replace(NODE, cron=("* * * * *",))
    found = due(old, node, at(50))
    assert found.ticks == ()
    assert found.rebased is not None
    assert times(due(found.rebased, node, at(51))) == [(at(51), False)]
    moved = msgspec.structs.replace(NODE, timezone="Europe/Berlin")
    assert due(old, moved, at(50)).rebased is not None


def test_a_schedule_seen_for_the_first_time_keeps_ticks_since_its_switch_on() -> None:
    found = due(state(cron=()), NODE, at(12))
    assert found.rebased is not None
    assert times(found) == [(at(10), False)]


def test_daylight_saving() -> None:
    node = ScheduleNode("s", "j", ("30 2 * * *",), timezone="Europe/Berlin")
    spring = state(node, changed_at=datetime(2026, 3, 28, 12, tzinfo=UTC))
    found = due(spring, node, datetime(2026, 3, 30, 12, tzinfo=UTC), max_catchup=9)
    # In the gap the tick moves to the first instant after it; next day it is back at its time.
    assert [tick.scheduled_at.hour * 60 + tick.scheduled_at.minute for tick in found.ticks] == [60, 30]
    autumn = state(node, changed_at=datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert len(due(autumn, node, datetime(2026, 10, 25, 12, tzinfo=UTC), max_catchup=9).ticks) == 1


def test_union_of_crons() -> None:
    node = msgspec.structs.replace(NODE, cron=("*/10 * * * *", "*/15 * * * *"))
    found = due(state(node), node, at(30), max_catchup=9)
    assert [tick.scheduled_at for tick in found.ticks] == [at(10), at(15), at(20), at(30)]


def test_requests_of_partitioned_jobs() -> None:
    daily = TimePartitions("0 0 * * *", datetime(2026, 1, 1, tzinfo=UTC), "%Y-%m-%d")
    assert [request.partition_key for request in default_requests(NODE, at(0), daily)] == ["2026-03-01"]
    static = StaticPartitions(("a", "b"))
    assert [request.partition_key for request in default_requests(NODE, at(0), static)] == ["a", "b"]
    assert [request.partition_key for request in default_requests(NODE, at(0))] == [None]


@given(st.lists(st.integers(1, 90), min_size=1, max_size=12), st.integers(0, 6))
def test_however_often_one_looks_each_tick_comes_once(pauses: list[int], catchup: int) -> None:
    current, now, seen = state(), START, []
    for pause in pauses:
        now += timedelta(minutes=pause)
        found = due(current, NODE, now, max_catchup=catchup)
        assert sum(not tick.missed for tick in found.ticks) <= catchup
        for tick in found.ticks:
            seen.append(tick.scheduled_at)
            current = msgspec.structs.replace(current, last_tick_at=tick.scheduled_at)
        assert found.next_at is not None
        assert found.next_at > now
    expected = [at(minutes) for minutes in range(10, 2000, 10) if START < at(minutes) <= now]
    assert seen == expected
