from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.executors.processes import Exit, how_it_ended
from rostrum.interfaces.launching import WorkerStatus
from rostrum.model.errors import StateError
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.backfills import progress
from rostrum.planning.monitor import (
    MonitorLimits,
    add_outage,
    decide,
    describe_exit,
    max_runtime,
    silence,
    told_runtime,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = MonitorLimits()
ALIVE = WorkerStatus(state="running")
DEAD = WorkerStatus(state="exited", exit_code=3)
UNKNOWN = WorkerStatus(state="unknown")


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def run(status: RunStatus = RunStatus.RUNNING, **more: object) -> Run:
    fields: dict[str, object] = {"created_at": T0, "last_heard_at": T0, "epoch": 1, "worker": {"launcher": "x"}} | more
    return Run(run_id="r", target=RunTarget("l", "j"), status=status, **fields)  # type: ignore[arg-type]


def action(item: Run, worker: WorkerStatus | None, seconds: float, **more: object) -> str:
    return decide(item, worker, at(seconds), LIMITS, **more).action  # type: ignore[arg-type]


def test_silence_disconnects_then_loses() -> None:
    assert action(run(), ALIVE, 29) == "nothing"
    assert action(run(), ALIVE, 31) == "disconnected"
    assert action(run(disconnected_at=at(31)), UNKNOWN, 299) == "nothing"
    assert action(run(disconnected_at=at(31)), UNKNOWN, 301) == "lost"
    assert action(run(disconnected_at=at(31), last_heard_at=at(100)), ALIVE, 101) == "reconnected"


def test_a_time_limit_counts_from_the_start() -> None:
    limited = MonitorLimits(max_runtime_seconds=60)
    item = run(started_at=at(10), last_heard_at=at(70))
    assert decide(item, ALIVE, at(69), limited).action == "nothing"
    over = decide(item, ALIVE, at(71), limited)
    assert (over.action, over.message) == ("time_out", "time limit of 60 s")
    assert decide(run(last_heard_at=at(71)), ALIVE, at(71), limited).action == "nothing", "it has not started"
    for tags, limit in (({"dagster/max_runtime": "5"}, 5.0), ({"dagster/max_runtime": "0"}, None), ({}, 60.0)):
        assert max_runtime(run(tags=tags), limited) == limit
    both = run(tags={"dagster/max_runtime": "5", "rostrum/max_runtime": "7.5"})
    assert max_runtime(both, limited) == 7.5
    for wrong in ("long", "-1", "nan", "inf"):
        assert max_runtime(run(tags={"dagster/max_runtime": wrong}), limited) is None
        with pytest.raises(StateError, match="a number of seconds"):
            told_runtime({"dagster/max_runtime": wrong})


def test_another_worker_goes_on_as_often_as_it_may() -> None:
    limits = MonitorLimits(max_resumes=2)
    assert decide(run(), DEAD, at(1), limits).resume
    assert decide(run(resumes=1), DEAD, at(1), limits).resume
    assert not decide(run(resumes=2), DEAD, at(1), limits).resume
    assert decide(run(disconnected_at=at(31)), UNKNOWN, at(301), limits).resume
    assert not decide(run(RunStatus.STARTING), ALIVE, at(301), limits).resume
    assert not decide(run(), DEAD, at(1), LIMITS).resume, "by default a lost worker fails its run"


def test_by_force_nothing_is_waited_for() -> None:
    canceling = run(RunStatus.CANCELING, cancel_requested_at=T0, last_heard_at=T0, cancel_forced=True)
    assert action(canceling, ALIVE, 0.1) == "kill"
    assert action(canceling, UNKNOWN, 0.1) == "canceled"
    assert action(canceling, DEAD, 0.1) == "canceled"
    assert action(canceling, None, 0.1) == "canceled"


def test_known_dead_ends_at_once() -> None:
    decision = decide(run(), DEAD, at(1), LIMITS)
    assert decision.action == "dead"
    assert "exit code 3" in decision.message
    assert action(run(RunStatus.STARTING), DEAD, 1) == "dead"


def test_time_in_which_nobody_listened_does_not_count() -> None:
    outages = [(at(10), at(1000))]
    assert action(run(), UNKNOWN, 1005, outages=outages) == "nothing"
    assert action(run(), UNKNOWN, 1000 + 25, outages=outages) == "disconnected"
    assert action(run(disconnected_at=at(1)), UNKNOWN, 1000 + 295, outages=outages) == "lost"


def test_start_timeout_needs_a_worker() -> None:
    assert action(run(RunStatus.STARTING, worker=None), None, 9999) == "nothing"
    assert action(run(RunStatus.STARTING), ALIVE, 299) == "nothing"
    assert action(run(RunStatus.STARTING), ALIVE, 301) == "start_timeout"


def test_cancel_escalates() -> None:
    canceling = run(RunStatus.CANCELING, cancel_requested_at=T0, last_heard_at=at(60))
    assert action(canceling, ALIVE, 1) == "terminate"
    assert action(canceling, ALIVE, 2, asked=True) == "nothing"
    assert action(canceling, ALIVE, 31, asked=True) == "kill"
    assert action(canceling, DEAD, 31) == "canceled"
    assert action(canceling, UNKNOWN, 61) == "kill"
    assert action(canceling, UNKNOWN, 120) == "canceled"
    assert action(canceling, None, 5) == "nothing"
    assert action(canceling, None, 31) == "canceled"


def test_a_worker_that_the_cancel_has_killed_is_not_said_to_have_run_out_of_memory() -> None:
    killed = WorkerStatus(
        state="exited", signal=9, reason="killed by SIGKILL, perhaps because the machine is out of memory"
    )
    canceling = run(RunStatus.CANCELING, cancel_requested_at=T0, last_heard_at=at(60))
    late = decide(canceling, killed, at(31), LIMITS)
    assert late.message == "the run worker has ended: it did not end by itself and was killed"
    assert "out of memory" in decide(canceling, killed, at(1), LIMITS).message


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED])
def test_runs_without_a_worker_are_left_alone(status: RunStatus) -> None:
    assert action(run(status), DEAD, 10_000) == "nothing"


