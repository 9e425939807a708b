"""3. A wide fan-out: one op yields items, each is mapped, all are collected; every status in SQLite."""

from __future__ import annotations

import asyncio
import resource

from benchmarks.measure import Timer, arguments, emit, part, quiet
from benchmarks.ours.persisted import execute, instance, register
from rostrum import Definitions, DynamicOut, DynamicOutput, job, op
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.executors.threaded import AsyncExecutor
from rostrum.interfaces.execution import Executor


def wide(items: int) -> Definitions:
    """A job `sync` of plain ops and a job `coroutines`, of that many items each."""

    @op(out=DynamicOut())
    def fan():
        for number in range(items):
            yield DynamicOutput(number, mapping_key=f"i{number}")

    @op
    def item(number: int) -> int:
        return number

    @op
    async def waiting_item(number: int) -> int:
        await asyncio.sleep(0.01)
        return number

    @op
    def gather(numbers: list[int]) -> int:
        return len(numbers)

    @job
    def sync() -> None:
        gather(fan().map(item).collect())

    @job
    def coroutines() -> None:
        gather(fan().map(waiting_item).collect())

    return Definitions(jobs=[sync, coroutines])


def seconds(items: int, executor: Executor, job_name: str) -> float:
    """Wall seconds of one run, from its submission to its last commit."""
    definitions = wide(items)
    with instance() as control:
        register(control, definitions)
        with quiet(), Timer() as timer:
            run = execute(control, definitions, executor, job_name)
        assert run.steps_done == items + 2
    return timer.wall


def asynchronous(items: int) -> None:
    """In a process of its own: its peak memory is told by the item."""
    definitions = wide(10)
    with instance() as control:
        register(control, definitions)
        with quiet():
            execute(control, definitions, AsyncExecutor(), "coroutines")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall = seconds(items, AsyncExecutor(max_tasks=items), "coroutines")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    emit(async_10000_items_per_s=items / wall, async_10000_kb_per_item=grown / items)


def main() -> None:
    given = arguments()
    if given.part == "async":
        asynchronous(1000 if given.quick else 10_000)
        return
    items = 200 if given.quick else 1000
    emit(
        in_process_1000_items_per_s=items / seconds(items, InProcessExecutor(), "sync"),
        multiprocess_ms_per_item=seconds(items, MultiprocessExecutor(2), "sync") / items * 1000,
        **part("benchmarks.ours.fan_out", "async", quick=given.quick),
    )


if __name__ == "__main__":
    main()
