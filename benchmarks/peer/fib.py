"""18. The public orchestrator benchmark: 40 tiny tasks in sequence (fib 10), and 10 long ones (fib 33), in SQLite."""

from __future__ import annotations

import importlib

from dagster import DagsterInstance, execute_job, in_process_executor, job, multiprocess_executor, op, reconstructable

from benchmarks.measure import Timer, arguments, emit, quiet
from benchmarks.peer.home import instance_home

COUNTS = {"in_process_tiny": 40, "in_process_long": 10, "multiprocess_tiny": 8, "multiprocess_long": 10}
"""Steps of the jobs; where a step takes seconds fewer than the forty that the figure is told for."""
FULL = {"tiny": 40, "long": 10}


def fibonacci(number):
    return number if number <= 1 else fibonacci(number - 1) + fibonacci(number - 2)


@op
def begin_tiny():
    return fibonacci(10)


@op
def fib_tiny(before):  # noqa: ARG001 - only the order matters
    return fibonacci(10)


@op
def begin_long():
    return fibonacci(33)


@op
def fib_long(before):  # noqa: ARG001 - only the order matters
    return fibonacci(33)


@job(executor_def=in_process_executor)
def in_process_tiny():
    value = begin_tiny()
    for _ in range(COUNTS["in_process_tiny"] - 1):
        value = fib_tiny(value)


@job(executor_def=in_process_executor)
def in_process_long():
    value = begin_long()
    for _ in range(COUNTS["in_process_long"] - 1):
        value = fib_long(value)


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 2}))
def multiprocess_tiny():
    value = begin_tiny()
    for _ in range(COUNTS["multiprocess_tiny"] - 1):
        value = fib_tiny(value)


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 2}))
def multiprocess_long():
    value = begin_long()
    for _ in range(COUNTS["multiprocess_long"] - 1):
        value = fib_long(value)


def main() -> None:
    # reconstructable needs the job of an importable module, not of __main__
    module = importlib.import_module("benchmarks.peer.fib")
    sizes = ("tiny",) if arguments().quick else tuple(FULL)
    figures: dict[str, float] = {}
    with instance_home(), DagsterInstance.get() as instance:
        for name in sizes:
            for kind in ("in_process", "multiprocess"):
                found = getattr(module, f"{kind}_{name}")
                with (
                    quiet(),
                    Timer() as timer,
                    execute_job(reconstructable(found), instance=instance) as result,
                ):
                    assert result.success
                figures[f"{kind}_{name}_s"] = timer.wall * FULL[name] / COUNTS[f"{kind}_{name}"]
    emit(**figures)


if __name__ == "__main__":
    main()
