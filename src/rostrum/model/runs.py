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
from rostrum.model.manifest import RunRetryPolicy


class RunStatus(str, Enum):
    """Status of a run. `disconnected` is not a status: it is `Run.disconnected_at` beside one (law 4)."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    CANCELING = "canceling"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELED = "canceled"

    @classmethod
    def _missing_(cls, value: object) -> RunStatus | None:
        """Statuses in upper case, and by the names that libraries know."""
        text = str(value).lower()
        text = {"started": "running", "not_started": "queued", "managed": "queued", "suspended": "canceling"}.get(
            text, text
        )
        return next((each for each in cls if each.value == text), None)

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
    pools: tuple[str, ...] = ()
    """All pools that steps of the run name."""
    first_pools: tuple[str, ...] = ()
    """Pools of the steps that wait for no other step, where each of these names one: without a free slot in any of them
    the run could do nothing. Else empty."""
    priority: int = 0
    parent_run_id: str | None = None
    root_run_id: str | None = None
    backfill_id: str | None = None
    output_origins: dict[str, str] = {}
    """For a run of some steps only: `<step key>:<output>` -> the earlier run that stored that value. Only outputs that
    this run needs and does not make itself. `""` as the run says that it was not produced; `<step key>:` without an
    output then is a step of this run that needs an asset which was skipped."""
    manifest_hash: str | None = None
    """The version of the definitions that the run was launched on."""
    epoch: int = 0
    """Fencing epoch: raised at each launch of a worker; events of an older epoch are evidence only."""
    worker: dict[str, Any] | None = None
    """The `WorkerRef` of the present worker as plain data."""
    disconnected_at: datetime | None = None
    last_heard_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    cancel_reason: str = ""
    """`timeout` where the run is being ended because it has taken too long: it fails then."""
    cancel_forced: bool = False
    """See `RunCanceling.force`."""
    resumes: int = 0
    """How often another worker has gone on with the run after the loss of one."""
    retry_policy: RunRetryPolicy | None = None
    """When another run repeats this one by itself, should it fail."""
    user_retries: int = 0
    """How many runs before this one were repeated by themselves because of the code."""
    infrastructure_retries: int = 0
    """The same for runs whose worker could not be launched, died or was lost."""
    retry_at: datetime | None = None
    """Of a failed run: when another one will repeat it by itself; None: that is done, or will not be."""
    retry_note: str = ""
    """Of a failed run: why it is not repeated by itself although there is a policy."""
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

    # --- the same by names that libraries know

    @property
    def job_name(self) -> str:
        """Name of the job."""
        return self.target.job

    @property
    def run_config(self) -> dict[str, Any]:
        """Config of the run."""
        return self.config

    @property
    def asset_selection(self) -> frozenset[AssetKey] | None:
        """Assets selected, None for all of the job."""
        return frozenset(self.target.asset_selection) or None

    @property
    def asset_check_selection(self) -> frozenset[CheckKey] | None:
        """Checks selected, None for those of the assets."""
        return frozenset(self.target.check_selection) if self.target.check_selection is not None else None

    @property
    def entity_selection(self) -> frozenset[AssetKey | CheckKey] | None:
        """Assets and checks selected, None for all of the job."""
        return frozenset((*(self.asset_selection or ()), *(self.asset_check_selection or ()))) or None

    @property
    def op_selection(self) -> list[str] | None:
        """Clauses that select ops, None for all."""
        return list(self.target.op_selection) or None

    @property
    def resolved_op_selection(self) -> frozenset[str] | None:
        """As `op_selection`."""
        return frozenset(self.target.op_selection) or None

    @property
    def step_keys_to_execute(self) -> list[str] | None:
        """Steps of a re-execution, None for all."""
        return list(self.target.step_selection) or None

    @property
    def job_snapshot_id(self) -> str | None:
        """Hash of the definitions that the run was launched on."""
        return self.manifest_hash

    @property
    def execution_plan_snapshot_id(self) -> str | None:
        """Hash of the definitions, which the plan follows from."""
        return self.manifest_hash

    @property
    def remote_job_origin(self) -> None:
        """None: the code location is `target.location`."""
        return None

    @property
    def job_code_origin(self) -> None:
        """None: the code location is `target.location`."""
        return None

    @property
    def has_repository_load_data(self) -> bool:
        """False."""
        return False

    @property
    def run_op_concurrency(self) -> None:
        """None: pools are claimed step by step."""
        return None

    @property
    def partitions_subset(self) -> None:
        """None: `target.partition_key` and `target.partition_range` tell."""
        return None

    @property
    def is_partitioned(self) -> bool:
        """Whether the run is for partitions."""
        return self.target.partition_key is not None or self.target.partition_range is not None

    @property
    def is_success(self) -> bool:
        """Whether it succeeded."""
        return self.status is RunStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        """Whether it failed."""
        return self.status is RunStatus.FAILURE

    @property
    def is_failure_or_canceled(self) -> bool:
        """Whether it failed or was canceled."""
        return self.status in (RunStatus.FAILURE, RunStatus.CANCELED)

    @property
    def is_cancelable(self) -> bool:
        """Whether it can still be canceled."""
        return self.status in (RunStatus.QUEUED, RunStatus.STARTING, RunStatus.RUNNING)

    @property
    def is_resume_retry(self) -> bool:
        """Whether it repeats some steps of another run."""
        return self.parent_run_id is not None and bool(self.target.step_selection)

    @property
    def previous_run_id(self) -> str | None:
        """The run that it repeats."""
        return self.parent_run_id

    def with_status(self, status: RunStatus) -> Run:
        """A copy with another status."""
        return msgspec.structs.replace(self, status=RunStatus(str(getattr(status, "value", status))))

    def with_tags(self, tags: dict[str, str]) -> Run:
        """A copy with other tags."""
        return msgspec.structs.replace(self, tags=dict(tags))

    def tags_for_storage(self) -> dict[str, str]:
        """Tags of the run."""
        return dict(self.tags)

    def get_root_run_id(self) -> str | None:
        """The first run of the chain of repetitions."""
        return self.root_run_id

    def get_parent_run_id(self) -> str | None:
        """The run that it repeats."""
        return self.parent_run_id

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
        # Another try to launch the worker that goes on is not another resume.
        resumes=run.resumes + (event.resumes and (run.status is not RunStatus.STARTING or run.worker is not None)),
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
    done = run.steps_done if event.resumed else 0
    changes |= {"steps_total": done + len(event.step_keys), "steps_done": done}
    if run.steps_failed and not event.resumed:
        changes |= {"steps_failed": 0, "error": None, "failed_step_key": None}
    return _move(run, event, IN_PROGRESS, **changes)


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
    # A wish outweighs a reason: a run that somebody cancels while its time limit ends it is cancelled, and not retried.
    wished = run.status is RunStatus.CANCELING and not run.cancel_reason
    return _move(
        run,
        event,
        _ACTIVE,
        status=RunStatus.CANCELING,
        cancel_requested_at=run.cancel_requested_at or event.at,
        cancel_reason="" if wished else event.reason,
        cancel_forced=run.cancel_forced or event.force,
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
