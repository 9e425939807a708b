"""Slots of pools: claimed for one step in one transaction, freed in that of the event that ends the attempt, the epoch
or the run.

A slot's lease is its run's. It is held as long as the run is in progress under the epoch that claimed it: a run that is
cut off keeps its slots until it is found lost (law 4), and one that is dead has lost them in the transaction that says
so. So there is no time in a slot, and no clock that an outage of the control plane could make it run out by. As a last
line of defence whoever finds a pool full removes slots of runs that are not in progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from rostrum.control.step_streams import is_step_stream_of
from rostrum.interfaces.storage import Session
from rostrum.model.events import Event, StepRetrying, worker_stream
from rostrum.model.pools import GRANTED, REFUSED, Slot, SlotAnswer, SlotWish, Waiter
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.pools import INTEREST_SECONDS, RUN, PoolRules, may_take, retry_seconds

MOST_HOLDERS = 10
_LONGEST_SECONDS = 365 * 86400.0
"""No step can have waited longer, whatever its worker says."""


class Claim(msgspec.Struct, frozen=True):
    """A worker's claim: of a run and epoch, for one step; others of the run wait beside it."""

    run: Run
    epoch: int
    wish: SlotWish
    others: Sequence[SlotWish] = ()
    after: int = 0
    """Last event of the worker before."""


def claim_slot(session: Session, claim: Claim, rules: PoolRules) -> SlotAnswer:
    """Decide about a claim, in a writing session. `claim.run` as read in this transaction."""
    run, pool = claim.run, claim.wish.pool
    if run.is_finished or run.epoch != claim.epoch or run.status is RunStatus.CANCELING:
        return REFUSED
    rules = rules.with_limits(session.pools.limits())
    limit = rules.limit(pool)
    if limit is None or rules.granularity == RUN:
        return GRANTED
    session.pools.lock(pool)
    slots, me = session.pools.slots(pool), (run.run_id, claim.wish.step_key)
    ours = next((slot for slot in slots if (slot.run_id, slot.step_key) == me), None)
    if ours is None and len(slots) >= limit and session.pools.prune(pool):
        slots = session.pools.slots(pool)
    standing = {waiter.step_key: waiter for waiter in session.pools.waiters(pool, run.run_id)}
    waiter = _waiter(session, claim, claim.wish, standing.get(claim.wish.step_key), 0.0)
    ahead = 0 if ours is not None else session.pools.ahead(waiter)
    if ours is not None or may_take(limit, len(slots), ahead):
        _take(session, claim, ours)
        return GRANTED
    pause = retry_seconds(limit, ahead)
    wishes = [claim.wish, *(wish for wish in claim.others if wish.pool == pool)]
    fresh = [_waiter(session, claim, wish, standing.get(wish.step_key), pause) for wish in wishes]
    session.pools.put_waiters([each for each in fresh if _is_worth_writing(each, standing.get(each.step_key))])
    holders = tuple(f"{slot.run_id}:{slot.step_key}" for slot in slots[:MOST_HOLDERS])
    return SlotAnswer(False, limit, holders, pause)


def _take(session: Session, claim: Claim, ours: Slot | None) -> None:
    run_id, step_key = claim.run.run_id, claim.wish.step_key
    slot = Slot(
        pool=claim.wish.pool,
        run_id=run_id,
        step_key=step_key,
        epoch=claim.epoch,
        sequence=claim.after,
        claimed_at=session.now() if ours is None else ours.claimed_at,
    )
    session.pools.release(run_id, step_key)
    session.pools.put_slot(slot)


def _waiter(session: Session, claim: Claim, wish: SlotWish, standing: Waiter | None, pause: float) -> Waiter:
    now = session.now()
    waited = min(max(0.0, wish.waited_seconds), _LONGEST_SECONDS)
    since = standing.since if standing is not None else now - timedelta(seconds=waited)
    return Waiter(
        pool=wish.pool,
        run_id=claim.run.run_id,
        step_key=wish.step_key,
        run_priority=claim.run.priority,
        step_priority=wish.priority,
        since=max(since, claim.run.created_at),
        expires_at=now + timedelta(seconds=pause + INTEREST_SECONDS),
    )


def _is_worth_writing(waiter: Waiter, standing: Waiter | None) -> bool:
    """The end of a waiter's interest is not moved at each of its questions."""
    if standing is None or waiter.turn != standing.turn:
        return True
    return (waiter.expires_at - standing.expires_at).total_seconds() >= INTEREST_SECONDS / 3


def frees(event: Event, slot: Slot, told: int) -> bool:
    """Whether the end of an attempt frees the slot of its step: that of the attempt before the present one does not.

    `told`: last stored event of the run worker of the slot's epoch. Both sides may be told late: the worker's claim
    does not wait for its events, and ends of step workers arrive in streams of their own. What has ended for good holds
    nothing, whoever has told what.
    """
    if event.stream == worker_stream(slot.epoch):
        return event.sequence > slot.sequence
    if is_step_stream_of(event.stream, slot.epoch):
        return told >= slot.sequence or not isinstance(event, StepRetrying)
    return True
