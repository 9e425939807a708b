"""4. `materialize()` of a chain of assets: nothing persisted (values on disk), and everything in SQLite."""

from __future__ import annotations

from benchmarks.measure import Timer, arguments, emit, quiet, scratch
from rostrum import AssetIn, Instance, asset, materialize


def chain(length: int) -> list[object]:
    """Each asset takes the value of the one before."""

    def first():
        return 1

    def later(before):
        return before + 1

    assets = [asset(name="a0")(first)]
    assets += [
        asset(name=f"a{number}", ins={"before": AssetIn(key=f"a{number - 1}")})(later) for number in range(1, length)
    ]
    return assets


if __name__ == "__main__":
    size = 100
    arguments()
    with quiet():
        materialize(chain(3))
    assets = chain(size)
    with quiet(), Timer() as timer:
        result = materialize(assets)
    assert result.success
    figures = {"steps_per_second_none": size / timer.wall, "cpu_ms_per_step_none": timer.cpu / size * 1000}
    assets = chain(size)
    with scratch() as home, Instance.open(home) as instance:
        with quiet():
            materialize(chain(3), instance=instance)
        with quiet(), Timer() as timer:
            result = materialize(assets, instance=instance)
        assert result.run.steps_done == size
    figures |= {"steps_per_second_sqlite": size / timer.wall, "cpu_ms_per_step_sqlite": timer.cpu / size * 1000}
    emit(**figures)
