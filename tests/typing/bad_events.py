"""Mistakes with what happened: contexts, events and records, which know their kinds."""

from __future__ import annotations

import rostrum as ro


@ro.asset
def orders(context: ro.AssetExecutionContext) -> int:
    newest = context.instance.get_latest_materialization_event(context.asset_key)
    newest.run_id  # error
    context.assets_def.kye  # error
    number: int = context.partition_key  # error
    return number


@ro.op
def work() -> None: ...


@ro.job
def work_job() -> None:
    work()


@ro.asset_sensor(asset_key=orders.key, job=work_job)
def on_orders(context: ro.SensorEvaluationContext, event: ro.EventLogEntry) -> ro.RunRequest:
    context.instance.get_run_by_id(3)  # error
    event.asset_materialization.metadata  # error
    return ro.RunRequest(run_key=event.timestamp)  # error


@ro.multi_asset_sensor(monitored_assets=[3], job=work_job)  # error
def on_number(context: ro.MultiAssetSensorEvaluationContext) -> None: ...


@ro.multi_asset_sensor(monitored_assets=[ro.AssetKey("a")], job=work_job)
def on_many(context: ro.MultiAssetSensorEvaluationContext) -> None:
    for record in context.latest_materialization_records_by_key().values():
        record.run_id  # error
    context.advance_cursor({"a": 3})  # error


@ro.run_failure_sensor
def on_failure(context: ro.RunFailureSensorContext) -> None:
    context.failure_event.step_failure_data.error.mesage  # error
    context.get_step_failure_events()[0].is_step_failed  # error


@ro.run_status_sensor(run_status="SUCCES", monitored_jobs=3)  # error
def on_success(context: ro.RunStatusSensorContext) -> None: ...


@ro.schedule("@daily", job=work_job)  # error
async def no_async_function() -> ro.RunRequest:
    return ro.RunRequest()


with ro.Instance.ephemeral() as instance:
    instance.fetch_materializations(orders.key).records[0].asset_materialization.partition  # error
    instance.get_event_records("materializations")  # error
    instance.add_dynamic_partitions("customers", [1])  # error
    instance.report_runless_asset_event("orders")  # error
    instance.get_runs(limit="3")  # error

port: int = ro.EnvVar.int("PORT").get_value()  # error
name: str = ro.EnvVar("NAME").get_value()  # error
spec: ro.AssetSpec = ro.map_asset_specs(lambda each: each, [orders])[0]  # error
ro.map_asset_specs(lambda each: 3, [orders])  # error
rows: dict[str, ro.MetadataValue] = {"rows": 3}  # error
ro.MetadataValue.md(3)  # error
ro.MetadataValue.markdown("a")  # error
