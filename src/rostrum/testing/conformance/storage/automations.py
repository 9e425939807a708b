"""Schedules, sensors, ticks; backfills."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from rostrum.interfaces.storage import Storage
from rostrum.model.backfills import Backfill
from rostrum.model.errors import Conflict, NotFound
from rostrum.model.runs import RunTarget
from rostrum.model.ticks import AutomationKey, AutomationState, Tick
from rostrum.testing.clock import FakeClock

DAILY = AutomationKey("main", "daily")
HOURLY = AutomationKey("main", "hourly")


def a_tick(clock: FakeClock, key: AutomationKey = DAILY) -> Tick:
    """Make a tick that is due now."""
    return Tick(tick_id=clock.new_id(), key=key, scheduled_at=clock.now(), started_at=clock.now())


class AutomationsConformance:
    """`AutomationTable`."""

    def test_states(self, storage: Storage, clock: FakeClock) -> None:
        on = AutomationState(key=DAILY, running=True, changed_at=clock.now(), cron=("0 0 * * *",), cursor="c")
        with storage.begin(write=True) as session:
            session.automations.put(msgspec.structs.replace(on, running=False))
            session.automations.put(on)
            session.automations.put(AutomationState(key=HOURLY, changed_at=clock.now()))
            assert session.automations.get(DAILY) == on
        with storage.begin() as session:
            assert session.automations.get(DAILY) == on
            assert session.automations.get(AutomationKey("other", "daily")) is None
            assert set(session.automations.states()) == {DAILY, HOURLY}

    def test_a_time_ticks_once(self, storage: Storage, clock: FakeClock) -> None:
        tick = a_tick(clock)
        with storage.begin(write=True) as session:
            assert session.automations.add_tick(tick)
            assert session.automations.add_tick(a_tick(clock, HOURLY))
        with storage.begin(write=True) as session:
            assert not session.automations.add_tick(a_tick(clock))
            assert session.automations.ticks(DAILY) == [tick]

    def test_outcome_replaces(self, storage: Storage, clock: FakeClock) -> None:
        tick = a_tick(clock)
        done = msgspec.structs.replace(tick, status="success", run_ids=("r1",), ended_at=clock.now())
        with storage.begin(write=True) as session:
            session.automations.add_tick(tick)
        with storage.begin(write=True) as session:
            session.automations.put_tick(done)
        with storage.begin() as session:
            assert session.automations.ticks() == [done]
        with pytest.raises(NotFound), storage.begin(write=True) as session:
            session.automations.put_tick(a_tick(clock))

    def test_ticks_newest_first(self, storage: Storage, clock: FakeClock) -> None:
        ticks: list[Tick] = []
        for number in range(6):
            ticks.append(a_tick(clock, HOURLY if number % 2 else DAILY))
            clock.advance(60)
        with storage.begin(write=True) as session:
            for tick in ticks:
                assert session.automations.add_tick(tick)
        with storage.begin() as session:
            assert list(session.automations.ticks()) == ticks[::-1]
            assert list(session.automations.ticks(limit=2)) == ticks[:-3:-1]
            assert list(session.automations.ticks(DAILY)) == [ticks[4], ticks[2], ticks[0]]
            assert list(session.automations.ticks(DAILY, before=ticks[4].scheduled_at)) == [ticks[2], ticks[0]]
            assert list(session.automations.ticks(before=ticks[1].scheduled_at)) == [ticks[0]]


class BackfillsConformance:
    """`BackfillTable`."""

    def test_backfills(self, storage: Storage, clock: FakeClock) -> None:
        def a_backfill(age: float) -> Backfill:
            created_at = clock.now() - timedelta(seconds=age)
            return Backfill(
                backfill_id=clock.new_id(),
                target=RunTarget("main", "job"),
                partition_keys=("a", "b"),
                created_at=created_at,
            )

        old, new = a_backfill(60), a_backfill(0)
        with storage.begin(write=True) as session:
            session.backfills.add(new)
            session.backfills.add(old)
            session.backfills.put(msgspec.structs.replace(old, canceled_at=clock.now()))
        with storage.begin() as session:
            assert session.backfills.get(new.backfill_id) == new
            assert session.backfills.get("none") is None
            listed = session.backfills.list()
            assert [one.backfill_id for one in listed] == [new.backfill_id, old.backfill_id]
            assert listed[1].canceled_at == clock.now()
            assert len(session.backfills.list(limit=1)) == 1
        with pytest.raises(Conflict), storage.begin(write=True) as session:
            session.backfills.add(new)
        with pytest.raises(NotFound), storage.begin(write=True) as session:
            session.backfills.put(a_backfill(5))
