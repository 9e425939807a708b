"""The verbs on pools and on the queue's switch, and what goes on in pools, as data (law 10): who holds slots, who waits
in what order, which queued runs wait for which pool.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec

from rostrum.control.events import EventLog
from rostrum.control.waiting import put_queue_hold, queue_hold
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.storage import Session
from rostrum.model.errors import ConfigError, NotFound
from rostrum.model.events import EngineMessage
from rostrum.model.pools import PoolLimit
from rostrum.model.runs import Run
from rostrum.planning.pools import RUN, PoolRules
from rostrum.planning.queue import QueueHold, WaitReason

_log = logging.getLogger(__name__)

MOST_SLOTS = 1_000_000
_NAME = re.compile(r"\S(.{0,198}\S)?")


class Holder(msgspec.Struct, frozen=True):
    """Who is in a pool: a step with a slot, or a run (step_key empty) where the pool counts runs."""

    run_id: str
    step_key: str
    since: datetime


class InLine(msgspec.Struct, frozen=True):
    """A step that waits for a slot."""

    run_id: str
    step_key: str
    position: int
    """From 1."""
    run_priority: int
    step_priority: int
    since: datetime


class PoolState(msgspec.Struct, frozen=True, kw_only=True):
    """What goes on in one pool."""

    name: str
    limit: int | None
    """None: no limit."""
    source: str
    """Where the limit comes from: `set` (while running), `file`, `default` (of the file), or empty."""
    set_by: str = ""
    set_at: datetime | None = None
    granularity: str = "op"
    """Whether steps (`op`) or runs (`run`) are counted."""
    holders: tuple[Holder, ...] = ()
    waiters: tuple[InLine, ...] = ()
    queued: tuple[str, ...] = ()
    """Queued runs that wait for this pool before they start."""


class Pools:
    """The verbs. `by` is who does it, told with what is done."""

    def __init__(self, events: EventLog, doorbell: Doorbell, clock: Clock) -> None:
        self._events = events
        self._doorbell = doorbell
        self._clock = clock

    @contextmanager
    def _change(self) -> Generator[Session]:
        with self._events.transaction() as session:
            yield session
        self._doorbell.ring("limits")

    def set_limit(self, pool: str, limit: int, by: str = "") -> None:
        """Limit a pool from now on, whatever the file says. A lower limit takes no slot away. Raises ConfigError."""
        if not _NAME.fullmatch(pool):
            raise ConfigError(f"{pool!r} is no name of a pool: up to 200 characters, no blanks at either end")
        if not 0 <= limit <= MOST_SLOTS:
            asked = f"give a number from 0 (nobody gets in) to {MOST_SLOTS}"
            raise ConfigError(f"the limit of pool {pool} is {limit}; {asked}")
        with self._change() as session:
            session.pools.put_limit(PoolLimit(pool=pool, limit=limit, set_at=self._clock.now(), set_by=by))
        _log.info("%s has set the limit of pool %s to %d", by or "somebody", pool, limit)

    def unset_limit(self, pool: str, by: str = "") -> None:
        """Forget the limit that was set: what the file says holds again. No error when none was set."""
        with self._change() as session:
            session.pools.delete_limit(pool)
        _log.info("%s has given the limit of pool %s back to the file", by or "somebody", pool)

    def free(self, run_id: str, step_key: str | None = None, by: str = "") -> int:
        """Take the slots of a run, or of one of its steps, away; returns how many. For what nobody foresaw: slots are
        freed by themselves. The step, if it lives, goes on without. Raises NotFound when there is no such run.
        """
        with self._change() as session:
            run = session.runs.get(run_id)
            held = [
                slot for slot in session.pools.slots() if slot.run_id == run_id and step_key in (None, slot.step_key)
            ]
            if run is None and not held:
                raise NotFound(f"there is no run {run_id!r}")
            for slot in held:
                session.pools.release(run_id, slot.step_key)
            if run is not None and not run.is_finished:
                now = self._clock.now()
                told = [
                    EngineMessage(
                        at=now,
                        step_key=slot.step_key,
                        level="warning",
                        message=f"{by or 'somebody'} took the slot of pool {slot.pool} away from step {slot.step_key}",
                    )
                    for slot in held
                ]
                self._events.append_control(session, run, *told)
        return len(held)

    def hold_queue(self, by: str = "") -> QueueHold:
        """Have the queue start no run until `resume_queue`. Runs in progress go on."""
        with self._change() as session:
            hold = queue_hold(session) or QueueHold(by=by, at=self._clock.now())
            put_queue_hold(session, hold)
        _log.info("%s has put the queue on hold", by or "somebody")
        return hold

    def resume_queue(self, by: str = "") -> None:
        """Let the queue start runs again."""
        with self._change() as session:
            put_queue_hold(session, None)
        _log.info("%s has let the queue go on", by or "somebody")


def pool_states(
    session: Session,
    rules: PoolRules,
    now: datetime,
    reasons: Mapping[str, WaitReason] | None = None,
    defined: Iterable[str] = (),
) -> list[PoolState]:
    """All pools by name: those with a limit, those that anybody is in, those `defined` by code. `reasons`: why queued
    runs wait, by run id.
    """
    stored = {limit.pool: limit for limit in session.pools.limits()}
    effective = rules.with_limits(stored.values())
    holders: dict[str, list[Holder]] = {}
    waiters: dict[str, list[InLine]] = {}
    queued: dict[str, list[str]] = {}
    if rules.granularity == RUN:
        _count_runs(session.runs.in_progress(), holders)
    for slot in session.pools.slots():
        holders.setdefault(slot.pool, []).append(Holder(slot.run_id, slot.step_key, slot.claimed_at))
    for waiter in session.pools.waiters():
        line = waiters.setdefault(waiter.pool, [])
        if waiter.expires_at > now:
            priorities = (waiter.run_priority, waiter.step_priority)
            line.append(InLine(waiter.run_id, waiter.step_key, len(line) + 1, *priorities, waiter.since))
    for run_id, reason in (reasons or {}).items():
        if reason.kind == "pool":
            queued.setdefault(reason.group, []).append(run_id)
    names = {*stored, *rules.limits, *holders, *waiters, *queued, *defined}
    return [
        PoolState(
            name=name,
            limit=effective.limit(name),
            source=_source(name, rules, stored),
            set_by=stored[name].set_by if name in stored else "",
            set_at=stored[name].set_at if name in stored else None,
            granularity=rules.granularity,
            holders=tuple(holders.get(name, ())),
            waiters=tuple(waiters.get(name, ())),
            queued=tuple(queued.get(name, ())),
        )
        for name in sorted(names)
    ]


def _source(pool: str, rules: PoolRules, stored: Mapping[str, PoolLimit]) -> str:
    if pool in stored:
        return "set"
    if pool in rules.limits:
        return "file"
    return "default" if rules.default_limit is not None else ""


def _count_runs(in_progress: Sequence[Run], holders: dict[str, list[Holder]]) -> None:
    for run in in_progress:
        for pool in run.pools:
            holders.setdefault(pool, []).append(Holder(run.run_id, "", run.started_at or run.created_at))
