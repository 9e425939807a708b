"""A run and its one transition table, `Run.after(event)`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from rostrum.model import events as ev
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ErrorInfo, InvalidTransition


class RunStatus(str, Enum):
    """Status of a run. `disconnected` is not a status: it is `Run.disconnected_at` beside one (law 4)."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    CANCELING = "canceling"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELED = "canceled"

    @property
    def is_finished(self) -> bool:
        """True for success, failure and canceled: final for ever."""
        return self in FINISHED


FINISHED = frozenset({RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED})
IN_PROGRESS = frozenset({RunStatus.STARTING, RunStatus.RUNNING, RunStatus.CANCELING})
"""Statuses that count against the queue's limits (a canceling run that never started has ended in the same
transaction)."""


class Trigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """What asked for the run."""

    kind: str = "manual"
    """`manual`, `schedule`, `sensor`, `automation`, `backfill` or `retry`."""
    name: str = ""
    """Name of the schedule or sensor, id of the backfill, or the user's name."""


class RunTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the run executes."""

    location: str
    """Name of the code location."""
    job: str
    """Name of the job, `__asset_job__` for a plain selection of assets."""
    asset_selection: tuple[AssetKey, ...] = ()
    """Empty: all assets of the job."""
    check_selection: tuple[CheckKey, ...] | None = None
    """None: the checks of the selected assets."""
    step_selection: tuple[str, ...] = ()
    """Only these steps (re-execution): inputs from others are what an earlier run has stored; empty: all."""
    op_selection: tuple[str, ...] = ()
    """Only the ops that these clauses select (`name`, `*name`, `name+`...): inputs from others are given in the config;
    empty: all."""
    partition_key: str | None = None
    partition_range: tuple[str, str] | None = None
    """First and last key, inclusive, for a run over several partitions."""


class Run(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One execution of a target."""

    run_id: str
    target: RunTarget
    status: RunStatus = RunStatus.QUEUED
    created_at: datetime
    started_at: datetime | None = None
    """When the worker began."""
    ended_at: datetime | None = None
    trigger: Trigger = Trigger()
    config: dict[str, Any] = {}
    tags: dict[str, str] = {}
    priority: int = 0
    parent_run_id: str | None = None
    root_run_id: str | None = None
    backfill_id: str | None = None
    output_origins: dict[str, str] = {}
    """For a run of some steps only: `<step key>:<output>` -> the earlier run that stored that value. Only outputs that
    this run needs and does not make itself."""
    manifest_hash: str | None = None
    """The version of the definitions that the run was launched on."""
    epoch: int = 0
    """Fencing epoch: raised at each launch of a worker; events of an older epoch are evidence only."""
    worker: dict[str, Any] | None = None
    """The `WorkerRef` of the present worker as plain data."""
    disconnected_at: datetime | None = None
    last_heard_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    steps_total: int = 0
    steps_done: int = 0
    steps_failed: int = 0
    failure_reason: str | None = None
    error: ErrorInfo | None = None
    """The first error that explains the failure."""
    failed_step_key: str | None = None
    checks_failed: int = 0

    @property
    def is_finished(self) -> bool:
        """True when the status is final."""
        return self.status in FINISHED

    def after(self, event: ev.AnyEvent) -> Run:
        """The run after `event`: the only transition table.

        Returns the same object when the event changes nothing of the run. Raises InvalidTransition when the event
        cannot follow (the run has ended, or the event belongs to another epoch); the caller keeps it as evidence.
        """
        if self.is_finished:
            raise InvalidTransition(f"run {self.run_id} has ended ({self.status.value}); {event.kind} changes nothing")
        rule = _RULES.get(type(event))
        return self if rule is None else rule(self, event)


def _move(run: Run, event: ev.AnyEvent, allowed: frozenset[RunStatus], **changes: Any) -> Run:
    if run.status not in allowed:
        raise InvalidTransition(f"{event.kind} cannot follow in status {run.status.value} (run {run.run_id})")
    return msgspec.structs.replace(run, **changes)


_ACTIVE = frozenset({RunStatus.QUEUED, *IN_PROGRESS})


def _starting(run: Run, event: ev.RunStarting) -> Run:
    if event.epoch <= run.epoch:
        raise InvalidTransition(f"epoch {event.epoch} is not after {run.epoch} (run {run.run_id})")
    allowed = frozenset({RunStatus.QUEUED, RunStatus.STARTING, RunStatus.RUNNING})
    return _move(
        run,
        event,
        allowed,
        status=RunStatus.STARTING,
        epoch=event.epoch,
        worker=None,
        last_heard_at=event.at,
        disconnected_at=None,
    )


