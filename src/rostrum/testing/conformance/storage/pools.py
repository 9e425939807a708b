"""Pools: limits that were set, slots in the hands of steps, steps in line."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from rostrum.interfaces.storage import Storage
from rostrum.model.pools import PoolLimit, Slot, Waiter
from rostrum.model.runs import RunStatus
from rostrum.testing.clock import FakeClock
from rostrum.testing.conformance.storage.values import a_run


def slot(clock: FakeClock, run_id: str, step_key: str = "load", pool: str = "db", **more: int) -> Slot:
    """A slot that is claimed now."""
    return Slot(pool=pool, run_id=run_id, step_key=step_key, claimed_at=clock.now(), **{"epoch": 1, **more})


def waiter(clock: FakeClock, run_id: str, step_key: str = "load", pool: str = "db", **more: int) -> Waiter:
    """A step that waits from now on, for ten seconds."""
    end = clock.now() + timedelta(seconds=10)
    return Waiter(pool=pool, run_id=run_id, step_key=step_key, since=clock.now(), expires_at=end, **more)


class PoolsConformance:
    """`PoolTable`."""

    def test_limits_are_set_replaced_and_forgotten(self, storage: Storage, clock: FakeClock) -> None:
        one = PoolLimit(pool="db", limit=1, set_at=clock.now(), set_by="ann")
        two = PoolLimit(pool="api", limit=0, set_at=clock.now())
        with storage.begin(write=True) as session:
            session.pools.put_limit(one)
            session.pools.put_limit(two)
            session.pools.put_limit(msgspec.structs.replace(one, limit=3))
        with storage.begin(write=True) as session:
            assert [(each.pool, each.limit, each.set_by) for each in session.pools.limits()] == [
                ("api", 0, ""),
                ("db", 3, "ann"),
            ]
            session.pools.delete_limit("db")
            session.pools.delete_limit("unknown")
            assert [each.pool for each in session.pools.limits()] == ["api"]

    def test_slots_are_kept_by_pool_run_and_step(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            session.pools.lock("db")
            session.pools.put_slot(slot(clock, "r2"))
            clock.advance(1)
            later = slot(clock, "r1", epoch=2, sequence=7)
            session.pools.put_slot(later)
            session.pools.put_slot(slot(clock, "r1", pool="api"))
            session.pools.put_slot(slot(clock, "r2"))  # the same one: renewed
        with storage.begin() as session:
            assert [(each.pool, each.run_id) for each in session.pools.slots()] == [
                ("api", "r1"),
                ("db", "r1"),
                ("db", "r2"),
            ]
            assert session.pools.slots("db")[0] == later

    def test_waiters_stand_in_line(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            first = waiter(clock, "r3")
            clock.advance(1)
            line = [
                waiter(clock, "r1", run_priority=-1),
                waiter(clock, "r4", "b"),
                waiter(clock, "r4", "a"),
                waiter(clock, "r5", step_priority=2),
                waiter(clock, "r0", pool="other"),
            ]
            session.pools.put_waiters([*line, first])
            clock.advance(1)
            session.pools.put_waiters([waiter(clock, "r2", run_priority=5)])
        with storage.begin() as session:
            found = session.pools.waiters("db")
            assert found == sorted(found, key=lambda each: each.turn)
            keys = [each.run_id + each.step_key[:1] for each in found]
            assert keys == ["r2l", "r5l", "r3l", "r4a", "r4b", "r1l"]
            assert session.pools.waiters()[-1].pool == "other"
            assert [each.step_key for each in session.pools.waiters("db", "r4")] == ["a", "b"]

    def test_those_ahead_are_of_other_runs_and_still_there(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            session.pools.put_waiters([waiter(clock, "r1", "a"), waiter(clock, "r1", "b"), waiter(clock, "r9", "b")])
            session.pools.put_waiters([waiter(clock, "r0", pool="other")])
            assert session.pools.ahead(waiter(clock, "r5")) == 2
            assert session.pools.ahead(waiter(clock, "r1", "c")) == 0
            assert session.pools.ahead(waiter(clock, "r0")) == 0
            assert session.pools.ahead(waiter(clock, "r5", run_priority=1)) == 0
            assert session.pools.ahead(waiter(clock, "r5", run_priority=-1)) == 3
            assert session.pools.ahead(waiter(clock, "r5", step_priority=1)) == 0
            assert session.pools.ahead(waiter(clock, "r5", step_priority=-1)) == 3
            clock.advance(5)
            session.pools.put_waiters([waiter(clock, "r7")])
            later = waiter(clock, "r8")
            assert session.pools.ahead(later) == 4
            clock.advance(5)
            assert session.pools.ahead(later) == 1, "the others' interest is over"

    def test_release(self, storage: Storage, clock: FakeClock) -> None:
        with storage.begin(write=True) as session:
            for run_id, step_key, pool in (("r1", "a", "db"), ("r1", "b", "db"), ("r1", "b", "gpu"), ("r2", "a", "db")):
                session.pools.put_slot(slot(clock, run_id, step_key, pool))
                session.pools.put_waiters([waiter(clock, run_id, step_key, pool)])
            session.pools.release("r1", "a")
            session.pools.release("r1", "unknown")
            left = [("db", "r1", "b"), ("db", "r2", "a"), ("gpu", "r1", "b")]
            assert [(s.pool, s.run_id, s.step_key) for s in session.pools.slots()] == left
            assert [(s.pool, s.run_id, s.step_key) for s in session.pools.waiters()] == left
            session.pools.release("r1")
            assert [(s.pool, s.run_id) for s in session.pools.slots()] == [("db", "r2")]
            assert [(s.pool, s.run_id) for s in session.pools.waiters()] == [("db", "r2")]

    def test_nothing_outlives_its_run(self, storage: Storage, clock: FakeClock) -> None:
        living = [
            a_run(clock, status=status) for status in (RunStatus.STARTING, RunStatus.RUNNING, RunStatus.CANCELING)
        ]
        dead = [a_run(clock, status=status) for status in (RunStatus.QUEUED, RunStatus.FAILURE, RunStatus.SUCCESS)]
        with storage.begin(write=True) as session:
            session.runs.add([*living, *dead])
            for run_id in [*(run.run_id for run in (*living, *dead)), "never was"]:
                session.pools.put_slot(slot(clock, run_id))
                session.pools.put_waiters([waiter(clock, run_id, "other")])
            session.pools.put_slot(slot(clock, dead[0].run_id, pool="other"))
            assert session.pools.prune("db") == 8
            assert session.pools.prune("db") == 0
            assert {each.run_id for each in session.pools.slots("db")} == {run.run_id for run in living}
            assert {each.run_id for each in session.pools.waiters("db")} == {run.run_id for run in living}
            assert len(session.pools.slots("other")) == 1
