"""Section 13: partitioned runs, contexts and mappings."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._check import CheckError

DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
HOURS = dg.HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-01-04-00:00")
WEEKS = dg.WeeklyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
ABC = dg.StaticPartitionsDefinition(["a", "b", "c"])
MULTI = dg.MultiPartitionsDefinition({"date": DAYS, "color": dg.StaticPartitionsDefinition(["r", "g"])})
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def ranged(start: str, end: str) -> dict[str, str]:
    return dict(zip(RANGE, (start, end), strict=True))


class Recorder(dg.IOManager):
    """Remembers which partitions inputs are loaded for, by the asset loaded."""

    def __init__(self) -> None:
        self.loaded: dict[str, list[str]] = {}

    def handle_output(self, context: dg.OutputContext, obj: object) -> None: ...

    def load_input(self, context: dg.InputContext) -> object:
        keys = list(context.asset_partition_keys) if context.has_asset_partitions else ["-"]
        self.loaded[context.asset_key.to_user_string()] = keys
        return keys


def upstream_of(above, below, key, mapping=None):  # type: ignore[no-untyped-def]
    """Partitions of an upstream asset that a run of one partition downstream loads."""

    @dg.asset(partitions_def=above)
    def up() -> int:
        return 1

    @dg.asset(partitions_def=below, ins={"up": dg.AssetIn(partition_mapping=mapping)})
    def down(up: object) -> None: ...

    recorder = Recorder()
    dg.materialize([up, down], selection=[down], partition_key=key, resources={"io_manager": recorder})
    return recorder.loaded["up"]


# --- running


def seen_by_run(definition, key=None, tags=None, **options):  # type: ignore[no-untyped-def]
    seen = {}

    @dg.asset(partitions_def=definition)
    def a(context: dg.AssetExecutionContext) -> None:
        seen["context"] = context
        for name in ("partition_key", "partition_keys", "partition_key_range", "partition_time_window"):
            try:
                seen[name] = getattr(context, name)
            except dg.DagsterInvariantViolationError as error:
                seen[name] = error

    seen["result"] = dg.materialize([a], partition_key=key, tags=tags, **options)
    return seen


@pytest.mark.parametrize("key", ["2023-12-31", "2024-02-01", "nothing", "2024-01-01x"])
def test_row_45_unknown_partitions(key: str) -> None:
    with pytest.raises(dg.DagsterUnknownPartitionError, match="Could not find a partition with key"):
        seen_by_run(DAYS, key)


def test_row_45_an_unknown_static_partition() -> None:
    with pytest.raises(dg.DagsterUnknownPartitionError, match="Could not find a partition with key"):
        seen_by_run(ABC, "z")


def test_row_45_a_partition_that_has_not_ended() -> None:
    with pytest.raises(dg.DagsterUnknownPartitionError):
        seen_by_run(dg.DailyPartitionsDefinition("2024-01-01"), "2999-01-01")


@pytest.mark.parametrize("kept", [True, False])
def test_row_45_a_partition_that_one_of_the_assets_has_not(kept: bool) -> None:
    @dg.asset(partitions_def=ABC)
    def one() -> None: ...

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["b", "z"]))
    def other() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        options = {"instance": instance} if kept else {}
        with pytest.raises(dg.DagsterUnknownPartitionError, match="Could not find a partition with key 'a'"):
            dg.materialize([one, other], partition_key="a", **options)
        assert dg.materialize([one, other], partition_key="b", **options).success


def test_row_46_a_partitioned_asset_without_key_fails_when_it_asks() -> None:
    @dg.asset(partitions_def=DAYS)
    def asks(context: dg.AssetExecutionContext) -> str:
        return context.partition_key

    @dg.asset(partitions_def=DAYS)
    def asks_not() -> None: ...

    with pytest.raises(dg.DagsterInvariantViolationError, match="non-partitioned run"):
        dg.materialize([asks])
    assert dg.materialize([asks_not]).success


def test_row_47_a_key_where_nothing_is_partitioned() -> None:
    @dg.asset
    def plain() -> None: ...

    with pytest.raises(CheckError, match="no PartitionsDefinition shared"):
        dg.materialize([plain], partition_key="a")


def test_row_47_a_key_for_a_job_without_partitions() -> None:
    @dg.op
    def step() -> None: ...

    @dg.job
    def plain() -> None:
        step()

    with pytest.raises(CheckError):
        plain.execute_in_process(partition_key="a")


def test_the_context_of_one_partition() -> None:
    seen = seen_by_run(DAYS, "2024-01-02")
    context = seen["context"]
    assert context.has_partition_key
    assert not context.has_partition_key_range
    assert seen["partition_key"] == "2024-01-02"
    assert list(seen["partition_keys"]) == ["2024-01-02"]
    assert seen["partition_key_range"] == dg.PartitionKeyRange("2024-01-02", "2024-01-02")
    start, end = seen["partition_time_window"]
    assert (start, end) == (datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC))


def test_no_time_window_without_time() -> None:
    assert isinstance(seen_by_run(ABC, "a")["partition_time_window"], dg.DagsterInvariantViolationError)


def test_row_46_surprise_20_a_range_run() -> None:
    seen = seen_by_run(DAYS, tags=ranged("2024-01-02", "2024-01-04"))
    assert isinstance(seen["partition_key"], dg.DagsterInvariantViolationError)
    assert "Call partition_key_range instead" in str(seen["partition_key"])
    assert list(seen["partition_keys"]) == ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert seen["partition_key_range"] == dg.PartitionKeyRange("2024-01-02", "2024-01-04")
    assert seen["partition_time_window"].end == datetime(2024, 1, 5, tzinfo=UTC)
    made = [event.partition for event in seen["result"].get_asset_materialization_events()]
    assert made == ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert seen["context"].has_partition_key_range
    assert not seen["context"].has_partition_key


def test_row_51_several_partitions_through_the_filesystem() -> None:
    @dg.asset(partitions_def=DAYS)
    def a() -> int:
        return 1

    with pytest.raises(CheckError, match="partition"):
        dg.materialize([a], tags=ranged("2024-01-02", "2024-01-04"))


def test_keys_of_several_dimensions() -> None:
    seen = seen_by_run(MULTI, "r|2024-01-02")
    key = seen["partition_key"]
    assert isinstance(key, dg.MultiPartitionKey)
    assert key.keys_by_dimension == {"color": "r", "date": "2024-01-02"}
    assert seen["context"].multi_partition_key == key
    assert seen["partition_time_window"].start == datetime(2024, 1, 2, tzinfo=UTC)
    key = dg.MultiPartitionKey({"date": "2024-01-03", "color": "g"})
    assert seen_by_run(MULTI, key)["partition_key"] == key


def test_multi_partition_key_of_a_single_dimension_fails() -> None:
    context = seen_by_run(DAYS, "2024-01-02")["context"]
    with pytest.raises(dg.DagsterInvariantViolationError):
        _ = context.multi_partition_key


def test_tags_of_a_partitioned_run() -> None:
    seen = seen_by_run(MULTI, "r|2024-01-02")
    tags = seen["context"].run.tags
    assert tags["dagster/partition"] == "r|2024-01-02"
    assert tags["dagster/partition/color"] == "r"
    assert tags["dagster/partition/date"] == "2024-01-02"


def test_partitions_of_inputs_and_outputs() -> None:
    seen = {}

    @dg.asset(partitions_def=DAYS)
    def up() -> int:
        return 1

    @dg.asset(partitions_def=WEEKS)
    def down(context: dg.AssetExecutionContext, up: object) -> None:
        seen["input"] = list(context.asset_partition_keys_for_input("up"))
        seen["range"] = context.asset_partition_key_range_for_input("up")
        seen["window"] = context.asset_partitions_time_window_for_input("up")
        seen["output"] = context.asset_partition_key_for_output()
        seen["outputs"] = list(context.asset_partition_keys_for_output())
        seen["definition"] = context.asset_partitions_def_for_input("up")
        with pytest.raises(dg.DagsterInvariantViolationError):
            context.asset_partition_key_for_input("up")

    dg.materialize([up, down], selection=[down], partition_key="2024-01-07", resources={"io_manager": Recorder()})
    assert seen["input"] == [f"2024-01-{day:02d}" for day in range(7, 14)]
    assert seen["range"] == dg.PartitionKeyRange("2024-01-07", "2024-01-13")
    assert seen["window"].end == datetime(2024, 1, 14, tzinfo=UTC)
    assert (seen["output"], seen["outputs"]) == ("2024-01-07", ["2024-01-07"])
    assert seen["definition"] == DAYS


def test_a_partitioned_job_of_ops() -> None:
    @dg.op
    def step(context: dg.OpExecutionContext) -> str:
        return context.partition_key

    @dg.job(partitions_def=ABC)
    def partitioned() -> None:
        step()

    assert partitioned.execute_in_process(partition_key="b").output_for_node("step") == "b"


def test_a_partitioned_asset_job() -> None:
    @dg.asset(partitions_def=ABC)
    def a(context: dg.AssetExecutionContext) -> str:
        return context.partition_key

    job = dg.define_asset_job("daily", selection=[a], partitions_def=ABC)
    defs = dg.Definitions(assets=[a], jobs=[job])
    result = defs.resolve_job_def("daily").execute_in_process(partition_key="c")
    assert result.output_for_node("a") == "c"


# --- mappings


def test_the_same_definition_is_identity() -> None:
    assert upstream_of(DAYS, DAYS, "2024-01-02") == ["2024-01-02"]


def test_unpartitioned_downstream_loads_all() -> None:
    assert upstream_of(ABC, None, None) == ["a", "b", "c"]


def test_unpartitioned_upstream_is_a_single_value() -> None:
    assert upstream_of(None, DAYS, "2024-01-02") == ["-"]


def test_a_week_loads_its_days() -> None:
    assert upstream_of(DAYS, WEEKS, "2024-01-07") == [f"2024-01-{day:02d}" for day in range(7, 14)]


def test_an_hour_loads_its_day() -> None:
    assert upstream_of(DAYS, HOURS, "2024-01-02-05:00") == ["2024-01-02"]


def test_other_static_definitions_are_identity() -> None:
    assert upstream_of(ABC, dg.StaticPartitionsDefinition(["b", "z"]), "b") == ["b"]


def test_row_50_a_static_key_that_is_absent_upstream() -> None:
    with pytest.raises(dg.DagsterInvariantViolationError, match="depends on invalid partitions"):
        upstream_of(ABC, dg.StaticPartitionsDefinition(["b", "z"]), "z")


def test_several_dimensions_load_the_equal_single_one() -> None:
    assert upstream_of(DAYS, MULTI, "r|2024-01-02") == ["2024-01-02"]


def test_a_single_dimension_loads_all_of_the_others() -> None:
    assert upstream_of(MULTI, DAYS, "2024-01-02") == ["r|2024-01-02", "g|2024-01-02"]


@pytest.mark.parametrize(
    ("mapping", "key", "expected"),
    [
        (dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1), "2024-01-02", ["2024-01-01"]),
        (dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1), "2024-01-01", []),
        (dg.TimeWindowPartitionMapping(start_offset=-1), "2024-01-03", ["2024-01-02", "2024-01-03"]),
        (dg.SpecificPartitionsPartitionMapping(["2024-01-09"]), "2024-01-01", ["2024-01-09"]),
        (dg.LastPartitionMapping(), "2024-01-01", ["2024-01-31"]),
        (dg.IdentityPartitionMapping(), "2024-01-01", ["2024-01-01"]),
    ],
)
def test_mappings_of_days(mapping: dg.PartitionMapping, key: str, expected: list[str]) -> None:
    assert isinstance(mapping, dg.PartitionMapping)
    assert upstream_of(DAYS, DAYS, key, mapping) == expected


def test_the_last_partition_is_that_of_yesterday() -> None:
    open_ended = dg.DailyPartitionsDefinition("2024-01-01")
    wanted = open_ended.get_last_partition_key()
    assert upstream_of(open_ended, None, None, dg.LastPartitionMapping()) == [wanted]


def test_row_45_the_nearest_partition_is_told() -> None:
    told = r"there are 2, from 'north' to 'south'\. Did you mean 'north'"
    with pytest.raises(dg.DagsterUnknownPartitionError, match=told):
        seen_by_run(dg.StaticPartitionsDefinition(["north", "south"]), "nort")


def test_all_partitions() -> None:
    assert len(upstream_of(DAYS, DAYS, "2024-01-01", dg.AllPartitionMapping())) == 31


def test_static_mapping() -> None:
    mapping = dg.StaticPartitionMapping({"a": "x", "b": {"x", "y"}})
    below = dg.StaticPartitionsDefinition(["x", "y"])
    assert upstream_of(ABC, below, "x", mapping) == ["a", "b"]
    assert upstream_of(ABC, below, "y", mapping) == ["b"]


def test_upstream_that_begins_later() -> None:
    later = dg.DailyPartitionsDefinition("2024-01-10", end_date="2024-02-01")
    allowed = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    assert upstream_of(later, DAYS, "2024-01-02", allowed) == []
    with pytest.raises(dg.DagsterInvariantViolationError, match="depends on invalid partitions"):
        upstream_of(later, DAYS, "2024-01-02", dg.TimeWindowPartitionMapping())


def test_dimension_by_dimension() -> None:
    below = dg.MultiPartitionsDefinition({"day": DAYS, "shade": dg.StaticPartitionsDefinition(["dark", "light"])})
    mapping = dg.MultiPartitionMapping(
        {
            "date": dg.DimensionPartitionMapping("day", dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)),
            "color": dg.DimensionPartitionMapping("shade", dg.StaticPartitionMapping({"r": "dark", "g": "light"})),
        }
    )
    assert upstream_of(MULTI, below, "2024-01-02|dark", mapping) == ["r|2024-01-01"]


def test_dimensions_that_are_not_named_are_needed_in_full() -> None:
    mapping = dg.MultiPartitionMapping({"date": dg.DimensionPartitionMapping("date", dg.IdentityPartitionMapping())})
    assert upstream_of(MULTI, MULTI, "r|2024-01-02", mapping) == ["r|2024-01-02", "g|2024-01-02"]


def test_several_dimensions_to_a_named_one() -> None:
    mapping = dg.MultiToSingleDimensionPartitionMapping("date")
    assert upstream_of(DAYS, MULTI, "g|2024-01-05", mapping) == ["2024-01-05"]
    assert upstream_of(MULTI, DAYS, "2024-01-05", mapping) == ["r|2024-01-05", "g|2024-01-05"]


def test_differs_three_dimensions_are_mapped_too() -> None:
    """The peer knows two dimensions only."""
    colors = dg.StaticPartitionsDefinition(["r"])
    three = dg.MultiPartitionsDefinition({"date": DAYS, "color": colors, "size": dg.StaticPartitionsDefinition(["s"])})
    assert upstream_of(three, DAYS, "2024-01-05") == ["r|2024-01-05|s"]


def test_an_asset_may_depend_on_its_own_past() -> None:
    loaded = []

    @dg.asset(
        partitions_def=DAYS,
        ins={"running": dg.AssetIn(partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))},
    )
    def running(running: object) -> int:
        loaded.append(running)
        return 1

    recorder = Recorder()
    for key in ("2024-01-01", "2024-01-02"):
        dg.materialize([running], partition_key=key, resources={"io_manager": recorder})
    assert loaded == [[], ["2024-01-01"]]


def test_mappings_answer_for_subsets() -> None:
    mapping = dg.TimeWindowPartitionMapping()
    days = DAYS.subset_with_partition_keys([f"2024-01-{day:02d}" for day in (8, 9)])
    found = mapping.get_downstream_partitions_for_partitions(days, DAYS, WEEKS)
    assert list(found.get_partition_keys()) == ["2024-01-07"]
    week = WEEKS.subset_with_partition_keys(["2024-01-07"])
    result = mapping.get_upstream_mapped_partitions_result_for_partitions(week, WEEKS, DAYS)
    assert len(result.partitions_subset) == 7


def test_a_mapping_of_ones_own_that_says_nothing_is_refused() -> None:
    class Mine(dg.PartitionMapping): ...

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Mine"):
        upstream_of(DAYS, DAYS, "2024-01-02", Mine())


def test_backfill_policies_reach_the_asset() -> None:
    @dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
    def whole() -> None: ...

    assert whole.backfill_policy == dg.BackfillPolicy.single_run()


# --- with an instance


def test_the_same_errors_with_an_instance() -> None:
    @dg.asset(partitions_def=ABC)
    def a() -> None: ...

    @dg.asset
    def plain() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(dg.DagsterUnknownPartitionError, match="Could not find a partition with key"):
            dg.materialize([a], partition_key="z", instance=instance)
        with pytest.raises(CheckError, match="no PartitionsDefinition shared"):
            dg.materialize([plain], partition_key="a", instance=instance)
        assert dg.materialize([a], instance=instance).success


def test_a_range_with_an_instance() -> None:
    @dg.asset(partitions_def=ABC)
    def a() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([a], tags=ranged("a", "b"), instance=instance)
        assert [event.partition for event in result.get_asset_materialization_events()] == ["a", "b"]


def test_dynamic_partitions_of_an_instance() -> None:
    @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="files"))
    def a(context: dg.AssetExecutionContext) -> str:
        return context.partition_key

    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("files", ["x"])
        assert dg.materialize([a], partition_key="x", instance=instance).output_for_node("a") == "x"
        with pytest.raises(dg.DagsterUnknownPartitionError):
            dg.materialize([a], partition_key="y", instance=instance)


def test_keys_of_several_dimensions_are_stored_as_text() -> None:
    key = dg.MultiPartitionKey({"date": "2024-01-02", "color": "r"})

    @dg.asset(partitions_def=MULTI)
    def a(context: dg.AssetExecutionContext) -> None:
        context.log_event(dg.AssetMaterialization("elsewhere", partition=key))
        context.log_event(dg.AssetObservation("elsewhere", partition=context.partition_key))

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([a], partition_key=key, instance=instance).success
        assert instance.get_materialized_partitions(dg.AssetKey("a")) == {"r|2024-01-02"}
        found = instance.get_latest_materialization_event(dg.AssetKey("elsewhere")).asset_materialization
        assert found.partition == "r|2024-01-02"
        assert type(found.partition) is str
    assert type(dg.RunRequest(partition_key=key).node.partition_key) is str


def test_a_value_without_partition_fails_where_it_is_stored() -> None:
    @dg.asset(partitions_def=DAYS)
    def a() -> int:
        return 1

    with pytest.raises(dg.DagsterError, match="partition"):
        dg.materialize([a])


def test_the_tag_of_the_set_of_partitions() -> None:
    run = seen_by_run(DAYS, "2024-01-02")["context"].run
    assert run.tags["dagster/partition"] == "2024-01-02"
    assert run.tags["dagster/partition_set"] == f"{run.job_name}_partition_set"
