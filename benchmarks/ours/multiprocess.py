"""5. The multiprocess executor: 20 trivial ops, a process each, two at once, persisted in SQLite."""

from __future__ import annotations

from benchmarks.measure import Timer, arguments, emit, quiet
from benchmarks.ours.in_process import job_of
from benchmarks.ours.persisted import execute, instance, register
from rostrum import Definitions
from rostrum.executors.multiprocess import MultiprocessExecutor

SIZE = 20

if __name__ == "__main__":
    arguments()
    definitions = Definitions(jobs=[job_of(2), job_of(SIZE)])
    with instance() as control:
        register(control, definitions)
        with quiet():
            execute(control, definitions, MultiprocessExecutor(2), "job_2")
        with quiet(), Timer() as timer:
            run = execute(control, definitions, MultiprocessExecutor(2), f"job_{SIZE}")
        assert run.steps_done == SIZE
    emit(ms_per_step=timer.wall / SIZE * 1000, cpu_ms_per_step=timer.cpu / SIZE * 1000)
