"""The queue loop: admits queued runs and launches their workers.

Admission is one transaction, and one at a time: limits hold over any number of daemons, and the new epoch that it
gives a run makes a second launch impossible. No daemon leads, so that none has to be found dead before another one
admits. The launch itself happens outside of it, in a small pool, so that a slow launch stalls no other. While a daemon
launches a run it holds a lease on it. What a crash leaves half-done (a run starting without a worker, and without a
living daemon) is taken up again, with the worker that it may have.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from rostrum.control.runs import Runs
from rostrum.control.waiting import queue_snapshot
from rostrum.daemon.claims import LaunchClaims
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.interfaces.launching import GatewayAddress, Launcher, LaunchSpec, WorkerRef
from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import ErrorInfo, Fenced, NotFound, RostrumError, Unavailable
from rostrum.model.events import EngineMessage, RunCanceled
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.pools import NO_RULES
from rostrum.planning.queue import QueueLimits, admit, order
from rostrum.service.loops import describe
from rostrum.service.pools import Pool

_log = logging.getLogger(__name__)

_ADMISSION = "admission"
"""Name of the lock that the transactions of all daemons take which admit runs."""
_ALL = 100_000
"""Most queued runs that are looked at."""


class LaunchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every launch needs beside the run."""

    gateway: GatewayAddress
    mint_token: Callable[[Run], str]
    """Makes the run token: short-lived, for this run and epoch."""
    spool_dir: Callable[[Run], str]
    """Directory where the worker of this run and epoch spools."""
    environment: dict[str, str] = {}
    executor: dict[str, Any] | None = None
    """As `LaunchSpec.executor`."""
    code: Callable[[Run], dict[str, Any] | None] = lambda _run: None
    """What the run's worker is to import, as `LaunchSpec.code`."""


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the loop behaves; times in seconds."""

    limits: QueueLimits = QueueLimits()
    idle_seconds: float = 5.0
    """Pause when nothing rings."""
    launch_lease_seconds: float = 10.0
    """A daemon that launches a run holds it for so long, and renews that: when it dies, another one goes on then."""
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
        self._claims = LaunchClaims(storage, clock, self._owner, self._settings.launch_lease_seconds)
        self._pool = Pool(threads, "launch") if threads else None
        self._is_swept = False

    def run_once(self, now: datetime) -> float:
        """Admit what may start and hand it to the pool; returns the seconds until the next look is due."""
        if not self._is_swept:
            self._claims.sweep()
            self._is_swept = True
        self._claims.renew(now)
        with self._storage.begin() as session:
            in_progress = session.runs.in_progress()
            wanted = self._wanted(session, in_progress, now)
        self._claims.release(self._claims.over(in_progress))
        if wanted:
            for run, is_new in self._claim(now):
                self._hand_over(run, is_new)
        return max(0.05, self._claims.seconds_until(self._clock.now(), self._settings.idle_seconds))

    def close(self) -> None:
        """Wait for the launches under way, for some seconds."""
        if self._pool is not None:
            self._pool.close()

    def _wanted(self, session: Session, in_progress: Sequence[Run], now: datetime) -> bool:
        """Say whether there is anything to do, by reading alone: an idle daemon never writes."""
        if self._claims.due(session, in_progress, now) or any(self._is_to_cancel(run) for run in in_progress):
            return True
        limits = self._settings.limits
        full = 0 <= limits.max_concurrent_runs <= len(in_progress)
        queued: Sequence[Run] = [] if full else self._queued(session, in_progress)
        return bool(queued) and bool(admit(queue_snapshot(session, limits, queued, in_progress), now).admitted)

    def _claim(self, now: datetime) -> list[tuple[Run, bool]]:
        """One transaction: which runs are ours to launch now, new ones (True) under their first epoch."""
        refused: list[tuple[Run, Exception]] = []
        with self._storage.begin(write=True) as session:
            session.leases.lock(_ADMISSION)
            in_progress = session.runs.in_progress()
            claimed: list[tuple[Run, bool]] = []
            for run in order(self._claims.due(session, in_progress, now)):
                # Under the epoch of a resume nothing has been launched before its first claim.
                fresh = run.resumes > 0 and not self._claims.is_waiting(run.run_id)
                lease = self._claims.take(session, run.run_id)
                if lease is not None:
                    claimed.append((run, fresh and lease.epoch == 1))
            claimed += [(run, True) for run in self._admit(session, in_progress, now, refused)]
        for run, error in refused:
            self._give_up(run, error)
        for run in in_progress:
            if self._is_to_cancel(run):
                self._cancel(run, now)
        if any(is_new for _, is_new in claimed):
            self._doorbell.ring("runs")
            self._doorbell.ring("events")
        return claimed

    def _admit(
        self, session: Session, in_progress: Sequence[Run], now: datetime, refused: list[tuple[Run, Exception]]
    ) -> list[Run]:
        """The new ones. `refused` gets those that cannot be begun, whatever is wrong with them: the first in the queue
        must not keep the others waiting for ever.
        """
        limits = self._settings.limits
        queued = self._queued(session, in_progress)
        decision = admit(queue_snapshot(session, limits, queued, in_progress), now)
        by_id = {run.run_id: run for run in queued}
        admitted: list[Run] = []
        for run in [by_id[run_id] for run_id in decision.admitted][: self._settings.batch]:
            try:
                starting = self._runs.mark_starting(session, run)
            except Fenced:
                continue  # cancelled since it was read
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - told as the run's failure
                refused.append((run, error))
                continue
            self._claims.take(session, run.run_id)
            admitted.append(starting)
        return admitted

    def _queued(self, session: Session, in_progress: Sequence[Run]) -> Sequence[Run]:
        """Queued runs that can matter: with limits of tags or pools any may be the one that fits."""
        limits, most = self._settings.limits, self._settings.batch
        if limits.max_concurrent_runs >= 0:
            most = min(most, max(0, limits.max_concurrent_runs - len(in_progress)))
        queued = session.runs.queued(most)
        if len(queued) == most and (limits.tag_limits or limits.pools != NO_RULES or session.pools.limits()):
            return session.runs.queued(_ALL)
        return queued

    def _cancel(self, run: Run, now: datetime) -> None:
        try:
            self._runs.finish(run.run_id, RunCanceled(at=now), epoch=run.epoch)
            self._claims.release([run.run_id])
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - one run must not keep the others waiting
            _log.exception("run %s could not be ended", run.run_id)

    def _is_to_cancel(self, run: Run) -> bool:
        """Cancelled between two attempts to launch: there is no worker to wait for."""
        return run.status is RunStatus.CANCELING and run.worker is None and self._claims.is_waiting(run.run_id)

    def _hand_over(self, run: Run, is_new: bool) -> None:
        self._claims.begin(run.run_id)
        if self._pool is None:
            self._launch(run, is_new)
        else:
            self._pool.submit(lambda: self._launch(run, is_new))

    def _launch(self, run: Run, is_new: bool) -> None:
        """Launch one claimed run. Reports every outcome; raises nothing (it is the bottom of a pool's thread)."""
        try:
            ours = run if is_new else self._take_up(run)
            if ours is not None and self._is_current(ours):
                run = ours
                self._record(run, self._start_worker(run))
        except Unavailable as error:
            self._postpone(run, error)
        except Exception as error:  # noqa: BLE001 - the boundary of this thread; told as the run's failure
            self._give_up(run, error)
        finally:
            self._claims.end(run.run_id)
            self._doorbell.ring("queue")

    def _take_up(self, run: Run) -> Run | None:
        """Go on with a launch that was begun: with the worker that has come of it unheard, or (the run is returned)
        under a new epoch, which shuts out any worker that may still come of it.
        """
        for ref in self._begun(run):
            if ref.epoch == run.epoch and ref.step_key is None:
                self._record(run, ref)
                return None
            if ref.epoch < run.epoch:
                self._end(ref)
        try:
            with self._storage.begin(write=True) as session:
                return self._runs.mark_starting(session, run)
        except (Fenced, NotFound) as error:
            _log.info("run %s is not launched again: %s", run.run_id, error)
            self._claims.release([run.run_id])
            return None

    def _begun(self, run: Run) -> Sequence[WorkerRef]:
        """Workers that have come of earlier attempts; none while nobody can be asked: the new epoch shuts them out."""
        try:
            return self._launcher.adopt([run.run_id])
        except Unavailable as error:
            _log.warning("run %s may have a worker that nobody can be asked about: %s", run.run_id, error)
            return ()

    def _is_current(self, run: Run) -> bool:
        """Ask once more, just before the launch: it may have waited for a thread, or this process may have slept."""
        with self._storage.begin() as session:
            current = session.runs.get(run.run_id)
        if current is None or current.is_finished or current.epoch != run.epoch:
            self._claims.release([run.run_id])
            return False
        if current.status is RunStatus.CANCELING:
            self._runs.finish(run.run_id, RunCanceled(at=self._clock.now()), epoch=run.epoch)
            self._claims.release([run.run_id])
            return False
        return True

    def _start_worker(self, run: Run) -> WorkerRef:
        settings = self._launch_settings
        spec = LaunchSpec(
            run=run,
            epoch=run.epoch,
            gateway=settings.gateway,
            token=settings.mint_token(run),
            spool_dir=settings.spool_dir(run),
            environment=settings.environment,
            labels={"run_id": run.run_id, "job": run.target.job},
            code=settings.code(run),
            executor=settings.executor,
        )
        return self._launcher.launch(spec)

    def _record(self, run: Run, ref: WorkerRef) -> None:
        """Record the worker and give the claim up, in one transaction; one that is not wanted any more is ended."""
        try:
            self._runs.mark_launched(run.run_id, run.epoch, ref, self._owner)
        except (Fenced, NotFound) as error:
            _log.info("worker of run %s ends at once: %s", run.run_id, error)
            self._end(ref)
            self._claims.release([run.run_id])
        except Unavailable:
            # The worker runs; the next attempt finds it.
            _log.warning("run %s was launched, but that could not be recorded", run.run_id, exc_info=True)
            self._claims.postpone(run.run_id, self._settings.retry_seconds)

    def _end(self, ref: WorkerRef) -> None:
        try:
            self._launcher.terminate(ref, force=True)
        except RostrumError as error:
            _log.warning("worker %s of run %s could not be ended: %s", ref.pid, ref.run_id, error)

    def _postpone(self, run: Run, error: Unavailable) -> None:
        attempt = max(1, run.epoch - run.resumes)  # each resume had an epoch at least
        if attempt >= self._settings.max_attempts:
            self._give_up(run, error)
            return
        pause = min(60.0, self._settings.retry_seconds * 2 ** min(attempt - 1, 10)) * (0.75 + self._clock.random() / 2)
        self._claims.postpone(run.run_id, pause)
        message = f"launch attempt {attempt} failed, the next one follows in {pause:.0f} s: {error}"
        self._tell(run, EngineMessage(at=self._clock.now(), level="warning", message=message))

    def _give_up(self, run: Run, error: Exception) -> None:
        info: ErrorInfo = describe(error)
        if not isinstance(error, RostrumError):
            _log.error("launch of run %s failed", run.run_id, exc_info=error)
        message = f"the run worker could not be launched: {error}"
        try:
            self._runs.fail(run.run_id, "launch_failure", message, error=info, epoch=run.epoch)
            self._claims.release([run.run_id])
        except Unavailable:
            # The database is away: the run is still starting, so it is looked at again.
            self._claims.postpone(run.run_id, self._settings.retry_seconds)
        except Exception:  # noqa: BLE001 - one run must not keep the others waiting
            _log.exception("run %s could not be failed", run.run_id)

    def _tell(self, run: Run, event: EngineMessage) -> None:
        try:
            self._runs.record(run.run_id, event, epoch=run.epoch)
        except RostrumError as error:
            _log.warning("%s (run %s; not recorded: %s)", event.message, run.run_id, error)
