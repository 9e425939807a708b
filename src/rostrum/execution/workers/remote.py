"""One attempt of a step in a process that is not the run worker's child: a container, a worker of a cluster. It talks
to the control plane itself, in a stream of its own, and obeys what that says: cancel, or that nobody waits for it any
more.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from rostrum.definitions.location.live import Resolved
from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.execution.output.capture import Redirect
from rostrum.execution.output.logs import RunLog
from rostrum.execution.output.secrets import note_secrets
from rostrum.execution.output.shared_output import SHARED
from rostrum.execution.plugins import IO_MANAGERS, plugin
from rostrum.execution.steps.resources import Resources
from rostrum.execution.steps.runner import StepRunner
from rostrum.execution.unbroken import UNBROKEN
from rostrum.execution.user_code import guard
from rostrum.execution.workers.remote_work import RemoteWork
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.runs import RunSession
from rostrum.model.errors import ErrorInfo, StepTimeout
from rostrum.model.events import (
    ATTEMPT_ENDS,
    Event,
    LogsCaptured,
    ResourceFailed,
    StepCanceled,
    StepFailed,
    StepRetrying,
    StepStarted,
    step_stream,
)
from rostrum.model.plans import Plan

GRACE_SECONDS = 20.0
"""From the first interrupt of user code to the end of the process, where that is the worker's own."""
_AGAIN_SECONDS = 5.0
"""Code that swallows an interrupt is interrupted again after this time."""

_loaded: dict[bytes, Resolved] = {}
_loading = threading.Lock()


def definitions_of(target: CodeTarget, sys_path: Sequence[str]) -> Resolved:
    """The definitions, imported once in a process. Raises what loading raises."""
    key = msgspec.msgpack.encode(target)
    with _loading:
        if key not in _loaded:
            sys.path.extend(path for path in sys_path if path not in sys.path and Path(path).exists())
            _loaded[key] = load_definitions(target).resolved()
        return _loaded[key]


