"""3. A job of ops in the caller's process, every event and all derived state in SQLite."""

from __future__ import annotations

from benchmarks.measure import Timer, arguments, emit, quiet, scratch
from benchmarks.ours.in_process import job_of
from rostrum import Instance

if __name__ == "__main__":
    sizes = (100, 1000)
    figures = {}
    with scratch() as home, Instance.open(home) as instance:
        for size in (10, *sizes):
            job = job_of(size)
            with quiet(), Timer() as timer:
                result = job.execute_in_process(instance=instance)
            assert result.run.steps_done == size
            figures[f"steps_per_second_{size}"] = size / timer.wall
            figures[f"cpu_ms_per_step_{size}"] = timer.cpu / size * 1000
    arguments()
    emit(**figures)
