"""Definitions that the suites of time limits, crashes and places execute."""

# ruff: noqa: ARG001, D103 - user code in a test

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.definitions.events.outputs import DynamicOutput
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.hooks import HookContext, failure_hook
from rostrum.definitions.ops.jobs import job
from rostrum.definitions.ops.ops import DynamicOut, op
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.resources.lifecycle import resource
from rostrum.model.errors import StepTimeout

LIMIT = 0.3


def turn() -> None:
    """Pass some time in a way that wakes up in any thread."""
    threading.Event().wait(0.01)


def forever() -> None:
    while True:
        turn()


def mark(name: str) -> int:
    """Count how often this place was reached."""
    path = Path(os.environ["ROSTRUM_TEST_FOLDER"], f"mark-{name}")
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(path.read_text().splitlines())


def marked(name: str) -> list[int]:
    path = Path(os.environ["ROSTRUM_TEST_FOLDER"], f"mark-{name}")
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


@failure_hook
def mourns(context: HookContext) -> None:
    context.log.error("lost to %s", type(context.op_exception).__name__)


@op(timeout=LIMIT)
def slow() -> int:
    forever()
    return 1


@op
def quick() -> int:
    return 1


@op
def below(value: int) -> int:
    return value


@op(timeout=LIMIT, retry_policy=RetryPolicy(max_retries=1))
def slow_once() -> int:
    if mark("slow_once") == 1:
        forever()
    return 7


@op(timeout=LIMIT)
async def slow_task() -> int:
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        mark("cleaned")
    return 1


@op(timeout=30)
def in_time() -> int:
    turn()
    return 1


@op(timeout=LIMIT)
def swallows_it() -> int:
    while True:
        try:
            forever()
        except StepTimeout:
            mark("swallowed")


@op(timeout=LIMIT, retry_policy=RetryPolicy(max_retries=1))
def swallows_it_once() -> int:
    swallows = mark("swallowed") == 1
    while swallows:
        try:
            forever()
        except StepTimeout:
            continue
    return 3


@resource
def closes_never(_context: object) -> Iterator[int]:
    try:
        yield 1
    finally:
        mark("closing")
        forever()


@op(required_resource_keys={"closes_never"})
def leaves_it_open() -> int:
    return 1


@op(retry_policy=RetryPolicy(max_retries=5, on=[ConnectionError, "TimeoutError"]))
def selective() -> int:
    if mark("selective") == 1:
        raise ConnectionResetError("gone")
    raise ValueError("for good")


@op(retry_policy=RetryPolicy(max_retries=0, max_infrastructure_retries=1))
def dies_once() -> int:
    if mark("dies_once") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1


@op(retry_policy=RetryPolicy(max_retries=1, max_infrastructure_retries=1))
def unlucky(context: OpExecutionContext) -> int:
    number = mark("unlucky")
    if number == 1:
        os._exit(3)
    if number == 2:
        raise OSError("and then this")
    return context.retry_number


@op(retry_policy=RetryPolicy(max_retries=1))
def dies_as_before() -> int:
    if mark("dies_as_before") == 1:
        os._exit(4)
    return 1


class Box:
    """Something that tells whether it is the same object."""

    def __init__(self, pid: int) -> None:
        self.pid, self.seen = pid, [pid]


@op
def makes() -> Any:
    return Box(os.getpid())


@op
def hands_on(box: Any) -> Any:
    box.seen.append(os.getpid())
    return box


@op(retry_policy=RetryPolicy(max_retries=1))
def hands_on_at_last(box: Any) -> Any:
    if mark("at_last") == 1:
        raise OSError("not yet")
    box.seen.append(os.getpid())
    return box


@op
def opens(box: Any) -> list[int]:
    return [*box.seen, os.getpid()]


@op(out=DynamicOut(Any))
def boxes() -> Iterator[DynamicOutput]:
    for number in range(3):
        yield DynamicOutput(Box(os.getpid()), mapping_key=f"b{number}")


@op
def opens_all(seen: list[list[int]]) -> list[list[int]]:
    return seen


@op(isolation="in_process")
def in_main(value: int) -> tuple[int, str]:
    return os.getpid(), threading.current_thread().name


@op(isolation="thread")
def in_thread(value: int) -> tuple[int, str]:
    return os.getpid(), threading.current_thread().name


@op(isolation="async")
async def in_loop(value: int) -> tuple[int, str]:
    return os.getpid(), threading.current_thread().name


@op(isolation="process")
def in_process() -> int:
    return os.getpid()


@op
def gathers(main: tuple[int, str], thread: tuple[int, str], loop: tuple[int, str]) -> list[Any]:
    return [main, thread, loop, os.getpid()]


@op(isolation="thread", timeout=LIMIT)
def hangs_in_thread() -> int:
    while True:
        try:
            forever()
        except StepTimeout:
            mark("hanging")


@op(isolation="thread")
def waits_for_the_kill() -> int:
    while not marked("hanging"):
        turn()
    return 1


@op(isolation="thread")
def kills_all_around() -> int:
    while not marked("beside"):
        turn()
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@op(isolation="in_process")
def killed_beside() -> int:
    mark("beside")
    forever()
    return 1


@op(isolation="in_process")
def runs_on() -> int:
    return os.getpid()


@resource
def counted() -> Any:
    mark("opened")
    yield 1
    mark("closed")


@op(isolation="thread", required_resource_keys={"counted"})
def uses_counted() -> int:
    return 1


@op(isolation="container")
def contained() -> int:
    return 1


@job(hooks={mourns})
def limited() -> None:
    below(slow())
    quick()


@job(hooks={mourns})
def limited_task() -> None:
    below(slow_task())


@job
def limited_once() -> None:
    below(slow_once())


@job
def limited_in_time() -> None:
    in_time()


@job
def swallowing_limit() -> None:
    below(swallows_it())
    quick()


@job
def swallowing_limit_once() -> None:
    below(swallows_it_once())


@job(resource_defs={"closes_never": closes_never})
def closing_never() -> None:
    below(leaves_it_open())


@job
def selecting() -> None:
    selective()


@job
def dying_once() -> None:
    below(dies_once())


@job
def bad_luck() -> None:
    unlucky()


@job
def dying_as_before() -> None:
    dies_as_before()


@job
def fused() -> None:
    opens(hands_on(makes()))


@job
def fused_items() -> None:
    opens_all(boxes().map(hands_on).map(opens).collect())


@job
def fused_with_retry() -> None:
    opens(hands_on_at_last(makes()))


@job
def mixed() -> None:
    pid = in_process()
    gathers(in_main(pid), in_thread(pid), in_loop(pid))


@job
def hanging_beside() -> None:
    below.alias("after_hanging")(hangs_in_thread())
    below.alias("after_waiting")(waits_for_the_kill())


@job
def killing_beside() -> None:
    kills_all_around()
    killed_beside()
    runs_on()


@job
def counting() -> None:
    uses_counted()
    uses_counted.alias("uses_it_too")()


@job
def tagged() -> None:
    below.tag({"rostrum/isolation": "thread"})(quick.tag({"rostrum/timeout": "30"})())


@job
def containing() -> None:
    contained()


defs = Definitions(
    jobs=[
        limited,
        limited_task,
        limited_once,
        limited_in_time,
        swallowing_limit,
        swallowing_limit_once,
        closing_never,
        selecting,
        dying_once,
        bad_luck,
        dying_as_before,
        fused,
        fused_items,
        fused_with_retry,
        mixed,
        hanging_beside,
        killing_beside,
        counting,
        tagged,
        containing,
    ],
    resources={"counted": counted},
)
