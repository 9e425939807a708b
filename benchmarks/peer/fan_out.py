"""3. A wide fan-out: one op yields items, each is mapped, all are collected; in process, in SQLite."""

from __future__ import annotations

import importlib

from dagster import (
    DagsterInstance,
    DynamicOut,
    DynamicOutput,
    execute_job,
    in_process_executor,
    job,
    op,
    reconstructable,
)

from benchmarks.measure import Timer, arguments, emit, quiet
from benchmarks.peer.home import instance_home

ITEMS = 200
"""Fewer than ours: an item takes tens of milliseconds here, and the figure is told by the item."""


@op(out=DynamicOut())
def fan():
    for number in range(ITEMS):
        yield DynamicOutput(number, mapping_key=f"i{number}")


@op
def item(number):
    return number


@op
def gather(numbers):
    return len(numbers)


@job(executor_def=in_process_executor)
def wide():
    gather(fan().map(item).collect())


def main() -> None:
    # reconstructable needs the job of an importable module, not of __main__
    found = importlib.import_module("benchmarks.peer.fan_out").wide
    arguments()
    with (
        instance_home(),
        DagsterInstance.get() as instance,
        quiet(),
        Timer() as timer,
        execute_job(reconstructable(found), instance=instance) as result,
    ):
        assert result.success
    emit(in_process_1000_items_per_s=ITEMS / timer.wall)


if __name__ == "__main__":
    main()
