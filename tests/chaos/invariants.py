"""What must hold after every round, whatever was killed."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from rostrum.interfaces.storage import Session
from rostrum.model.events import (
    RUN_ENDS,
    STEP_ENDS,
    EngineMessage,
    RunStarting,
    StepCanceled,
    StepFailed,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    StepWorkerStarted,
    StoredEvent,
)
from rostrum.model.runs import Run, RunStatus
from tests.chaos.project import MARKER

_STATUS = {"run_succeeded": RunStatus.SUCCESS, "run_failed": RunStatus.FAILURE, "run_canceled": RunStatus.CANCELED}


def broken_by_run(run: Run, events: Sequence[StoredEvent]) -> Iterator[str]:
    """What is wrong with a finished run and its events."""
    if not run.is_finished:
        yield f"the run is stuck: {run.status.value}"
        return
    streams: dict[str, list[int]] = {}
    for stored in events:
        streams.setdefault(stored.event.stream, []).append(stored.event.sequence)
    for stream, numbers in streams.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"stream {stream} has a gap, a double or is out of order: {numbers[:50]}"
    yield from _broken_ends(run, events)
    yield from _broken_steps(events)


def _broken_ends(run: Run, events: Sequence[StoredEvent]) -> Iterator[str]:
    ends = [
        number for number, stored in enumerate(events) if not stored.evidence and isinstance(stored.event, RUN_ENDS)
    ]
    if len(ends) != 1:
        yield f"the run has {len(ends)} ends"
        return
    end = events[ends[0]].event
    if _STATUS[end.kind] is not run.status:
        yield f"the run is {run.status.value} and its last event is {end.kind}"
    late = [s.event.kind for s in events[ends[0] + 1 :] if not s.evidence and not isinstance(s.event, EngineMessage)]
    if late:
        yield f"after the end there are {late}"


def _broken_steps(events: Sequence[StoredEvent]) -> Iterator[str]:
    """No step succeeds twice, none stays open."""
    succeeded: Counter[str] = Counter()
    is_open: dict[str, bool] = {}
    for stored in events:
        event, key = stored.event, stored.event.step_key
        if stored.evidence or key is None:
            continue
        if isinstance(event, StepSucceeded):
            succeeded[key] += 1
        if isinstance(event, StepStarted):
            is_open[key] = True
        elif isinstance(event, (*STEP_ENDS, StepRetrying)):
            is_open[key] = False
    for key, count in succeeded.items():
        if count > 1:
            yield f"step {key} succeeded {count} times"
    for key, still in is_open.items():
        if still:
            yield f"step {key} was started and never ended"


def broken_calls(runs: Sequence[Run], events: dict[str, Sequence[StoredEvent]], calls: str) -> Iterator[str]:
    """User code ran at most as often as there were attempts (evidence counts: it was told, and changed nothing)."""
    began: Counter[tuple[str, str]] = Counter()
    for line in calls.splitlines():
        run_id, step_key, what, _pid = line.split()
        if what == "begin":
            began[run_id, step_key] += 1
    for run in runs:
        told = _attempts(events[run.run_id])
        for (run_id, step_key), count in began.items():
            if run_id == run.run_id and count > told[step_key]:
                yield f"run {run_id}: step {step_key} ran {count} times, and {told[step_key]} attempts are told"


def _attempts(events: Sequence[StoredEvent]) -> Counter[str]:
    """Number of attempts by step. The start of one whose run worker was killed at that moment may be told by the end
    alone that the control plane gave it. One that had hardly begun when the process died that it shared goes on in
    another one: each process is told.
    """
    attempts: set[tuple[str, int, int]] = set()
    workers: Counter[tuple[str, int, int]] = Counter()
    current = 0
    for stored in events:
        event = stored.event
        # A worker's stream has its epoch; ends that the control plane gives are of the current one.
        epoch = int(event.stream.split("/")[1]) if event.stream.startswith("worker/") else current
        if isinstance(event, RunStarting):
            current = event.epoch
            continue
        attempt = (event.step_key or "", epoch, getattr(event, "attempt", 1))
        workers[attempt] += isinstance(event, StepWorkerStarted)
        if isinstance(event, (StepStarted, StepWorkerStarted, StepRetrying, StepFailed)):
            attempts.add(attempt)
        elif isinstance(event, StepCanceled):
            attempts.add((event.step_key or "", epoch, 1))
    return Counter(attempt[0] for attempt in attempts for _ in range(max(1, workers[attempt])))


def broken_slots(session: Session) -> Iterator[str]:
    """With no run in progress nobody holds a slot or waits for one."""
    for slot in session.pools.slots():
        yield f"a slot of {slot.pool} is still held by run {slot.run_id} step {slot.step_key}"
    for waiter in session.pools.waiters():
        yield f"run {waiter.run_id} step {waiter.step_key} still waits for {waiter.pool}"


def left_over(home: Path) -> Iterator[str]:
    """Workers and their children that outlive all runs."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            line = " ".join(process.cmdline())
            mine = str(home) in line or process.environ().get("ROSTRUM_HOME") == str(home)
            if process.status() != psutil.STATUS_ZOMBIE and mine and (process.name() in _WORKERS or MARKER in line):
                yield f"process {process.pid} ({process.name()}: {line[-80:]}) is left over"


_WORKERS = ("rostrum-run", "rostrum-step")
