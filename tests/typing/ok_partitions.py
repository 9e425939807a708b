"""Partitions, mappings, partitioned config, backfills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_type

import rostrum as ro

daily = ro.DailyPartitionsDefinition(start_date="2026-01-01", timezone="Europe/Vienna", end_offset=1)
hourly = ro.HourlyPartitionsDefinition(start_date=datetime(2026, 1, 1))
weekly = ro.WeeklyPartitionsDefinition("2026-01-01", day_offset=1)
monthly = ro.MonthlyPartitionsDefinition("2026-01-01")
cron = ro.TimeWindowPartitionsDefinition(start="2026-01-01", cron_schedule="0 6 * * *", fmt="%Y-%m-%d")
regions = ro.StaticPartitionsDefinition(["eu", "us"])
customers = ro.DynamicPartitionsDefinition(name="customers")
both = ro.MultiPartitionsDefinition({"day": daily, "region": regions})

assert_type(regions.get_partition_keys(), Sequence[str])
assert_type(daily.time_window_for_partition_key("2026-01-01"), ro.TimeWindow)
assert_type(customers.build_add_request(["a"]), ro.AddDynamicPartitionsRequest)
assert_type(daily.time_window_for_partition_key("2026-01-01").start, datetime)


@ro.asset(partitions_def=daily)
def events(context: ro.AssetExecutionContext) -> None:
    assert_type(context.partition_key, str)
    assert_type(context.partition_time_window, ro.TimeWindow)
    assert_type(context.partition_key_range, ro.PartitionKeyRange)
    assert_type(context.partition_keys, Sequence[str])


@ro.asset(
    partitions_def=both,
    ins={"events": ro.AssetIn(partition_mapping=ro.TimeWindowPartitionMapping(start_offset=-1))},
    deps=[
        ro.AssetDep(
            "regional",
            partition_mapping=ro.MultiToSingleDimensionPartitionMapping(partition_dimension_name="region"),
        )
    ],
)
def combined(context: ro.AssetExecutionContext, events: None) -> None:
    key = ro.MultiPartitionKey({"day": "2026-01-01", "region": "eu"})
    assert_type(key.keys_by_dimension, Mapping[str, str])


@ro.daily_partitioned_config(start_date="2026-01-01")
def by_day(start: datetime, end: datetime) -> dict[str, Any]:
    return {"ops": {"x": {"config": {"day": start.isoformat(), "end": end.isoformat()}}}}


@ro.static_partitioned_config(partition_keys=["a", "b"])
def by_key(partition_key: str) -> dict[str, Any]:
    return {"ops": {"x": {"config": {"key": partition_key}}}}


@ro.op
def x() -> None: ...


@ro.job(config=by_day)
def daily_job() -> None:
    x()


@ro.job(partitions_def=regions)
def regional_job() -> None:
    x()


assert_type(ro.build_schedule_from_partitioned_job(daily_job, hour_of_day=3), ro.ScheduleDefinition)
assert_type(ro.BackfillPolicy.multi_run(max_partitions_per_run=3), ro.BackfillPolicy)
assert_type(ro.PartitionKeyRange("a", "b").start, str)
