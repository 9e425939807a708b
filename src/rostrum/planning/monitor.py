"""What to do about a run's worker: a pure decision, `decide(...)` (law 4).

A silent worker is *disconnected*: it may be cut off and still working, so nothing is taken from it. Only after
`lost_after_seconds` of silence, not counting time in which the control plane itself was down, is the run failed as
lost, and its worker killed as far as it can be reached. A worker *known* dead ends its run at once.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from rostrum.interfaces.launching import WorkerStatus
from rostrum.model.errors import StateError
from rostrum.model.reserved_names import MAX_RUNTIME_TAGS
from rostrum.model.runs import Run, RunStatus


class MonitorLimits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """When what happens; all in seconds."""

    disconnected_after_seconds: float = 30.0
    """Silence after which a run is shown as disconnected."""
    lost_after_seconds: float = 300.0
    """Silence after which a run is failed as lost."""
    start_timeout_seconds: float = 300.0
    """From launch of the worker to its first sign of life."""
    cancel_grace_seconds: float = 30.0
    """From a cancel to the kill of a worker that has not ended by itself."""
    cancel_force_seconds: float = 60.0
    """From a cancel to ending a run whose worker cannot be reached at all and has fallen silent."""
    max_runtime_seconds: float | None = None
    """How long a run may take from its start, where its tags do not say; None: as long as it likes."""
    max_resumes: int = 0
    """How often another worker goes on with a run whose worker has died or is lost; after that the run fails."""


class MonitorDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to do about one run."""

    action: str
    """`nothing`; `disconnected`, `reconnected` (record it); `terminate` (ask the worker to end), `kill`;
    `dead`, `lost`, `start_timeout` (kill what may be left, then fail the run, or have it resumed); `canceled` (end it
    as cancelled); `time_out` (it has taken too long, longer than the message says: have it end)."""
    message: str = ""
    resume: bool = False
    """For `dead`, `lost` and `start_timeout`: another worker goes on, in place of a failure."""


NOTHING = MonitorDecision("nothing")

Outages = Sequence[tuple[datetime, datetime]]
"""Times (from, to) in which the control plane could not hear workers; oldest first, not overlapping."""


def silence(run: Run, now: datetime, outages: Outages = ()) -> float:
    """Seconds for which the control plane listened and the worker said nothing."""
    heard = run.last_heard_at or run.started_at or run.created_at
    total = (now - heard).total_seconds()
    for begin, end in outages:
        total -= max(0.0, (min(end, now) - max(begin, heard)).total_seconds())
    return max(0.0, total)


def decide(
    run: Run,
    worker: WorkerStatus | None,
    now: datetime,
    limits: MonitorLimits,
    outages: Outages = (),
    asked: bool = False,
) -> MonitorDecision:
    """Decide about one run. `worker` is None when none is known; `asked`: its worker has been asked to end before."""
    if run.is_finished or run.status is RunStatus.QUEUED:
        return NOTHING
    quiet = silence(run, now, outages)
    if run.status is RunStatus.CANCELING:
        return _canceling(run, worker, now, limits, quiet, asked)
    resume = run.resumes < limits.max_resumes
    if worker is not None and worker.state == "exited":
        message = f"the run worker ended without reporting an end: {describe_exit(worker)}"
        return MonitorDecision("dead", message, resume)
    over = _time_over(run, now, limits)
    if over is not None:
        return MonitorDecision("time_out", over)
    if run.status is RunStatus.STARTING:
        if worker is not None and quiet > limits.start_timeout_seconds:
            text = f"the run worker did not report within {limits.start_timeout_seconds:g} s of its launch"
            return MonitorDecision("start_timeout", text, resume and run.resumes > 0)
        return NOTHING
    if quiet > limits.lost_after_seconds:
        return MonitorDecision("lost", f"nothing was heard of the run worker for {quiet:.0f} s", resume)
    if quiet > limits.disconnected_after_seconds:
        return NOTHING if run.disconnected_at else MonitorDecision("disconnected", f"silent for {quiet:.0f} s")
    return MonitorDecision("reconnected") if run.disconnected_at else NOTHING


def max_runtime(run: Run, limits: MonitorLimits) -> float | None:
    """Seconds that a run may take from its start: its tags say, else the instance. 0 is no limit."""
    try:
        told = told_runtime(run.tags)
    except StateError:
        return None  # of a run that was submitted before its tags were looked at
    return limits.max_runtime_seconds if told is None else told or None


def told_runtime(tags: Mapping[str, str]) -> float | None:
    """What the tags say of it; None: nothing. Raises StateError where that is no number of seconds."""
    tag = next((each for each in MAX_RUNTIME_TAGS if each in tags), None)
    if tag is None:
        return None
    try:
        seconds = float(tags[tag])
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise StateError(f"tag {tag} is {tags[tag]!r}; it is to be a number of seconds: how long the run may take")
    return seconds


def _time_over(run: Run, now: datetime, limits: MonitorLimits) -> str | None:
    most = max_runtime(run, limits)
    if most is None or run.started_at is None or (now - run.started_at).total_seconds() <= most:
        return None
    return f"time limit of {most:g} s"


def _canceling(
    run: Run, worker: WorkerStatus | None, now: datetime, limits: MonitorLimits, quiet: float, asked: bool
) -> MonitorDecision:
    asked_for = (now - (run.cancel_requested_at or now)).total_seconds()
    if worker is not None and worker.state == "exited":
        killed = worker.signal == _KILL and (run.cancel_forced or asked_for > limits.cancel_grace_seconds)
        how = "it did not end by itself and was killed" if killed else describe_exit(worker)
        return MonitorDecision("canceled", f"the run worker has ended: {how}")
    if worker is None:
        # No worker was ever recorded; one may just be on its way, so its launch gets the grace as well. (Whoever starts
        # it after the run's end is told so, and ends it.)
        over = run.cancel_forced or asked_for > limits.cancel_grace_seconds
        return MonitorDecision("canceled", "no run worker") if over else NOTHING
    if run.cancel_forced:
        if worker.state == "running":
            return MonitorDecision("kill", "by force")
        return MonitorDecision("canceled", "by force; the run worker cannot be reached")
    if asked_for > limits.cancel_grace_seconds:
        reachable = worker.state == "running"
        if not reachable and asked_for > limits.cancel_force_seconds and quiet > limits.disconnected_after_seconds:
            return MonitorDecision("canceled", "the run worker cannot be reached")
        return MonitorDecision("kill", f"still running {asked_for:.0f} s after the cancel")
    return NOTHING if asked else MonitorDecision("terminate")


def describe_exit(worker: WorkerStatus) -> str:
    """How a worker ended, in words."""
    if worker.signal == _KILL:
        return worker.reason or "killed by SIGKILL, perhaps because the machine is out of memory"
    if worker.signal is not None:
        return worker.reason or f"ended by {_signal_name(worker.signal)}"
    if worker.exit_code is not None:
        return f"exit code {worker.exit_code}" + (f" ({worker.reason})" if worker.reason else "")
    return worker.reason or "exit status unknown"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_KILL = 9


def add_outage(outages: Outages, begin: datetime, end: datetime, *, keep_seconds: float = 86400.0) -> Outages:
    """Outages with one more, merged where they touch; those that ended longer than `keep_seconds` ago are forgotten."""
    kept = [item for item in outages if end - item[1] < timedelta(seconds=keep_seconds)]
    merged: list[tuple[datetime, datetime]] = []
    for item in sorted([*kept, (begin, end)]):
        if merged and item[0] <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], item[1]))
        else:
            merged.append(item)
    return tuple(merged)
