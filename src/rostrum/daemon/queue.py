"""The queue loop: admits queued runs and launches their workers.

Admission is one transaction that also renews the loop's lease: limits hold over any number of daemons, and the new
epoch that it gives a run makes a second launch impossible. The launch itself happens outside of it, in a small pool, so
that a slow launch stalls no other. What a crash leaves half-done (a run starting without a worker) is found again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from rostrum.control.runs import Runs
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.launching import GatewayAddress, Launcher, LaunchSpec, WorkerRef
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import ErrorInfo, Fenced, RostrumError, Unavailable
from rostrum.model.events import EngineMessage, RunCanceled
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.queue import QueueLimits, QueueSnapshot, admit, order
from rostrum.service.loops import describe
from rostrum.service.pools import Pool

_log = logging.getLogger(__name__)

LEASE = "loop/queue"


class LaunchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every launch needs beside the run."""

    gateway: GatewayAddress
    mint_token: Callable[[Run], str]
    """Makes the run token: short-lived, for this run and epoch."""
    spool_dir: Callable[[Run], str]
    """Directory where the worker of this run and epoch spools."""
    environment: dict[str, str] = {}


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the loop behaves; times in seconds."""

    limits: QueueLimits = QueueLimits()
    lease_seconds: float = 5.0
    idle_seconds: float = 5.0
    """Pause when nothing rings."""
    orphan_seconds: float = 15.0
    """A run that is starting for so long without a worker, and that nobody here launches, was left by a dead daemon."""
    retry_seconds: float = 1.0
    """Before the second attempt of a launch; doubles up to a minute."""
    max_attempts: int = 10
    batch: int = 200
    """Most runs admitted in one transaction."""


class QueueLoop:
    """Admits and launches. `run_once` is called by one thread; launches report from the pool's threads."""

    def __init__(
        self,
        storage: Storage,
        runs: Runs,
        launcher: Launcher,
        doorbell: Doorbell,
        clock: Clock,
        launch: LaunchSettings,
        settings: QueueSettings | None = None,
        *,
        owner: str | None = None,
        threads: int = 4,
    ) -> None:
        self._storage = storage
        self._runs = runs
        self._launcher = launcher
        self._doorbell = doorbell
        self._clock = clock
        self._launch_settings = launch
        self._settings = settings or QueueSettings()
        self._owner = owner or clock.new_id()
        self._pool = Pool(threads, "launch") if threads else None
        self._lock = threading.Lock()
        self._launching: set[str] = set()
        self._retry_at: dict[str, datetime] = {}

    def run_once(self, now: datetime) -> float:
        """Admit what may start and hand it to the pool; returns the seconds until the next look is due."""
        with self._storage.begin() as session:
            wanted = self._wanted(session, now)
        if wanted:
            for run in self._claim(now):
                self._hand_over(run)
        with self._lock:
            next_retry = min(self._retry_at.values(), default=now + timedelta(seconds=self._settings.idle_seconds))
        return max(0.05, min(self._settings.idle_seconds, (next_retry - self._clock.now()).total_seconds()))

    def close(self) -> None:
        """Wait for the launches under way, for some seconds."""
        if self._pool is not None:
            self._pool.close()

    def _wanted(self, session: Session, now: datetime) -> bool:
        """Say whether there is anything to do, by reading alone: an idle daemon never writes."""
        in_progress = session.runs.in_progress()
        if any(self._is_to_launch(run, now) or self._is_to_cancel(run) for run in in_progress):
            return True
        limits = self._settings.limits
        full = 0 <= limits.max_concurrent_runs <= len(in_progress)
        queued: Sequence[Run] = [] if full else session.runs.queued(self._fetch(in_progress))
        return bool(admit(QueueSnapshot(queued=queued, in_progress=in_progress, limits=limits), now).admitted)

    def _claim(self, now: datetime) -> list[Run]:
        """One transaction: which runs are ours to launch now, each under a new epoch."""
        claimed: list[Run] = []
        with self._storage.begin(write=True) as session:
            if session.leases.acquire(LEASE, self._owner, self._settings.lease_seconds) is None:
                return []
            in_progress = session.runs.in_progress()
            queued = session.runs.queued(self._fetch(in_progress))
            limits = self._settings.limits
            decision = admit(QueueSnapshot(queued=queued, in_progress=in_progress, limits=limits), now)
            by_id = {run.run_id: run for run in queued}
            again = [run for run in order(in_progress) if self._is_to_launch(run, now)]
            for run in [*again, *(by_id[run_id] for run_id in decision.admitted)][: self._settings.batch]:
                try:
                    claimed.append(self._runs.mark_starting(session, run))
                except Fenced:
                    continue  # cancelled or launched since it was read
        for run in in_progress:
            if self._is_to_cancel(run):
                self._forget(run.run_id)
                self._runs.record(run.run_id, RunCanceled(at=now), epoch=run.epoch)
        if claimed:
            self._doorbell.ring("runs")
            self._doorbell.ring("events")
        return claimed

    def _fetch(self, in_progress: Sequence[Run]) -> int:
        """How many queued runs can matter: with tag limits any may be the one that fits."""
        limits = self._settings.limits
        if limits.tag_limits:
            return 100_000
        if limits.max_concurrent_runs < 0:
            return self._settings.batch
        return min(self._settings.batch, max(0, limits.max_concurrent_runs - len(in_progress)))

    def _is_to_launch(self, run: Run, now: datetime) -> bool:
        """A starting run without a worker: ours whose next attempt is due, or one that a dead daemon left."""
        if run.status is not RunStatus.STARTING or run.worker is not None:
            return False
        with self._lock:
            if run.run_id in self._launching:
                return False
            retry_at = self._retry_at.get(run.run_id)
        if retry_at is not None:
            return now >= retry_at
        since = run.last_heard_at or run.created_at
        return (now - since).total_seconds() >= self._settings.orphan_seconds

    def _is_to_cancel(self, run: Run) -> bool:
        """Cancelled between two attempts to launch: there is no worker to wait for."""
        with self._lock:
            return run.status is RunStatus.CANCELING and run.worker is None and run.run_id in self._retry_at

    def _hand_over(self, run: Run) -> None:
        with self._lock:
            self._launching.add(run.run_id)
            self._retry_at.pop(run.run_id, None)
        if self._pool is None:
            self._launch(run)
        else:
            self._pool.submit(lambda: self._launch(run))

    def _launch(self, run: Run) -> None:
        """Launch one claimed run. Reports every outcome; raises nothing (it is the bottom of a pool's thread)."""
        try:
            self._start_worker(run)
            self._forget(run.run_id)
        except Unavailable as error:
            self._postpone(run, error)
        except Exception as error:  # noqa: BLE001 - the boundary of this thread; told as the run's failure
            self._give_up(run, error)
        finally:
            with self._lock:
                self._launching.discard(run.run_id)
            self._doorbell.ring("queue")

    def _start_worker(self, run: Run) -> None:
        if run.epoch > 1:
            self._end_earlier(run)
        settings = self._launch_settings
        spec = LaunchSpec(
            run=run,
            epoch=run.epoch,
            gateway=settings.gateway,
            token=settings.mint_token(run),
            spool_dir=settings.spool_dir(run),
            environment=settings.environment,
            labels={"run_id": run.run_id, "job": run.target.job},
        )
        ref = self._launcher.launch(spec)
        try:
            self._runs.mark_launched(run.run_id, run.epoch, ref)
        except Fenced as error:
            _log.info("worker of run %s ends at once: %s", run.run_id, error)
            self._end(ref)
        except Unavailable:
            # The worker runs; who it is will be found by adopting it.
            _log.warning("run %s was launched, but that could not be recorded", run.run_id, exc_info=True)

    def _end_earlier(self, run: Run) -> None:
        """A worker of an earlier epoch may live (its launch was not answered): two at once would do user work twice."""
        for ref in self._launcher.adopt([run.run_id]):
            if ref.epoch < run.epoch:
                self._end(ref)

    def _end(self, ref: WorkerRef) -> None:
        try:
            self._launcher.terminate(ref, force=True)
        except RostrumError as error:
            _log.warning("worker %s of run %s could not be ended: %s", ref.pid, ref.run_id, error)

    def _postpone(self, run: Run, error: Unavailable) -> None:
        if run.epoch >= self._settings.max_attempts:
            self._give_up(run, error)
            return
        pause = min(60.0, self._settings.retry_seconds * 2 ** min(run.epoch - 1, 10)) * (
            0.75 + self._clock.random() / 2
        )
        with self._lock:
            self._retry_at[run.run_id] = self._clock.now() + timedelta(seconds=pause)
        message = f"launch attempt {run.epoch} failed, the next one follows in {pause:.0f} s: {error}"
        self._tell(run, EngineMessage(at=self._clock.now(), level="warning", message=message))

    def _give_up(self, run: Run, error: Exception) -> None:
        info: ErrorInfo = describe(error)
        if not isinstance(error, RostrumError):
            _log.error("launch of run %s failed", run.run_id, exc_info=error)
        message = f"the run worker could not be launched: {error}"
        try:
            self._runs.fail(run.run_id, "launch_failure", message, error=info, epoch=run.epoch)
            self._forget(run.run_id)
        except Unavailable:
            # The database is away: the run is still starting, so it is looked at again.
            with self._lock:
                self._retry_at[run.run_id] = self._clock.now() + timedelta(seconds=self._settings.retry_seconds)

    def _tell(self, run: Run, event: EngineMessage) -> None:
        try:
            self._runs.record(run.run_id, event, epoch=run.epoch)
        except RostrumError as error:
            _log.warning("%s (run %s; not recorded: %s)", event.message, run.run_id, error)

    def _forget(self, run_id: str) -> None:
        with self._lock:
            self._retry_at.pop(run_id, None)
