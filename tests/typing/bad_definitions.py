"""Mistakes that type checkers tell. Every line marked `# error` is one, for pyright and for mypy; no other line is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import rostrum as ro

# --- assets


@ro.asset(nme="orders")  # error
def misspelled() -> int:
    return 1


@ro.asset(group_name=3)  # error
def group_of_number() -> int:
    return 1


@ro.asset(partitions_def="daily")  # error
def partitions_by_name() -> int:
    return 1


@ro.asset(retry_policy=3)  # error
def retries() -> int:
    return 1


@ro.asset(deps=[3])  # error
def dependency_on_number() -> int:
    return 1


@ro.asset(ins={"a": 3})  # error
def input_of_number(a: int) -> int:
    return a


@ro.multi_asset(specs=["a"])  # error
def specs_by_name() -> None: ...


@ro.asset
def orders() -> int:
    return 1


orders.nme  # error
ro.AssetKey(3)  # error
ro.AssetSpec()  # error
ro.AssetSpec("a", grp="x")  # error
ro.AssetSpec(3)  # error
ro.AssetDep(3)  # error
ro.AssetIn(partition_mappin=None)  # error
ro.AssetSelection.grups("a")  # error


# --- results

number: int = ro.Output("a").value  # error
text: str = ro.MaterializeResult(value=1).value  # error
ro.DynamicOutput(1)  # error
ro.MaterializeResult(metdata={})  # error
ro.AssetCheckResult(passd=True)  # error
ro.AssetCheckResult()  # error
ro.AssetCheckResult(passed=True, severity="WARN")  # error


def wrong_inner() -> ro.Output[int]:
    return ro.Output("a")  # error


def wrong_item() -> Iterator[ro.DynamicOutput[int]]:
    yield ro.DynamicOutput("a", mapping_key="a")  # error


def wrong_value() -> ro.MaterializeResult[int]:
    return ro.MaterializeResult(value="a")  # error


# --- checks


@ro.asset_check()  # error
def of_nothing() -> ro.AssetCheckResult:
    return ro.AssetCheckResult(passed=True)


@ro.asset_check(asset=orders)  # error
def says_bool() -> bool:
    return True


# --- ops and jobs


@ro.op(out=3)  # error
def out_of_number() -> int:
    return 1


@ro.op(inputs={})  # error
def old_words() -> int:
    return 1


@ro.op
def work(context: ro.OpExecutionContext) -> int:
    context.lgo.info("a")  # error
    context.log.inform("a")  # error
    return 1


@ro.job(retry=3)  # error
def retried() -> None:
    work()


@ro.job
def work_job() -> None:
    work()


work_job.execute()  # error
work_job.execute_in_process(run_confg={})  # error
work_job.execute_in_process().sucess  # error
work_job.execute_in_process().output_for_node(3)  # error
ro.define_asset_job(selection="a")  # error
ro.define_asset_job("a", selection=3)  # error

# --- schedules and sensors


@ro.schedule(job=work_job)  # error
def without_cron() -> ro.RunRequest:
    return ro.RunRequest()


@ro.schedule("@daily", job=work_job)  # error
def answers_number() -> int:
    return 1


@ro.schedule("@daily", job=3)  # error
def job_of_number() -> ro.RunRequest:
    return ro.RunRequest()


@ro.sensor(job=work_job)  # error
def answers_text() -> str:
    return "a"


@ro.sensor(job=work_job, minimum_interval_seconds="60")  # error
def interval_in_text() -> None: ...


@ro.sensor(job=work_job)
def looks(context: ro.SensorEvaluationContext) -> ro.SensorResult:
    context.update_cursor(3)  # error
    return ro.SensorResult(run_request=[])  # error


ro.RunRequest(runkey="a")  # error
ro.RunRequest(run_config=3)  # error
ro.SkipReason(3)  # error
ro.ScheduleDefinition("a", cron="@daily", job=work_job)  # error

# --- partitions

ro.DailyPartitionsDefinition(start_date=3)  # error
ro.DailyPartitionsDefinition(start="2026-01-01")  # error
ro.StaticPartitionsDefinition([1, 2])  # error
ro.StaticPartitionsDefinition()  # error
ro.MultiPartitionsDefinition({"a": "b"})  # error

# --- config and resources


class Settings(ro.Config):
    name: str
    limit: int = 1


class Warehouse(ro.ConfigurableResource):
    url: str


class Store(ro.ConfigurableResource):
    warehouse: Warehouse
    db: ro.ResourceDependency[sqlite3.Connection]


Settings()  # error
Settings(name=3)  # error
Settings(name="a", limt=3)  # error
Settings(name="a").limt  # error
Warehouse()  # error
Warehouse(url="a", user="b")  # error
Store(warehouse="a", db=sqlite3.connect(""))  # error
Store(warehouse=Warehouse(url="a"), db=3)  # error
Warehouse(url="a").query("select")  # error
Warehouse.configure_at_launch().query("select")  # error
ro.RunConfig(op={})  # error
ro.RunConfig(ops=[])  # error


@ro.asset
def uses(db: ro.ResourceParam[sqlite3.Connection], warehouse: Warehouse) -> str:
    db.query("select")  # error
    return warehouse.port  # error


class Manager(ro.ConfigurableIOManager):
    def handle_output(self, context: ro.OutputContext, obj: Any) -> None:
        context.asset_ky  # error

    def load_input(self, context: ro.InputContext, more: int) -> Any:  # error
        return more


# --- definitions

ro.Definitions(assets=[3])  # error
ro.Definitions(jobs=[orders])  # error
ro.Definitions(schedules=[work_job])  # error
ro.Definitions(asset=[orders])  # error
ro.Definitions(executor="in_process")  # error
ro.Definitions(assets=[orders]).resolve_job_def("a").nme  # error
ro.Definitions(assets=[orders]).resolve_job_def()  # error
ro.materialize([orders], partition=3)  # error
ro.materialize([work_job])  # error
ro.materialize([orders]).value  # error
ro.build_asset_context(partition_ky="a")  # error
ro.nothing_of_this_name  # error
