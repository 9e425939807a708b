"""5. The multiprocess executor: trivial ops, a process each, two at once, persisted in SQLite."""

from __future__ import annotations

import importlib

from dagster import DagsterInstance, execute_job, job, multiprocess_executor, op, reconstructable

from benchmarks.measure import Timer, arguments, emit, quiet
from benchmarks.peer.home import instance_home

SIZE = 8
"""Fewer than ours: a step takes seconds here, and the figure is told by the step."""


@op
def nothing() -> int:
    return 1


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 2}))
def several():
    for _ in range(SIZE):
        nothing()


def main() -> None:
    # reconstructable needs the job of an importable module, not of __main__
    found = importlib.import_module("benchmarks.peer.multiprocess").several
    arguments()
    with (
        instance_home(),
        DagsterInstance.get() as instance,
        quiet(),
        Timer() as timer,
        execute_job(reconstructable(found), instance=instance) as result,
    ):
        assert result.success
    emit(ms_per_step=timer.wall / SIZE * 1000, cpu_ms_per_step=timer.cpu / SIZE * 1000)


if __name__ == "__main__":
    main()
