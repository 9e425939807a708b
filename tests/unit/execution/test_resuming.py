from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from rostrum import (
    AssetExecutionContext,
    AssetSpec,
    Definitions,
    FilesystemIOManager,
    MaterializeResult,
    OpExecutionContext,
    RetryPolicy,
    StaticPartitionsDefinition,
    asset,
    job,
    mem_io_manager,
    multi_asset,
    op,
)
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.workers.resuming import rest_of
from rostrum.execution.workers.run_worker import RunWork
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.threaded import ThreadedExecutor
from rostrum.interfaces.runs import ReadSteps, RunAnswer
from rostrum.model.assets import AssetKey
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
from rostrum.model.manifest import ASSET_JOB
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


WAITED: list[float] = []


class Waiting(Quick):
    """Waits as long as it is told, at once."""

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        WAITED.append(seconds)
        self.advance(seconds)
        return stop.is_set()


def test_a_step_that_waited_to_be_tried_again_waits_for_the_rest() -> None:
    """The run's worker was lost 20 s after its step had failed, which was to be tried again after a minute."""
    WAITED.clear()
    CALLS.clear()
    clock = Waiting()
    session = MemoryRunSession(msgspec.structs.replace(run(resumes=1), target=RunTarget("here", "wide")))
    at = clock.now()
    session.append(
        [
            RunStarted(at=at, epoch=1, step_keys=("beside", "below", "final", "flaky")),
            StepStarted(at=at, step_key="flaky"),
            StepRetrying(at=at, step_key="flaky", error=ERROR, attempt=1, delay_seconds=60.0),
        ]
    )
    clock.advance(20)
    work = RunWork(WIDE, session.run, session, clock, threading.Event())
    work.heartbeat = False
    assert not work.run(InProcessExecutor())
    assert CALLS[-2:] == [("flaky", 1), ("flaky", 2)], "the others go first"
    assert WAITED[0] == pytest.approx(40.0)


def test_in_the_loop_too() -> None:
    began = time.monotonic()
    told = StepRetrying(at=CLOCK.now(), step_key="flaky", error=ERROR, attempt=1, delay_seconds=0.4)
    resumed(ThreadedExecutor(max_concurrent=4), told)
    assert time.monotonic() - began >= 0.4
    assert CALLS[-1][0] == "flaky"


MADE: list[str] = []


@multi_asset(specs=[AssetSpec("pair_a", skippable=True), AssetSpec("pair_b")])
def pair() -> Iterator[MaterializeResult[Any]]:
    MADE.append("pair")
    yield MaterializeResult(asset_key="pair_b")


@asset
def late() -> int:
    MADE.append("late")
    return 1


@asset
def loads(pair_a: int, late: int) -> None:
    MADE.append("loads")


@asset(deps=[loads])
def follows() -> None:
    MADE.append("follows")


@pytest.mark.parametrize("executor", [InProcessExecutor(), ThreadedExecutor(max_concurrent=2)], ids=lambda e: e.name)
@pytest.mark.parametrize("was_lost_after_late", [False, True])
def test_a_skipped_asset_is_known_as_absent(executor: Any, was_lost_after_late: bool) -> None:
    """What loads it is passed over, though there may be an older value of it."""
    MADE.clear()
    definitions = Definitions(assets=[pair, late, loads, follows], resources={"io_manager": mem_io_manager})
    session = MemoryRunSession(msgspec.structs.replace(run(resumes=1), target=RunTarget("here", ASSET_JOB)))
    at, keys = CLOCK.now(), ("pair", "late", "loads", "follows")
    told: list[Event] = [
        RunStarted(at=at, epoch=1, step_keys=keys),
        OutputStored(at=at, step_key="pair", output="pair_b", asset_key=AssetKey.of("pair_b")),
        StepSucceeded(at=at, step_key="pair"),
    ]
    if was_lost_after_late:
        told.append(OutputStored(at=at, step_key="late", output="result", asset_key=AssetKey.of("late")))
        told.append(StepSucceeded(at=at, step_key="late"))
    session.append(told)
    work = RunWork(definitions, session.run, session, CLOCK, threading.Event())
    work.heartbeat = False
    assert work.run(executor)
    expected: list[str] = [] if was_lost_after_late else ["late"]
    assert expected == MADE
    assert [event.step_key for event in session.events if event.kind == "step_skipped"] == ["loads", "follows"]


@asset(partitions_def=StaticPartitionsDefinition(["eu", "us"]))
def parts() -> None:
    raise NotImplementedError


@asset(deps=[parts])
def whole(context: AssetExecutionContext) -> None:
    MADE.append(str(context.run.target.partition_key))


def test_a_rest_without_partitions_keeps_the_key_of_its_run() -> None:
    MADE.clear()
    target = RunTarget("here", ASSET_JOB, step_selection=("whole",), partition_key="eu")
    session = MemoryRunSession(msgspec.structs.replace(run(), target=target))
    work = RunWork(Definitions(assets=[parts, whole]), session.run, session, CLOCK, threading.Event())
    work.heartbeat = False
    assert work.run(InProcessExecutor()), session.run.error
    assert MADE == ["eu"]
