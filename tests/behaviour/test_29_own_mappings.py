"""Partition mappings of users' own classes: what they say holds where assets are loaded, planned and asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import dagster as dg
import pytest
from dagster._core.definitions.partitions.mapping import UpstreamPartitionsResult

DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-06")
LETTERS = dg.StaticPartitionsDefinition(["a", "b", "c"])
CAPITALS = dg.StaticPartitionsDefinition(["A", "B", "C"])


class Capitals(dg.PartitionMapping):
    """Each capital needs its letter."""

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: Any,
        downstream_partitions_def: Any,
        upstream_partitions_def: Any,
        current_time: datetime | None = None,
        dynamic_partitions_store: Any = None,
    ) -> UpstreamPartitionsResult:
        keys = [key.lower() for key in downstream_partitions_subset.get_partition_keys()]
        return UpstreamPartitionsResult(
            partitions_subset=upstream_partitions_def.subset_with_partition_keys(keys),
            required_but_nonexistent_subset=upstream_partitions_def.empty_subset(),
        )

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: Any,
        upstream_partitions_def: Any,
        downstream_partitions_def: Any,
        current_time: datetime | None = None,
        dynamic_partitions_store: Any = None,
    ) -> Any:
        keys = [key.upper() for key in upstream_partitions_subset.get_partition_keys()]
        return downstream_partitions_def.subset_with_partition_keys(keys)

    def validate_partition_mapping(self, upstream_partitions_def: Any, downstream_partitions_def: Any) -> None: ...

    @property
    def description(self) -> str:
        return "letters to capitals"


@dataclass(frozen=True)
class Before(dg.PartitionMapping):
    """The partition of so many days before, by position."""

    days: int

    def get_upstream_mapped_partitions_result_for_partitions(
        self, downstream_partitions_subset, downstream_partitions_def, upstream_partitions_def, *_: Any
    ):  # type: ignore[no-untyped-def]
        every = list(upstream_partitions_def.get_partition_keys())
        wanted = [every.index(key) - self.days for key in downstream_partitions_subset.get_partition_keys()]
        return UpstreamPartitionsResult(
            upstream_partitions_def.subset_with_partition_keys([every[n] for n in wanted if n >= 0]),
            upstream_partitions_def.empty_subset(),
        )

    def get_downstream_partitions_for_partitions(self, *_: Any) -> Any:
        raise NotImplementedError


def loaded_of(
    above: Any, below: Any, mapping: dg.PartitionMapping, key: str, made: tuple[str, ...], *, by: str = "ins"
) -> Any:
    """What an asset of a partition loads through a mapping."""

    @dg.asset(partitions_def=above)
    def source(context: dg.AssetExecutionContext) -> str:
        return f"of {context.partition_key}"

    @dg.asset(partitions_def=below, ins={"source": dg.AssetIn(partition_mapping=mapping)})
    def target(context: dg.AssetExecutionContext, source: Any) -> Any:
        return [context.asset_partition_keys_for_input("source"), source]

    with dg.instance_for_test() as instance:
        for each in made:
            assert dg.materialize([source], partition_key=each, instance=instance).success
        result = dg.materialize([source, target], selection=[target], partition_key=key, instance=instance)
        return result.output_for_node("target")


def test_what_an_asset_loads() -> None:
    assert loaded_of(LETTERS, CAPITALS, Capitals(), "B", ("a", "b")) == [["b"], "of b"]


def test_parameters_of_the_class_count() -> None:
    found = loaded_of(DAYS, DAYS, Before(2), "2024-01-05", ("2024-01-03", "2024-01-04"))
    assert found == [["2024-01-03"], "of 2024-01-03"]
    assert loaded_of(DAYS, DAYS, Before(1), "2024-01-05", ("2024-01-03", "2024-01-04"))[0] == ["2024-01-04"]


def test_classes_of_one_name_are_two() -> None:
    def of(change: Callable[[str], str]) -> dg.PartitionMapping:
        class Closing(Capitals):
            def get_upstream_mapped_partitions_result_for_partitions(self, subset, down, up, *_: Any):  # type: ignore[no-untyped-def,override]
                keys = [change(key) for key in subset.get_partition_keys()]
                return UpstreamPartitionsResult(up.subset_with_partition_keys(keys), up.empty_subset())

        return Closing()

    first, second = of(str.lower), of(lambda key: "c")
    assert first != second
    assert loaded_of(LETTERS, CAPITALS, second, "A", ("a", "c"))[0] == ["c"]
    assert loaded_of(LETTERS, CAPITALS, first, "A", ("a", "c"))[0] == ["a"]


def test_a_partition_that_is_needed_and_does_not_exist_fails_the_step() -> None:
    class Strict(Capitals):
        def get_upstream_mapped_partitions_result_for_partitions(self, subset, down, up, *_: Any):  # type: ignore[no-untyped-def,override]
            wanted = dg.StaticPartitionsDefinition(["z"]).subset_with_partition_keys(["z"])
            return UpstreamPartitionsResult(up.empty_subset(), wanted)

    with pytest.raises(dg.DagsterInvariantViolationError, match=r"depends on invalid partitions .*'z'.*Strict"):
        loaded_of(LETTERS, CAPITALS, Strict(), "A", ("a",))


def test_a_mapping_of_time_windows_made_ones_own_calls_the_one_it_is_made_of() -> None:
    class SkipsTheFirst(dg.TimeWindowPartitionMapping):
        def get_upstream_mapped_partitions_result_for_partitions(self, subset, down, up, *more: Any):  # type: ignore[no-untyped-def,override]
            found = super().get_upstream_mapped_partitions_result_for_partitions(subset, down, up, *more)
            keys = [key for key in found.partitions_subset.get_partition_keys() if key != "2024-01-01"]
            return UpstreamPartitionsResult(up.subset_with_partition_keys(keys), up.empty_subset())

    mapping = SkipsTheFirst(start_offset=-1)
    found = loaded_of(DAYS, DAYS, mapping, "2024-01-02", ("2024-01-01", "2024-01-02"))
    assert found == [["2024-01-02"], "of 2024-01-02"]
    found = loaded_of(DAYS, DAYS, mapping, "2024-01-03", ("2024-01-02", "2024-01-03"))
    assert found[0] == ["2024-01-02", "2024-01-03"]


def test_a_subclass_that_only_presets_arguments_stays_data() -> None:
    class Yesterday(dg.TimeWindowPartitionMapping):
        def __init__(self) -> None:
            super().__init__(start_offset=-1, end_offset=-1)

    assert type(Yesterday().spec) is type(dg.TimeWindowPartitionMapping().spec)  # pyright: ignore[reportUnknownMemberType]
    assert loaded_of(DAYS, DAYS, Yesterday(), "2024-01-02", ("2024-01-01",))[0] == ["2024-01-01"]


class Offset(dg.PartitionMapping, NamedTuple("_Offset", [("by", int), ("name", str)])):
    """A mapping that is a named tuple, as classes of Dagster's are."""

    def __new__(cls, by: int) -> Any:
        return super().__new__(cls, by=by, name="offset")

    def get_upstream_mapped_partitions_result_for_partitions(self, subset, down, up, *_: Any):  # type: ignore[no-untyped-def,override]
        every = list(up.get_partition_keys())
        keys = [every[every.index(key) + self.by] for key in subset.get_partition_keys()]
        return UpstreamPartitionsResult(up.subset_with_partition_keys(keys), up.empty_subset())


