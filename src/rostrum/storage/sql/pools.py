"""Pools: limits that were set while running, slots in the hands of steps, steps that wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Table, exists, func, or_, select

from rostrum.model.pools import PoolLimit, Slot, Waiter
from rostrum.model.runs import IN_PROGRESS
from rostrum.storage.sql.codec import from_micros, to_micros
from rostrum.storage.sql.schema import pool_limits, runs, slots, waiters
from rostrum.storage.sql.statements import (
    Connection,
    Row,
    Statement,
    delete_rows,
    equal,
    param,
    select_rows,
    upsert_row,
)

_FOR_EVER = 1 << 53
"""End of a slot's lease as the version before this one reads it: here a slot lives as long as its run."""

_LIMITS = select_rows([pool_limits.c.body], [pool_limits.c.deployment], [pool_limits.c.pool.asc()])
_PUT_LIMIT = upsert_row(pool_limits)
_DELETE_LIMIT = delete_rows(pool_limits, [pool_limits.c.deployment, pool_limits.c.pool])

_SLOT = [slots.c.pool, slots.c.run_id, slots.c.step_key, slots.c.epoch, slots.c.sequence, slots.c.claimed_at]
_SLOT_ORDER = [slots.c.pool.asc(), slots.c.claimed_at.asc(), slots.c.run_id.asc(), slots.c.step_key.asc()]
_SLOTS = select_rows(_SLOT, [slots.c.deployment], _SLOT_ORDER)
_SLOTS_OF = select_rows(_SLOT, [slots.c.deployment, slots.c.pool], _SLOT_ORDER)
_PUT_SLOT = upsert_row(slots)

_WAITER = [column for column in waiters.columns if column.name != "deployment"]
_TURN = [waiters.c.run_priority.desc(), waiters.c.step_priority.desc(), waiters.c.since.asc()]
_WAITER_ORDER = [waiters.c.pool.asc(), *_TURN, waiters.c.run_id.asc(), waiters.c.step_key.asc()]
_WAITERS = select_rows(_WAITER, [waiters.c.deployment], _WAITER_ORDER)
_WAITERS_OF = select_rows(_WAITER, [waiters.c.deployment, waiters.c.pool], _WAITER_ORDER)
_WAITERS_OF_RUN = select_rows(_WAITER, [waiters.c.deployment, waiters.c.pool, waiters.c.run_id], _WAITER_ORDER)
_PUT_WAITER = upsert_row(waiters)


def _earlier() -> ColumnElement[bool]:
    """Of two waiters of different runs: this one comes before the one of the parameters (each twice but the last)."""
    columns = waiters.c
    of_one_age = (columns.since == param()) & (columns.run_id < param())
    of_one_step = (columns.step_priority == param()) & or_(columns.since < param(), of_one_age)
    of_one_run = (columns.run_priority == param()) & or_(columns.step_priority > param(), of_one_step)
    return or_(columns.run_priority > param(), of_one_run)


_AHEAD = Statement(
    lambda _: (
        select(func.count())
        .select_from(waiters)
        .where(
            *equal([waiters.c.deployment, waiters.c.pool]),
            waiters.c.expires_at > param(),
            waiters.c.run_id != param(),
            _earlier(),
        )
    )
)


def _prune(table: Table) -> Statement:
    living = exists().where(
        runs.c.deployment == table.c.deployment,
        runs.c.run_id == table.c.run_id,
        or_(*(runs.c.status == status for status in sorted(status.value for status in IN_PROGRESS))),
    )
    return Statement(lambda _: table.delete().where(*equal([table.c.deployment, table.c.pool]), ~living))


_PRUNE = [_prune(table) for table in (slots, waiters)]
_RELEASE_RUN = [delete_rows(table, [table.c.deployment, table.c.run_id]) for table in (slots, waiters)]
_RELEASE_STEP = [
    delete_rows(table, [table.c.deployment, table.c.run_id, table.c.step_key]) for table in (slots, waiters)
]


