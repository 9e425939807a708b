"""A process for steps: forked from the run worker, or a fresh interpreter that runs this module.

It does what comes down its line: one attempt after the other, each with log files of its own.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from rostrum.definitions.location.loading import CodeTarget, load_definitions
from rostrum.execution.notes import RunNotes
from rostrum.execution.output.capture import Redirect, file_key
from rostrum.execution.output.logs import RunLog
from rostrum.execution.plugins import CLOCKS, IO_MANAGERS, plugin
from rostrum.execution.sessions import LineSession
from rostrum.execution.steps.memory import Memory
from rostrum.execution.steps.resources import Resources
from rostrum.execution.steps.runner import StepRunner
from rostrum.execution.user_code import guard
from rostrum.execution.workers.interrupts import StepSignals
from rostrum.execution.workers.lifeline import hold_lifeline
from rostrum.execution.workers.lines import Line
from rostrum.execution.workers.process_names import STEP, name_process
from rostrum.execution.workers.remote_work import remote_attempt
from rostrum.execution.workers.shared_worker import SharedWorker
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.execution import RemoteAttempt
from rostrum.interfaces.frames import WORK, Done, Start
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo, InvocationError
from rostrum.model.events import Event, LogsCaptured, StepFailed, decode_events
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import Plan, Step
from rostrum.model.runs import Run

SHARED_PLACE = "shared"
"""As in `interfaces.execution.StepRunner.serve`."""


class Work(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All that a fresh interpreter needs to run steps of a run."""

    target: CodeTarget
    run: Run
    plan: Plan
    place: str
    sys_path: tuple[str, ...]
    versions: dict[str, str] = {}
    used_events: dict[str, str] = {}
    outputs: tuple[tuple[str, str], ...] = ()
    partitions: PartitionsSpec | None = None
    partition_keys: tuple[str, ...] = ()
    capture_folder: str | None = None
    values_folder: str | None = None
    """Where values are kept that no IO manager of the definitions is bound for; None: below `$ROSTRUM_HOME`."""
    retries: bool = True
    """Whether the executor tries failed steps again."""


class ProcessStepRunner(StepRunner):
    """A step runner that can be the whole of a process."""

    capture_folder: Path | None = None
    """Where captured output goes; None leaves it alone."""
    values_folder: str | None = None
    """Where values are kept that no IO manager is bound for, as fresh interpreters are told."""
    target: CodeTarget | None = None
    """What a fresh interpreter has to load; None where the code came from no file."""

    def serve(self, line: int, lifeline: int, place: str) -> int:
        """See `interfaces.execution.StepRunner.serve`."""
        hold_lifeline(lifeline)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _reseed()
        if place == SHARED_PLACE:
            return self.share_process(Line(line))
        return self.work(Line(line), StepSignals())

    @property
    def epoch(self) -> int:
        """Of the run."""
        return self._run.epoch

    @property
    def clock(self) -> Clock:
        """The run's time."""
        return self._clock

    def new_memory(self) -> Memory:
        """For the values of the steps of this process."""
        return Memory(self._resources.is_default_io_manager)

    def share_process(self, line: Line) -> int:
        """Do several attempts at once, as they come down the line."""
        self.use_session(LineSession(line.send, line.ask))
        self.is_canceled, self.log.outside = _never, line.emit
        return SharedWorker(self, line).work()

    def work(
        self, line: Line, signals: StepSignals, start: Start | None = None, redirect: Redirect | None = None
    ) -> int:
        """Do one attempt after the other, as they come down the line. `start`: what has come already, with its output
        captured by `redirect`.
        """
        name_process(STEP)
        self.is_canceled, self.log.outside = signals.is_canceled, line.emit
        self.use_session(LineSession(line.send, line.ask))
        try:
            self._serve(start or line.next_start(), line, signals, redirect)
        except KeyboardInterrupt:
            pass  # cancelled where no code of a step ran
        self.close()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return 0

    def _serve(self, start: Start | None, line: Line, signals: StepSignals, redirect: Redirect | None) -> None:
        while start is not None:
            redirect = redirect or self._redirect(start)
            self.learn(start)
            if not start.is_last and self.values.memory is None:
                self.values.memory = self.new_memory()
            self._do(start, line, signals)
            if start.is_last:
                break
            if self.values.memory is not None:
                self.values.memory.keep_only(start.step.key)
            if redirect is not None:
                redirect.restore()
                redirect = None
            line.done([Done(start.step.key, start.attempt)])
            start = line.next_start()

    def _redirect(self, start: Start) -> Redirect | None:
        if self.capture_folder is None:
            return None
        return Redirect(self.capture_folder, file_key(start.step.key, start.attempt, self._run.epoch))

    def learn(self, start: Start) -> None:
        """Take in what has become known since this process was started, or since the last attempt."""
        for event in decode_events(start.events) if start.events else ():
            self._notes.note(event)
        if start.steps:
            self.adopt(start.steps)

    def _do(self, start: Start, line: Line, signals: StepSignals) -> None:
        step, attempt = start.step, start.attempt
        if self.capture_folder is not None:
            key = file_key(step.key, attempt, self._run.epoch)
            line.emit(
                LogsCaptured(
                    at=self._clock.now(),
                    step_key=step.key,
                    file_key=key,
                    step_keys=(step.key,),
                    pid=os.getpid(),
                    attempt=attempt,
                )
            )
        failures: list[ErrorInfo] = []

        def emit(event: Event) -> None:
            if event.kind == "resource_failed":
                failures.append(event.error)  # type: ignore[attr-defined]
            line.emit(event)

        if self.open([step], emit):
            self.endings.apart[step.key] = start.apart
            with signals.about(step):
                self.run_step(step, attempt, emit)
        else:
            error = (
                failures[0]
                if failures
                else ErrorInfo(class_name="ResourceFailed", message="a resource could not be set up")
            )
            line.emit(StepFailed(at=self._clock.now(), step_key=step.key, error=error, attempt=attempt))

    def fresh_command(self, place: str) -> tuple[list[str], bytes]:
        """See `interfaces.execution.StepRunner.fresh_command`."""
        if self.target is None:
            raise InvocationError(
                "steps cannot be started in fresh interpreters: these definitions were not loaded from a file or "
                "module, or made with arguments that are no plain values. "
                "Use the in_process executor, or start_method='fork'."
            )
        work = Work(
            target=self.target,
            run=self._run,
            plan=Plan(tuple(self._plan.executed.values())),
            place=place,
            retries=self.endings.retries,
            sys_path=tuple(sys.path),
            versions={str(key): version for key, version in self._notes.versions.items()},
            used_events={str(key): event for key, event in self._notes.used_events.items()},
            outputs=tuple(sorted(self._notes.outputs)),
            partitions=self.partitions,
            partition_keys=self._partition_keys,
            capture_folder=str(self.capture_folder) if self.capture_folder is not None else None,
            values_folder=self.values_folder,
        )
        return [sys.executable, "-m", "rostrum.execution.workers.step_worker"], msgspec.msgpack.encode(work)

    def remote(self, step: Step, attempt: int, apart: int) -> RemoteAttempt:
        """See `interfaces.execution.StepRunner.remote`."""
        return remote_attempt(
            step,
            attempt,
            apart,
            run=self._run,
            resolved=self._resolved,
            executed=self._plan.executed,
            notes=self._notes,
            target=self.target,
            partitions=self.partitions,
            partition_keys=self._partition_keys,
            retries=self.endings.retries,
            values_folder=self.values_folder,
        )


