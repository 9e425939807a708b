"""18. The public orchestrator benchmark: 40 tiny tasks in sequence (fib 10), and 10 long ones (fib 33), in SQLite."""

from __future__ import annotations

import time

from benchmarks.measure import Timer, arguments, emit, quiet
from benchmarks.ours.persisted import execute, instance, register
from rostrum import Definitions, job, op
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor

SIZES = {"tiny": (40, 10), "long": (10, 33)}


def fibonacci(number: int) -> int:
    return number if number <= 1 else fibonacci(number - 1) + fibonacci(number - 2)


def tasks(name: str, count: int, number: int) -> object:
    """A job of `count` ops, one after the other."""

    @op(name=f"fib_{name}")
    def fib(before: int) -> int:  # noqa: ARG001 - only the order matters
        return fibonacci(number)

    @op(name=f"begin_{name}")
    def begin() -> int:
        return fibonacci(number)

    @job(name=name)
    def chain() -> None:
        value = begin()
        for _ in range(count - 1):
            value = fib(value)

    return chain


def bare(count: int, number: int) -> float:
    """Seconds that the code of the tasks takes alone: what this machine allows at most."""
    began = time.perf_counter()
    for _ in range(count):
        fibonacci(number)
    return time.perf_counter() - began


if __name__ == "__main__":
    sizes = {"tiny": SIZES["tiny"]} if arguments().quick else SIZES
    definitions = Definitions(jobs=[tasks(name, *size) for name, size in sizes.items()])
    figures: dict[str, float] = {}
    with instance() as control:
        register(control, definitions)
        for name in sizes:
            for kind, executor in (("in_process", InProcessExecutor()), ("multiprocess", MultiprocessExecutor(2))):
                with quiet(), Timer() as timer:
                    execute(control, definitions, executor, name)
                figures[f"{kind}_{name}_s"] = timer.wall
            figures[f"bare_{name}_s"] = bare(*sizes[name])
    emit(**figures)
