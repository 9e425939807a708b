"""The body of a run worker: one run from its first event to its last, given live definitions and a session.

The same function serves a launched run (the session is the gateway client) and `materialize` in a script (a session in
memory). It never raises for what user code does: the run's events tell.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from socket import gethostname
from threading import get_ident
from typing import Any, Self

import msgspec
from msgspec.structs import force_setattr

from rostrum.definitions.location.live import Resolved
from rostrum.execution.configs import check_config
from rostrum.execution.notes import RunNotes
from rostrum.execution.output.attribution import Attribution
from rostrum.execution.output.capture import Redirect, Tail, file_key, of_epoch
from rostrum.execution.output.logs import RunLog
from rostrum.execution.output.secrets import note_secrets
from rostrum.execution.run_configs import with_job_config
from rostrum.execution.sessions import answer_question, latest_states
from rostrum.execution.steps.error_places import about
from rostrum.execution.steps.resources import Resources
from rostrum.execution.unbroken import UNBROKEN
from rostrum.execution.user_code import guard
from rostrum.execution.workers.executor_choice import choose_executor, fork_note, placing
from rostrum.execution.workers.interrupts import Interrupts
from rostrum.execution.workers.resuming import ends_of_open_steps, rest_of
from rostrum.execution.workers.slots import SlotDesk
from rostrum.execution.workers.step_worker import ProcessStepRunner
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.execution import Executor
from rostrum.interfaces.io import IOManager
from rostrum.interfaces.runs import ReadDynamicPartitions, RunSession, StepsLine
from rostrum.model.assets import AssetKey
from rostrum.model.errors import NotPartitioned, UnknownPartition
from rostrum.model.events import (
    EngineMessage,
    Event,
    LogsCaptured,
    RunCanceled,
    RunFailed,
    RunStarted,
    RunSucceeded,
    StepNotRun,
    StepSkipped,
    worker_stream,
)
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import Plan, Step
from rostrum.model.pools import GRANTED, SlotAnswer
from rostrum.model.runs import Run
from rostrum.planning.collector import seldom_collecting_all
from rostrum.planning.dynamic import absent_outputs, known_items
from rostrum.planning.partition_tags import with_partition_tags
from rostrum.planning.partitions import not_found, partitions_of
from rostrum.planning.plan import build_plan
from rostrum.planning.progress import without_passed_over

_log = logging.getLogger(__name__)
_SAID: set[str] = set()
"""What this process has said of itself."""
_BEAT_SECONDS = 1.0
_TICK_SECONDS = 0.25
_ORDERS_SECONDS = 2.5
"""Longer than the control plane goes without being asked for orders (`_BEAT_SECONDS`, and as much in the session)."""
_INTERRUPT_SECONDS = 5.0
"""A step in this process that swallows an interrupt is interrupted again after this time; killing it is the launcher's
part.
"""
RUN_FILE_KEY = "run"
"""Log files of a run whose steps share one process."""


class WorkerHost:
    """See `interfaces.execution.RunHost`."""

    def __init__(
        self, run: Run, session: RunSession, clock: Clock, stop: threading.Event, notes: RunNotes, tail: Tail | None
    ) -> None:
        self._run_id, self._stream, self._sequence = run.run_id, worker_stream(run.epoch), 0
        self._epoch = run.epoch
        self._session, self._clock, self._stop, self._notes, self._tail = session, clock, stop, notes, tail
        self._slots = SlotDesk(session)
        self._lock = threading.Lock()
        self._executing = get_ident()
        self._beat_at = time.monotonic()
        self._files: dict[int, list[str]] = {}
        """Keys of the log files that a process writes."""
        self._complete: deque[str] = deque()
        """Keys of attempts that have ended in a process that writes the files of others too."""
        self._tailing = threading.Lock()
        self.is_fenced = False
        """Another worker owns the run: nothing is written any more."""
        self.interrupts: Interrupts | None = None
        self._stretch = UNBROKEN.stretch

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def stop(self) -> threading.Event:
        return self._stop

    def record(self, event: Event) -> None:
        # The event is fresh and ours alone: stamped in place, since a copy costs more than all the rest.
        stretch = self._stretch if get_ident() == self._executing else None  # threads of user code may log
        if stretch is not None:
            stretch.begin()
        try:
            with self._lock:
                if not self.is_fenced:
                    self._sequence += 1
                    force_setattr(event, "run_id", self._run_id)
                    force_setattr(event, "stream", self._stream)
                    force_setattr(event, "sequence", self._sequence)
                    self._notes.note(event)
                    if self._tail is not None and type(event) is LogsCaptured:
                        self._tail.follow(event.file_key)
                        if event.pid is not None:
                            self._files.setdefault(event.pid, []).append(event.file_key)
                    self._session.append((event,))
        finally:
            if stretch is not None:
                stretch.end()

    def note(self, event: Event) -> None:
        with self._lock:
            self._notes.note(event)

    def limit(self, step: Step) -> AbstractContextManager[None]:
        interrupts = self.interrupts or Interrupts(self._stop.set, raising=False)
        return interrupts.limit(step.timeout_seconds) if step.timeout_seconds is not None else nullcontext()

    def worker_ended(self, pid: int) -> None:
        for key in self._files.pop(pid, ()):
            self._finish_log(key)

    def output_ended(self, step_key: str, attempt: int) -> None:
        if self._tail is not None:
            key = file_key(step_key, attempt, self._epoch)
            if self._tail.follows(key):
                self._complete.append(key)

    def finish_logs(self) -> None:
        """Nothing is captured any more."""
        for key in self._tail.keys if self._tail is not None else ():
            self._finish_log(key)

    def _finish_log(self, key: str) -> None:
        with self._tailing:
            known = self._tail is not None and self._tail.finish(key)
        if known:
            self._session.complete_log(key)

    def tick(self) -> None:
        if self._tail is not None:
            while self._complete:
                self._finish_log(self._complete.popleft())
            with self._tailing:
                self._tail.pump()
        self._session.flush(0.0)  # no waiting: takes acknowledgements and sends what came meanwhile
        now = time.monotonic()
        if now - self._beat_at < _BEAT_SECONDS:
            return
        self._beat_at = now
        orders = self._session.heartbeat()
        self.is_fenced = self.is_fenced or orders.fenced
        if orders.cancel or orders.fenced:
            self._stop.set()

    def hear_of_cancel(self) -> None:
        """Ask once more whether the run is cancelled: a step worker elsewhere asks by itself, and may have heard of it,
        ended its step and told so before anybody has told this process.
        """
        until = time.monotonic() + _ORDERS_SECONDS
        while not self._stop.is_set() and time.monotonic() < until:
            self.tick()
            self._stop.wait(_TICK_SECONDS)

    def claim_slot(self, step: Step) -> SlotAnswer:
        return GRANTED if step.pool is None else self._slots.claim(step)

    def release_slot(self, step: Step) -> None:
        if step.pool is not None:
            self._slots.ended(step)

    @property
    def steps(self) -> StepsLine | None:
        return self._session.steps

    def answer(self, question: bytes) -> bytes:
        return answer_question(self._session, question)


class _Heart:
    """Ticks from a thread while user code occupies the executing one. Only where this process never forks."""

    def __init__(self, host: WorkerHost) -> None:
        self._host, self._done = host, threading.Event()
        self._executing = threading.current_thread()
        self._thread = threading.Thread(target=self._beat, name="rostrum-heart", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        interrupted_at = -_INTERRUPT_SECONDS
        while not self._done.wait(_TICK_SECONDS):
            self._host.tick()
            if self._host.stop.is_set() and time.monotonic() - interrupted_at >= _INTERRUPT_SECONDS:
                interrupted_at = time.monotonic()
                self._interrupt()

    def _interrupt(self) -> None:
        """Raise KeyboardInterrupt in the executing thread: by a real signal, so that a sleeping call wakes up."""
        if self._executing is threading.main_thread() and self._executing.ident is not None:
            signal.pthread_kill(self._executing.ident, signal.SIGINT)

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()


def execute_run(
    definitions: Any,
    run: Run,
    session: RunSession,
    *,
    executor: Executor | None,
    clock: Clock,
    stop: threading.Event,
    capture: Path | None = None,
    target: Any = None,
    may_fork: bool = True,
    default_executor: Mapping[str, Any] | None = None,
) -> bool:
    """Execute a launched run; True when it succeeded. `run.epoch` is the epoch whose stream is written.

    `definitions`: `Definitions` or `Resolved`. `executor`: None takes the job's, else the location's, else
    `default_executor` (as `LaunchSpec.executor`), else `multiprocess`. `stop`: set from outside (a signal handler) to
    cancel. `capture`: the spool's folder of logs, where captured output goes; None leaves standard output alone.
    `target`: the `CodeTarget` of the definitions, needed by executors that start fresh interpreters. `may_fork`: False
    where a fork of this process is not safe; steps of their own processes then get fresh ones, unless the run's config
    says otherwise.
    """
    work = RunWork(definitions, run, session, clock, stop, capture=capture)
    work.target, work.may_fork, work.default_executor = target, may_fork, default_executor
    return work.run(executor)


class RunWork:
    """One run between its first and its last event. Attributes are set before `run` is called."""

    def __init__(
        self,
        definitions: Any,
        run: Run,
        session: RunSession,
        clock: Clock,
        stop: threading.Event,
        *,
        capture: Path | None = None,
    ) -> None:
        self._definitions, self._run, self._session, self._folder = definitions, run, session, capture
        self._notes = RunNotes()
        reads_itself = capture is not None and session.captured_folder == capture
        self._tail = Tail(capture, None if reads_itself else session.write_log) if capture is not None else None
        self._host = WorkerHost(run, session, clock, stop, self._notes, self._tail)
        self._phase = "load_failure"
        self._succeeded = False
        self.target: Any = None
        """`CodeTarget` that the definitions came from."""
        self.values_folder: str | None = None
        """Where `default_io_manager` keeps values, for steps in fresh interpreters."""
        self.may_fork = True
        """Whether a fork of this process is safe."""
        self.fork_hazard = ""
        """What is known to hang a fork of this process, where the run has to tell."""
        self.default_executor: Mapping[str, Any] | None = None
        """Of the instance, as `LaunchSpec.executor`."""
        self.is_placed = False
        """Whether steps get the places that they ask for, where the caller names an executor without them."""
        self.plan: Plan | None = None
        """Of the run, where it is made already."""
        self.around_io_manager: Callable[[IOManager], IOManager] | None = None
        """Takes the place of each IO manager, given that one: see `replay`."""
        self.default_io_manager: Callable[[], IOManager] | None = None
        """Makes the IO manager that is used where none is bound; None: files below `$ROSTRUM_HOME`."""
        self.resources: Mapping[str, Any] = {}
        """By key, instead of those of the definitions."""
        self.heartbeat = True
        """False where nobody listens: no thread is started."""
        self.values: dict[tuple[str, str, str | None], Any] | None = None
        """(step, output, mapping key) -> value: filled where it is given, and steps run in this process."""
        self.runner: ProcessStepRunner | None = None
        """Made by `run`."""
        self.exception: BaseException | None = None
        """What ended the run outside of its steps."""

    def run(self, executor: Executor | None) -> bool:
        """Execute; True when the run succeeded. Nothing is raised: the events tell."""
        host = self._host
        raised = guard(self._execute, executor)
        host.finish_logs()
        if raised is not None and not (raised.is_interrupt and host.stop.is_set()):
            self.exception = raised.exception
            info = raised.info()
            for event in ends_of_open_steps(self._session, clock=host.clock, error=info):
                host.record(event)
            host.record(RunFailed(at=host.clock.now(), reason=self._phase, message=info.first_line, error=info))
            return False
        explained = self._succeeded or self._notes.failed_step_keys or self._notes.resource_failure is not None
        if not explained and host.steps is not None:
            host.hear_of_cancel()
        end = _end(self._notes, host.clock, self._succeeded, host.stop.is_set())
        host.record(end)
        return isinstance(end, RunSucceeded) and not host.is_fenced

    def _execute(self, executor: Executor | None) -> None:
        host, clock, definitions = self._host, self._host.clock, self._definitions
        resolved: Resolved = definitions if isinstance(definitions, Resolved) else definitions.resolved()
        self._phase = "engine_error"
        run = self._run = with_job_config(resolved, self._run)
        plan = self.plan or build_plan(resolved.manifest, run.target, resolved.graph, known_items(run.output_origins))
        specs = run_partitions(resolved, run, plan)
        spec = specs[0] if specs else None
        with about(resolved.ops[step.op] for step in plan.steps):
            keys = partition_keys(specs, run, clock, self._session)
        run = self._run = with_partition_tags(run, spec)
        bound = {**resolved.resources_of(run.target.job), **self.resources}
        self._phase = "config"
        check_config(resolved, run, plan, bound)
        self._phase = "engine_error"
        note_secrets(run, bound)
        if run.resumes:
            run, plan = rest_of(resolved, run, plan, self._session, clock, host.stop, host.tick)
            self._run = run
            self._notes.failed_step_keys.extend(step.key for step in plan.steps if step.key in plan.failed)
        if executor is None:
            executor = choose_executor(resolved, run, plan, may_fork=self.may_fork, default=self.default_executor)
        elif self.is_placed:
            executor = placing(executor, plan, self.may_fork)
        plan = self._begin(run, plan)
        self._tell_of_forks(executor)
        for state in latest_states(self._session, _outside(resolved, plan)):
            self._notes.stored(state)
        resources = Resources(bound, run, clock, self.default_io_manager)
        resources.around = self.around_io_manager
        log = RunLog.of_run(clock, resolved, run, echo=self._folder is None)
        runner = ProcessStepRunner(resolved, run, plan, self._session, clock, self._notes, resources, log, keys)
        runner.partitions, runner.capture_folder, runner.target = spec, self._folder, self.target
        runner.values_folder = self.values_folder
        runner.values.kept, runner.is_canceled = self.values, host.stop.is_set
        runner.endings.retries = getattr(executor, "retries", True)
        runner.endings.apart.update({key: tried.interrupted for key, tried in plan.tried.items()})
        runner.cancel = None if executor.isolates else host.stop.set
        self.runner = runner
        self._run_steps(executor, plan, runner, resources, log)

    def _begin(self, run: Run, plan: Plan) -> Plan:
        """Tell of the start; returns the plan without the steps that are passed over from the start, because an earlier
        run or worker did not produce what they need.
        """
        host, clock, pid = self._host, self._host.clock, os.getpid()
        rest, passed = without_passed_over(msgspec.structs.replace(plan, absent=absent_outputs(run.output_origins)))
        keys, resumed = plan.step_keys, run.resumes > 0
        host.record(
            RunStarted(at=clock.now(), epoch=run.epoch, step_keys=keys, resumed=resumed, pid=pid, host=gethostname())
        )
        for step in passed:
            reason = "an output that it needs was not produced"
            host.record(StepSkipped(at=clock.now(), step_key=step.key, reason=reason))
        return rest

    def _tell_of_forks(self, executor: Executor) -> None:
        """In the run, and once in this process to people who watch a script."""
        note = fork_note(executor, self.fork_hazard, is_importable=self.target is not None)
        if note is None:
            return
        level, message = note
        self._host.record(EngineMessage(at=self._host.clock.now(), level=level, message=message))
        if message not in _SAID:
            _SAID.add(message)
            _log.warning("%s", message)

    def _run_steps(
        self, executor: Executor, plan: Plan, runner: ProcessStepRunner, resources: Resources, log: RunLog
    ) -> None:
        host = self._host
        heart = redirect = attribution = None
        if not executor.isolates:
            if self._folder is not None:
                key = of_epoch(RUN_FILE_KEY, self._run.epoch)
                redirect = Redirect(self._folder, key)
                host.record(LogsCaptured(at=host.clock.now(), file_key=key, step_keys=plan.step_keys, pid=os.getpid()))
                attribution = runner.attribution = Attribution(self._folder, log, host.clock, self._run.epoch)
                attribution.complete = host.output_ended
                attribution.start()
        interrupts = Interrupts(host.stop.set, raising=not executor.isolates)
        interrupts.start()
        host.interrupts = interrupts
        log.attach()
        log.outside = host.record
        try:
            if self.heartbeat and not executor.isolates:
                if getattr(executor, "ticks", False):
                    resources.attended = lambda: _Heart(host)  # its loop has not begun, or is over
                else:
                    heart = _Heart(host)
            with seldom_collecting_all():
                self._succeeded = executor.execute(plan, runner, host)
        finally:
            interrupts.calm()
            host.interrupts = None
            if heart is not None:
                heart.stop()
            for key in plan.step_keys if resources.is_shut else ():
                host.record(StepNotRun(at=host.clock.now(), step_key=key))
            interrupts.stop()
            log.detach()
            log.outside = None
            if attribution is not None:
                attribution.stop()
            if redirect is not None:
                redirect.restore()


def _end(notes: RunNotes, clock: Clock, succeeded: bool, stopped: bool) -> RunSucceeded | RunFailed | RunCanceled:
    at = clock.now()
    if stopped:
        return RunCanceled(at=at)
    if succeeded:
        return RunSucceeded(at=at)
    failed = tuple(notes.failed_step_keys)
    failure = notes.resource_failure
    if failure is not None and not failed:
        message = f"resource {failure.resource_key!r} could not be set up: {failure.error.first_line}"
        return RunFailed(at=at, reason="resource_failure", message=message, error=failure.error)
    if not failed:
        message = "no step failed, and not all ended well: a step was interrupted, though nobody cancelled the run"
        return RunFailed(at=at, reason="step_failure", message=message)
    named = ", ".join(failed[:5]) + (" ..." if len(failed) > 5 else "")
    message = f"{len(failed)} {'step' if len(failed) == 1 else 'steps'} failed: {named}"
    return RunFailed(at=at, reason="step_failure", message=message, failed_step_keys=failed)


def _outside(resolved: Resolved, plan: Plan) -> Sequence[AssetKey]:
    """Assets upstream of the plan's, or under check, that the plan does not make: they are asked for once."""
    made = {key for step in plan.steps for key in step.asset_keys}
    above = {up: None for key in made for up in resolved.graph.upstream.get(key, ()) if up not in made}
    judged = {check.asset_key for step in plan.steps for check in step.check_keys}
    above.update(dict.fromkeys(key for key in judged if key not in made))
    return list(above)


