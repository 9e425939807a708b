"""Schedules, sensors of every kind, and what they return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_type

import rostrum as ro


@ro.asset
def orders() -> int:
    return 1


@ro.op
def work() -> None: ...


@ro.job
def work_job() -> None:
    work()


class Mail(ro.ConfigurableResource):
    host: str = "localhost"


asset_job = ro.define_asset_job("asset_job", selection=[orders], tags={"a": "b"})
assert_type(asset_job, ro.JobDefinition)
ro.define_asset_job("by_text", selection="group:shop", config=ro.RunConfig())
ro.define_asset_job("by_selection", selection=ro.AssetSelection.all(), partitions_def=None)

plain = ro.ScheduleDefinition(
    name="plain",
    cron_schedule=["0 6 * * *", "@daily"],
    job=work_job,
    execution_timezone="Europe/Vienna",
    default_status=ro.DefaultScheduleStatus.RUNNING,
)
targeted = ro.ScheduleDefinition("targeted", cron_schedule="@hourly", target=ro.AssetSelection.all())
listed = ro.ScheduleDefinition("listed", cron_schedule="@hourly", target=[orders])


@ro.schedule(cron_schedule="0 6 * * *", job=work_job)
def one_request(context: ro.ScheduleEvaluationContext) -> ro.RunRequest:
    return ro.RunRequest(
        run_key=context.scheduled_execution_time.isoformat(),
        run_config=ro.RunConfig(ops={"work": {}}),
        tags={"day": "x"},
    )


@ro.schedule(cron_schedule="0 6 * * *", target="*")
def skips() -> ro.SkipReason | ro.RunRequest:
    return ro.SkipReason("not today")


@ro.schedule("0 6 * * *", job_name="work_job")
def configures(mail: Mail) -> Mapping[str, Any]:
    return {"ops": {"work": {"config": mail.host}}}


@ro.schedule("0 6 * * *", job=work_job)
def yields_requests() -> Iterator[ro.RunRequest]:
    yield ro.RunRequest(run_key="a", partition_key="b")


@ro.schedule("0 6 * * *", job=work_job)
def lists_requests() -> list[ro.RunRequest]:
    return [ro.RunRequest(asset_selection=["orders", ro.AssetKey("b")])]


@ro.sensor(job=work_job, minimum_interval_seconds=60, default_status=ro.DefaultSensorStatus.RUNNING)
def yields(context: ro.SensorEvaluationContext) -> Iterator[ro.RunRequest | ro.SkipReason]:
    assert_type(context.cursor, str | None)
    context.update_cursor("1")
    yield ro.RunRequest(run_key="1")
    yield ro.SkipReason("no more")


@ro.sensor(target=[orders])
def result(context: ro.SensorEvaluationContext, mail: Mail) -> ro.SensorResult:
    assert_type(context.resources.mail, Any)
    return ro.SensorResult(
        run_requests=[ro.RunRequest(partition_key="a")],
        cursor="x",
        dynamic_partitions_requests=[ro.DynamicPartitionsDefinition(name="c").build_add_request(["a"])],
        asset_events=[ro.AssetMaterialization("orders")],
    )


@ro.sensor(jobs=[work_job, asset_job])
def nothing() -> None: ...


@ro.asset_sensor(asset_key=ro.AssetKey("orders"), job=work_job)
def on_asset(context: ro.SensorEvaluationContext, event: ro.EventLogEntry) -> ro.RunRequest:
    return ro.RunRequest(run_key=context.cursor, tags={"run": event.run_id})


@ro.multi_asset_sensor(monitored_assets=[ro.AssetKey("orders")], job=work_job)
def on_assets(context: ro.MultiAssetSensorEvaluationContext) -> Iterator[ro.RunRequest]:
    context.advance_all_cursors()
    yield ro.RunRequest()


@ro.run_failure_sensor
def on_failure(context: ro.RunFailureSensorContext) -> None:
    context.log.info("%s %s", context.failure_event.message, context.dagster_run.run_id)


@ro.run_failure_sensor(name="called", monitored_jobs=[work_job])
def on_some_failure(context: ro.RunFailureSensorContext, mail: Mail) -> None:
    context.log.info(mail.host)


@ro.run_status_sensor(run_status=ro.RunStatus.SUCCESS, request_job=work_job)
def on_success(context: ro.RunStatusSensorContext) -> ro.RunRequest:
    assert_type(context.dagster_run, ro.Run)
    return ro.RunRequest(run_key=context.dagster_run.run_id)


assert_type(one_request, ro.ScheduleDefinition)
assert_type(plain, ro.ScheduleDefinition)
assert_type(yields, ro.SensorDefinition)
assert_type(result, ro.SensorDefinition)
assert_type(on_asset, ro.AssetSensorDefinition)
assert_type(on_assets, ro.MultiAssetSensorDefinition)
assert_type(on_failure, ro.RunStatusSensorDefinition)
assert_type(on_some_failure, ro.RunStatusSensorDefinition)
assert_type(on_success, ro.RunStatusSensorDefinition)

conditions = ro.AutomationConditionSensorDefinition("conditions", target=ro.AssetSelection.all())
assert_type(one_request.cron_schedule, str | Sequence[str])
assert_type(one_request.job_name, str)
assert_type(ro.build_schedule_context(), ro.ScheduleEvaluationContext)
assert_type(ro.build_sensor_context(cursor="a"), ro.SensorEvaluationContext)
