"""Executor that gives every attempt of a step a container or pod of its own, started by a `Launcher`: it knows no
library of containers. The container runs `rostrum step-worker`, which reports to the gateway itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from rostrum.executors.attempts import not_started
from rostrum.executors.elsewhere import Elsewhere, lost
from rostrum.executors.mixed import execute_elsewhere
from rostrum.executors.places import Attempt, Ended, Reactor, Reports
from rostrum.executors.rules import rules_of
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
_FIRST_PAUSE = 0.5
"""Seconds before it is repeated for the first time; it grows."""
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


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
        return execute_elsewhere(
            plan, runner, host, "container", rules_of(self), lambda: PerStepPlace(self, runner, host)
        )


class _Worker:
    """A container, or what is to become one."""

    __slots__ = ("asked", "attempt", "is_unwanted", "leaves_at", "looked_at", "ref", "unknown_since")

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.ref: WorkerRef | None = None
        """Set by the thread that starts it, which looks at `is_unwanted` after that. Who sets `is_unwanted` looks at
        this after that: so one of both ends it."""
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
        spec = self._spec(attempt, remote, access)
        if not self._is_tidy:
            self._is_tidy = True
            self._ask(partial(self._tidy, spec), _tidied)
        self._ask(partial(self._launch, worker, spec), partial(self._launched, worker))

    def interrupt(self, attempt: Attempt, level: int) -> None:
        """See `places.Place`. The worker hears of a cancel, and keeps time limits, by itself."""
        worker = self._workers.get(attempt.step.key)
        if worker is None or level < 2:
            return
        self._end(worker, force=level > 2)
        if level > 2:
            self._settle(worker, lost("The container of this step was killed."))

    def look(self) -> None:
        """See `places.Place`."""
        now = time.monotonic()
        for worker in (*self._workers.values(), *self._leaving):
            if worker.ref is not None and not worker.asked and now - worker.looked_at >= self._executor.look_seconds:
                worker.asked = True
                self._ask(partial(self._launcher.inspect, worker.ref), partial(self._seen, worker))

    def close(self) -> None:
        """See `places.Place`."""
        self._elsewhere.close()
        self._stop.set()
        self._wait_for_leaving()
        for worker in (*self._workers.values(), *self._leaving):
            self._end(worker, force=True)
        self._workers.clear()
        self._pool.shutdown(wait=True)

    def _wait_for_leaving(self) -> None:
        """The last output of the last steps is under way."""
        until, never = time.monotonic() + self._executor.grace_seconds, threading.Event()
        while self._leaving and time.monotonic() < until:
            self._leaving = [each for each in self._leaving if each.ref is not None and self._may_live(each.ref)]
            if self._leaving:
                self._clock.wait(never, _LEAVING_SECONDS)

    def _may_live(self, ref: WorkerRef) -> bool:
        asked = self._pool.submit(self._launcher.inspect, ref)
        return asked.exception() is not None or asked.result().state != "exited"

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

    def _ask(self, call: Callable[[], _T], then: Callable[[Future[_T]], None]) -> None:
        """Call the launcher, then go on in the loop's thread with what came of it: also with an exception, of whatever
        kind. Unless the loop is over.
        """
        self._pool.submit(call).add_done_callback(lambda done: self._elsewhere.call(partial(then, done)))

    def _launch(self, worker: _Worker, spec: LaunchSpec) -> None:
        until, delay = time.monotonic() + _LAUNCH_SECONDS, _FIRST_PAUSE
        while worker.ref is None and not worker.is_unwanted and not self._stop.is_set():
            try:
                worker.ref = self._launcher.launch(spec)
            except Unavailable as error:
                if time.monotonic() + delay > until:
                    raise
                if delay == _FIRST_PAUSE:
                    self._elsewhere.call(partial(self._hold_up, worker.attempt.step.key, str(error)))
                self._clock.wait(self._stop, delay)
                delay = min(2 * delay, 8.0)
        if worker.ref is not None and worker.is_unwanted:
            self._terminate(worker.ref, force=True)

    def _tidy(self, spec: LaunchSpec) -> None:
        """Containers that an earlier worker of the run has left are not wanted: their events change nothing."""
        for ref in self._launcher.adopt([spec.run.run_id]):
            if ref.step_key and ref.epoch < spec.epoch:
                self._terminate(ref, force=True)

    def _terminate(self, ref: WorkerRef, *, force: bool) -> None:
        try:
            self._launcher.terminate(ref, force=force)
        except Exception as error:  # noqa: BLE001 - whatever a client of an engine raises: it is told
            _log.warning("the container of step %s could not be ended: %s", ref.step_key, _worded(error))

    # --- in the loop's thread
    # -----------------------------------------------------------------------------------------

    def _end(self, worker: _Worker, *, force: bool) -> None:
        """End its container: now, or when it has been started."""
        worker.is_unwanted = True
        if worker.ref is not None:
            self._pool.submit(self._terminate, worker.ref, force=force)

    def _hold_up(self, step_key: str, why: str) -> None:
        seconds = f"{_LAUNCH_SECONDS:.0f} s"
        message = f"the container of this step could not be started yet, which is tried again for {seconds}: {why}"
        self._elsewhere.say(message, step_key, "warning")

    def _launched(self, worker: _Worker, launch: Future[None]) -> None:
        error = launch.exception()
        if worker.ref is None:
            if worker in self._leaving:  # it has been started all the same, and has done its attempt
                self._leaving.remove(worker)
            elif error is not None:
                self._settle(worker, not_started(error, "The container of this step could not be started: "))
        if worker.is_unwanted:
            self._settle(worker, lost("The container of this step was not wanted any more when it had been started."))
        elif worker.ref is not None and self._workers.get(worker.attempt.step.key) is worker:
            self._elsewhere.started(worker.attempt, worker=worker.ref.host or str(worker.ref.pid))

    def _told_end(self, attempt: Attempt) -> None:
        worker = self._workers.get(attempt.step.key)
        if worker is not None and worker.attempt is attempt:  # not the next one's, when it was heard of late
            del self._workers[attempt.step.key]
            worker.leaves_at = time.monotonic()
            worker.looked_at = worker.leaves_at - self._executor.look_seconds
            self._leaving.append(worker)

    def _seen(self, worker: _Worker, asked: Future[WorkerStatus]) -> None:
        error = asked.exception()
        status = asked.result() if error is None else WorkerStatus(state="unknown", reason=_worded(error))
        now = time.monotonic()
        worker.asked, worker.looked_at = False, now
        if worker in self._leaving:
            if status.state == "exited":
                self._leaving.remove(worker)
            elif now - worker.leaves_at >= LOST_SECONDS:
                self._leaving.remove(worker)
                self._end(worker, force=True)
            return
        if status.state == "running":
            worker.unknown_since = None
        elif status.state == "exited":
            self._settle(worker, _exited(status))
        else:
            worker.unknown_since = worker.unknown_since or now
            if now - worker.unknown_since >= LOST_SECONDS:
                self._end(worker, force=True)
                self._settle(worker, lost(f"Nothing is known of the container of this step: {status.reason}"))

    def _settle(self, worker: _Worker, how: Ended) -> None:
        key = worker.attempt.step.key
        if self._workers.get(key) is worker:
            del self._workers[key]
            self._elsewhere.finished(worker.attempt, how)


def _tidied(looked: Future[None]) -> None:
    error = looked.exception()
    if error is not None:
        _log.warning("containers that may be left of an earlier worker are not looked for: %s", _worded(error))


def _worded(error: BaseException) -> str:
    """In a line; libraries' messages say little without their class."""
    return str(error) if isinstance(error, RostrumError) else f"{type(error).__name__}: {error}"


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
    is_said = status.signal is not None and status.reason.endswith(f"by signal {status.signal}")
    why = f" ({status.reason})" if status.reason and not is_said else ""
    why += _MEANINGS.get(status.exit_code or 0, "")
    message = f"The container of this step {by_signal or code}{why} before the step had ended."
    gone = status.exit_code in _TERMINATED or (status.exit_code is None and status.signal is None)
    error = ErrorInfo(class_name="StepWorkerDied", message=message, code="worker_died")
    return Ended(cause="lost" if gone and "memory" not in status.reason else "crash", error=error)
