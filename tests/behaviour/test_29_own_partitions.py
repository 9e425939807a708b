"""Partitions definitions of users' own classes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import dagster as dg
import pytest

_SHOPS = ["north", "south"]


class Shops(dg.PartitionsDefinition):
    """Keys that are found somewhere else."""

    def __init__(self, only: str | None = None) -> None:
        self.only = only

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: Any = None
    ) -> Sequence[str]:
        return [key for key in _SHOPS if self.only in (None, key)]

    def get_paginated_partition_keys(self, context: Any, limit: int, ascending: bool, cursor: str | None = None) -> Any:
        return super().get_paginated_partition_keys(context, limit, ascending, cursor)


class WorkDays(dg.DailyPartitionsDefinition):
    """Days but those of weekends, by a method."""

    def __init__(self, start_date: str = "2024-01-01", **more: Any) -> None:
        super().__init__(start_date=start_date, end_date="2024-01-16", **more)

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: Any = None
    ) -> Sequence[str]:
        every = super().get_partition_keys(current_time, dynamic_partitions_store)
        return [key for key in every if datetime.fromisoformat(key).weekday() < 5]


def test_keys_are_those_of_the_method() -> None:
    shops = Shops()
    assert shops.get_partition_keys() == ["north", "south"]
    assert (shops.get_first_partition_key(), shops.get_last_partition_key()) == ("north", "south")
    assert shops.get_num_partitions() == 2
    assert shops.has_partition_key("north")
    assert not shops.has_partition_key("west")
    assert Shops("south").get_partition_keys_in_range(dg.PartitionKeyRange("south", "south")) == ["south"]
    assert len(shops.subset_with_all_partitions()) == 2
    with pytest.raises(dg.DagsterUnknownPartitionError, match="west"):
        shops.validate_partition_key("west")


def test_equal_by_keys() -> None:
    assert Shops() == Shops()
    assert Shops("north") != Shops("south")
    assert hash(Shops("north")) == hash(Shops("north"))


def test_pages_of_its_keys() -> None:
    with dg.partition_loading_context() as context:
        page = Shops().get_paginated_partition_keys(context, limit=1, ascending=False)
    assert (page.results, page.has_more) == (["south"], True)


def test_keys_are_asked_again_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shops = Shops()
    assert not shops.has_partition_key("west")
    monkeypatch.setattr(f"{__name__}._SHOPS", ["north", "west"])
    assert shops.has_partition_key("west")


def test_assets_of_its_partitions() -> None:
    seen: list[Any] = []

    @dg.asset(partitions_def=Shops())
    def sales(context: dg.AssetExecutionContext) -> str:
        seen.append(context.assets_def.partitions_def)
        return context.partition_key

    @dg.asset(partitions_def=Shops())
    def report(sales: str) -> str:
        return f"report of {sales}"

    result = dg.materialize([sales, report], partition_key="south")
    assert result.output_for_node("report") == "report of south"
    assert isinstance(seen[0], Shops)
    with pytest.raises(dg.DagsterUnknownPartitionError, match="west"):
        dg.materialize([sales], partition_key="west")


def test_a_method_without_arguments_will_do() -> None:
    class Short(dg.PartitionsDefinition):
        def get_partition_keys(self) -> list[str]:  # type: ignore[override]
            return ["only"]

    assert Short().has_partition_key("only")
    assert Short().get_last_partition_key() == "only"


def test_it_is_told_the_time_and_the_store() -> None:
    class Stored(dg.PartitionsDefinition):
        def get_partition_keys(
            self, current_time: datetime | None = None, dynamic_partitions_store: Any = None
        ) -> Sequence[str]:
            assert current_time is not None
            return [str(current_time.year), *dynamic_partitions_store.get_dynamic_partitions("shops")]

    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("shops", ["west"])
        assert Stored().has_partition_key("west", datetime(2020, 5, 5), instance)
        assert Stored().has_partition_key("2020", datetime(2020, 5, 5), instance)


def test_windows_of_time_keep_their_times() -> None:
    days = WorkDays()
    assert days.get_partition_keys()[4:6] == ["2024-01-05", "2024-01-08"]
    assert not days.has_partition_key("2024-01-06")
    assert days.get_last_partition_key() == "2024-01-15"
    window = days.time_window_for_partition_key("2024-01-05")
    assert (window.end - window.start).days == 1

    @dg.asset(partitions_def=days)
    def sales(context: dg.AssetExecutionContext) -> str:
        return context.partition_time_window.start.date().isoformat()

    assert dg.materialize([sales], partition_key="2024-01-08").output_for_node("sales") == "2024-01-08"
    with pytest.raises(dg.DagsterUnknownPartitionError, match="2024-01-06"):
        dg.materialize([sales], partition_key="2024-01-06")


def test_windows_of_time_are_mapped_as_such() -> None:
    @dg.asset(partitions_def=WorkDays())
    def sales() -> None: ...

    @dg.asset(partitions_def=dg.WeeklyPartitionsDefinition("2024-01-01"), deps=[sales])
    def week(context: dg.AssetExecutionContext) -> None: ...

    mapping = dg.TimeWindowPartitionMapping()
    weeks = dg.WeeklyPartitionsDefinition("2023-12-31")
    below = weeks.subset_with_partition_keys(["2024-01-07"])
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(below, weeks, WorkDays())
    assert list(found.partitions_subset.get_partition_keys()) == [f"2024-01-{day:02d}" for day in range(8, 13)]
    dg.Definitions.validate_loadable(dg.Definitions(assets=[sales, week]))


def test_keys_that_are_no_windows_are_told() -> None:
    class Odd(dg.DailyPartitionsDefinition):
        def get_partition_keys(self, current_time: Any = None, dynamic_partitions_store: Any = None) -> list[str]:
            return ["2024-01-01", "monday"]

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Odd: get_partition_keys says 'monday'"):

        @dg.asset(partitions_def=Odd(start_date="2024-01-01"))
        def sales() -> None: ...


def test_a_class_that_presets_arguments() -> None:
    class Hours(dg.HourlyPartitionsDefinition):
        def __init__(self) -> None:
            super().__init__(start_date="2024-01-01-00:00", end_date="2024-01-01-03:00")

        def label(self, key: str) -> str:
            return key[-5:]

    @dg.asset(partitions_def=Hours())
    def sales(context: dg.AssetExecutionContext) -> str:
        return context.assets_def.partitions_def.label(context.partition_key)  # type: ignore[union-attr]

    assert Hours().get_num_partitions() == 3
    assert Hours() == dg.HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-01-01-03:00")
    assert dg.materialize([sales], partition_key="2024-01-01-01:00").output_for_node("sales") == "01:00"


def test_arguments_that_are_preset_in_new() -> None:
    class Days(dg.DailyPartitionsDefinition):
        def __new__(cls, year: int, **more: Any) -> Any:
            return super().__new__(cls, start_date=f"{year}-12-30", end_date=f"{year + 1}-01-02", **more)

    class Shifted(Days):
        def __new__(cls, year: int) -> Any:
            return super().__new__(cls, year, timezone="Europe/Berlin")

    assert Days(2023).get_partition_keys() == ["2023-12-30", "2023-12-31", "2024-01-01"]
    assert Days(2023) == dg.DailyPartitionsDefinition("2023-12-30", end_date="2024-01-02")
    assert Shifted(2023).timezone == "Europe/Berlin"
    assert len(Shifted(2023).get_partition_keys()) == 3

    @dg.asset(partitions_def=Days(2023))
    def sales(context: dg.AssetExecutionContext) -> str:
        return context.partition_key

    assert dg.materialize([sales], partition_key="2024-01-01").output_for_node("sales") == "2024-01-01"


def test_keys_of_a_named_tuple() -> None:
    class Numbered(dg.PartitionsDefinition, NamedTuple("_Numbered", [("count", int)])):
        def get_partition_keys(self, current_time: Any = None, dynamic_partitions_store: Any = None) -> list[str]:
            return [str(n) for n in range(self.count)]

    assert Numbered(3).get_partition_keys() == ["0", "1", "2"]
    assert Numbered(count=3) == Numbered(3)
    assert Numbered(2) != Numbered(3)
    assert Numbered(3).get_last_partition_key() == "2"


def test_as_a_dimension() -> None:
    both = dg.MultiPartitionsDefinition({"shop": Shops(), "day": WorkDays()})
    assert len(both.get_partition_keys()) == 2 * 11
    assert not both.has_partition_key("2024-01-06|north")

    @dg.asset(partitions_def=both)
    def sales(context: dg.AssetExecutionContext) -> Any:
        return context.multi_partition_key.keys_by_dimension  # type: ignore[attr-defined]

    result = dg.materialize([sales], partition_key=dg.MultiPartitionKey({"shop": "north", "day": "2024-01-05"}))
    assert result.output_for_node("sales") == {"shop": "north", "day": "2024-01-05"}


def test_keys_of_a_product_are_refused_with_what_to_do() -> None:
    class Odd(dg.MultiPartitionsDefinition):
        def get_partition_keys(self, current_time: Any = None, dynamic_partitions_store: Any = None) -> Any:
            return ["x|y"]

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="in the class of a dimension"):

        @dg.asset(partitions_def=Odd({"shop": Shops(), "day": WorkDays()}))
        def sales() -> None: ...


def test_jobs_and_schedules_of_its_partitions() -> None:
    @dg.asset(partitions_def=WorkDays())
    def sales(context: dg.AssetExecutionContext) -> str:
        return context.partition_key

    job = dg.define_asset_job("nightly", [sales], partitions_def=WorkDays())
    schedule = dg.build_schedule_from_partitioned_job(job)
    defs = dg.Definitions(assets=[sales], jobs=[job], schedules=[schedule])
    result = defs.resolve_job_def("nightly").execute_in_process(partition_key="2024-01-09")
    assert result.output_for_node("sales") == "2024-01-09"


def test_a_class_without_keys_says_so() -> None:
    class Empty(dg.PartitionsDefinition): ...

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Empty is no complete partitions definition"):
        Empty().get_partition_keys()