def test_exits_in_words() -> None:
    told = describe_exit(WorkerStatus(state="exited", signal=9))
    assert told == "killed by SIGKILL, perhaps because the machine is out of memory"
    assert told in how_it_ended(Exit(7, signal=9)), "the words are those of steps"
    assert describe_exit(WorkerStatus(state="exited")) == "exit status unknown"
    assert describe_exit(WorkerStatus(state="exited", signal=11)) == "ended by SIGSEGV"
    assert describe_exit(WorkerStatus(state="exited", signal=9, reason="out of memory")) == "out of memory"


SPANS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 200)), max_size=6)


@given(SPANS, st.integers(0, 900))
def test_silence_and_outages_add_up(spans: list[tuple[int, int]], seconds: int) -> None:
    outages = ()
    for begin, length in sorted(spans, key=lambda span: span[0] + span[1]):
        outages = tuple(add_outage(outages, at(begin), at(begin + length)))
    for first, second in pairwise(outages):
        assert first[1] < second[0]
    away = {tick for begin, length in spans for tick in range(begin, begin + length) if tick < seconds}
    assert silence(run(), at(seconds), outages) == seconds - len(away)


@given(
    st.sampled_from(list(RunStatus)),
    st.sampled_from([None, ALIVE, DEAD, UNKNOWN]),
    st.floats(0, 2000),
    st.booleans(),
    st.booleans(),
)
def test_properties(status: RunStatus, worker: WorkerStatus | None, seconds: float, cut: bool, asked: bool) -> None:
    item = run(status, disconnected_at=T0 if cut else None, cancel_requested_at=T0)
    found = action(item, worker, seconds, asked=asked)
    if item.is_finished:
        assert found == "nothing"
    if found == "lost":
        assert seconds > LIMITS.lost_after_seconds
        assert status is RunStatus.RUNNING
    if found == "dead":
        assert worker is DEAD
    # Whatever is not known dead survives the first minutes.
    if worker is not DEAD and seconds <= LIMITS.cancel_grace_seconds:
        assert found in {"nothing", "disconnected", "reconnected", "terminate"}
    # Nothing stays for ever: after all limits every run in progress with a worker is being ended.
    if status in {RunStatus.RUNNING, RunStatus.CANCELING} and seconds > 400:
        assert found in {"lost", "dead", "kill", "canceled"}


def test_backfill_progress() -> None:
    assert progress(3, {"success": 1, "running": 1}).status == "running"
    assert progress(2, {"success": 1, "failure": 1}).status == "failure"
    assert progress(2, {"success": 1, "canceled": 1}).status == "canceled"
    assert progress(1, {"success": 1}).status == "success"
    assert progress(3, {"success": 1, "running": 1}).finished == 1
