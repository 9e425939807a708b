"""A wide fan-out: one op yields items, each is mapped, all are collected; every status in SQLite."""

from __future__ import annotations

import asyncio
import pickle
import resource
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.measure import Timer, arguments, emit, part, quiet, scratch
from benchmarks.ours.persisted import execute, instance, register
from rostrum import Definitions, DynamicOut, DynamicOutput, InMemoryIOManager, job, op
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.executors.threaded import AsyncExecutor
from rostrum.interfaces.execution import Executor


def wide(items: int, resources: Mapping[str, Any] | None = None) -> Definitions:
    """A job `sync` of plain ops and a job `coroutines`, of that many items each. Their values are in files, unless an
    `io_manager` is among `resources`.
    """

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

    return Definitions(jobs=[sync, coroutines], resources=resources)


def seconds(items: int, executor: Executor, job_name: str, resources: Mapping[str, Any] | None = None) -> float:
    """Wall seconds of one run, from its submission to its last commit."""
    definitions = wide(items, resources)
    with instance() as control:
        register(control, definitions)
        with quiet(), Timer() as timer:
            run = execute(control, definitions, executor, job_name)
        assert run.steps_done == items + 2
    return timer.wall


def bare(items: int) -> float:
    """Seconds of nothing but the files that the values of so many items are in, each replaced as a whole."""
    data = pickle.dumps(0)
    with scratch() as folder:
        began = time.perf_counter()
        (folder / "fan").mkdir()
        for number in range(items):
            own = folder / f"item[{number}]"
            for path in (folder / "fan" / str(number), own / "result"):
                if path.parent == own:
                    own.mkdir()
                temporary = path.with_name(f"{path.name}.new")
                temporary.write_bytes(data)
                temporary.replace(path)
                path.read_bytes()
        return time.perf_counter() - began


def asynchronous(items: int, suffix: str, manager: Callable[[], Any] | None) -> None:
    """In a process of its own: its peak memory is told by the item."""
    resources = {"io_manager": manager()} if manager is not None else None
    definitions = wide(10, resources)
    with instance() as control:
        register(control, definitions)
        with quiet():
            execute(control, definitions, AsyncExecutor(), "coroutines")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall = seconds(items, AsyncExecutor(max_tasks=items), "coroutines", resources)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    figures = {"items_per_s": items / wall, "kb_per_item": grown / items}
    emit(**{f"async_10000{suffix}_{name}": value for name, value in figures.items()})


def main() -> None:
    given = arguments()
    many = 1000 if given.quick else 10_000
    if given.part == "async":
        asynchronous(many, "", None)
        return
    if given.part == "async_memory":
        asynchronous(many, "_memory", InMemoryIOManager)
        return
    items = 200 if given.quick else 1000
    emit(
        in_process_1000_items_per_s=items / seconds(items, InProcessExecutor(), "sync"),
        multiprocess_ms_per_item=seconds(items, MultiprocessExecutor(2), "sync") / items * 1000,
        **part("benchmarks.ours.fan_out", "async", quick=given.quick),
        **part("benchmarks.ours.fan_out", "async_memory", quick=given.quick),
        bare_files_items_per_s=many / bare(many),
    )


if __name__ == "__main__":
    main()
