"""A wide fan-out: one op yields items, each is mapped, all are collected; in SQLite."""

from __future__ import annotations

import asyncio
import importlib
import os
import threading
import time
from collections.abc import Callable

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DynamicOut,
    DynamicOutput,
    execute_job,
    in_process_executor,
    job,
    multiprocess_executor,
    op,
    reconstructable,
)

from benchmarks.measure import Timer, arguments, emit, part, quiet
from benchmarks.peer.home import instance_home

SIZE = "BENCHMARK_ITEMS"
"""Environment variable that says how many items a job of this module has."""
ITEMS = int(os.environ.get(SIZE, "1000"))
APART = 20
"""Fewer than ours: an item takes a second here, and the figure is told by the item."""
MANY = 10_000
PATIENCE = 240.0
"""Seconds for `MANY` items; then what has ended until then is counted."""


@op(out=DynamicOut())
def fan():
    for number in range(ITEMS):
        yield DynamicOutput(number, mapping_key=f"i{number}")


@op
def item(number):
    return number


@op
async def waiting_item(number):
    await asyncio.sleep(0.01)
    return number


@op
def gather(numbers):
    return len(numbers)


@job(executor_def=in_process_executor)
def wide():
    gather(fan().map(item).collect())


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 2}))
def apart():
    gather(fan().map(item).collect())


@job(executor_def=in_process_executor)
def coroutines():
    gather(fan().map(waiting_item).collect())


def seconds(name: str) -> float:
    """Wall seconds of one run of a job."""
    # reconstructable needs the job of an importable module, not of __main__
    found = getattr(importlib.import_module("benchmarks.peer.fan_out"), name)
    with (
        instance_home(),
        DagsterInstance.get() as instance,
        quiet(),
        Timer() as timer,
        execute_job(reconstructable(found), instance=instance) as result,
    ):
        assert result.success
    return timer.wall


def of_size(items: int, name: str) -> dict[str, float]:
    """Figures of a part in a process of its own, with so many items."""
    os.environ[SIZE] = str(items)
    return part("benchmarks.peer.fan_out", name)


def in_time() -> None:
    """Items a second of a run that gets `PATIENCE` seconds: of all, or of those that have ended until then. Ends this
    process.
    """
    began, output = time.perf_counter(), os.dup(1)
    told = threading.Lock()

    def tell(ended: Callable[[], int]) -> None:
        with told:
            os.dup2(output, 1)  # while the run goes on it is kept quiet
            emit(async_10000_items_per_s=ended() / (time.perf_counter() - began))
            os._exit(0)

    def ended_so_far() -> int:
        instance = DagsterInstance.get()
        run_id = instance.get_runs(limit=1)[0].run_id
        stored = instance.all_logs(run_id, of_type=DagsterEventType.STEP_SUCCESS)
        return sum(entry.step_key.startswith("waiting_item[") for entry in stored)

    timer = threading.Timer(PATIENCE, tell, (ended_so_far,))
    timer.daemon = True
    timer.start()
    seconds("coroutines")
    tell(lambda: ITEMS)


def main() -> None:
    given = arguments()
    if given.part == "wide":
        emit(in_process_1000_items_per_s=ITEMS / seconds("wide"))
    elif given.part == "apart":
        emit(multiprocess_ms_per_item=seconds("apart") / ITEMS * 1000)
    elif given.part == "many":
        in_time()
    else:
        of_many = {} if given.quick else of_size(MANY, "many")
        emit(**of_size(200 if given.quick else ITEMS, "wide"), **of_size(APART, "apart"), **of_many)


if __name__ == "__main__":
    main()