def _launched(run: Run, event: ev.RunWorkerLaunched) -> Run:
    if event.epoch != run.epoch:
        raise InvalidTransition(f"epoch {event.epoch} is over, {run.epoch} is current (run {run.run_id})")
    return msgspec.structs.replace(run, worker=event.worker)


def _started(run: Run, event: ev.RunStarted) -> Run:
    if event.epoch != run.epoch:
        raise InvalidTransition(f"epoch {event.epoch} is over, {run.epoch} is current (run {run.run_id})")
    status = RunStatus.CANCELING if run.status is RunStatus.CANCELING else RunStatus.RUNNING
    changes: dict[str, Any] = {"status": status, "started_at": run.started_at or event.at, "last_heard_at": event.at}
    return _move(run, event, IN_PROGRESS, steps_total=len(event.step_keys), **changes)


def _succeeded(run: Run, event: ev.RunSucceeded) -> Run:
    return _move(run, event, IN_PROGRESS, status=RunStatus.SUCCESS, ended_at=event.at, disconnected_at=None)


def _failed(run: Run, event: ev.RunFailed) -> Run:
    changes: dict[str, Any] = {"failure_reason": event.reason, "error": run.error or event.error}
    if event.failed_step_keys and run.failed_step_key is None:
        changes["failed_step_key"] = event.failed_step_keys[0]
    if changes["error"] is None and event.message:
        changes["error"] = ErrorInfo(class_name=event.reason, message=event.message)
    return _move(run, event, _ACTIVE, status=RunStatus.FAILURE, ended_at=event.at, disconnected_at=None, **changes)


def _canceling(run: Run, event: ev.RunCanceling) -> Run:
    return _move(
        run, event, _ACTIVE, status=RunStatus.CANCELING, cancel_requested_at=run.cancel_requested_at or event.at
    )


def _canceled(run: Run, event: ev.RunCanceled) -> Run:
    return _move(run, event, _ACTIVE, status=RunStatus.CANCELED, ended_at=event.at, disconnected_at=None)


def _disconnected(run: Run, event: ev.RunDisconnected) -> Run:
    return _move(run, event, IN_PROGRESS, disconnected_at=run.disconnected_at or event.at)


def _reconnected(run: Run, event: ev.RunReconnected) -> Run:
    return msgspec.structs.replace(run, disconnected_at=None, last_heard_at=event.at)


def _mapped(run: Run, event: ev.StepsMapped) -> Run:
    return msgspec.structs.replace(run, steps_total=run.steps_total + len(event.step_keys))


def _step_done(run: Run, _event: ev.StepSucceeded | ev.StepSkipped) -> Run:
    return msgspec.structs.replace(run, steps_done=run.steps_done + 1)


def _step_failed(run: Run, event: ev.StepFailed) -> Run:
    first = run.error is None
    return msgspec.structs.replace(
        run,
        steps_done=run.steps_done + 1,
        steps_failed=run.steps_failed + 1,
        error=event.error if first else run.error,
        failed_step_key=event.step_key if first else run.failed_step_key,
    )


def _check(run: Run, event: ev.CheckEvaluated) -> Run:
    return run if event.passed else msgspec.structs.replace(run, checks_failed=run.checks_failed + 1)


_RULES: dict[type[ev.Event], Callable[[Run, Any], Run]] = {
    ev.RunStarting: _starting,
    ev.RunWorkerLaunched: _launched,
    ev.RunStarted: _started,
    ev.RunSucceeded: _succeeded,
    ev.RunFailed: _failed,
    ev.RunCanceling: _canceling,
    ev.RunCanceled: _canceled,
    ev.RunDisconnected: _disconnected,
    ev.RunReconnected: _reconnected,
    ev.StepsMapped: _mapped,
    ev.StepSucceeded: _step_done,
    ev.StepSkipped: _step_done,
    ev.StepFailed: _step_failed,
    ev.CheckEvaluated: _check,
}


class RunFilter(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Which runs: all fields given must match."""

    statuses: tuple[RunStatus, ...] = ()
    location: str | None = None
    job: str | None = None
    asset_key: AssetKey | None = None
    partition_key: str | None = None
    trigger_kind: str | None = None
    trigger_name: str | None = None
    backfill_id: str | None = None
    root_run_id: str | None = None
    run_id_part: str | None = None
    """Beginning or end of the id. (Ids begin with their time: the end is what tells runs of one minute apart.)"""
    tag: tuple[str, str] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class RunPage(msgspec.Struct, frozen=True):
    """One page of runs, newest first. `cursor` continues after the last; None at the end."""

    runs: tuple[Run, ...]
    cursor: str | None = None
