"""Section 13: partitions definitions."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

NY = "America/New_York"


def keys(definition: dg.PartitionsDefinition, *now: int) -> list[str]:
    return list(definition.get_partition_keys(current_time=datetime(*now, tzinfo=UTC)))


# --- keys and formats


def test_daily_keys() -> None:
    assert keys(dg.DailyPartitionsDefinition("2024-01-01"), 2024, 1, 3) == ["2024-01-01", "2024-01-02"]


def test_hourly_keys() -> None:
    hourly = dg.HourlyPartitionsDefinition("2024-01-01-00:00")
    assert keys(hourly, 2024, 1, 1, 2) == ["2024-01-01-00:00", "2024-01-01-01:00"]


def test_weekly_keys_begin_on_sunday() -> None:
    weekly = dg.WeeklyPartitionsDefinition("2024-01-07")
    assert weekly.cron_schedule == "0 0 * * 0"
    assert keys(weekly, 2024, 1, 21) == ["2024-01-07", "2024-01-14"]


def test_monthly_keys() -> None:
    monthly = dg.MonthlyPartitionsDefinition("2024-01-01")
    assert monthly.cron_schedule == "0 0 1 * *"
    assert keys(monthly, 2024, 3, 1) == ["2024-01-01", "2024-02-01"]


def test_any_cron_and_format() -> None:
    quarters = dg.TimeWindowPartitionsDefinition(start="2024-01", fmt="%Y-%m", cron_schedule="0 0 1 */3 *")
    assert keys(quarters, 2024, 10, 1) == ["2024-01", "2024-04", "2024-07"]


def test_a_named_cadence_with_offsets() -> None:
    from dagster._core.definitions.partition import ScheduleType

    days = dg.TimeWindowPartitionsDefinition(
        start="2024-01-01", fmt="%Y-%m-%d", schedule_type=ScheduleType.DAILY, hour_offset=5, minute_offset=30
    )
    assert days.cron_schedule == "30 5 * * *"
    assert days.schedule_type == ScheduleType.DAILY
    assert (days.hour_offset, days.minute_offset, days.day_offset) == (5, 30, 0)


def test_row_49_a_start_in_another_format_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="does not match format"):
        dg.HourlyPartitionsDefinition("2024-01-01")


def test_row_49_a_key_in_another_format_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="does not match"):
        dg.DailyPartitionsDefinition("2024-01-01").time_window_for_partition_key("January")


def test_aware_datetimes_are_relabelled_not_converted() -> None:
    start = datetime(2024, 1, 1, 5, tzinfo=UTC)
    definition = dg.HourlyPartitionsDefinition(start, timezone=NY)
    window = definition.time_window_for_partition_key("2024-01-01-05:00")
    assert window.start == datetime(2024, 1, 1, 5, tzinfo=ZoneInfo(NY))


def test_the_default_timezone_is_utc() -> None:
    assert dg.DailyPartitionsDefinition("2024-01-01").timezone == "UTC"


# --- what exists


@pytest.mark.parametrize(("hour", "last"), [(0, "2024-01-04"), (23, "2024-01-04")])
def test_a_partition_exists_once_its_window_has_ended(hour: int, last: str) -> None:
    with dg.partition_loading_context(effective_dt=datetime(2024, 1, 5, hour, tzinfo=UTC)):
        assert dg.DailyPartitionsDefinition("2024-01-01").get_last_partition_key() == last


@pytest.mark.parametrize(("offset", "last"), [(1, "2024-01-05"), (0, "2024-01-04"), (-1, "2024-01-03")])
def test_end_offset(offset: int, last: str) -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01", end_offset=offset)
    with dg.partition_loading_context(effective_dt=datetime(2024, 1, 5, tzinfo=UTC)):
        assert definition.get_last_partition_key() == last


def test_end_date_is_exclusive() -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")
    assert keys(definition, 2025, 1, 1) == ["2024-01-01", "2024-01-02"]


@pytest.mark.parametrize(
    ("definition", "first"),
    [
        (dg.WeeklyPartitionsDefinition("2024-01-01"), "2024-01-07"),
        (dg.MonthlyPartitionsDefinition("2024-01-15"), "2024-02-01"),
    ],
)
def test_the_first_window_begins_at_the_first_tick(definition: dg.PartitionsDefinition, first: str) -> None:
    assert definition.get_first_partition_key() == first


@pytest.mark.parametrize("offset", [0, 3, 6, 7])
def test_day_offsets_of_weeks(offset: int) -> None:
    definition = dg.WeeklyPartitionsDefinition("2024-01-01", day_offset=offset)
    first = date.fromisoformat(definition.get_first_partition_key())
    assert first.isoweekday() % 7 == offset % 7


@pytest.mark.parametrize(("offset", "first"), [(1, "2024-01-01"), (15, "2024-01-15"), (31, "2024-01-31")])
def test_day_offsets_of_months(offset: int, first: str) -> None:
    assert dg.MonthlyPartitionsDefinition("2024-01-01", day_offset=offset).get_first_partition_key() == first


def test_a_day_offset_of_zero_is_accepted_for_months() -> None:
    assert dg.MonthlyPartitionsDefinition("2024-01-01", day_offset=0).cron_schedule == "0 0 1 * *"


def test_a_month_has_no_day_32() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.MonthlyPartitionsDefinition("2024-01-01", day_offset=32)


def test_hour_and_minute_offsets_shift_the_window_and_keep_the_key() -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01", hour_offset=5, minute_offset=30)
    assert keys(definition, 2024, 1, 2, 6) == ["2024-01-01"]
    assert definition.time_window_for_partition_key("2024-01-01").start == datetime(2024, 1, 1, 5, 30, tzinfo=UTC)


def test_hourly_keys_show_the_minute() -> None:
    definition = dg.HourlyPartitionsDefinition("2024-01-01-00:00", minute_offset=20)
    assert definition.get_first_partition_key() == "2024-01-01-00:20"


@pytest.mark.parametrize("exclusion", [datetime(2024, 1, 2), "0 0 * * 2"])
def test_exclusions_remove_windows(exclusion: datetime | str) -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01", exclusions=[exclusion])
    assert keys(definition, 2024, 1, 5) == ["2024-01-01", "2024-01-03", "2024-01-04"]
    assert not definition.has_partition_key("2024-01-02")


def test_windows_beside_an_excluded_one_keep_their_size() -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01", exclusions=[datetime(2024, 1, 2)])
    window = definition.time_window_for_partition_key("2024-01-01")
    assert window.end - window.start == timedelta(days=1)
    assert definition.get_next_partition_key("2024-01-01") == "2024-01-03"


def test_a_coarse_format_is_not_refused() -> None:
    definition = dg.HourlyPartitionsDefinition("2024-01-01", fmt="%Y-%m-%d")
    assert keys(definition, 2024, 1, 1, 2) == ["2024-01-01", "2024-01-01"]


# --- daylight saving


def test_a_day_may_have_23_hours() -> None:
    window = dg.DailyPartitionsDefinition("2024-03-01", timezone=NY).time_window_for_partition_key("2024-03-10")
    assert window.end.timestamp() - window.start.timestamp() == 23 * 3600


def test_an_hour_that_is_skipped_has_no_key() -> None:
    definition = dg.HourlyPartitionsDefinition("2024-03-10-00:00", timezone=NY)
    found = definition.get_partition_keys(datetime(2024, 3, 10, 5, tzinfo=ZoneInfo(NY)))
    assert "2024-03-10-02:00" not in found
    assert "2024-03-10-03:00" in found


def test_the_repeated_hour_has_its_offset_as_suffix() -> None:
    definition = dg.HourlyPartitionsDefinition("2024-11-03-00:00", timezone=NY)
    found = definition.get_partition_keys(datetime(2024, 11, 3, 3, tzinfo=ZoneInfo(NY)))
    assert found == ["2024-11-03-00:00", "2024-11-03-01:00", "2024-11-03-01:00-0500", "2024-11-03-02:00"]
    first, second = (definition.time_window_for_partition_key(key) for key in found[1:3])
    assert second.start.timestamp() - first.start.timestamp() == 3600


# --- the clock


def test_the_time_comes_from_the_loading_context() -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01")
    with dg.partition_loading_context(effective_dt=datetime(2024, 1, 5)):
        assert definition.get_first_partition_key() == "2024-01-01"
        assert definition.get_last_partition_key() == "2024-01-04"
        assert definition.get_next_partition_key("2024-01-04") is None
        assert definition.get_next_partition_key("2024-01-03") == "2024-01-04"
        assert definition.has_partition_key("2024-01-04")
        assert not definition.has_partition_key("2024-01-05")
        assert definition.get_num_partitions() == 4


def test_without_a_context_it_is_now() -> None:
    last = dg.DailyPartitionsDefinition("2024-01-01").get_last_partition_key()
    assert last > "2024-01-02"


def test_a_context_within_another_keeps_what_it_does_not_give() -> None:
    store = dg.DagsterInstance.ephemeral()
    with (
        dg.partition_loading_context(effective_dt=datetime(2024, 1, 5, tzinfo=UTC)) as outer,
        dg.partition_loading_context(dynamic_partitions_store=store) as inner,
    ):
        assert inner.effective_dt == outer.effective_dt
        assert inner.dynamic_partitions_store is store


def test_get_partition_keys_takes_a_time() -> None:
    assert keys(dg.DailyPartitionsDefinition("2024-01-01"), 2024, 1, 2) == ["2024-01-01"]


# --- more methods of time


def test_cron_schedule_of_a_definition() -> None:
    assert dg.DailyPartitionsDefinition("2024-01-01").get_cron_schedule() == "0 0 * * *"
    assert dg.DailyPartitionsDefinition("2024-01-01").get_cron_schedule(hour_of_day=5) == "0 5 * * *"
    assert dg.HourlyPartitionsDefinition("2024-01-01-00:00").get_cron_schedule(minute_of_hour=9) == "9 * * * *"
    assert dg.WeeklyPartitionsDefinition("2024-01-01").get_cron_schedule(day_of_week=3) == "0 0 * * 3"
    assert dg.MonthlyPartitionsDefinition("2024-01-01").get_cron_schedule(day_of_month=5) == "0 0 5 * *"


def test_a_cron_schedule_that_the_cadence_has_no_room_for() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.HourlyPartitionsDefinition("2024-01-01-00:00").get_cron_schedule(hour_of_day=5)


def test_windows_are_pairs() -> None:
    start, end = dg.DailyPartitionsDefinition("2024-01-01").time_window_for_partition_key("2024-01-02")
    assert (start, end) == dg.TimeWindow(datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC))


def test_the_range_of_a_window() -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01")
    window = dg.TimeWindow(datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 5, tzinfo=UTC))
    assert definition.get_partition_key_range_for_time_window(window) == dg.PartitionKeyRange(
        "2024-01-02", "2024-01-04"
    )
    assert definition.get_partition_keys_in_time_window(window) == ["2024-01-02", "2024-01-03", "2024-01-04"]


def test_ranges_are_inclusive() -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01")
    found = definition.get_partition_keys_in_range(dg.PartitionKeyRange("2024-01-01", "2024-01-03"))
    assert found == ["2024-01-01", "2024-01-02", "2024-01-03"]


def test_a_reversed_range_is_empty() -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01")
    assert list(definition.get_partition_keys_in_range(dg.PartitionKeyRange("2024-01-03", "2024-01-01"))) == []


def test_neighbours_and_windows_beside_a_time() -> None:
    definition = dg.DailyPartitionsDefinition("2024-01-01")
    at = datetime(2024, 1, 3, tzinfo=UTC)
    assert definition.get_next_partition_window(at).start == at
    assert definition.get_prev_partition_window(at).end == at
    assert definition.get_first_partition_window().start == datetime(2024, 1, 1, tzinfo=UTC)
    assert definition.get_partition_key_for_timestamp(at.timestamp()) == "2024-01-03"
    assert definition.get_partition_key_for_timestamp(at.timestamp(), end_closed=True) == "2024-01-02"
    assert definition.get_partition_key(datetime(2024, 1, 3, 5)) == "2024-01-03"


def test_equal_definitions_are_equal() -> None:
    first, second = (dg.DailyPartitionsDefinition("2024-01-01") for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != dg.DailyPartitionsDefinition("2024-01-02")
    assert first.get_serializable_unique_identifier() == second.get_serializable_unique_identifier()


def test_class_relations() -> None:
    for each in ("Hourly", "Daily", "Weekly", "Monthly"):
        assert issubclass(getattr(dg, f"{each}PartitionsDefinition"), dg.TimeWindowPartitionsDefinition)
    assert issubclass(dg.TimeWindowPartitionsDefinition, dg.PartitionsDefinition)
    assert issubclass(dg.StaticPartitionsDefinition, dg.PartitionsDefinition)


# --- static


def test_static_keys_keep_their_order() -> None:
    definition = dg.StaticPartitionsDefinition(["b", "a"])
    assert definition.get_partition_keys() == ["b", "a"]
    assert definition.get_first_partition_key() == "b"
    assert definition.get_last_partition_key() == "a"
    assert definition.has_partition_key("a")
    assert not definition.has_partition_key("c")


@pytest.mark.parametrize("key", ["a...b", "a\nb", "a\tb", "a\x00b", "a\rb"])
def test_row_48_illegal_static_keys(key: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.StaticPartitionsDefinition([key])


@pytest.mark.parametrize("key", ["a/b", "a|b", "a,b", "a*b", "[a]", "a b"])
def test_legal_static_keys(key: str) -> None:
    assert dg.StaticPartitionsDefinition([key]).get_partition_keys() == [key]


def test_row_48_duplicate_static_keys() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="'a'"):
        dg.StaticPartitionsDefinition(["a", "b", "a"])


def test_static_keys_are_text() -> None:
    from dagster._check import CheckError

    with pytest.raises(CheckError):
        dg.StaticPartitionsDefinition([1, 2])  # type: ignore[list-item]


# --- several dimensions


def multi() -> dg.MultiPartitionsDefinition:
    return dg.MultiPartitionsDefinition(
        {
            "date": dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03"),
            "color": dg.StaticPartitionsDefinition(["r", "g"]),
        }
    )


def test_dimensions_are_in_alphabetical_order_first_outermost() -> None:
    assert multi().get_partition_keys() == ["r|2024-01-01", "r|2024-01-02", "g|2024-01-01", "g|2024-01-02"]
    assert multi().partition_dimension_names == ["color", "date"]


def test_a_multi_partition_key_is_text_that_knows_its_dimensions() -> None:
    key = dg.MultiPartitionKey({"date": "2024-01-02", "color": "r"})
    assert key == "r|2024-01-02"
    assert isinstance(key, str)
    assert key.keys_by_dimension == {"color": "r", "date": "2024-01-02"}
    assert pickle.loads(pickle.dumps(key)).keys_by_dimension == key.keys_by_dimension
    assert isinstance(multi().get_partition_keys()[0], dg.MultiPartitionKey)


def test_row_48_one_dimension_is_refused() -> None:
    with pytest.raises(dg.DagsterInvalidInvocationError, match="two dimensions or more, not 1"):
        dg.MultiPartitionsDefinition({"a": dg.StaticPartitionsDefinition(["x"])})


def test_differs_three_dimensions() -> None:
    """The peer refuses more than two dimensions; here there may be any number."""
    static = dg.StaticPartitionsDefinition(["x", "y"])
    definition = dg.MultiPartitionsDefinition({"a": static, "b": static, "c": static})
    assert len(definition.get_partition_keys()) == 8
    assert definition.get_first_partition_key() == "x|x|x"


def test_nested_dimensions_are_refused() -> None:
    with pytest.raises((dg.DagsterInvalidDefinitionError, dg.DagsterInvalidInvocationError)):
        dg.MultiPartitionsDefinition({"a": multi(), "b": dg.StaticPartitionsDefinition(["x"])})


def test_dimensions_may_be_dynamic() -> None:
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("files", ["f1"])
    definition = dg.MultiPartitionsDefinition(
        {"file": dg.DynamicPartitionsDefinition(name="files"), "color": dg.StaticPartitionsDefinition(["r"])}
    )
    assert definition.get_partition_keys(dynamic_partitions_store=instance) == ["r|f1"]


def test_more_of_dimensions() -> None:
    definition = multi()
    assert definition.time_window_dimension.name == "date"
    assert definition.time_window_for_partition_key("r|2024-01-02").start == datetime(2024, 1, 2, tzinfo=UTC)
    assert definition.get_multipartition_keys_with_dimension_value("color", "g") == ["g|2024-01-01", "g|2024-01-02"]
    assert definition.get_partition_key_from_str("g|2024-01-01").keys_by_dimension["color"] == "g"
    assert definition.has_partition_key(dg.MultiPartitionKey({"date": "2024-01-01", "color": "r"}))
    assert definition.get_tags_for_partition_key("r|2024-01-01") == {
        "dagster/partition": "r|2024-01-01",
        "dagster/partition/color": "r",
        "dagster/partition/date": "2024-01-01",
    }


# --- dynamic


def test_dynamic_partitions_need_a_name() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.DynamicPartitionsDefinition()


def test_dynamic_partitions_of_a_function() -> None:
    definition = dg.DynamicPartitionsDefinition(lambda _now: ["a", "b"])
    assert definition.get_partition_keys() == ["a", "b"]


def test_keys_are_added_once_and_keep_their_order() -> None:
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("files", ["b", "a"])
    instance.add_dynamic_partitions("files", ["a", "c"])
    assert list(instance.get_dynamic_partitions("files")) == ["b", "a", "c"]
    assert instance.has_dynamic_partition("files", "c")
    instance.delete_dynamic_partition("files", "a")
    assert list(instance.get_dynamic_partitions("files")) == ["b", "c"]
    assert not instance.has_dynamic_partition("files", "a")


def test_added_keys_are_not_checked() -> None:
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("files", ["a...b"])
    assert list(instance.get_dynamic_partitions("files")) == ["a...b"]


def test_dynamic_keys_come_from_a_store() -> None:
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("files", ["x"])
    definition = dg.DynamicPartitionsDefinition(name="files")
    assert list(definition.get_partition_keys(dynamic_partitions_store=instance)) == ["x"]
    with dg.partition_loading_context(dynamic_partitions_store=instance):
        assert definition.get_last_partition_key() == "x"
        assert definition.has_partition_key("x")


def test_requests_to_change_dynamic_partitions() -> None:
    definition = dg.DynamicPartitionsDefinition(name="files")
    add, delete = definition.build_add_request(["x"]), definition.build_delete_request(["y"])
    assert isinstance(add, dg.AddDynamicPartitionsRequest)
    assert isinstance(delete, dg.DeleteDynamicPartitionsRequest)
    assert (add.partitions_def_name, list(add.partition_keys)) == ("files", ["x"])
    assert list(delete.partition_keys) == ["y"]


def test_listing_without_an_instance() -> None:
    from dagster._check import CheckError

    with pytest.raises(CheckError):
        dg.DynamicPartitionsDefinition(name="files").get_partition_keys()


# --- policies and classes of one's own


def test_backfill_policies() -> None:
    assert dg.BackfillPolicy.single_run().max_partitions_per_run is None
    assert dg.BackfillPolicy.multi_run().max_partitions_per_run == 1
    assert dg.BackfillPolicy.multi_run(max_partitions_per_run=5).max_partitions_per_run == 5
    assert dg.BackfillPolicy.multi_run(5) == dg.BackfillPolicy(5)


def test_a_definition_of_ones_own_is_listed_when_it_is_loaded() -> None:
    class Shops(dg.PartitionsDefinition):
        def get_partition_keys(self, current_time=None, dynamic_partitions_store=None):  # type: ignore[no-untyped-def]
            return ["north", "south"]

    @dg.asset(partitions_def=Shops())
    def sales(context: dg.AssetExecutionContext) -> str:
        return context.partition_key

    assert dg.materialize([sales], partition_key="south").output_for_node("sales") == "south"


# --- partitioned config


def test_static_partitioned_config() -> None:
    @dg.static_partitioned_config(partition_keys=["a", "b"])
    def config(partition_key: str):  # type: ignore[no-untyped-def]
        return {"ops": {"show": {"config": {"key": partition_key}}}}

    assert isinstance(config, dg.PartitionedConfig)
    assert config("x") == {"ops": {"show": {"config": {"key": "x"}}}}
    assert config.get_partition_keys() == ["a", "b"]
    assert config.get_run_config_for_partition_key("b") == {"ops": {"show": {"config": {"key": "b"}}}}
    with pytest.raises(dg.DagsterUnknownPartitionError):
        config.get_run_config_for_partition_key("c")


@pytest.mark.parametrize(
    ("decorator", "start", "key", "end"),
    [
        (dg.hourly_partitioned_config, "2024-01-01-00:00", "2024-01-01-01:00", "2024-01-01 02"),
        (dg.daily_partitioned_config, "2024-01-01", "2024-01-02", "2024-01-03 00"),
        (dg.weekly_partitioned_config, "2024-01-01", "2024-01-07", "2024-01-14 00"),
        (dg.monthly_partitioned_config, "2024-01-01", "2024-02-01", "2024-03-01 00"),
    ],
)
def test_config_of_a_window(decorator, start: str, key: str, end: str) -> None:  # type: ignore[no-untyped-def]
    @decorator(start_date=start)
    def config(start, end):  # type: ignore[no-untyped-def]
        return {"ops": {"show": {"config": {"end": end.strftime("%Y-%m-%d %H")}}}}

    assert config.get_run_config_for_partition_key(key) == {"ops": {"show": {"config": {"end": end}}}}
    one, two = datetime(2024, 1, 1), datetime(2024, 1, 2)
    assert config(one, two)["ops"]["show"]["config"]["end"] == "2024-01-02 00"


def test_dynamic_partitioned_config() -> None:
    @dg.dynamic_partitioned_config(partition_fn=lambda _now=None: ["x", "y"])
    def config(partition_key: str):  # type: ignore[no-untyped-def]
        return {"ops": {"show": {"config": {"key": partition_key}}}}

    assert config.get_partition_keys() == ["x", "y"]
    assert config.get_run_config_for_partition_key("y")["ops"]["show"]["config"]["key"] == "y"


def test_a_job_of_partitioned_config() -> None:
    seen = []

    @dg.static_partitioned_config(partition_keys=["a", "b"], tags_for_partition_key_fn=lambda key: {"team": key})
    def config(partition_key: str):  # type: ignore[no-untyped-def]
        return {"ops": {"show": {"config": {"key": partition_key}}}}

    @dg.op(config_schema={"key": str})
    def show(context) -> None:  # type: ignore[no-untyped-def]
        seen.append((context.op_config["key"], context.partition_key))

    @dg.job(config=config)
    def daily() -> None:
        show()

    assert daily.execute_in_process(partition_key="b").success
    assert seen == [("b", "b")]


def test_functions_of_config_that_do_not_fit() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.PartitionedConfig(partitions_def=dg.StaticPartitionsDefinition(["a"]))
