"""Executor that gives every attempt of a step a process of its own, a direct child of the run worker.

The run worker runs no user code and starts no thread here, so that it may fork at any time. A child sends its events
over a socket pair; the run worker stamps and appends them, so one writer sequences a run. Death is seen through a
pidfd: an attempt without a terminal event has failed, and its exit code or signal is the reason.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rostrum.executors.ledger import SUCCEEDED, Ledger, expand, skip_event
from rostrum.executors.limits import TagLimits
from rostrum.executors.processes import has_exited, kill_group, reap
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.interfaces.frames import ANSWER, EVENTS, QUESTION, WORK, FrameReader, frame
from rostrum.model.errors import ErrorInfo, InvocationError
from rostrum.model.events import (
    STEP_ENDS,
    Event,
    StepCanceled,
    StepFailed,
    StepRetrying,
    StepWorkerStarted,
    decode_events,
)
from rostrum.model.plans import Plan, Step

_TICK_SECONDS = 0.25
_READ_BYTES = 1 << 18


class MultiprocessExecutor:
    """Runs steps in processes, at most `max_concurrent` at once (None: as many as the machine has processors).

    `start_method` is `fork` (milliseconds), `spawn` (a new interpreter that imports the code again) or None: fork
    where the system has it. A cancelled step gets SIGINT, SIGTERM after half of `grace_seconds`, SIGKILL after all of
    it. `tag_concurrency_limits` are described at `limits.TagLimits`; without `retries` nothing is tried again.
    Without `require_upstream_step_success` a step may use what a failed one has stored before it failed.
    """

    name = "multiprocess"
    isolates = True

    def __init__(
        self,
        max_concurrent: int | None = None,
        *,
        start_method: str | None = None,
        grace_seconds: float = 20.0,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] = (),
        retries: bool = True,
        require_upstream_step_success: bool = True,
    ) -> None:
        if max_concurrent is not None and max_concurrent < 1:
            raise InvocationError(
                f"max_concurrent is {max_concurrent}; give a number from 1, or None for the number of processors."
            )
        if start_method not in (None, "fork", "spawn"):
            raise InvocationError(f"start_method is {start_method!r}; use 'fork', 'spawn' or None.")
        self.max_concurrent = max_concurrent or _processors()
        self.start_method = start_method or ("fork" if sys.platform == "linux" else "spawn")
        self.grace_seconds = grace_seconds
        self.tag_concurrency_limits, self.retries = tag_concurrency_limits, retries
        self.require_upstream_step_success = require_upstream_step_success

    def execute(self, plan: Plan, runner: StepRunner, host: RunHost) -> bool:
        """See `interfaces.execution.Executor`."""
        pool = _Pool(self, plan, runner, host)
        # Children's collections do not touch what exists now: its pages stay shared.
        gc.freeze()
        try:
            return pool.run()
        finally:
            pool.kill_all()
            gc.unfreeze()


def _due(retry: tuple[float, int, Step]) -> float:
    return retry[0]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker:
    """One step worker as the run worker sees it."""

    __slots__ = ("attempt", "began", "end", "lifeline", "line", "pid", "pidfd", "reader", "started", "step")

    def __init__(self, step: Step, attempt: int, pid: int, line: socket.socket, lifeline: int) -> None:
        self.step, self.attempt, self.pid, self.line, self.lifeline = step, attempt, pid, line, lifeline
        self.reader = FrameReader()
        self.end: Event | None = None
        """The event that ended the attempt, None until it comes."""
        self.began = time.monotonic()
        try:
            self.pidfd = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self.pidfd = -1

    def close(self) -> None:
        self.line.close()
        os.close(self.lifeline)
        if self.pidfd >= 0:
            os.close(self.pidfd)


class _Pool:
    """One execution."""

    def __init__(self, executor: MultiprocessExecutor, plan: Plan, runner: StepRunner, host: RunHost) -> None:
        self._executor, self._runner, self._host = executor, runner, host
        self._ledger = Ledger(plan, require_success=executor.require_upstream_step_success)
        self._workers: dict[int, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._retries: list[tuple[float, int, Step]] = []
        """(when by the monotonic clock, attempt, step), the next one first."""
        self._blocked: list[tuple[Step, int]] = []
        """Steps whose pool or tags had no free slot when they were tried last."""
        self._limits = TagLimits(executor.tag_concurrency_limits)
        self._canceled_at: float | None = None
        self._signaled = 0
        self._ticked = 0.0

    def run(self) -> bool:
        while True:
            try:
                if self._host.stop.is_set():
                    self._cancel()
                else:
                    self._start_ready()
                if not self._workers and (self._host.stop.is_set() or not (self._retries or self._blocked)):
                    break
                self._look(self._patience())
            except KeyboardInterrupt:
                self._host.stop.set()
        for event in self._ledger.leftovers(self._host.clock):
            self._host.record(event)
        return not self._ledger.failures and not self._host.stop.is_set()

    def kill_all(self) -> None:
        """Leave no process behind, whatever happened."""
        for worker in list(self._workers.values()):
            kill_group(worker.pid)
            reap(worker.pid)
            worker.close()
        self._workers.clear()
        self._selector.close()

    # --- starting
    # ------------------------------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        for step, attempt in self._startable():
            if not self._limits.take(step):
                self._blocked.append((step, attempt))
                continue
            if step.pool is not None and not self._host.claim_slot(step):
                self._limits.release(step)
                self._blocked.append((step, attempt))
                continue
            self._start(step, attempt)

    def _startable(self) -> Iterator[tuple[Step, int]]:
        blocked, self._blocked = self._blocked, []
        while len(self._workers) < self._executor.max_concurrent:
            if blocked:
                yield blocked.pop(0)
            elif self._retries and self._retries[0][0] <= time.monotonic():
                _, attempt, step = self._retries.pop(0)
                yield step, attempt
            elif (step := self._ledger.take()) is not None:
                yield step, 1
            else:
                break
        self._blocked.extend(blocked)

    def _start(self, step: Step, attempt: int) -> None:
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        try:
            pid = (
                self._spawn(step, attempt, ours, theirs, reading)
                if self._executor.start_method == "spawn"
                else self._fork(step, attempt, ours, theirs, reading, writing)
            )
        finally:
            theirs.close()
            os.close(reading)
        ours.setblocking(False)
        worker = _Worker(step, attempt, pid, ours, writing)
        self._workers[pid] = worker
        self._selector.register(ours, selectors.EVENT_READ, worker)
        if worker.pidfd >= 0:
            self._selector.register(worker.pidfd, selectors.EVENT_READ, worker)
        self._host.record(StepWorkerStarted(at=self._host.clock.now(), step_key=step.key, pid=pid))

    def _fork(
        self, step: Step, attempt: int, ours: socket.socket, theirs: socket.socket, reading: int, writing: int
    ) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            try:
                os.setpgid(pid, pid)
            except OSError:
                pass  # the child has done it already, or is gone
            return pid
        code = 70
        try:
            os.setpgid(0, 0)
            # Of this process only: no sibling's lifeline may be held open here.
            ours.close()
            os.close(writing)
            for sibling in self._workers.values():
                sibling.close()
            self._selector.close()
            code = self._runner.serve(theirs.detach(), reading, step, attempt)
        except BaseException:  # noqa: BLE001 - the process ends here, whatever it was; nothing may reach the run worker's frames
            traceback.print_exc()
        finally:
            os._exit(code)

    def _spawn(self, step: Step, attempt: int, ours: socket.socket, theirs: socket.socket, reading: int) -> int:
        command, work = self._runner.fresh_command(step, attempt)
        child = subprocess.Popen(
            [*command, str(theirs.fileno()), str(reading)],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), reading),
            process_group=0,
        )
        # We reap it ourselves, its group first; Popen must not try, nor complain.
        child.returncode = 0
        # Work fits the socket's buffer or the child is reading already: an interpreter that dies at once makes this
        # fail.
        try:
            ours.sendall(frame(WORK, work))
        except OSError:
            pass
        return child.pid

    # --- listening
    # -----------------------------------------------------------------------------------------------------

    def _patience(self) -> float:
        if not self._retries:
            return _TICK_SECONDS
        return min(_TICK_SECONDS, max(0.0, self._retries[0][0] - time.monotonic()))

    def _look(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            worker: _Worker = key.data
            if worker.pid not in self._workers:
                continue  # its other descriptor was seen in this very look
            if key.fileobj is worker.line:
                self._read(worker)
            elif has_exited(worker.pid):
                self._bury(worker)
        for worker in [w for w in self._workers.values() if w.pidfd < 0 and has_exited(w.pid)]:
            self._bury(worker)
        now = time.monotonic()
        if now - self._ticked >= _TICK_SECONDS:
            self._ticked = now
            self._host.tick()

    def _read(self, worker: _Worker) -> bool:
        """Take what is there; False when there was nothing or the other side has closed."""
        try:
            data = worker.line.recv(_READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            if worker.line in self._registered():
                self._selector.unregister(worker.line)
            return False
        for kind, body in worker.reader.feed(data):
            if kind == EVENTS:
                for event in decode_events(body):
                    self._take(worker, event)
            elif kind == QUESTION:
                self._answer(worker, body)
        return True

    def _registered(self) -> set[Any]:
        return {key.fileobj for key in self._selector.get_map().values()}

    def _take(self, worker: _Worker, event: Event) -> None:
        if worker.end is not None and isinstance(event, (*STEP_ENDS, StepRetrying)):
            return
        if isinstance(event, (*STEP_ENDS, StepRetrying)):
            worker.end = event
        self._ledger.note(event)
        self._host.record(event)

    def _answer(self, worker: _Worker, question: bytes) -> None:
        reply = frame(ANSWER, self._host.answer(question))
        worker.line.setblocking(True)
        try:
            worker.line.sendall(reply)
        except OSError:
            pass  # it died while asking
        finally:
            worker.line.setblocking(False)

    # --- ending
    # --------------------------------------------------------------------------------------------------------

    def _bury(self, worker: _Worker) -> None:
        """The process has ended: take its last events, then say how the attempt ended."""
        while self._read(worker):
            pass
        code, by_signal = reap(worker.pid)
        del self._workers[worker.pid]
        if worker.line in self._registered():
            self._selector.unregister(worker.line)
        if worker.pidfd >= 0:
            self._selector.unregister(worker.pidfd)
        worker.close()
        self._host.worker_ended(worker.pid)
        if worker.end is None:
            self._take(worker, self._died(worker, code, by_signal))
        self._settle(worker)

    def _died(self, worker: _Worker, code: int | None, by_signal: int | None) -> Event:
        at, seconds = self._host.clock.now(), time.monotonic() - worker.began
        if self._canceled_at is not None:
            return StepCanceled(at=at, step_key=worker.step.key, seconds=seconds)
        error = ErrorInfo(
            class_name="StepWorkerDied", message=how_it_ended(worker.pid, code, by_signal), code="worker_died"
        )
        policy = worker.step.retry_policy
        if self._executor.retries and policy is not None and worker.attempt <= policy.max_retries:
            return StepRetrying(
                at=at, step_key=worker.step.key, error=error, attempt=worker.attempt, delay_seconds=policy.delay_seconds
            )
        return StepFailed(at=at, step_key=worker.step.key, error=error, attempt=worker.attempt, seconds=seconds)

    def _settle(self, worker: _Worker) -> None:
        step, end = worker.step, worker.end
        assert end is not None
        self._limits.release(step)
        if step.pool is not None:
            self._host.release_slot(step)
        if isinstance(end, StepRetrying):
            if not self._host.stop.is_set():
                self._retries.append((time.monotonic() + end.delay_seconds, worker.attempt + 1, step))
                self._retries.sort(key=_due)
            return
        if end.kind == SUCCEEDED:
            expand(step, self._runner, self._host, self._ledger)
        for passed_over in self._ledger.end(step, end.kind):
            self._host.record(skip_event(passed_over, self._host.clock))

    def _cancel(self) -> None:
        """Interrupt what runs; later terminate, then kill it."""
        now = time.monotonic()
        if self._canceled_at is None:
            self._canceled_at = now
        waited, grace = now - self._canceled_at, self._executor.grace_seconds
        due = 1 + (waited >= grace / 2) + (waited >= grace)
        if due > self._signaled:
            self._signaled = due
            for worker in self._workers.values():
                kill_group(worker.pid, (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)[due - 1])


def how_it_ended(pid: int, code: int | None, by_signal: int | None) -> str:
    """A sentence on the end of a step worker that sent no terminal event."""
    if by_signal is not None:
        try:
            name = signal.Signals(by_signal).name
        except ValueError:
            name = f"signal {by_signal}"
        hint = ", perhaps because the machine is out of memory" if by_signal == signal.SIGKILL else ""
        return f"The process of this step (pid {pid}) was killed by {name}{hint}."
    if code is None:
        return f"The process of this step (pid {pid}) has ended; its exit status is unknown."
    return f"The process of this step (pid {pid}) exited with code {code} before the step had ended."
