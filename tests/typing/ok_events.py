"""What happened, as sensors, results, hooks and instances tell it: no `Any` where the kind is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_type

import rostrum as ro


@ro.asset(partitions_def=ro.StaticPartitionsDefinition(["a"]))
def orders(context: ro.AssetExecutionContext) -> int:
    assert_type(context.assets_def, ro.AssetsDefinition)
    assert_type(context.assets_def.group_names_by_key, Mapping[ro.AssetKey, str])
    newest = context.instance.get_latest_materialization_event(context.asset_key)
    assert_type(newest, ro.EventLogEntry | None)
    if newest is not None and newest.asset_materialization is not None:
        assert_type(newest.asset_materialization, ro.AssetMaterialization)
    assert_type(context.instance.get_dynamic_partitions("customers"), list[str])
    return 1


@ro.asset_check(asset=orders)
def is_right(context: ro.AssetCheckExecutionContext) -> ro.AssetCheckResult:
    assert_type(context.check_specs, Sequence[ro.AssetCheckSpec])
    return ro.AssetCheckResult(passed=True)


@ro.op
def work() -> None: ...


@ro.graph
def works() -> None:
    work()


@ro.job
def work_job() -> None:
    works()


@ro.asset_sensor(asset_key=ro.AssetKey("orders"), job=work_job)
def on_orders(context: ro.SensorEvaluationContext, event: ro.EventLogEntry) -> Iterator[ro.RunRequest]:
    assert_type(context.instance, ro.Instance)
    assert_type(context.instance.get_runs(), Sequence[ro.Run])
    assert_type(event.asset_materialization, ro.AssetMaterialization | None)
    assert_type(event.asset_observation, ro.AssetObservation | None)
    assert_type(event.asset_key, ro.AssetKey | None)
    if event.asset_materialization:
        yield ro.RunRequest(run_key=event.run_id, tags={"path": event.asset_materialization.asset_key.path[-1]})


@ro.multi_asset_sensor(monitored_assets=[ro.AssetKey("orders")], job=work_job)
def on_many(context: ro.MultiAssetSensorEvaluationContext) -> ro.RunRequest | ro.SkipReason:
    records = context.latest_materialization_records_by_key()
    assert_type(records, Mapping[ro.AssetKey, ro.EventLogRecord | None])
    assert_type(context.latest_materialization_records_by_partition(ro.AssetKey("a")), Mapping[str, ro.EventLogRecord])
    if not all(records.values()):
        return ro.SkipReason("not all")
    context.advance_cursor(records)
    context.advance_all_cursors()
    return ro.RunRequest()


@ro.run_failure_sensor(request_jobs=[work_job])
def on_failure(context: ro.RunFailureSensorContext) -> ro.RunRequest:
    assert_type(context.failure_event, ro.RunEvent)
    for event in context.get_step_failure_events():
        assert_type(event.step_failure_data.error.message, str)
        assert_type(event.is_step_failure, bool)
    return ro.RunRequest(tags={"run": context.dagster_run.run_id})


@ro.run_status_sensor(run_status=ro.RunStatus.SUCCESS, monitored_jobs=[work_job])
def on_success(context: ro.RunStatusSensorContext) -> None:
    assert_type(context.run, ro.Run)
    assert_type(context.run.tags.get("x"), str | None)


@ro.failure_hook
def alarm(context: ro.HookContext) -> None:
    assert_type(context.op, ro.OpDefinition)
    context.log.error(context.op.name)


assert_type(on_orders, ro.AssetSensorDefinition)
assert_type(on_many, ro.MultiAssetSensorDefinition)
assert_type(on_failure, ro.RunStatusSensorDefinition)
assert_type(on_success, ro.RunStatusSensorDefinition)

result = ro.materialize([orders], partition_key="a")
event = result.get_asset_materialization_events()[0]
assert_type(event.materialization, ro.AssetMaterialization)
rows: ro.MetadataValue = event.materialization.metadata["rows"]
given: dict[str, ro.MetadataValue] = {"rows": ro.MetadataValue.int(3), "note": ro.MetadataValue.md("*a*")}
metadata: Mapping[str, ro.MetadataValue] = event.materialization.metadata
assert_type(ro.MetadataValue.int(3).value, int)
ro.MaterializeResult(metadata={**given, "raw": 3})


def shown(something: object) -> str:
    return str(something.value) if isinstance(something, ro.MetadataValue) else ""


shown(rows)
assert_type(event.asset_check_evaluation, ro.AssetCheckEvaluation | None)
assert_type(event.step_success_data.duration_ms, float)
assert_type(event.step_retry_data.seconds_to_wait, float)
assert_type(event.step_output_data.step_output_handle.step_key, str)
assert_type(event.asset_materialization_planned_data.asset_key, ro.AssetKey)
failure = result.failure_data_for_node("orders")
if failure is not None and failure.user_failure_data is not None:
    assert_type(failure.user_failure_data.description, str | None)

with ro.Instance.ephemeral() as instance:
    assert_type(instance, ro.Instance)
    assert_type(instance.get_run_by_id("a"), ro.Run | None)
    assert_type(instance.get_run_records(ro.RunsFilter(job_name="a"), limit=3), Sequence[ro.RunRecord])
    page = instance.fetch_materializations(orders.key, limit=1)
    assert_type(page, ro.EventRecordsResult)
    assert_type(page.records[0].asset_materialization, ro.AssetMaterialization | None)
    assert_type(page.records[0].partition_key, str | None)
    assert_type(instance.get_latest_data_version_record(orders.key), ro.EventLogRecord | None)
    wanted = ro.EventRecordsFilter(event_type=ro.EventType.ASSET_MATERIALIZATION, asset_key=orders.key)
    assert_type(instance.get_event_records(wanted, limit=1), Sequence[ro.EventLogRecord])
    assert_type(instance.all_logs("a"), Sequence[ro.EventLogEntry])
    instance.add_dynamic_partitions("customers", ["a"])
    instance.report_runless_asset_event(ro.AssetMaterialization("orders", metadata={"rows": 1}))

with ro.instance_for_test() as for_test:
    assert_type(for_test, ro.Instance)

assert_type(works.alias("again").to_job(), ro.JobDefinition)
