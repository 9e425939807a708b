"""`Definitions`, running in process, contexts for tests, the instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_type

import rostrum as ro


@ro.asset
def orders() -> int:
    return 1


@ro.asset_check(asset=orders)
def fine() -> ro.AssetCheckResult:
    return ro.AssetCheckResult(passed=True)


@ro.op
def work(context: ro.OpExecutionContext) -> int:
    return 1


@ro.job
def work_job() -> None:
    work()


@ro.schedule("@daily", job=work_job)
def daily() -> None: ...


@ro.sensor(job=work_job)
def watch() -> None: ...


defs = ro.Definitions(
    assets=[orders, ro.AssetSpec("external")],
    asset_checks=[fine],
    jobs=[work_job, ro.define_asset_job("all")],
    schedules=[daily],
    sensors=[watch],
    resources={"x": 1},
    executor=ro.in_process_executor,
    loggers={"console": ro.colored_console_logger},
    metadata={"team": "data"},
)
more = ro.Definitions(assets=ro.load_assets_from_modules([], group_name="g"))
mixed = ro.Definitions(assets=[*ro.load_assets_from_current_module(), orders, fine])
merged = ro.Definitions.merge(defs, more)
assert_type(merged, ro.Definitions)
assert_type(defs.resolve_job_def("work_job"), ro.JobDefinition)
assert_type(defs.resolve_schedule_def("daily"), ro.ScheduleDefinition)
assert_type(defs.resolve_sensor_def("watch"), ro.SensorDefinition)
assert_type(defs.resolve_assets_def("orders"), ro.AssetsDefinition)
assert_type(defs.resolve_all_asset_specs(), Sequence[ro.AssetSpec])
assert_type(defs.resolve_all_job_defs(), Sequence[ro.JobDefinition])
assert_type(defs.map_asset_specs(func=lambda spec: spec.replace_attributes(group_name="g")), ro.Definitions)
assert_type(defs.resolve_implicit_global_asset_job_def().execute_in_process(), ro.ExecutionResult)
ro.Definitions.validate_loadable(defs)


@ro.lazy_definitions
def later() -> ro.Definitions:
    return defs


result = ro.materialize(
    [orders, fine],
    resources={"x": 2},
    run_config=ro.RunConfig(),
    partition_key=None,
    selection="orders",
    instance=ro.Instance.ephemeral(),
    raise_on_error=False,
)
assert_type(result, ro.ExecutionResult)
assert_type(result.success, bool)
assert_type(result.asset_value("orders"), Any)
assert_type(result.asset_value(orders.key), Any)
assert_type(ro.materialize_to_memory([orders]).output_for_node("orders"), Any)

assert_type(ro.build_asset_context(partition_key="a", resources={"x": 1}), ro.AssetExecutionContext)
assert_type(ro.build_op_context(op_config={"a": 1}), ro.OpExecutionContext)
assert_type(ro.build_input_context(asset_key=ro.AssetKey("a")), ro.InputContext)
assert_type(ro.build_output_context(asset_key=ro.AssetKey("a")), ro.OutputContext)
assert_type(ro.build_init_resource_context(config={"a": 1}), ro.InitResourceContext)
with ro.build_resources({"x": 1}) as resources:
    assert_type(resources.x, Any)

with ro.instance_for_test() as instance:
    assert_type(instance, ro.Instance)
    assert_type(instance.get_runs(), Sequence[ro.Run])

work(ro.build_op_context())
orders()
