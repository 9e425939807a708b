"""Pools in memory: limits, slots, who waits."""

from __future__ import annotations

from collections.abc import Sequence

from rostrum.model.pools import PoolLimit, Slot, Waiter
from rostrum.model.runs import IN_PROGRESS
from rostrum.storage.memory.tables import Tables
from rostrum.storage.memory.undo import Undo


class MemoryPools:
    """`PoolTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def lock(self, pool: str) -> None:
        """Nothing to do: there is one writer."""
        self._undo.require_writing()

    def limits(self) -> Sequence[PoolLimit]:
        """By name."""
        self._undo.require()
        return [self._tables.pool_limits[name] for name in sorted(self._tables.pool_limits)]

    def put_limit(self, limit: PoolLimit) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        self._undo.put(self._tables.pool_limits, limit.pool, limit)

    def delete_limit(self, pool: str) -> None:
        """Forget the limit."""
        self._undo.require_writing()
        self._undo.drop(self._tables.pool_limits, pool)

    def slots(self, pool: str | None = None) -> Sequence[Slot]:
        """Slots, in the order of their claims."""
        self._undo.require()
        found = [slot for slot in self._tables.slots.values() if pool in (None, slot.pool)]
        return sorted(found, key=lambda slot: (slot.pool, slot.claimed_at, slot.run_id, slot.step_key))

    def put_slot(self, slot: Slot) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        self._undo.put(self._tables.slots, (slot.pool, slot.run_id, slot.step_key), slot)

    def waiters(self, pool: str | None = None, run_id: str | None = None) -> Sequence[Waiter]:
        """Who waits, in the order of their turns."""
        self._undo.require()
        found = [
            waiter
            for waiter in self._tables.waiters.values()
            if pool in (None, waiter.pool) and run_id in (None, waiter.run_id)
        ]
        return sorted(found, key=lambda waiter: (waiter.pool, waiter.turn))

    def put_waiters(self, waiters: Sequence[Waiter]) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        for waiter in waiters:
            self._undo.put(self._tables.waiters, (waiter.pool, waiter.run_id, waiter.step_key), waiter)

    def ahead(self, waiter: Waiter) -> int:
        """How many of other runs come before."""
        self._undo.require()
        now = self._tables.now()
        return sum(
            1
            for other in self._tables.waiters.values()
            if other.pool == waiter.pool
            and other.run_id != waiter.run_id
            and other.expires_at > now
            and other.turn < waiter.turn
        )

    def release(self, run_id: str, step_key: str | None = None) -> None:
        """Free slots of a run or step, and take it out of all lines."""
        self._undo.require_writing()
        for table in (self._tables.slots, self._tables.waiters):
            for key in [key for key in table if key[1] == run_id and step_key in (None, key[2])]:
                self._undo.drop(table, key)  # type: ignore[arg-type]

    def prune(self, pool: str) -> int:
        """Remove what belongs to runs that are not in progress."""
        self._undo.require_writing()
        count = 0
        for table in (self._tables.slots, self._tables.waiters):
            for key in [key for key in table if key[0] == pool and not self._is_in_progress(key[1])]:
                self._undo.drop(table, key)  # type: ignore[arg-type]
                count += 1
        return count

    def _is_in_progress(self, run_id: str) -> bool:
        run = self._tables.runs.get(run_id)
        return run is not None and run.status in IN_PROGRESS
