"""Steps a second: in process, `materialize`, and the multiprocess executor (rows 2, 4 and 5 of the performance
budgets).

python benchmarks/execution.py            # all, five repetitions, median and spread
python benchmarks/execution.py --profile  # where the time of one in-process job goes
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rostrum import Definitions, asset, job, materialize, op
from rostrum.control.events import EventLog
from rostrum.control.run_session import StoreSession
from rostrum.definitions.instance.local_run import run_locally
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.workers.run_worker import RunWork, execute_run
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.io_managers.filesystem import FilesystemIOManager
from rostrum.io_managers.memory import InMemoryIOManager
from rostrum.model.events import CONTROL_STREAM, RunStarting
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.runs import Run, RunTarget
from rostrum.service.clock import SystemClock
from rostrum.service.doorbells import LocalDoorbell
from rostrum.storage.logs.local import LocalLogStore
from rostrum.storage.sql import SqlStorage


@op
def nothing() -> int:
    return 1


def ops_job(size: int) -> Definitions:
    @job(name=f"ops_{size}")
    def many() -> None:
        for number in range(size):
            nothing.alias(f"n{number}")()

    return Definitions(jobs=[many])


def chained_assets(size: int) -> list[Any]:
    made: list[Any] = []
    for number in range(size):
        if number == 0:

            @asset(name="a0")
            def first() -> int:
                return 0

            made.append(first)
        else:
            scope: dict[str, Any] = {}
            exec(f"def a{number}(a{number - 1}): return a{number - 1} + 1", scope)
            made.append(asset(scope[f"a{number}"]))
    return made


def in_process(size: int) -> Callable[[], float]:
    definitions = ops_job(size)
    definitions.resolved()

    def run() -> float:
        began = time.perf_counter()
        result = run_locally(definitions, job=f"ops_{size}", in_memory=True)
        seconds = time.perf_counter() - began
        assert result.success
        return size / seconds

    return run


def materialized(size: int, manager: Callable[[], Any]) -> Callable[[], float]:
    assets = chained_assets(size)

    def run() -> float:
        bound = manager()
        began = time.perf_counter()
        result = materialize(assets, resources={"io_manager": bound})
        seconds = time.perf_counter() - began
        assert result.success
        assert result.asset_value(f"a{size - 1}") == size - 1
        return size / seconds

    return run


def persisted(definitions: Definitions, job_name: str, size: int) -> Callable[[], float]:
    """The same with a session on an SQLite file: run row, events and all derived state, to the last commit."""
    storage = SqlStorage(f"sqlite:///{tempfile.mkdtemp()}/rostrum.db", clock=SystemClock())
    storage.migrate()
    clock = SystemClock()
    events = EventLog(storage, LocalDoorbell(), clock)
    logs = LocalLogStore(Path(tempfile.mkdtemp()))

    def run() -> float:
        run = Run(run_id=clock.new_id(), target=RunTarget("bench", job_name), created_at=clock.now())
        with storage.begin(write=True) as session:
            session.runs.add([run])
        began = time.perf_counter()
        starting = RunStarting(run_id=run.run_id, stream=CONTROL_STREAM, sequence=1, at=clock.now(), epoch=1)
        events.append(run.run_id, None, [starting])
        session = StoreSession(events, storage, logs, run.run_id, 1, clock, batch=True)
        work = RunWork(definitions, run.after(starting), session, clock, threading.Event())
        work.default_io_manager = InMemoryIOManager
        done = work.run(InProcessExecutor())
        session.close()
        seconds = time.perf_counter() - began
        with storage.begin() as reading:
            stored = reading.runs.get(run.run_id)
        assert done
        assert stored is not None
        assert stored.steps_done == size
        return size / seconds

    return run


def multiprocess(size: int, at_once: int, start_method: str = "fork") -> Callable[[], float]:
    definitions = ops_job(size)
    clock = SystemClock()

    def run() -> float:
        run = Run(run_id=clock.new_id(), target=RunTarget("bench", f"ops_{size}"), created_at=clock.now())
        session = MemoryRunSession(run)
        session.append([RunStarting(at=clock.now(), epoch=1, run_id=run.run_id)])
        executor = MultiprocessExecutor(at_once, start_method=start_method)
        spool = Path(tempfile.mkdtemp())
        began = time.perf_counter()
        done = execute_run(
            definitions, session.run, session, executor=executor, clock=clock, stop=threading.Event(), capture=spool
        )
        seconds = time.perf_counter() - began
        assert done
        return seconds * 1000 / size

    return run


def measure(title: str, run: Callable[[], float], unit: str, repeat: int, budget: str) -> None:
    run()  # warm: imports, caches
    values = [run() for _ in range(repeat)]
    middle, spread = statistics.median(values), max(values) - min(values)
    print(f"{title:58} {middle:10.1f} {unit:10} spread {spread:8.1f}   budget {budget}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    os.environ["ROSTRUM_HOME"] = tempfile.mkdtemp()
    if arguments.profile:
        run = in_process(1000)
        run()
        with cProfile.Profile() as profile:
            run()
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        return
    repeat = arguments.repeat
    for size in (100, 1000, 10_000):
        measure(f"2  in process, {size} ops, no persistence", in_process(size), "steps/s", repeat, ">= 5000, flat")
    measure(
        "4  materialize, 100 chained assets, memory IO",
        materialized(100, InMemoryIOManager),
        "steps/s",
        repeat,
        ">= 3000",
    )
    files = materialized(100, lambda: FilesystemIOManager(tempfile.mkdtemp()))
    measure("4  materialize, 100 chained assets, filesystem IO", files, "steps/s", repeat, "(IO bound)")
    measure("3  in process, 100 ops, SQLite", persisted(ops_job(100), "ops_100", 100), "steps/s", repeat, ">= 1500")
    chain = Definitions(assets=chained_assets(100))
    measure("4  100 chained assets, memory IO, SQLite", persisted(chain, ASSET_JOB, 100), "steps/s", repeat, ">= 1000")
    measure("5  multiprocess (fork), 20 ops, 2 at once", multiprocess(20, 2), "ms a step", repeat, "<= 12")


if __name__ == "__main__":
    main()
