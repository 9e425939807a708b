"""3. A job of ops in the caller's process, every event in SQLite."""

from __future__ import annotations

from dagster import DagsterInstance

from benchmarks.measure import Timer, arguments, emit, quiet
from benchmarks.peer.home import instance_home
from benchmarks.peer.in_process import job_of

if __name__ == "__main__":
    arguments()
    figures = {}
    with instance_home(), DagsterInstance.get() as instance:
        for size in (10, 100):
            many = job_of(size)
            with quiet(), Timer() as timer:
                result = many.execute_in_process(instance=instance)
            assert result.success
            figures[f"steps_per_second_{size}"] = size / timer.wall
            figures[f"cpu_ms_per_step_{size}"] = timer.cpu / size * 1000
    emit(**figures)