def _never() -> bool:
    return False


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
    signals = StepSignals()
    work = msgspec.msgpack.decode(line.receive(WORK), type=Work)
    sys.path[:] = work.sys_path
    folder = Path(work.capture_folder) if work.capture_folder is not None else None
    start = line.next_start() if work.place != SHARED_PLACE else None
    redirect = None
    if folder is not None and start is not None:
        redirect = Redirect(folder, file_key(start.step.key, start.attempt, work.run.epoch))
    loaded: list[ProcessStepRunner] = []
    raised = guard(lambda: loaded.append(_runner(work, line, folder)))
    if raised is None:
        if work.place == SHARED_PLACE:
            return loaded[0].share_process(line)
        return loaded[0].work(line, signals, start, redirect)
    clock: Clock = plugin(CLOCKS, "system")()
    while (start := start or line.next_start()) is not None:
        line.emit(StepFailed(at=clock.now(), step_key=start.step.key, error=raised.info(), attempt=start.attempt))
        line.done([Done(start.step.key, start.attempt)])
        if start.is_last:
            break
        start = None
    return 1


def _runner(work: Work, line: Line, folder: Path | None) -> ProcessStepRunner:
    """Load the code and make what runs its steps."""
    resolved, run = load_definitions(work.target).resolved(), work.run
    clock: Clock = plugin(CLOCKS, "system")()
    notes = RunNotes()
    notes.versions.update({AssetKey.of(key): version for key, version in work.versions.items()})
    notes.used_events.update({AssetKey.of(key): event for key, event in work.used_events.items()})
    notes.outputs.update(work.outputs)
    kept = work.values_folder
    default = partial(plugin(IO_MANAGERS, "filesystem"), kept) if kept is not None else None
    resources = Resources(resolved.resources_of(run.target.job), run, clock, default)
    session = LineSession(line.send, line.ask)
    log = RunLog.of_run(clock, resolved, run, echo=folder is None)
    runner = ProcessStepRunner(resolved, run, work.plan, session, clock, notes, resources, log, work.partition_keys)
    runner.partitions, runner.capture_folder = work.partitions, folder
    runner.endings.retries = work.retries
    log.attach()
    return runner


if __name__ == "__main__":
    # As in a forked process: threads that user code left behind do not hold the step's end up.
    exit_code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