class SqlPools:
    """`PoolTable`."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        self._db = connection
        self._now = now

    def lock(self, pool: str) -> None:
        """Have other writers of the pool wait for the end of this transaction."""
        self._db.require_writing()
        self._db.dialect.serialize(self._db.driver, f"pool/{pool}")

    def limits(self) -> Sequence[PoolLimit]:
        """By name."""
        rows = self._db.rows(_LIMITS, self._db.deployment)
        return [msgspec.msgpack.decode(row[0], type=PoolLimit) for row in rows]

    def put_limit(self, limit: PoolLimit) -> None:
        """Insert or replace."""
        self._db.write(_PUT_LIMIT, self._db.deployment, limit.pool, msgspec.msgpack.encode(limit))

    def delete_limit(self, pool: str) -> None:
        """Forget the limit."""
        self._db.write(_DELETE_LIMIT, self._db.deployment, pool)

    def slots(self, pool: str | None = None) -> Sequence[Slot]:
        """Slots, in the order of their claims."""
        if pool is None:
            return [_slot(row) for row in self._db.rows(_SLOTS, self._db.deployment)]
        return [_slot(row) for row in self._db.rows(_SLOTS_OF, self._db.deployment, pool)]

    def put_slot(self, slot: Slot) -> None:
        """Insert or replace."""
        claimed_at = to_micros(slot.claimed_at)
        key = (self._db.deployment, slot.pool, slot.run_id, slot.step_key)
        self._db.write(_PUT_SLOT, *key, _FOR_EVER, slot.epoch, slot.sequence, claimed_at)

    def waiters(self, pool: str | None = None, run_id: str | None = None) -> Sequence[Waiter]:
        """Who waits, in the order of their turns."""
        if pool is None:
            rows = self._db.rows(_WAITERS, self._db.deployment)
        elif run_id is None:
            rows = self._db.rows(_WAITERS_OF, self._db.deployment, pool)
        else:
            rows = self._db.rows(_WAITERS_OF_RUN, self._db.deployment, pool, run_id)
        return [_waiter(row) for row in rows]

    def put_waiters(self, waiters: Sequence[Waiter]) -> None:
        """Insert or replace."""
        self._db.write_many(
            _PUT_WAITER,
            [
                (
                    self._db.deployment,
                    waiter.pool,
                    waiter.run_id,
                    waiter.step_key,
                    waiter.run_priority,
                    waiter.step_priority,
                    to_micros(waiter.since),
                    to_micros(waiter.expires_at),
                )
                for waiter in waiters
            ],
        )

    def ahead(self, waiter: Waiter) -> int:
        """How many of other runs come before."""
        run, step, since = waiter.run_priority, waiter.step_priority, to_micros(waiter.since)
        place = (run, run, step, step, since, since, waiter.run_id)
        fixed = (self._db.deployment, waiter.pool, to_micros(self._now()), waiter.run_id)
        row = self._db.row(_AHEAD, *fixed, *place)
        return row[0] if row is not None else 0

    def release(self, run_id: str, step_key: str | None = None) -> None:
        """Free slots of a run or step, and take it out of all lines."""
        key = (self._db.deployment, run_id) if step_key is None else (self._db.deployment, run_id, step_key)
        for statement in _RELEASE_RUN if step_key is None else _RELEASE_STEP:
            self._db.write(statement, *key)

    def prune(self, pool: str) -> int:
        """Remove what belongs to runs that are not in progress."""
        return sum(self._db.write(statement, self._db.deployment, pool) for statement in _PRUNE)


def _slot(row: Row) -> Slot:
    pool, run_id, step_key, epoch, sequence, claimed_at = row
    return Slot(
        pool=pool,
        run_id=run_id,
        step_key=step_key,
        epoch=epoch,
        sequence=sequence,
        claimed_at=from_micros(claimed_at),
    )


def _waiter(row: Row) -> Waiter:
    pool, run_id, step_key, run_priority, step_priority, since, expires_at = row
    return Waiter(
        pool=pool,
        run_id=run_id,
        step_key=step_key,
        run_priority=run_priority,
        step_priority=step_priority,
        since=from_micros(since),
        expires_at=from_micros(expires_at),
    )
