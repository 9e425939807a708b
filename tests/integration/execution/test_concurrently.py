"""Many attempts at once in one process: interrupts, threads that hang, the main thread, a thousand items."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from rostrum import (
    DynamicOut,
    DynamicOutput,
    In,
    JobDefinition,
    Nothing,
    OpExecutionContext,
    RetryPolicy,
    get_logger,
    job,
    materialize,
    op,
)
from rostrum.definitions.location.definitions import Definitions
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.workers.run_worker import RunWork
from rostrum.executors.threaded import AsyncExecutor, ThreadedExecutor
from rostrum.interfaces.execution import Executor
from rostrum.io_managers.memory import InMemoryIOManager
from rostrum.model.events import AnyEvent, LogMessage, RunStarting, StepFailed, StepStarted
from rostrum.model.plans import Plan
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.plan import build_plan
from rostrum.service.clock import SystemClock

Change = dict[str, Any]


class Ran:
    """A run that has ended."""

    def __init__(self, run: Run, events: list[AnyEvent], values: dict[Any, Any], seconds: float) -> None:
        self.run, self.events, self.values, self.seconds = run, events, values, seconds

    def kinds(self, step_key: str) -> list[str]:
        return [event.kind for event in self.events if event.step_key == step_key]

    def failed(self, step_key: str) -> StepFailed:
        return next(e for e in self.events if isinstance(e, StepFailed) and e.step_key == step_key)


def run(
    definition: JobDefinition,
    executor: Executor,
    *,
    changes: dict[str, Change] | None = None,
    stop_after: str = "",
    in_memory: bool = True,
) -> Ran:
    """Run a job. `changes`: of steps of its plan; `stop_after`: kind of the event that cancels it; `in_memory`: its
    values are.
    """
    clock, stop = SystemClock(), threading.Event()
    resolved = Definitions(jobs=[definition]).resolved()
    target = RunTarget("test", definition.name)
    started = RunStarting(at=clock.now(), epoch=1, run_id="run")
    session = _Watched(Run(run_id="run", target=target, created_at=clock.now()).after(started), stop, stop_after)
    work = RunWork(resolved, session.run, session, clock, stop)
    work.heartbeat, work.values = False, {}
    if in_memory:
        work.default_io_manager = InMemoryIOManager  # type: ignore[assignment]
    plan = build_plan(resolved.manifest, target, resolved.graph)
    steps = [msgspec.structs.replace(step, **(changes or {}).get(step.key, {})) for step in plan.steps]
    work.plan = Plan(tuple(steps))
    began = time.monotonic()
    work.run(executor)
    return Ran(session.run, session.events, work.values or {}, time.monotonic() - began)


class _Watched(MemoryRunSession):
    def __init__(self, run: Run, stop: threading.Event, stop_after: str) -> None:
        super().__init__(run)
        self._stop, self._stop_after = stop, stop_after

    def append(self, events: Any) -> None:
        super().append(events)
        if any(event.kind == self._stop_after for event in events):
            self._stop.set()


# --- many


@op(out=DynamicOut(int))
def numbers() -> Iterator[DynamicOutput]:
    for number in range(1000):
        yield DynamicOutput(number, mapping_key=f"n{number}")


@op
async def halves(number: int) -> int:
    if number == 500:
        raise ValueError("odd one")
    await asyncio.sleep(0.001)
    return number // 2


@job
def thousand() -> None:
    numbers().map(halves)


def test_a_thousand_async_items_have_a_status_each() -> None:
    ran = run(thousand, AsyncExecutor())
    assert ran.run.status is RunStatus.FAILURE
    ends = [ran.kinds(f"halves[n{number}]") for number in range(1000)]
    good = ["step_started", "input_loaded", "output_stored", "step_succeeded"]
    assert [number for number, kinds in enumerate(ends) if kinds != good] == [500]
    assert ends[500] == ["step_started", "input_loaded", "step_failed"]
    assert ran.run.steps_done == 1001
    assert ran.values["halves[n999]", "result", None] == 499


def test_so_many_tasks_run_at_once_and_no_more() -> None:
    running: list[int] = []
    most: list[int] = []

    @op
    async def counts(number: int) -> None:
        running.append(number)
        most.append(len(running))
        await asyncio.sleep(0.001)
        running.remove(number)

    @job
    def counted() -> None:
        numbers().map(counts)

    assert run(counted, AsyncExecutor(max_tasks=25)).run.status is RunStatus.SUCCESS
    assert max(most) == 25


def test_threads_run_at_once_and_no_more_than_so_many() -> None:
    barrier = threading.Barrier(4)

    @op
    def meets() -> str:
        barrier.wait(10)
        return threading.current_thread().name

    @job
    def meeting() -> None:
        for number in range(8):
            meets.alias(f"meets_{number}")()

    ran = run(meeting, ThreadedExecutor(4))
    assert ran.run.status is RunStatus.SUCCESS
    assert len(set(ran.values.values())) == 4


# --- interrupts


def spins(context: OpExecutionContext) -> None:
    try:
        get_logger().info("spinning")
        while True:
            time.sleep(0.001)
    finally:
        context.log.info("cleaned up")


async def dozes(context: OpExecutionContext) -> None:
    try:
        get_logger().info("dozing")
        await asyncio.sleep(60)
    finally:
        context.log.info("cleaned up")


def alone(function: Callable[..., Any]) -> JobDefinition:
    made = op(name="works")(function)

    @op(ins={"start": In(Nothing)})
    def after() -> None: ...

    @job(name="alone")
    def lonely() -> None:
        after(start=made())

    return lonely


PLACES = [
    pytest.param(spins, ThreadedExecutor, "in_process", id="main thread"),
    pytest.param(spins, ThreadedExecutor, "thread", id="thread"),
    pytest.param(dozes, AsyncExecutor, "async", id="task"),
    pytest.param(dozes, ThreadedExecutor, "thread", id="coroutine in a thread"),
]


@pytest.mark.parametrize(("function", "executor", "isolation"), PLACES)
def test_a_cancel_interrupts_it(function: Any, executor: Any, isolation: str) -> None:
    ran = run(alone(function), executor(), changes={"works": {"isolation": isolation}}, stop_after="log_message")
    assert ran.run.status is RunStatus.CANCELED
    assert ran.kinds("works")[-1] == "step_canceled"
    assert [e.message for e in ran.events if isinstance(e, LogMessage)][-1] == "cleaned up"
    assert ran.kinds("after") == ["step_not_run"]
    assert ran.seconds < 10


@pytest.mark.parametrize(("function", "executor", "isolation"), PLACES)
def test_the_end_of_its_time_interrupts_it_alone(function: Any, executor: Any, isolation: str) -> None:
    made, beside = op(name="works")(function), op(name="beside")(lambda: 1)

    @job
    def limited() -> None:
        made()
        beside()

    ran = run(limited, executor(), changes={"works": {"isolation": isolation, "timeout_seconds": 0.05}})
    failed = ran.failed("works")
    assert (failed.cause, failed.error.class_name) == ("timeout", "StepTimeout")
    assert "time limit of 0.05 s" in failed.error.message
    assert ran.kinds("beside")[-1] == "step_succeeded"
    assert ran.run.status is RunStatus.FAILURE


def test_a_time_limit_may_be_tried_again() -> None:
    @op(retry_policy=RetryPolicy(max_retries=1))
    async def slow_once(context: OpExecutionContext) -> None:
        if context.retry_number == 0:
            await asyncio.sleep(60)

    @job
    def again() -> None:
        slow_once()

    ran = run(again, AsyncExecutor(), changes={"slow_once": {"timeout_seconds": 0.05}})
    assert ran.run.status is RunStatus.SUCCESS
    assert ran.kinds("slow_once").count("step_retrying") == 1


def test_a_thread_that_hangs_is_abandoned_and_nothing_more_is_taken_of_it() -> None:
    release, returned = threading.Event(), threading.Event()

    @op
    def hangs(context: OpExecutionContext) -> int:
        while not release.is_set():
            try:
                release.wait(10)  # holds interrupts up
            except KeyboardInterrupt:
                context.log.info("swallowed")
        context.log.info("too late")
        returned.set()
        return 1

    @op
    def beside() -> int:
        return 2

    @job
    def hanging() -> None:
        hangs()
        beside()

    changes = {"hangs": {"timeout_seconds": 0.05}}
    ran = run(hanging, ThreadedExecutor(1, grace_seconds=0.1), changes=changes)
    assert ran.failed("hangs").cause == "timeout"
    assert ran.kinds("beside")[-1] == "step_succeeded", "its thread is replaced"
    told = len(ran.events)
    release.set()
    assert returned.wait(10)
    assert len(ran.events) == told
    assert ("hangs", "result", None) not in ran.values


def test_what_a_task_swallows_is_asked_again_then_abandoned() -> None:
    @op
    async def stubborn() -> int:
        until = time.monotonic() + 0.8
        while time.monotonic() < until:
            try:
                await asyncio.sleep(0.3)
            except asyncio.CancelledError:
                continue
        return 1

    @job
    def swallowing() -> None:
        stubborn()

    ran = run(swallowing, AsyncExecutor(grace_seconds=0.2), stop_after="step_started")
    assert ran.run.status is RunStatus.CANCELED
    assert ran.kinds("stubborn")[-1] == "step_canceled"


def test_a_cancelled_error_of_its_own_is_a_failure() -> None:
    @op
    async def gives_up() -> None:
        raise asyncio.CancelledError("of its own")

    @job
    def giving_up() -> None:
        gives_up()

    ran = run(giving_up, AsyncExecutor())
    assert ran.run.status is RunStatus.FAILURE
    assert ran.failed("gives_up").error.class_name == "CancelledError"


def test_a_keyboard_interrupt_of_its_own_cancels_the_run() -> None:
    @op
    async def interrupts() -> None:
        raise KeyboardInterrupt

    @job
    def interrupting() -> None:
        interrupts()

    for executor in (AsyncExecutor(), ThreadedExecutor()):
        assert run(interrupting, executor).run.status is RunStatus.CANCELED


# --- where


def test_the_main_thread_is_there_for_steps_that_need_it() -> None:
    @op
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    @job
    def places() -> None:
        where.alias("main")()
        where.alias("other")()

    ran = run(places, ThreadedExecutor(), changes={"main": {"isolation": "in_process"}})
    assert ran.values == {("main", "result", None): True, ("other", "result", None): False}


def test_a_step_that_needs_a_process_is_refused() -> None:
    ran = run(alone(dozes), AsyncExecutor(), changes={"works": {"isolation": "process"}})
    assert ran.run.status is RunStatus.FAILURE
    assert "asks for isolation 'process', and the async executor runs all" in ran.run.error.message  # type: ignore[union-attr]
    assert not [event for event in ran.events if isinstance(event, StepStarted)]


def test_a_run_within_a_step_keeps_lines_apart() -> None:
    from rostrum import asset

    @asset
    def inner() -> None:
        get_logger().info("inner")

    @op
    def outer(context: OpExecutionContext) -> None:
        assert materialize([inner]).success
        context.log.info("outer")
        assert OpExecutionContext.get().op_def.name == "outer"

    @job
    def nested() -> None:
        outer()

    ran = run(nested, ThreadedExecutor())
    assert ran.run.status is RunStatus.SUCCESS
    lines = [(e.step_key, e.message) for e in ran.events if isinstance(e, LogMessage)]
    assert lines[-1] == ("outer", "outer")
    assert {key for key, _ in lines} == {"outer"}


def test_lines_of_threads_that_belong_to_no_step_belong_to_the_run() -> None:
    met = threading.Barrier(2)

    @op
    def starts(context: OpExecutionContext) -> None:
        met.wait(10)
        thread = threading.Thread(target=context.log.info, args=("from a thread",))
        thread.start()
        thread.join()
        met.wait(10)

    @job
    def two() -> None:
        starts.alias("one")()
        starts.alias("other")()

    ran = run(two, ThreadedExecutor(2))
    lines = [e.step_key for e in ran.events if isinstance(e, LogMessage)]
    assert lines == [None, None]


def test_streams_are_left_as_they_were() -> None:
    before = sys.stdout, sys.stderr
    run(thousand, AsyncExecutor())
    assert (sys.stdout, sys.stderr) == before


def test_thousands_of_tasks_are_cancelled_at_once() -> None:
    @op
    async def waits(number: int) -> None:
        await asyncio.sleep(60)

    @job
    def waiting() -> None:
        numbers().map(waits)

    ran = run(waiting, AsyncExecutor(), stop_after="input_loaded")
    assert ran.run.status is RunStatus.CANCELED
    ends = Counter(ran.kinds(f"waits[n{number}]")[-1] for number in range(1000))
    assert ends["step_canceled"] >= 1
    assert sum(ends.values()) == ends["step_canceled"] + ends["step_not_run"] == 1000
    assert ran.seconds < 10


@pytest.mark.parametrize(("tags", "beside"), [({}, False), ({"rostrum/io": "thread"}, True)])
def test_values_of_async_steps_are_moved_in_a_thread_where_the_op_says_so(tags: dict[str, str], beside: bool) -> None:
    seen: list[bool] = []

    class Watching(InMemoryIOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            try:
                asyncio.get_running_loop()
                seen.append(False)
            except RuntimeError:
                seen.append(True)
            super().handle_output(context, obj)

    @op(tags=tags)
    async def makes() -> int:
        return 1

    @job(resource_defs={"io_manager": Watching()})
    def making() -> None:
        makes()

    assert run(making, AsyncExecutor()).run.status is RunStatus.SUCCESS
    assert seen == [beside]