def run_partitions(resolved: Resolved, run: Run, plan: Plan) -> tuple[PartitionsSpec, ...]:
    """The definitions that the run's partition key must be of: the job's, then those of its assets. The first one is
    the run's own. Some steps of a run, none of which has partitions, keep the key of that run.
    """
    specs = _partitions(resolved, run, plan)
    if specs or not (run.target.step_selection and run.is_partitioned):
        return specs
    whole = build_plan(resolved.manifest, msgspec.structs.replace(run.target, step_selection=()), resolved.graph)
    return _partitions(resolved, run, whole)


def _partitions(resolved: Resolved, run: Run, plan: Plan) -> tuple[PartitionsSpec, ...]:
    manifest = resolved.manifest
    names = [job.partitions for job in manifest.jobs if job.name == run.target.job]
    for step in plan.steps:
        names += [resolved.graph.nodes[key].partitions for key in step.asset_keys]
        names += [
            resolved.graph.nodes[c.asset_key].partitions for c in step.check_keys if c.asset_key in resolved.graph.nodes
        ]
    return tuple(manifest.partitions[name] for name in dict.fromkeys(names) if name)


def partition_keys(specs: Sequence[PartitionsSpec], run: Run, clock: Clock, session: RunSession) -> tuple[str, ...]:
    """Keys of the run, checked against each definition. Raises UnknownPartition, or ArgumentError where nothing is
    partitioned.
    """
    key, between = run.target.partition_key, run.target.partition_range
    if key is None and between is None:
        return ()
    if not specs:
        raise NotPartitioned(
            f"the run is for partition {key or between!r}, and there is no PartitionsDefinition shared by what it "
            "makes: nothing in it is partitioned. Leave the partition out, or give an asset partitions_def=..."
        )
    sources = [partitions_of(spec, lambda name: session.read(ReadDynamicPartitions(name)).keys) for spec in specs]
    if between is not None:
        ranges = [tuple(source.keys_in_range(*between)) for source in sources]  # each says which key it lacks
        return ranges[0]
    assert key is not None
    now = clock.now()
    for source in sources:
        if not source.has_key(key, now):
            raise UnknownPartition(not_found(source, key, now))
    return (key,)
