"""A process for one attempt of one step: forked from the run worker, or a fresh interpreter (`python -m
rostrum.execution.step_worker`).
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.execution.capture import Redirect, file_key
from rostrum.execution.lifeline import hold_lifeline
from rostrum.execution.logs import RunLog
from rostrum.execution.notes import RunNotes
from rostrum.execution.plugins import CLOCKS, IO_MANAGERS, plugin
from rostrum.execution.process_names import STEP, name_process
from rostrum.execution.resources import Resources
from rostrum.execution.sessions import LineSession
from rostrum.execution.steps import StepRunner
from rostrum.execution.user_code import guard
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.frames import ANSWER, EVENTS, QUESTION, WORK, FrameReader, frame
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo, InvocationError, Unavailable
from rostrum.model.events import Event, LogsCaptured, StepFailed, encode_events
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import Plan, Step
from rostrum.model.runs import Run


class Work(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All that a fresh interpreter needs to run one attempt of a step."""

    target: CodeTarget
    run: Run
    plan: Plan
    step_key: str
    attempt: int
    sys_path: tuple[str, ...]
    versions: dict[str, str] = {}
    used_events: dict[str, str] = {}
    outputs: tuple[tuple[str, str], ...] = ()
    partitions: PartitionsSpec | None = None
    partition_keys: tuple[str, ...] = ()
    capture_folder: str | None = None
    values_folder: str | None = None
    """Where values are kept that no IO manager of the definitions is bound for; None: below `$ROSTRUM_HOME`."""


class Line:
    """The step worker's end of the line to its run worker. Threads of user code may log, so sending is locked."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)
        self._reader = FrameReader()
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        self.send((event,))

    def send(self, events: Sequence[Event]) -> None:
        data = frame(EVENTS, encode_events(events))
        with self._lock:
            self._socket.sendall(data)

    def ask(self, question: bytes) -> bytes:
        with self._lock:
            self._socket.sendall(frame(QUESTION, question))
        return self.receive(ANSWER)

    def receive(self, wanted: int) -> bytes:
        while True:
            data = self._socket.recv(1 << 16)
            if not data:
                raise Unavailable("the run worker has closed the line")
            for kind, body in self._reader.feed(data):
                if kind == wanted:
                    return body

    def detach(self) -> int:
        return self._socket.detach()


class ProcessStepRunner(StepRunner):
    """A step runner that can be the whole of a process."""

    capture_folder: Path | None = None
    """Where captured output goes; None leaves it alone."""
    values_folder: str | None = None
    """Where values are kept that no IO manager is bound for, as fresh interpreters are told."""
    target: CodeTarget | None = None
    """What a fresh interpreter has to load; None where the code came from no file."""

    def serve(self, line: int, lifeline: int, step: Step, attempt: int) -> int:
        """See `interfaces.execution.StepRunner.serve`."""
        hold_lifeline(lifeline)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.is_canceled = Cancel().is_set
        _reseed()
        if self.capture_folder is not None:
            Redirect(self.capture_folder, file_key(step.key, attempt, self._run.epoch))
        return self.work(Line(line), step, attempt)

    def work(self, line: Line, step: Step, attempt: int) -> int:
        """Run the attempt; output is captured already."""
        name_process(STEP)
        if self.capture_folder is not None:
            key = file_key(step.key, attempt, self._run.epoch)
            line.emit(
                LogsCaptured(
                    at=self._clock.now(), step_key=step.key, file_key=key, step_keys=(step.key,), pid=os.getpid()
                )
            )
        self.use_session(LineSession(line.send, line.ask))
        failures: list[ErrorInfo] = []

        def emit(event: Event) -> None:
            if event.kind == "resource_failed":
                failures.append(event.error)  # type: ignore[attr-defined]
            line.emit(event)

        if self.open([step], emit):
            self.run_step(step, attempt, emit)
        else:
            error = (
                failures[0]
                if failures
                else ErrorInfo(class_name="ResourceFailed", message="a resource could not be set up")
            )
            line.emit(StepFailed(at=self._clock.now(), step_key=step.key, error=error, attempt=attempt))
        self.close()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return 0

    def fresh_command(self, step: Step, attempt: int) -> tuple[list[str], bytes]:
        """See `interfaces.execution.StepRunner.fresh_command`."""
        if self.target is None:
            raise InvocationError(
                "steps cannot be started in fresh interpreters: these definitions were not loaded from a "
                "file or module. "
                "Use the in_process executor, or start_method='fork'."
            )
        work = Work(
            target=self.target,
            run=self._run,
            plan=Plan(tuple(self._plan.executed.values())),
            step_key=step.key,
            attempt=attempt,
            sys_path=tuple(sys.path),
            versions={str(key): version for key, version in self._notes.versions.items()},
            used_events={str(key): event for key, event in self._notes.used_events.items()},
            outputs=tuple(sorted(self._notes.outputs)),
            partitions=self.partitions,
            partition_keys=self._partition_keys,
            capture_folder=str(self.capture_folder) if self.capture_folder is not None else None,
            values_folder=self.values_folder,
        )
        return [sys.executable, "-m", "rostrum.execution.step_worker"], msgspec.msgpack.encode(work)


class Cancel:
    """SIGINT from the run worker: raises KeyboardInterrupt in user code, and stays known. For the main thread."""

    def __init__(self) -> None:
        self._came = False
        signal.signal(signal.SIGINT, self._handle)

    def is_set(self) -> bool:
        """Say whether it has come."""
        return self._came

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._came = True
        raise KeyboardInterrupt


def _reseed() -> None:
    """Forked siblings must not draw the same random numbers."""
    random.seed()
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "random"):
        numpy.random.seed()


def main(arguments: Sequence[str]) -> int:
    """Entry of a fresh interpreter: descriptors of line and lifeline; the work comes down the line."""
    line, lifeline = Line(int(arguments[0])), int(arguments[1])
    hold_lifeline(lifeline)
    cancel = Cancel()
    work = msgspec.msgpack.decode(line.receive(WORK), type=Work)
    sys.path[:] = work.sys_path
    clock: Clock = plugin(CLOCKS, "system")()
    folder = Path(work.capture_folder) if work.capture_folder is not None else None
    if folder is not None:
        Redirect(folder, file_key(work.step_key, work.attempt, work.run.epoch))
    loaded: list[Any] = []
    raised = guard(lambda: loaded.append(load_definitions(work.target).resolved()))
    if raised is not None:
        line.emit(StepFailed(at=clock.now(), step_key=work.step_key, error=raised.info(), attempt=work.attempt))
        return 1
    notes = RunNotes()
    notes.versions.update({AssetKey.of(key): version for key, version in work.versions.items()})
    notes.used_events.update({AssetKey.of(key): event for key, event in work.used_events.items()})
    notes.outputs.update(work.outputs)
    resolved, run = loaded[0], work.run
    folder_of_values = work.values_folder
    default = partial(plugin(IO_MANAGERS, "filesystem"), folder_of_values) if folder_of_values is not None else None
    resources = Resources(resolved.resources_of(run.target.job), run, clock, default)
    session = LineSession(line.send, line.ask)
    log = RunLog.of_run(clock, resolved, run)
    runner = ProcessStepRunner(resolved, run, work.plan, session, clock, notes, resources, log, work.partition_keys)
    runner.partitions, runner.capture_folder, runner.is_canceled = work.partitions, folder, cancel.is_set
    log.attach()
    step = next(each for each in work.plan.steps if each.key == work.step_key)
    return runner.work(line, step, work.attempt)


if __name__ == "__main__":
    # As in a forked process: threads that user code left behind do not hold the step's end up.
    exit_code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
