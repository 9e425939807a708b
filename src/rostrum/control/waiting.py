"""Why queued runs wait, as data (law 10): the queue's own decision, asked without acting on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from rostrum.interfaces.storage import Session
from rostrum.model.runs import Run
from rostrum.planning.queue import PoolUse, QueueHold, QueueLimits, QueueSnapshot, WaitReason, admit

HOLD = "queue/hold"
"""Name of the setting that holds the queue's `QueueHold`."""
_NOT_HELD = b""


def queue_hold(session: Session) -> QueueHold | None:
    """Who has switched the queue off, and when; None: it is on."""
    stored = session.principals.setting(HOLD)
    return msgspec.msgpack.decode(stored, type=QueueHold) if stored else None


def put_queue_hold(session: Session, hold: QueueHold | None) -> None:
    """Switch the queue off, or on."""
    session.principals.put_setting(HOLD, msgspec.msgpack.encode(hold) if hold is not None else _NOT_HELD)


def queue_snapshot(
    session: Session, limits: QueueLimits, queued: Sequence[Run], in_progress: Sequence[Run]
) -> QueueSnapshot:
    """All that the decision about these runs needs to know: limits as they are now, who is in which pool."""
    stored = session.pools.limits()
    holders: dict[str, list[tuple[str, str]]] = {}
    waiting: dict[str, set[str]] = {}
    for slot in session.pools.slots():
        holders.setdefault(slot.pool, []).append((slot.run_id, slot.step_key))
    for waiter in session.pools.waiters():
        waiting.setdefault(waiter.pool, set()).add(waiter.run_id)
    return QueueSnapshot(
        queued=queued,
        in_progress=in_progress,
        limits=msgspec.structs.replace(limits, pools=limits.pools.with_limits(stored)) if stored else limits,
        hold=queue_hold(session),
        pools={
            pool: PoolUse(tuple(holders.get(pool, ())), frozenset(waiting.get(pool, ())))
            for pool in {*holders, *waiting}
        },
    )


def waiting_reasons(session: Session, limits: QueueLimits, now: datetime, most: int = 10_000) -> dict[str, WaitReason]:
    """Reason by run id, for queued runs that cannot start now. Others have none: the daemon is about to take them.

    Looks at the first `most` queued runs, in the order in which they are to start.
    """
    queued = session.runs.queued(most)
    if not queued:
        return {}
    return admit(queue_snapshot(session, limits, queued, session.runs.in_progress()), now).reasons
