"""Step processes that are interrupted while they tell something, that tell nonsense, that are copied."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum import (
    AssetMaterialization,
    Definitions,
    JobDefinition,
    OpExecutionContext,
    Output,
    RetryPolicy,
    graph,
    job,
    op,
    resource,
)
from rostrum.execution.local import ExecutionResult, LocalRunner
from rostrum.execution.unbroken import UNBROKEN, interrupt_in
from rostrum.execution.workers.lines import Line
from rostrum.interfaces.frames import EVENTS, frame
from rostrum.model.errors import StepTimeout
from rostrum.model.events import AssetMaterialized, LogMessage, StepFailed, StepRetrying, StepSucceeded

pytestmark = pytest.mark.processes


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ExecutionResult]:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def execute(definition: JobDefinition, executor: str = "multiprocess") -> ExecutionResult:
        resolved = Definitions(jobs=[definition]).resolved()
        return LocalRunner().execute(
            resolved,
            job=definition.name,
            executor=executor,
            raise_on_error=False,
            stored_values=executor == "multiprocess",
        )

    return execute


def kinds(result: ExecutionResult, step_key: str) -> list[str]:
    return [event.kind for event in result.events if event.step_key == step_key]


def failed(result: ExecutionResult, step_key: str) -> Any:
    return next(e for e in result.events if isinstance(e, (StepFailed, StepRetrying)) and e.step_key == step_key)


# --- interrupted


@op(timeout=0.5)
def tells_much(context: OpExecutionContext) -> None:
    try:
        while True:
            context.log_event(AssetMaterialization("many", metadata={"text": "x" * 900_000}))
    finally:
        for _ in range(3):
            context.log_event(AssetMaterialization("last", metadata={"text": "y" * 600_000}))


@op
def sleeps() -> int:
    time.sleep(1)
    return 1


@job
def telling() -> None:
    tells_much()
    sleeps()


def test_an_event_is_told_whole_before_the_step_is_interrupted(run: Callable[..., ExecutionResult]) -> None:
    result = run(telling)
    assert failed(result, "tells_much").cause == "timeout"
    made = [str(event.asset_key) for event in result.events if isinstance(event, AssetMaterialized)]
    assert made[-3:] == ["last"] * 3
    assert kinds(result, "sleeps")[-1] == "step_succeeded"


def test_in_other_threads_nothing_is_torn_however_often_they_are_interrupted() -> None:
    halves = [0, 0]
    caught = 0
    over = threading.Event()

    def half(which: int) -> None:
        halves[which] += 1

    def work() -> None:
        nonlocal caught
        while not over.is_set():
            try:
                while not over.is_set():
                    with UNBROKEN:
                        half(0)
                        for _ in range(20):
                            half(1)
            except StepTimeout:
                caught += 1

    def guarded() -> None:
        while not over.is_set():
            try:
                work()
            except StepTimeout:  # just where it was caught before
                continue

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    assert thread.ident is not None
    until = time.monotonic() + 30
    while caught < 100 and time.monotonic() < until:
        interrupt_in(thread.ident, StepTimeout)
        over.wait(0.0002)
    over.set()
    thread.join()
    assert caught >= 100
    assert halves[1] == 20 * halves[0]


@resource
def told() -> Iterator[Callable[[str], None]]:
    """Writes down what happens, also in processes."""

    def tell(what: str) -> None:
        with Path("told").open("a") as file:
            file.write(f"{what}\n")

    yield tell
    tell("torn down")


@op(timeout=0.3, retry_policy=RetryPolicy(max_retries=1), required_resource_keys={"told"})
async def waits_long(context: OpExecutionContext) -> None:
    tell, attempt = context.resources.told, context.retry_number
    try:
        await asyncio.sleep(20)
    finally:
        await asyncio.sleep(0.05)
        tell(f"cleaned up {attempt}")


@op
async def comes_later() -> None:
    await asyncio.sleep(0.1)


@job(resource_defs={"told": told})
def waiting() -> None:
    waits_long()
    comes_later()


@pytest.mark.parametrize("executor", ["in_process", "multiprocess"])
def test_an_async_step_has_cleaned_up_before_its_end_is_told(
    run: Callable[..., ExecutionResult], executor: str
) -> None:
    result = run(waiting, executor)
    assert kinds(result, "comes_later")[-1] == "step_succeeded"
    ends = [event for event in result.events if isinstance(event, (StepRetrying, StepFailed))]
    assert [event.cause for event in ends] == ["timeout", "timeout"]
    cleaned = ["cleaned up 0", "cleaned up 1", "torn down"]
    if executor == "multiprocess":  # each attempt has a process, and a resource, of its own
        cleaned.insert(1, "torn down")
    assert Path("told").read_text().splitlines() == cleaned


# --- nonsense


def _line() -> Line:
    return next(each for each in gc.get_objects() if isinstance(each, Line))


def _torn() -> bytes:
    return frame(EVENTS, b"x" * 10_000)[:5_000] + frame(EVENTS, b"y" * 10_000)


def _nothing_known() -> bytes:
    return frame(99, b"")


@op(retry_policy=RetryPolicy(max_retries=1))
def babbles(context: OpExecutionContext) -> None:
    if context.retry_number == 0:
        _line()._socket.sendall(b"\xff" * 100)  # pyright: ignore[reportPrivateUsage]
        time.sleep(30)


@op
def babbles_in_frames() -> None:
    _line()._socket.sendall(_torn())  # pyright: ignore[reportPrivateUsage]
    time.sleep(30)


@op
def babbles_of_new_things() -> None:
    _line()._socket.sendall(_nothing_known())  # pyright: ignore[reportPrivateUsage]
    time.sleep(30)


@op(isolation="thread")
def babbles_beside_others() -> None:
    _line()._socket.sendall(_torn())  # pyright: ignore[reportPrivateUsage]
    time.sleep(30)


@job
def babbling() -> None:
    babbles()
    babbles_in_frames()
    babbles_of_new_things()
    babbles_beside_others()
    sleeps()


def test_who_tells_nonsense_fails_alone(run: Callable[..., ExecutionResult]) -> None:
    result = run(babbling)
    assert kinds(result, "babbles")[-1] == "step_succeeded", "it was tried again"
    for key in ("babbles", "babbles_in_frames", "babbles_of_new_things", "babbles_beside_others"):
        end = failed(result, key)
        assert end.cause == "crash"
        assert "was killed, since what it told cannot be read: " in end.error.message
    assert kinds(result, "sleeps")[-1] == "step_succeeded"


# --- copies


def _copied(context: OpExecutionContext, ends: Callable[[], Any]) -> Iterator[Any]:
    """Exit code of a copy that `ends` so."""
    pid = os.fork()
    if pid == 0:
        context.log.info("from the copy")
        yield ends()
        return
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with Path("codes").open("a") as file:
        file.write(f"{code}\n")
    yield Output(f"{code} told by {os.getpid()}")


def _raises() -> None:
    raise RuntimeError("in the copy")


@op
def yields(context: OpExecutionContext) -> Iterator[Any]:
    yield from _copied(context, lambda: Output("of the copy"))


@op
def exits(context: OpExecutionContext) -> Any:
    return next(_copied(context, lambda: sys.exit(7))).value


@op
def raises(context: OpExecutionContext) -> Any:
    return next(_copied(context, _raises)).value


@op
def returns(context: OpExecutionContext) -> Any:
    made = next(_copied(context, lambda: Output("of the copy")))
    return made.value


@op
async def awaits(context: OpExecutionContext) -> Any:
    return next(_copied(context, lambda: Output("of the copy"))).value


@op
def tells(context: OpExecutionContext) -> Any:
    return next(_copied(context, lambda: context.log_event(AssetMaterialization("of_the_copy")))).value


COPYING = (yields, exits, raises, returns, awaits, tells)


def _job_of(isolation: str | None) -> JobDefinition:
    @graph
    def copying() -> None:
        for each in COPYING:
            (each.tag({"rostrum/isolation": isolation}) if isolation else each)()

    return copying.to_job()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("executor", "isolation"),
    [("in_process", None), ("multiprocess", None), ("multiprocess", "thread"), ("threaded", "async")],
)
def test_a_copy_tells_nothing_and_ends_where_it_comes_back(
    run: Callable[..., ExecutionResult], executor: str, isolation: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    result = run(_job_of(isolation), executor)
    assert result.success
    codes = {
        event.step_key: str(result.output_for_node(event.step_key or "")).split()[0]
        for event in result.events
        if isinstance(event, StepSucceeded)
    }
    assert codes == {"yields": "0", "exits": "7", "raises": "1", "returns": "0", "awaits": "0", "tells": "1"}
    assert sorted(Path("codes").read_text().split()) == sorted(codes.values()), "no copy has gone on"
    assert not [event for event in result.events if isinstance(event, LogMessage) and event.message == "from the copy"]
    errors = capfd.readouterr().err
    assert errors.count("from the copy") == len(COPYING)
    assert "RuntimeError: in the copy" in errors
    assert "asset_materialized cannot be told by a copy of the step's process" in errors
    for each in COPYING:
        told = kinds(result, each.name)
        assert told.count("step_started") == told.count("output_stored") == told.count("step_succeeded") == 1