def test_a_mapping_that_is_a_named_tuple() -> None:
    mapping = Offset(-1)
    assert (mapping.by, mapping.name) == (-1, "offset")
    assert mapping == Offset(-1)
    assert mapping != Offset(1)
    assert loaded_of(LETTERS, LETTERS, Offset(1), "a", ("a", "b"))[0] == ["b"]
    assert loaded_of(LETTERS, LETTERS, mapping, "b", ("a", "b"))[0] == ["a"]


def test_arguments_that_are_preset_in_new() -> None:
    class DaysBefore(dg.TimeWindowPartitionMapping):
        def __new__(cls, days: int) -> Any:
            return super().__new__(cls, start_offset=-days, end_offset=-days)

    assert DaysBefore(2).start_offset == -2
    assert loaded_of(DAYS, DAYS, DaysBefore(2), "2024-01-03", ("2024-01-01",))[0] == ["2024-01-01"]


def test_inside_a_mapping_of_dimensions() -> None:
    above = dg.MultiPartitionsDefinition({"letter": LETTERS, "day": DAYS})
    below = dg.MultiPartitionsDefinition({"capital": CAPITALS, "day": DAYS})
    mapping = dg.MultiPartitionMapping(
        {
            "letter": dg.DimensionPartitionMapping("capital", Capitals()),
            "day": dg.DimensionPartitionMapping("day", dg.IdentityPartitionMapping()),
        }
    )
    found = loaded_of(above, below, mapping, "C|2024-01-02", ("2024-01-02|c",))
    assert [str(key) for key in found[0]] == ["2024-01-02|c"]


