"""The verbs on runs: submit, cancel, retry, launch, fail, delete. The only writer of runs beside the event log.

Every verb is one transaction: run row, events and what follows from them commit together or not at all (law 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from rostrum.control import validation
from rostrum.control.endings import closing, error_of, interrupted
from rostrum.control.events import EventLog
from rostrum.control.manifests import LoadedManifest, ManifestCache
from rostrum.control.requests import SubmitRequest
from rostrum.control.retries import Rerun, repeating
from rostrum.control.state import as_meant
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.launching import WorkerRef
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import Conflict, ErrorInfo, Fenced, NotFound
from rostrum.model.events import (
    EngineMessage,
    Event,
    RunCanceled,
    RunCanceling,
    RunFailed,
    RunQueued,
    RunStarting,
    RunWorkerLaunched,
)
from rostrum.model.plans import priority_of
from rostrum.model.runs import Run, RunStatus, RunTarget, Trigger
from rostrum.planning.dynamic import known_items
from rostrum.planning.monitor import told_runtime
from rostrum.planning.partition_tags import dimension_tags, with_range
from rostrum.planning.plan import planned
from rostrum.planning.pools import pools_of
from rostrum.planning.run_retries import RunRetryDefaults, policy_of, stopped


def launch_lease(run_id: str) -> str:
    """Name of the lease of the daemon that launches a run, from the claim until its worker or its end is recorded."""
    return f"launch/{run_id}"


class Runs:
    """Submits runs and moves them on. Thread-safe."""

    def __init__(
        self,
        storage: Storage,
        events: EventLog,
        doorbell: Doorbell,
        clock: Clock,
        manifests: ManifestCache | None = None,
        retry_defaults: RunRetryDefaults | None = None,
    ) -> None:
        self._storage = storage
        self._events = events
        self._doorbell = doorbell
        self._clock = clock
        self._manifests = manifests or ManifestCache(storage)
        self._retry_defaults = retry_defaults or RunRetryDefaults()

    def submit(self, request: SubmitRequest) -> Run:
        """Validate and queue a run; returns it as stored. Raises NotFound, StateError or ConfigError."""
        with self._events.transaction() as session:
            return self.submit_in(session, [request])[0]

    def submit_many(self, requests: Sequence[SubmitRequest]) -> list[Run]:
        """Queue many runs in one transaction: all or none."""
        with self._events.transaction() as session:
            return self.submit_in(session, requests)

    def submit_in(
        self, session: Session, requests: Sequence[SubmitRequest], definitions: LoadedManifest | None = None
    ) -> list[Run]:
        """Queue runs in the caller's transaction (a tick, a backfill). The caller rings `queue` after its commit.

        `definitions`: checked against these, whatever the location's active ones are.
        """
        now = self._clock.now()
        checker = _Checker(session, self._manifests, now, definitions)
        runs: list[Run] = []
        pairs: list[tuple[Run, Sequence[Event]]] = []
        bulk: list[Run] = []
        for asked in requests:
            request = msgspec.structs.replace(asked, target=with_range(asked.target, asked.tags))
            checked, keys = checker.check(request)
            run = self._run(request, checked, now, retried=definitions is None)
            if request.idempotency_key is not None:
                stored = session.runs.add([run], request.idempotency_key)[0]
                if stored.run_id != run.run_id:
                    runs.append(stored)
                    continue
            else:
                bulk.append(run)
            runs.append(run)
            plans = planned(checked.loaded.graph, checked.asset_keys, checked.check_keys, keys, now)
            pairs.append((run, [RunQueued(at=now), *plans]))
        if bulk:
            session.runs.add(bulk)
        after = {run.run_id: run for run in self._events.append_controls(session, pairs)}
        return [after.get(run.run_id, run) for run in runs]

    def cancel(
        self, run_id: str, by: str = "", *, force: bool = False, reason: str = "", epoch: int | None = None
    ) -> Run:
        """Ask for the end of a run. A queued one has ended when this returns, and one that is to be resumed by a worker
        that nobody has begun to start; a finished one stays as it is, but is not repeated by itself any more; so does
        one under another epoch than `epoch`.

        Others become `canceling`: the order reaches the worker with its next heartbeat, the monitor sees to the rest.
        `force`: the worker is killed without being asked, and not waited for where it cannot be reached. `reason`: see
        `RunCanceling.reason`; a run that is being ended for a reason is cancelled when somebody wishes it.
        """
        with self._events.transaction() as session:
            run = self._get(session, run_id)
            if run.is_finished and run.retry_at is not None and not reason:
                run = stopped(run, f"stopped by {by}" if by else "stopped")
                session.runs.put(run)
            known = bool(reason) or not run.cancel_reason
            asked = run.status is RunStatus.CANCELING and known and run.cancel_forced >= force
            if run.is_finished or asked or (epoch is not None and epoch != run.epoch):
                return run
            now, is_idle = self._clock.now(), has_no_worker(session, run)
            asks = RunCanceling(at=now, by=by, reason=reason, force=force)
            run = self._events.append_control(session, run, asks)
            if is_idle:
                run = self._end(session, run, RunCanceled(at=now))
        self._doorbell.ring("cancel")
        return run

    def retry(
        self,
        run_id: str,
        strategy: str = "from_failure",
        by: str = "",
        idempotency_key: str | None = None,
        *,
        how: Rerun | None = None,
    ) -> Run:
        """Queue a run that repeats a finished one: `all` of it, or `from_failure`; `how` says more and comes first.
        Partition and priority are kept. It takes the place of a retry that would have come by itself.

        Raises Conflict when the run has not ended or nothing is left to do, NotFound when its definitions are gone.
        """
        rerun = how or Rerun(strategy=strategy)
        with self._events.transaction() as session:
            parent = self._get(session, run_id)
            request = repeating(session, self._manifests, parent, rerun, Trigger("retry", by))
            run = self.submit_in(session, [msgspec.structs.replace(request, idempotency_key=idempotency_key)])[0]
            if parent.retry_at is not None:
                session.runs.put(stopped(parent, f"run {run.run_id} repeats it"))
        return run

    def mark_starting(self, session: Session, run: Run) -> Run:
        """Claim a run for a launch, in the caller's transaction: status starting, under a new epoch.

        `run` is as it was read before; returns the run with its new epoch. Raises Fenced when it has changed since:
        somebody else launches it, its worker speaks, or it has ended.
        """
        current = self._get(session, run.run_id)
        launchable = current.status in {RunStatus.QUEUED, RunStatus.STARTING}
        heard = current.last_heard_at != run.last_heard_at
        if not launchable or current.epoch != run.epoch or current.worker is not None or heard:
            raise Fenced(f"run {run.run_id} is {current.status.value} under epoch {current.epoch}: not ours to launch")
        starting = RunStarting(at=self._clock.now(), epoch=current.epoch + 1, resumes=current.resumes > 0)
        return self._events.append_control(session, current, starting)

    def mark_launched(self, run_id: str, epoch: int, ref: WorkerRef, claimed_by: str | None = None) -> Run:
        """Record the worker of an epoch. Raises Fenced when epoch or run have ended: then the worker is to end too.

        `claimed_by`: owner of the launch's lease, which has done its work.
        """
        with self._events.transaction() as session:
            run = self._get(session, run_id)
            if run.epoch != epoch or run.is_finished:
                raise Fenced(f"run {run_id} is {run.status.value} under epoch {run.epoch}; epoch {epoch} is over")
            worker = msgspec.to_builtins(ref)
            event = RunWorkerLaunched(at=self._clock.now(), epoch=epoch, launcher=ref.launcher, worker=worker)
            run = self._events.append_control(session, run, event)
            if claimed_by is not None:
                session.leases.drop(launch_lease(run_id), claimed_by)
        self._doorbell.ring("launched")
        return run

    def fail(
        self, run_id: str, reason: str, message: str = "", *, error: ErrorInfo | None = None, epoch: int | None = None
    ) -> Run:
        """Fail a run from outside, with the steps that it has open. A finished run, or one under another epoch than
        `epoch`, stays as it is.
        """
        error = error or (error_of(reason, message) if message else None)
        failed = RunFailed(at=self._clock.now(), reason=reason, message=message, error=error)
        return self.finish(run_id, failed, epoch=epoch)

    def finish(self, run_id: str, end: RunFailed | RunCanceled, *before: Event, epoch: int | None = None) -> Run:
        """End a run from outside, after `before` and the ends of the steps that it has open. A finished run, or one
        under another epoch than `epoch`, stays as it is.
        """
        with self._events.transaction() as session:
            run = self._get(session, run_id)
            if run.is_finished or (epoch is not None and epoch != run.epoch):
                return run
            run = self._end(session, run, end, *before)
        if run.retry_at is not None:
            self._doorbell.ring("retries")
        return run

    def _end(self, session: Session, run: Run, end: RunFailed | RunCanceled, *before: Event) -> Run:
        (meant,) = as_meant(run, [end])
        steps = closing(session, run, meant) if isinstance(meant, (RunFailed, RunCanceled)) else []
        return self._events.append_control(session, run, *before, *steps, meant)

    def resume(self, run_id: str, message: str, cause: str, *, epoch: int) -> Run:
        """Have another worker go on where the one of `epoch` has stopped; `cause`: `crash` or `lost`. What was under
        way is told to be repeated. The queue starts the worker. A finished run stays as it is, and so does
        one that is to end, or is under another epoch.
        """
        with self._events.transaction() as session:
            run = self._get(session, run_id)
            if run.is_finished or epoch != run.epoch or run.status is RunStatus.CANCELING:
                return run
            now = self._clock.now()
            error = error_of("worker_died" if cause == "crash" else "worker_lost", message)
            told = EngineMessage(at=now, level="warning", message=f"another worker goes on: {message}")
            starting = RunStarting(at=now, epoch=run.epoch + 1, resumes=True)
            steps = interrupted(session, run, now, error, cause)
            return self._events.append_control(session, run, told, *steps, starting)

    def record(self, run_id: str, *events: Event, epoch: int | None = None) -> Run:
        """Append events of the control plane. A finished run, or one under another epoch, stays as it is."""
        with self._events.transaction() as session:
            run = self._get(session, run_id)
            if run.is_finished or (epoch is not None and epoch != run.epoch):
                return run
            return self._events.append_control(session, run, *events)

    def delete(self, run_id: str) -> None:
        """Delete a finished run with its events; what it made stays true. Raises Conflict while it goes on."""
        with self._events.transaction() as session:
            run = self._get(session, run_id)
            if not run.is_finished:
                raise Conflict(
                    f"run {run_id} is {run.status.value}: cancel it, or wait for its end, before deleting it"
                )
            session.runs.delete(run_id)

    def _run(self, request: SubmitRequest, checked: validation.CheckedTarget, now: datetime, *, retried: bool) -> Run:
        """`retried`: False for a run that no daemon could repeat, since a script executes its own definitions."""
        tags = {**checked.job.tags_of_runs, **_partition_tags(request.target, checked), **request.tags}
        told_runtime(tags)
        policy = policy_of(checked.job.run_retry_policy, tags, self._retry_defaults)
        pools, first_pools = pools_of(checked.plan)
        return Run(
            run_id=request.run_id or self._clock.new_id(),
            target=request.target,
            created_at=now,
            trigger=request.trigger,
            config=validation.merged(checked.job.config, request.config) if checked.job.config else request.config,
            tags=tags,
            retry_policy=policy if retried else None,
            user_retries=request.user_retries,
            infrastructure_retries=request.infrastructure_retries,
            pools=pools,
            first_pools=first_pools,
            priority=request.priority or priority_of(tags),
            parent_run_id=request.parent_run_id,
            root_run_id=request.root_run_id,
            backfill_id=request.backfill_id,
            output_origins=request.output_origins,
            manifest_hash=checked.loaded.manifest_hash,
        )

    @staticmethod
    def _get(session: Session, run_id: str) -> Run:
        run = session.runs.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id!r}")
        return run


def has_no_worker(session: Session, run: Run) -> bool:
    """Whether nothing executes the run, and nobody is about to start anything that does: it is queued, or waits for the
    first claim of its resume.
    """
    if run.status is RunStatus.STARTING and run.worker is None and run.resumes > 0:
        return all(lease.name != launch_lease(run.run_id) for lease in session.leases.all())
    return run.status is RunStatus.QUEUED


def _partition_tags(target: RunTarget, checked: validation.CheckedTarget) -> dict[str, str]:
    """What the target alone does not tell of its partition: the names of the dimensions."""
    tags: dict[str, str] = {}
    if target.partition_key is not None:
        for name in checked.keyed_by:
            tags |= dimension_tags(checked.loaded.manifest.partitions[name], target.partition_key)
    return tags


class _Checker:
    """Validates requests; what they have in common (all but the partition) is checked once."""

    def __init__(
        self, session: Session, manifests: ManifestCache, now: datetime, definitions: LoadedManifest | None
    ) -> None:
        self._session = session
        self._definitions = definitions
        self._manifests = manifests
        self._now = now
        self._checked: dict[RunTarget, validation.CheckedTarget] = {}
        self._keys: dict[str, Sequence[str]] = {}
        self._last_config: tuple[validation.CheckedTarget, dict[str, Any]] | None = None

    def _dynamic(self, name: str) -> Sequence[str]:
        if name not in self._keys:
            self._keys[name] = self._session.partitions.dynamic(name)
        return self._keys[name]

    def check(self, request: SubmitRequest) -> tuple[validation.CheckedTarget, tuple[str, ...]]:
        common = msgspec.structs.replace(request.target, partition_key=None, partition_range=None)
        checked = self._checked.get(common) if not request.output_origins else None
        if checked is None:
            loaded = self._definitions or self._manifests.location(common.location, self._session)
            known = known_items(request.output_origins)
            required = self._definitions is None  # a script may run what turns out to be nothing
            checked = self._checked[common] = validation.check_target(loaded, common, known, required=required)
        if self._last_config != (checked, request.config):
            validation.check_config(checked, request.config)
            self._last_config = (checked, request.config)
        # A script may run partitioned assets that never ask for their partition; what is launched must say it.
        required = self._definitions is None
        keys = validation.partition_keys(checked, request.target, self._now, self._dynamic, required=required)
        return checked, keys
