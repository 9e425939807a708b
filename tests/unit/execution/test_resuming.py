from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from rostrum import Definitions, FilesystemIOManager, OpExecutionContext, RetryPolicy, job, mem_io_manager, op
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.workers.resuming import rest_of
from rostrum.execution.workers.run_worker import RunWork
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.threaded import ThreadedExecutor
from rostrum.interfaces.runs import ReadSteps, RunAnswer
from rostrum.model.errors import ErrorInfo, Unavailable
from rostrum.model.events import (
    Event,
    OutputStored,
    RunStarted,
    StepFailed,
    StepRetrying,
    StepStarted,
    StepSucceeded,
)
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.plan import build_plan
from rostrum.testing.clock import FakeClock


class Quick(FakeClock):
    """Waits for nothing."""

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        return stop.is_set()


CLOCK = Quick()


@op
def first() -> int:
    return 1


@op
def second(first: int) -> int:
    return first + 1


@job
def chain() -> None:
    second(first())


DEFINITIONS = Definitions(jobs=[chain], resources={"io_manager": FilesystemIOManager("/nowhere")})


def run(**more: Any) -> Run:
    target = RunTarget("here", "chain")
    return Run(run_id="r", target=target, created_at=CLOCK.now(), status=RunStatus.STARTING, epoch=1, **more)


class Away(MemoryRunSession):
    """Answers the third time."""

    asked = 0

    def read(self, query: Any) -> RunAnswer:
        if isinstance(query, ReadSteps):
            self.asked += 1
            if self.asked < 3:
                raise Unavailable("away")
        return super().read(query)


def rest(session: MemoryRunSession, stop: threading.Event) -> tuple[Run, tuple[str, ...]]:
    resolved = DEFINITIONS.resolved()
    plan = build_plan(resolved.manifest, session.run.target, resolved.graph)
    found, left = rest_of(resolved, session.run, plan, session, CLOCK, stop, lambda: None)
    return found, left.step_keys


def test_only_the_rest_is_planned_and_what_it_needs_is_known() -> None:
    session = Away(run(resumes=1))
    session.append(
        [
            RunStarted(at=CLOCK.now(), epoch=1, step_keys=("first", "second")),
            OutputStored(at=CLOCK.now(), step_key="first"),
            StepSucceeded(at=CLOCK.now(), step_key="first"),
        ]
    )
    stop = threading.Event()
    found, left = rest(session, stop)
    assert (left, found.output_origins) == (("second",), {"first:result": "r"})
    assert session.asked == 3, "it asks until it is answered"
    session.append([StepSucceeded(at=CLOCK.now(), step_key="second")])
    assert rest(session, stop)[1] == (), "nothing is left but the end"


CALLS: list[tuple[str, int]] = []


@op(retry_policy=RetryPolicy(max_retries=2))
def flaky(context: OpExecutionContext) -> int:
    CALLS.append(("flaky", context.retry_number))
    raise ValueError("again")


@op
def final() -> int:
    CALLS.append(("final", 0))
    return 1


@op
def below(final: int) -> None:
    CALLS.append(("below", 0))


@op
def beside() -> None:
    CALLS.append(("beside", 0))


@job
def wide() -> None:
    flaky()
    below(final())
    beside()


WIDE = Definitions(jobs=[wide], resources={"io_manager": mem_io_manager})
ERROR = ErrorInfo("ValueError", "final")


def resumed(executor: Any, *told: Event) -> MemoryRunSession:
    """A run whose first worker told this and was lost, when its next worker has ended."""
    CALLS.clear()
    session = MemoryRunSession(msgspec.structs.replace(run(resumes=1), target=RunTarget("here", "wide")))
    session.append([RunStarted(at=CLOCK.now(), epoch=1, step_keys=("beside", "below", "final", "flaky")), *told])
    work = RunWork(WIDE, session.run, session, CLOCK, threading.Event())
    work.heartbeat = False
    assert not work.run(executor)
    return session


@pytest.mark.parametrize("executor", [InProcessExecutor(), ThreadedExecutor(max_concurrent=2)], ids=lambda e: e.name)
def test_what_has_failed_stays_failed(executor: Any) -> None:
    """It is not executed again, nor is what needs it."""
    at = CLOCK.now()
    session = resumed(
        executor,
        StepSucceeded(at=at, step_key="beside"),
        StepFailed(at=at, step_key="flaky", error=ERROR, attempt=3),
        StepFailed(at=at, step_key="final", error=ERROR),
    )
    assert CALLS == []
    after = session.events[4:]
    assert [(event.kind, event.step_key) for event in after if not event.kind.startswith("resource")] == [
        ("run_started", None),
        ("step_not_run", "below"),
        ("run_failed", None),
    ]
    assert after[0].step_keys == ("below",)
    assert after[-1].failed_step_keys == ("final", "flaky")
    assert (session.run.steps_total, session.run.steps_done, session.run.steps_failed) == (4, 3, 2)
    assert session.run.error == ERROR


@pytest.mark.parametrize("executor", [InProcessExecutor(), ThreadedExecutor(max_concurrent=2)], ids=lambda e: e.name)
def test_attempts_are_counted_on(executor: Any) -> None:
    """One of three attempts has been made; the second was interrupted by the loss of the worker, which counts apart."""
    at = CLOCK.now()
    lost = StepRetrying(
        at=at, step_key="flaky", error=ERROR, attempt=2, cause="crash", run_id="r", stream="control", sequence=9
    )
    session = resumed(
        executor,
        StepStarted(at=at, step_key="flaky"),
        StepRetrying(at=at, step_key="flaky", error=ERROR, attempt=1),
        StepStarted(at=at, step_key="flaky", attempt=2),
        lost,
    )
    assert [number for name, number in CALLS if name == "flaky"] == [2, 3]
    failed = [event for event in session.events if event.kind == "step_failed"]
    assert [(event.step_key, event.attempt) for event in failed] == [("flaky", 4)]
    assert {name for name, _ in CALLS} == {"flaky", "final", "below", "beside"}


def test_a_stop_ends_the_asking() -> None:
    session = Away(run(resumes=1))
    stop = threading.Event()
    stop.set()
    assert rest(session, stop)[1] == ("first", "second")


class Breaking(InProcessExecutor):
    """Fails outside of any step, while one is under way."""

    def execute(self, plan: Any, runner: Any, host: Any) -> bool:
        host.record(StepStarted(at=host.clock.now(), step_key="first"))
        raise RuntimeError("the engine broke")


def test_an_engine_that_breaks_leaves_no_step_open() -> None:
    session = MemoryRunSession(run())
    work = RunWork(DEFINITIONS, session.run, session, CLOCK, threading.Event())
    work.heartbeat = False
    assert not work.run(Breaking())
    told = [(event.kind, event.step_key) for event in session.events if event.kind.startswith(("step", "run"))]
    assert told[1:] == [
        ("step_started", "first"),
        ("step_failed", "first"),
        ("step_not_run", "second"),
        ("run_failed", None),
    ]
    assert session.run.failure_reason == "engine_error"
