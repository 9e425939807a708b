"""The same, by the names of another orchestrator (`packages/rostrum-dagster`)."""

from __future__ import annotations

from typing import assert_type

import dagster as dg
from dagster import AssetExecutionContext, Definitions, asset
from dagster import job as make_job

import rostrum as ro


class MyResource(dg.ConfigurableResource):
    url: str


@asset(deps=["a"], group_name="g")
def first(context: AssetExecutionContext, my: MyResource) -> dg.MaterializeResult:
    context.log.info(my.url)
    return dg.MaterializeResult(metadata={"url": dg.MetadataValue.url(my.url)})


@dg.op
def work() -> dg.Output[int]:
    return dg.Output(1)


@make_job
def work_job() -> None:
    work()


@dg.asset_check(asset=first)
def checked() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.schedule(cron_schedule="@daily", job=work_job)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    return dg.RunRequest()


@dg.sensor(job=work_job)
def watching(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=dg.SkipReason("no"))


defs = Definitions(
    assets=[first, dg.AssetSpec("b")],
    asset_checks=[checked],
    jobs=[work_job],
    schedules=[nightly],
    sensors=[watching],
    resources={"my": MyResource(url=dg.EnvVar("URL"))},
)
assert_type(first, dg.AssetsDefinition)
assert_type(first, ro.AssetsDefinition)
assert_type(dg.materialize([first]), dg.ExecuteInProcessResult)
with dg.DagsterInstance.ephemeral() as instance:
    dg.materialize([first], instance=instance)
try:
    defs.resolve_job_def("none")
except dg.DagsterInvariantViolationError as error:
    print(error)
