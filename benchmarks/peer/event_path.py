"""12. Storing materialisations one by one through the instance's public method, SQLite."""

from __future__ import annotations

from dagster import AssetKey, AssetMaterialization, DagsterInstance

from benchmarks.measure import Timer, arguments, emit, quiet
from benchmarks.peer.home import instance_home


def main() -> None:
    count = 100 if arguments().quick else 300
    with instance_home(), DagsterInstance.get() as instance, quiet():
        for number in range(10):
            instance.report_runless_asset_event(_event(number))
        with Timer() as timer:
            for number in range(count):
                instance.report_runless_asset_event(_event(number))
    emit(events_per_second=count / timer.wall, cpu_us_per_event=timer.cpu / count * 1e6)


def _event(number: int) -> AssetMaterialization:
    metadata = {"rows": 336_776, "note": "flights that left New York", "mean": 6.9}
    return AssetMaterialization(
        AssetKey([f"asset_{number % 100}"]), metadata=metadata, partition=f"2013-01-{number % 31 + 1:02}"
    )


if __name__ == "__main__":
    main()
