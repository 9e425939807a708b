"""Why queued runs wait, as data (law 10): the queue's own decision, asked without acting on it."""

from __future__ import annotations

from datetime import datetime

from rostrum.interfaces.storage import Session
from rostrum.planning.queue import QueueLimits, QueueSnapshot, WaitReason, admit


def waiting_reasons(session: Session, limits: QueueLimits, now: datetime, most: int = 10_000) -> dict[str, WaitReason]:
    """Reason by run id, for queued runs that cannot start now. Others have none: the daemon is about to take them.

    Looks at the first `most` queued runs, in the order in which they are to start.
    """
    queued = session.runs.queued(most)
    if not queued:
        return {}
    return admit(QueueSnapshot(queued=queued, in_progress=session.runs.in_progress(), limits=limits), now).reasons
