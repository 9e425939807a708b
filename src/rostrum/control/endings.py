"""Ends that the control plane gives to what a worker has left open: no step stays open when its run has ended, or when
another worker goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rostrum.interfaces.storage import Session
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import (
    AnyEvent,
    Event,
    RunCanceled,
    RunFailed,
    StepCanceled,
    StepFailed,
    StepNotRun,
    StepRetrying,
)
from rostrum.model.runs import Run
from rostrum.planning.run_retries import INFRASTRUCTURE
from rostrum.planning.standing import KINDS, Standing

_CLASSES = {
    "worker_died": "RunWorkerDied",
    "worker_lost": "RunWorkerLost",
    "timeout": "RunTimedOut",
    "launch_failure": "RunNotLaunched",
}


def read_steps(session: Session, run_id: str) -> list[AnyEvent]:
    """Events that tell where a run stands, in order."""
    events: list[AnyEvent] = []
    after = 0
    while page := session.events.read(run_id, after=after, limit=1000, kinds=KINDS):
        events.extend(stored.event for stored in page if not stored.evidence)
        after = page[-1].id
    return events


def standing_of(session: Session, run_id: str) -> Standing:
    """Where a run stands."""
    return Standing(read_steps(session, run_id))


def error_of(reason: str, message: str) -> ErrorInfo:
    """The error of a run, or of a step in it, that was ended from outside."""
    return ErrorInfo(class_name=_CLASSES.get(reason, reason), message=message, code=reason)


def closing(session: Session, run: Run, end: RunFailed | RunCanceled) -> list[Event]:
    """Ends for the steps that are open when a run is ended from outside: failed or cancelled for those under way, not
    run for the others.
    """
    if run.started_at is None:
        return []
    standing, at = standing_of(session, run.run_id), end.at
    not_run = [StepNotRun(at=at, step_key=key) for key in standing.waiting]
    if isinstance(end, RunCanceled):
        return [*(StepCanceled(at=at, step_key=key) for key in standing.under_way), *not_run]
    error = end.error or error_of(end.reason, end.message)
    cause = INFRASTRUCTURE.get(end.reason) or ("timeout" if end.reason == "timeout" else "crash")
    failed = [
        StepFailed(at=at, step_key=key, error=error, attempt=attempt, cause=cause)
        for key, attempt in standing.under_way.items()
    ]
    return [*failed, *not_run]


def interrupted(session: Session, run: Run, at: datetime, error: ErrorInfo, cause: str) -> Sequence[Event]:
    """Ends of the attempts that were under way when the run's worker went away, and that the next worker repeats."""
    if run.started_at is None:
        return []
    under_way = standing_of(session, run.run_id).under_way
    return [
        StepRetrying(at=at, step_key=key, error=error, attempt=attempt, cause=cause)
        for key, attempt in under_way.items()
    ]
