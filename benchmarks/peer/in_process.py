"""2. A job of ops in the caller's process, nothing persisted: steps a second, and whether that stays flat."""

from __future__ import annotations

from dagster import job, op

from benchmarks.measure import Timer, arguments, emit, quiet


@op
def nothing() -> int:
    return 1


def job_of(ops: int):
    @job(name=f"job_{ops}")
    def many():
        for _ in range(ops):
            nothing()

    return many


def steps_per_second(ops: int) -> float:
    many = job_of(ops)
    with quiet(), Timer() as timer:
        result = many.execute_in_process()
    assert result.success
    return ops / timer.wall


if __name__ == "__main__":
    steps_per_second(10)
    sizes = (100,) if arguments().quick else (100, 1000)
    figures = {f"steps_per_second_{size}": steps_per_second(size) for size in sizes}
    emit(**figures, growth=figures["steps_per_second_100"] / figures[f"steps_per_second_{sizes[-1]}"])
