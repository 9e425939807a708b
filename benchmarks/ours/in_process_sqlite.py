"""3. A job of ops in the caller's process, every event and all derived state in SQLite."""

from __future__ import annotations

from benchmarks.measure import Timer, arguments, emit, quiet
from benchmarks.ours.in_process import job_of
from benchmarks.ours.persisted import execute, instance, register
from rostrum import Definitions, InMemoryIOManager
from rostrum.executors.in_process import InProcessExecutor

if __name__ == "__main__":
    sizes = (100, 1000)
    figures = {}
    with instance() as control:
        jobs = [job_of(size) for size in (10, *sizes)]
        definitions = Definitions(jobs=jobs, resources={"io_manager": InMemoryIOManager()})
        register(control, definitions)
        for size in (10, *sizes):
            with quiet(), Timer() as timer:
                run = execute(control, definitions, InProcessExecutor(), f"job_{size}")
            assert run.steps_done == size
            figures[f"steps_per_second_{size}"] = size / timer.wall
            figures[f"cpu_ms_per_step_{size}"] = timer.cpu / size * 1000
    arguments()
    emit(**figures)
