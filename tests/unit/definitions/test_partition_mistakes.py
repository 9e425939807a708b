"""Partitions that cannot be meant are refused where they are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rostrum.definitions.instance.instance import Instance
from rostrum.definitions.partitions.definition import DynamicPartitionsDefinition, StaticPartitionsDefinition
from rostrum.definitions.partitions.time_windows import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.planning.time_windows import TimeWindow

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-06")
BACKWARDS = TimeWindow(datetime(2024, 1, 4, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC))


def test_a_static_key_that_is_empty() -> None:
    with pytest.raises(DefinitionError, match="one key is the empty text, which would mean no partition"):
        StaticPartitionsDefinition(["a", ""])
    assert StaticPartitionsDefinition([" "]).get_partition_keys() == [" "]


@pytest.mark.parametrize(
    "make",
    [
        lambda: DailyPartitionsDefinition("2024-01-02", end_date="2024-01-01"),
        lambda: WeeklyPartitionsDefinition("2024-01-02", end_date="2024-01-01"),
        lambda: MonthlyPartitionsDefinition("2024-01-02", end_date="2024-01-01"),
        lambda: TimeWindowPartitionsDefinition("2024-01-02", "%Y-%m-%d", "2024-01-01", cron_schedule="0 3 * * *"),
        lambda: DailyPartitionsDefinition(datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_start_after_the_end(make: Callable[[], Any]) -> None:
    with pytest.raises(DefinitionError, match="the end 2024-01-01 is before the start 2024-01-02"):
        make()


def test_hours_are_told_as_they_are_written() -> None:
    with pytest.raises(DefinitionError, match="HourlyPartitionsDefinition: the end 2024-01-01-00:00 is before"):
        HourlyPartitionsDefinition("2024-01-01-01:00", end_date="2024-01-01-00:00")


def test_a_definition_without_partitions_is_no_mistake() -> None:
    assert DailyPartitionsDefinition("2024-01-01", end_date="2024-01-01").get_partition_keys() == []


@pytest.mark.parametrize(
    "ask",
    [
        DAYS.get_partition_key_range_for_time_window,
        DAYS.get_partition_keys_in_time_window,
        DAYS.get_num_partitions_in_window,
        DAYS.has_any_partitions_in_window,
        DAYS.get_partition_subset_in_time_window,
    ],
)
def test_a_window_that_ends_before_it_starts(ask: Callable[[TimeWindow], Any]) -> None:
    with pytest.raises(ArgumentError, match=r"ends at 2024-01-02 .*, before it starts at 2024-01-04"):
        ask(BACKWARDS)


@pytest.mark.parametrize(("keys", "told"), [(["red", ""], "one key is the empty text"), ("red", "a list of texts")])
def test_keys_that_are_added(keys: Any, told: str) -> None:
    colors = DynamicPartitionsDefinition(name="colors")
    with pytest.raises(ArgumentError, match=told):
        colors.build_add_request(keys)
    with Instance.ephemeral() as instance:
        with pytest.raises(ArgumentError, match=f"add_dynamic_partitions: .*{told}"):
            instance.add_dynamic_partitions("colors", keys)
        instance.add_dynamic_partitions("colors", ("red", "blue"))
        assert instance.get_dynamic_partitions("colors") == ["red", "blue"]


def test_an_empty_key_can_be_removed() -> None:
    assert DynamicPartitionsDefinition(name="colors").build_delete_request([""]).partition_keys == [""]