class RemoteRun:
    """One attempt, from its first event to its last. `capture`: folder for its output: all of this process's, unless
    that is `shared` with others. `kill`: ends this process for good; None where it is not the worker's own.
    """

    def __init__(
        self,
        work: RemoteWork,
        session: RunSession,
        clock: Clock,
        *,
        capture: Path,
        shared: bool = False,
        kill: Callable[[], None] | None = None,
        grace_seconds: float = GRACE_SECONDS,
        terminated: threading.Event | None = None,
    ) -> None:
        self._work, self._session, self._clock = work, session, clock
        self._capture, self._is_shared = capture, shared
        self._kill, self._grace_seconds = kill, grace_seconds
        self._terminated = terminated or threading.Event()
        """Set when the machine wants this process to end."""
        self._stream = step_stream(work.run.epoch, work.scope.file_key)
        self._sequence = 0
        self._lock = threading.Lock()
        self._has_ended = False
        self._runner: StepRunner | None = None
        self._failures: list[ErrorInfo] = []
        self._is_canceled = self._is_unwanted = self._is_over_time = False
        self._began: float | None = None
        """When the step's code began, by the monotonic clock."""
        self._closing_at: float | None = None
        """When its resources began to be torn down."""

    @property
    def was_interrupted(self) -> bool:
        """It stopped without an end, since the machine wanted so: somebody else has to do the attempt."""
        return not self._has_ended

    def run(self) -> None:
        """Run the attempt. Never raises for what goes wrong in it: its events tell."""
        done = threading.Event()
        redirect = self._redirect()
        heart = threading.Thread(target=self._beat, args=(done,), name="rostrum-heart", daemon=True)
        heart.start()
        try:
            raised = guard(self._execute)
            if raised is not None and not (raised.is_interrupt and self._terminated.is_set()):
                self._end(StepFailed(at=self._clock.now(), error=raised.info(), attempt=self._work.attempt))
        finally:
            done.set()
            heart.join()
            if redirect is not None:
                redirect.restore()
            self._session.complete_log(self._work.scope.file_key)

    def _redirect(self) -> Redirect | None:
        if self._is_shared:
            return None
        work, key = self._work, self._work.scope.file_key
        redirect = Redirect(self._capture, key)
        keys, pid = (work.step.key,), os.getpid()
        self._emit(LogsCaptured(at=self._clock.now(), file_key=key, step_keys=keys, pid=pid, attempt=work.attempt))
        return redirect

    def _execute(self) -> None:
        work, clock = self._work, self._clock
        resolved, run = definitions_of(work.target, work.sys_path), work.run
        kept = work.values_folder
        default = partial(plugin(IO_MANAGERS, "filesystem"), kept) if kept is not None else None
        bound = resolved.resources_of(run.target.job)
        note_secrets(run, bound)
        resources = Resources(bound, run, clock, default)
        log = RunLog.of_run(clock, resolved, run)
        plan = Plan((*work.upstream, work.step))
        runner = StepRunner(
            resolved, run, plan, self._session, clock, work.notes(), resources, log, work.partition_keys
        )
        runner.partitions, runner.is_canceled = work.partitions, lambda: self._is_canceled
        runner.endings.retries = work.retries
        runner.endings.apart[work.step.key] = work.apart
        runner.share()
        self._runner = runner
        if self._is_shared:
            runner.attribution = SHARED.join(log, self._capture, clock, run.epoch)
        log.attach()
        try:
            self._run_step(runner)
        finally:
            log.detach()
            SHARED.leave(log)
            self._closing_at = time.monotonic()
            runner.close()

    def _run_step(self, runner: StepRunner) -> None:
        step, attempt = self._work.step, self._work.attempt
        if runner.open([step], self._emit):
            runner.run_step(step, attempt, self._emit)
            return
        untold = ErrorInfo(class_name="ResourceFailed", message="a resource could not be set up")
        error = self._failures[0] if self._failures else untold
        self._end(StepFailed(at=self._clock.now(), error=error, attempt=attempt))

    # --- events
    # --------------------------------------------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        if isinstance(event, ATTEMPT_ENDS):
            self._end(event)
            return
        if type(event) is StepStarted:
            self._began = time.monotonic()
        elif isinstance(event, ResourceFailed):
            self._failures.append(event.error)
        with UNBROKEN, self._lock:
            self._append(event)

    def _end(self, event: Event) -> None:
        """The first end counts. One that only tells of an interrupt by the machine is none."""
        if isinstance(event, StepCanceled) and self._terminated.is_set() and not self._is_canceled:
            return
        if isinstance(event, (StepFailed, StepRetrying)) and event.cause == "timeout":
            over = str(StepTimeout.of(self._work.step.timeout_seconds or 0.0))
            event = msgspec.structs.replace(event, error=msgspec.structs.replace(event.error, message=over))
        with UNBROKEN, self._lock:
            if not self._has_ended:
                self._has_ended = True
                self._append(event)

    def _append(self, event: Event) -> None:
        self._sequence += 1
        run, step_key = self._work.run, self._work.step.key
        place: dict[str, Any] = {"run_id": run.run_id, "stream": self._stream, "sequence": self._sequence}
        self._session.append((msgspec.structs.replace(event, step_key=step_key, **place),))

    # --- orders
    # --------------------------------------------------------------------------------------------------------

    def _beat(self, done: threading.Event) -> None:
        interrupted_at: float | None = None
        first = 0.0
        while not done.wait(0.1 if interrupted_at is None else 0.5):
            self._ask()
            now = time.monotonic()
            if self._closing_at is not None and now - self._closing_at >= self._grace_seconds:
                self._give_up()
                return
            if not self._has_to_end(now):
                continue
            first = first or now
            if interrupted_at is None or now - interrupted_at >= _AGAIN_SECONDS:
                interrupted_at = now if self._interrupt() else interrupted_at
            if now - first >= self._grace_seconds:
                self._give_up()
                return

    def _ask(self) -> None:
        """Heartbeats are at most one a second: the session sees to it."""
        orders = self._session.heartbeat()
        self._is_canceled = self._is_canceled or orders.cancel
        self._is_unwanted = self._is_unwanted or orders.fenced

    def _has_to_end(self, now: float) -> bool:
        limit = self._work.step.timeout_seconds
        if limit is not None and self._began is not None and now - self._began >= limit:
            self._is_over_time = True
        return self._is_canceled or self._is_unwanted or self._is_over_time or self._terminated.is_set()

    def _interrupt(self) -> bool:
        raising = StepTimeout if self._is_over_time and not self._is_canceled else KeyboardInterrupt
        runner = self._runner
        return runner is not None and runner.interrupt(self._work.step, self._work.attempt, raising)

    def _give_up(self) -> None:
        """Code does not end: end the process, where that is possible. What a time that is over leads to, whether
        the step is tried again, is the run worker's to say, which gives the attempt up about now.
        """
        attempt = self._work.attempt
        if self._is_canceled:
            self._end(StepCanceled(at=self._clock.now()))
        if self._runner is not None:
            self._runner.abandon(self._work.step, attempt)
        self._session.flush(5.0)
        if self._kill is not None:
            self._kill()
