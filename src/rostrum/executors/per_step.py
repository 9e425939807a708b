"""Executor that gives every attempt of a step a container or pod of its own, started by a `Launcher`: it knows no
library of containers. The container runs `rostrum step-worker`, which reports to the gateway itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from rostrum.executors.elsewhere import Elsewhere, lost
from rostrum.executors.mixed import Local, execute_mixed, processors
from rostrum.executors.places import Attempt, Ended, Reactor, Reports
from rostrum.executors.schedule import Rules
from rostrum.interfaces.execution import RemoteAttempt, RunHost, StepRunner
from rostrum.interfaces.launching import GatewayAccess, Launcher, LaunchSpec, StepLaunch, WorkerRef, WorkerStatus
from rostrum.model.errors import ErrorInfo, InvocationError, RostrumError, Unavailable
from rostrum.model.plans import Plan

MOST_AT_ONCE = 10
"""Containers at once, where nothing else is said."""
_LEAVING_SECONDS = 0.1
LOST_SECONDS = 120.0
"""So long it may be unknown whether a container lives, before it is given up."""
_CALLS = 8
"""Calls of the launcher at once: starting a container takes a while, and the loop does not wait."""
_LAUNCH_SECONDS = 60.0
"""So long a launch is repeated while the engine does not answer."""
_log = logging.getLogger(__name__)


class PerStepExecutor:
    """Runs steps in containers that `launcher` starts, at most `max_concurrent` at once. They get `environment` beside
    what the launcher gives them. `look_seconds`: how often the launcher is asked how they are. Others as in
    `DaskExecutor`.
    """

    isolates = True

    def __init__(
        self,
        launcher: Launcher,
        *,
        name: str = "container",
        max_concurrent: int | None = None,
        grace_seconds: float = 20.0,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
        retries: bool = True,
        require_upstream_step_success: bool = True,
        infrastructure_retries: int | None = 2,
        environment: Mapping[str, str] | None = None,
        look_seconds: float = 2.0,
    ) -> None:
        if max_concurrent is not None and max_concurrent < 1:
            raise InvocationError(f"max_concurrent is {max_concurrent}; give a number from 1.")
        self.launcher, self.name = launcher, name
        self.max_concurrent = max_concurrent or MOST_AT_ONCE
        self.grace_seconds, self.retries = grace_seconds, retries
        self.tag_concurrency_limits, self.infrastructure_retries = tag_concurrency_limits, infrastructure_retries
        self.require_upstream_step_success = require_upstream_step_success
        self.environment, self.look_seconds = dict(environment or {}), look_seconds

    def execute(self, plan: Plan, runner: StepRunner, host: RunHost) -> bool:
        """See `interfaces.execution.Executor`."""
        rules = Rules(
            retries=self.retries,
            infrastructure_retries=self.infrastructure_retries,
            tag_concurrency_limits=self.tag_concurrency_limits,
            require_upstream_step_success=self.require_upstream_step_success,
            grace_seconds=self.grace_seconds,
        )
        # There are threads here: processes beside the containers are started, never forked.
        local = Local(max_concurrent=processors(), start_method="spawn")
        others = {"container": lambda: PerStepPlace(self, runner, host)}
        return execute_mixed(plan, runner, host, "container", rules, local, others)


class _Worker:
    """A container, or what is to become one."""

    __slots__ = ("asked", "attempt", "is_unwanted", "leaves_at", "looked_at", "ref", "unknown_since")

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.ref: WorkerRef | None = None
        self.is_unwanted = False
        self.asked = False
        """The launcher is being asked how it is."""
        self.looked_at = self.leaves_at = time.monotonic()
        self.unknown_since: float | None = None


class PerStepPlace:
    """See `places.Place`."""

    name = "container"
    tells_limits = True

    def __init__(self, executor: PerStepExecutor, runner: StepRunner, host: RunHost) -> None:
        self._executor, self._launcher, self._clock = executor, executor.launcher, host.clock
        self._elsewhere = Elsewhere(self.name, runner, host, self._told_end)
        self._workers: dict[str, _Worker] = {}
        """By key of the step."""
        self._leaving: list[_Worker] = []
        """They have told how their attempt ended, and deliver the rest of its output."""
        self._pool = ThreadPoolExecutor(_CALLS, thread_name_prefix="rostrum-launcher")
        self._stop = threading.Event()
        self._is_tidy = False

    def open(self, reports: Reports, reactor: Reactor) -> None:
        """See `places.Place`. Raises InvocationError without a gateway."""
        self._elsewhere.open(reports, reactor)

    def has_room(self) -> bool:
        """See `places.Place`."""
        return len(self._workers) + len(self._leaving) < self._executor.max_concurrent

    def start(self, attempt: Attempt) -> None:
        """See `places.Place`."""
        remote, access = self._elsewhere.begin(attempt)
        worker = self._workers[attempt.step.key] = _Worker(attempt)
        self._pool.submit(self._launch, worker, self._spec(attempt, remote, access))

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """See `places.Place`. The worker hears of a cancel, and keeps time limits, by itself."""
        worker = self._workers.get(attempt.step.key)
        if worker is None or level < 2:
            return
        if worker.ref is None:
            worker.is_unwanted = True
        else:
            self._pool.submit(self._terminate, worker.ref, force=level > 2)
        if level > 2:
            self._settle(worker, lost("The container of this step was killed."))

    def look(self) -> None:
        """See `places.Place`."""
        now = time.monotonic()
        for worker in (*self._workers.values(), *self._leaving):
            if worker.ref is not None and not worker.asked and now - worker.looked_at >= self._executor.look_seconds:
                worker.asked = True
                self._pool.submit(self._inspect, worker, worker.ref)

    def close(self) -> None:
        """See `places.Place`."""
        self._elsewhere.close()
        self._stop.set()
        self._wait_for_leaving()
        for worker in (*self._workers.values(), *self._leaving):
            worker.is_unwanted = True
            if worker.ref is not None:
                self._pool.submit(self._terminate, worker.ref, force=True)
        self._workers.clear()
        self._pool.shutdown(wait=True)

    def _wait_for_leaving(self) -> None:
        """The last output of the last steps is under way."""
        until, never = time.monotonic() + self._executor.grace_seconds, threading.Event()
        while self._leaving and time.monotonic() < until:
            self._leaving = [worker for worker in self._leaving if worker.ref is not None and self._lives(worker.ref)]
            if self._leaving:
                self._clock.wait(never, _LEAVING_SECONDS)

    def _lives(self, ref: WorkerRef) -> bool:
        try:
            return self._launcher.inspect(ref).state == "running"
        except RostrumError:
            return False

    def _spec(self, attempt: Attempt, remote: RemoteAttempt, access: GatewayAccess) -> LaunchSpec:
        step = attempt.step
        return LaunchSpec(
            run=remote.run,
            epoch=remote.run.epoch,
            gateway=access.address,
            token=access.token,
            spool_dir="",
            environment=self._executor.environment,
            code=remote.code,
            step=StepLaunch(step_key=step.key, attempt=attempt.number, work=remote.work, tags=step.tags),
        )

    # --- in threads, which only call the launcher
    # ---------------------------------------------------------------------

    def _launch(self, worker: _Worker, spec: LaunchSpec) -> None:
        self._tidy(spec)
        until, delay = time.monotonic() + _LAUNCH_SECONDS, 0.5
        while not self._stop.is_set():
            try:
                ref = self._launcher.launch(spec)
                self._elsewhere.call(partial(self._launched, worker, ref))
                if self._stop.is_set():
                    self._terminate(ref, force=True)
                return
            except Unavailable as error:
                if time.monotonic() + delay > until:
                    self._elsewhere.call(partial(self._not_launched, worker, error))
                    return
                self._clock.wait(self._stop, delay)
                delay = min(2 * delay, 8.0)
            except RostrumError as error:
                self._elsewhere.call(partial(self._not_launched, worker, error))
                return

    def _tidy(self, spec: LaunchSpec) -> None:
        """Containers that an earlier worker of the run has left are not wanted: their events change nothing."""
        if self._is_tidy:
            return
        self._is_tidy = True
        try:
            left = [ref for ref in self._launcher.adopt([spec.run.run_id]) if ref.step_key and ref.epoch < spec.epoch]
        except RostrumError as error:
            _log.warning("containers that may be left of an earlier worker are not looked for: %s", error)
            return
        for ref in left:
            self._terminate(ref, force=True)

    def _terminate(self, ref: WorkerRef, *, force: bool) -> None:
        try:
            self._launcher.terminate(ref, force=force)
        except RostrumError as error:
            _log.warning("the container of step %s could not be ended: %s", ref.step_key, error)

    def _inspect(self, worker: _Worker, ref: WorkerRef) -> None:
        try:
            status = self._launcher.inspect(ref)
        except RostrumError as error:
            status = WorkerStatus(state="unknown", reason=str(error))
        self._elsewhere.call(partial(self._seen, worker, status))

    # --- in the loop's thread
    # -----------------------------------------------------------------------------------------

    def _launched(self, worker: _Worker, ref: WorkerRef) -> None:
        worker.ref = ref
        if self._workers.get(worker.attempt.step.key) is not worker or worker.is_unwanted:
            self._pool.submit(self._terminate, ref, force=True)
            self._settle(worker, lost("The container of this step was not wanted any more when it had started."))
            return
        self._elsewhere.started(worker.attempt, worker=ref.host or str(ref.pid))

    def _told_end(self, attempt: Attempt) -> None:
        worker = self._workers.pop(attempt.step.key, None)
        if worker is not None:
            worker.leaves_at = time.monotonic()
            worker.looked_at = worker.leaves_at - self._executor.look_seconds
            self._leaving.append(worker)

    def _not_launched(self, worker: _Worker, error: RostrumError) -> None:
        what = f"The container of this step could not be started: {error}"
        info = ErrorInfo(class_name=type(error).__name__, message=what, code=error.code)
        self._settle(worker, Ended(cause="lost" if error.retryable else "user", error=info))

    def _seen(self, worker: _Worker, status: WorkerStatus) -> None:
        now = time.monotonic()
        worker.asked, worker.looked_at = False, now
        if worker in self._leaving:
            if status.state == "exited":
                self._leaving.remove(worker)
            elif now - worker.leaves_at >= LOST_SECONDS and worker.ref is not None:
                self._pool.submit(self._terminate, worker.ref, force=True)
            return
        if status.state == "running":
            worker.unknown_since = None
        elif status.state == "exited":
            self._settle(worker, _exited(status))
        else:
            worker.unknown_since = worker.unknown_since or now
            if now - worker.unknown_since >= LOST_SECONDS:
                if worker.ref is not None:
                    self._pool.submit(self._terminate, worker.ref, force=True)
                self._settle(worker, lost(f"Nothing is known of the container of this step: {status.reason}"))

    def _settle(self, worker: _Worker, how: Ended) -> None:
        key = worker.attempt.step.key
        if self._workers.get(key) is worker:
            del self._workers[key]
            self._elsewhere.finished(worker.attempt, how)


_TERMINATED = (143, 137)
"""Exit statuses of who has been asked to end, and of who has been killed: not by its own doing."""
_MEANINGS = {
    2: " (`rostrum step-worker`: what it was given is missing or wrong; its own log tells)",
    4: " (`rostrum step-worker`: the gateway did not answer it; does the container reach gateway.url?)",
}


def _exited(status: WorkerStatus) -> Ended:
    """A container that is known to have ended, where nothing tells how the attempt did."""
    by_signal = f"was killed by signal {status.signal}" if status.signal is not None else ""
    code = f"exited with code {status.exit_code}" if status.exit_code is not None else "has ended"
    why = f" ({status.reason})" if status.reason else ""
    why += _MEANINGS.get(status.exit_code or 0, "")
    message = f"The container of this step {by_signal or code}{why} before the step had ended."
    gone = status.exit_code in _TERMINATED or (status.exit_code is None and status.signal is None)
    error = ErrorInfo(class_name="StepWorkerDied", message=message, code="worker_died")
    return Ended(cause="lost" if gone and "memory" not in status.reason else "crash", error=error)
