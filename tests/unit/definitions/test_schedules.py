"""Schedules: what a tick asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rostrum.definitions.automations.partitioned_schedules import build_schedule_from_partitioned_job
from rostrum.definitions.automations.run_requests import RunRequest, SkipReason
from rostrum.definitions.automations.schedules import ScheduleDefinition, schedule
from rostrum.definitions.automations.tick_contexts import ScheduleEvaluationContext
from rostrum.definitions.ops.jobs import define_asset_job
from rostrum.definitions.partitions.definition import StaticPartitionsDefinition
from rostrum.definitions.partitions.time_windows import DailyPartitionsDefinition, HourlyPartitionsDefinition
from rostrum.model.errors import DefinitionError, InvocationError

CONTEXT = ScheduleEvaluationContext(scheduled_execution_time=datetime(2024, 1, 2, tzinfo=UTC))


def evaluate(returned):
    @schedule("@daily", job_name="j", tags={"a": "1"})
    def decide(context):
        return returned(context) if callable(returned) else returned

    return decide.evaluate(CONTEXT)


def test_without_a_function_a_tick_is_one_run():
    result = ScheduleDefinition(job_name="j", cron_schedule="@daily", run_config={"ops": {}}, tags={"a": "1"}).evaluate(
        CONTEXT
    )
    (request,) = result.run_requests
    assert (request.job, request.tags) == ("j", {"a": "1", "dagster/schedule_name": "j_schedule"})


def test_what_a_function_may_return():
    assert evaluate(None).skip_reason
    assert evaluate(SkipReason("holiday")).skip_reason == "holiday"
    assert evaluate({"ops": {"x": {}}}).run_requests[0].config == {"ops": {"x": {}}}
    (request,) = evaluate(
        lambda context: RunRequest(context.scheduled_execution_time.isoformat(), tags={"b": 2})
    ).run_requests
    assert (request.run_key, request.job, request.tags) == (
        "2024-01-02T00:00:00+00:00",
        "j",
        {"a": "1", "b": "2", "dagster/schedule_name": "decide"},
    )
    assert len(evaluate([RunRequest("a"), RunRequest("b", job_name="other")]).run_requests) == 2
    assert len(evaluate(lambda context: (RunRequest(key) for key in "ab")).run_requests) == 2
    with pytest.raises(InvocationError, match="returned 3"):
        evaluate(3)


def test_names_and_jobs():
    assert ScheduleDefinition(job_name="j", cron_schedule="@daily").name == "j_schedule"
    with pytest.raises(DefinitionError, match="needs a job"):
        ScheduleDefinition("s", cron_schedule="@daily")


def test_the_schedule_of_a_partitioned_job():
    daily = define_asset_job("d", partitions_def=DailyPartitionsDefinition("2024-01-01", timezone="Europe/Berlin"))
    made = build_schedule_from_partitioned_job(daily, hour_of_day=6)
    assert (made.cron_schedule, made.execution_timezone, made.name) == ("0 6 * * *", "Europe/Berlin", "d_schedule")
    hourly = define_asset_job("h", partitions_def=HourlyPartitionsDefinition("2024-01-01-00:00"))
    with pytest.raises(DefinitionError, match="no place"):
        build_schedule_from_partitioned_job(hourly, hour_of_day=6)
    with pytest.raises(DefinitionError, match="cron_schedule"):
        build_schedule_from_partitioned_job(define_asset_job("s", partitions_def=StaticPartitionsDefinition(["a"])))