def test_partitions_below_are_asked_of_the_class() -> None:
    mapping = Capitals()
    subset = LETTERS.subset_with_partition_keys(["a", "c"])
    found = mapping.get_downstream_partitions_for_partitions(subset, LETTERS, CAPITALS)
    assert list(found.get_partition_keys()) == ["A", "C"]
    assert mapping.description == "letters to capitals"

    @dg.asset(partitions_def=LETTERS)
    def source() -> None: ...

    @dg.asset(partitions_def=CAPITALS, deps=[dg.AssetDep(source, partition_mapping=mapping)])
    def target() -> None: ...

    seen: list[Any] = []

    @dg.multi_asset_sensor(monitored_assets=[source.key])
    def sensor(context: dg.MultiAssetSensorEvaluationContext) -> None:
        seen.extend(context.get_downstream_partition_keys("b", source.key, target.key))

    defs = dg.Definitions(assets=[source, target], sensors=[sensor])
    with dg.instance_for_test() as instance:
        context = dg.build_multi_asset_sensor_context(
            monitored_assets=[source.key], instance=instance, definitions=defs
        )
        list(sensor(context) or ())  # type: ignore[arg-type]
    assert seen == ["B"]


def test_without_the_method_those_below_are_found_by_those_above() -> None:
    class OneWay(dg.PartitionMapping):
        get_upstream_mapped_partitions_result_for_partitions = (
            Capitals.get_upstream_mapped_partitions_result_for_partitions
        )

    subset = LETTERS.subset_with_partition_keys(["b"])
    found = OneWay().get_downstream_partitions_for_partitions(subset, LETTERS, CAPITALS)
    assert list(found.get_partition_keys()) == ["B"]


def test_conditions_follow_it() -> None:
    @dg.asset(partitions_def=LETTERS)
    def source() -> None: ...

    @dg.asset(
        partitions_def=CAPITALS,
        deps=[dg.AssetDep(source, partition_mapping=Capitals())],
        automation_condition=dg.AutomationCondition.eager(),
    )
    def target() -> None: ...

    defs = dg.Definitions(assets=[source, target])
    with dg.instance_for_test() as instance:
        first = dg.evaluate_automation_conditions(defs, instance)
        dg.materialize([source], partition_key="b", instance=instance)
        second = dg.evaluate_automation_conditions(defs, instance, cursor=first.cursor)
    assert second.get_requested_partitions(target.key) == {"B"}


def test_the_definition_of_ones_own_is_the_one_that_is_given() -> None:
    class Regions(dg.PartitionsDefinition):
        def get_partition_keys(self, current_time: Any = None, dynamic_partitions_store: Any = None) -> list[str]:
            return ["north", "south"]

        def opposite(self, key: str) -> str:
            return "south" if key == "north" else "north"

    class Opposite(dg.PartitionMapping):
        def get_upstream_mapped_partitions_result_for_partitions(self, subset, down, up, *_: Any):  # type: ignore[no-untyped-def,override]
            keys = [up.opposite(key) for key in subset.get_partition_keys()]
            return UpstreamPartitionsResult(up.subset_with_partition_keys(keys), up.empty_subset())

    assert loaded_of(Regions(), Regions(), Opposite(), "north", ("south",)) == [["south"], "of south"]


def test_a_class_that_says_nothing_is_told_what_it_lacks() -> None:
    class Mine(dg.PartitionMapping): ...

    @dg.asset(partitions_def=LETTERS)
    def source() -> None: ...

    @dg.asset(partitions_def=CAPITALS, deps=[dg.AssetDep(source, partition_mapping=Mine())])
    def target() -> None: ...

    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"Mine does not say what it maps: define get_upstream"):
        dg.Definitions.validate_loadable(dg.Definitions(assets=[source, target]))


@dg.asset(partitions_def=LETTERS)
def letter(context: dg.AssetExecutionContext) -> str:
    return context.partition_key


@dg.asset(partitions_def=CAPITALS, ins={"letter": dg.AssetIn(partition_mapping=Capitals())})
def capital(letter: str) -> str:
    return f"{letter} made capital"


def letters_job() -> dg.JobDefinition:
    defs = dg.Definitions(assets=[letter, capital], jobs=[dg.define_asset_job("capitals", [capital])])
    return defs.resolve_job_def("capitals")


def test_in_processes_of_their_own(tmp_path: Any) -> None:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        assert dg.materialize([letter], partition_key="b", instance=instance).success
        tags = {"dagster/partition": "B"}
        with dg.execute_job(dg.reconstructable(letters_job), instance, tags=tags, raise_on_error=True) as result:
            assert result.output_for_node("capital") == "b made capital"
            assert result.dagster_run.tags["dagster/partition"] == "B"
