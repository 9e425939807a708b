"""`dagster_dbt`, as projects use it. dbt itself is run in tests/integration; here a command stands in for it, which
tells what dbt tells of a model and a test.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    build_dbt_asset_selection,
    build_schedule_from_dbt_selection,
    dbt_assets,
    get_asset_key_for_model,
    get_asset_keys_by_output_name_for_source,
)

DBT = """#!{python}
import json, os, pathlib, sys
pathlib.Path("called.json").write_text(json.dumps([sys.argv[1:], os.environ.get("DBT_INDIRECT_SELECTION")]))
def say(name, unique_id, status, **data):
    node = {{"unique_id": unique_id, "node_status": status,
             "node_started_at": "2026-01-01T00:00:00", "node_finished_at": "2026-01-01T00:00:02"}}
    print(json.dumps({{"info": {{"name": name, "msg": unique_id, "level": "info", "invocation_id": "abc"}},
                       "data": {{"node_info": node, **data}}}}), flush=True)
say("LogModelResult", "model.shop.orders", "success")
if "orders_only" not in " ".join(sys.argv):
    say("LogModelResult", "model.shop.totals", "success")
say("LogTestResult", "test.shop.not_null_orders", "warn", num_failures=2)
"""


def model(name: str, *parents: str, kind: str = "model", **more: Any) -> dict[str, Any]:
    return {
        "unique_id": f"{kind}.shop.{name}",
        "resource_type": kind,
        "name": name,
        "alias": name,
        "schema": "main",
        "fqn": ["shop", name],
        "package_name": "shop",
        "original_file_path": f"models/{name}.sql",
        "config": {},
        "tags": [],
        "raw_code": f"select {name}",
        "depends_on": {"nodes": list(parents)},
        **more,
    }


NODES = [
    model("orders", "source.shop.raw.orders", tags=["daily"]),
    model("totals", "model.shop.orders", config={"meta": {"dagster": {"group": "marts"}}}),
    model("not_null_orders", "model.shop.orders", kind="test", attached_node="model.shop.orders"),
]
SOURCE = model("orders", kind="source", source_name="raw", unique_id="source.shop.raw.orders")
MANIFEST = {
    "metadata": {"adapter_type": "duckdb", "project_name": "shop"},
    "nodes": {node["unique_id"]: node for node in NODES},
    "sources": {"source.shop.raw.orders": SOURCE},
}


@pytest.fixture
def project(tmp_path: Path) -> DbtProject:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "target").mkdir()
    (tmp_path / "target/manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "dbt").write_text(DBT.format(python=sys.executable))
    (tmp_path / "dbt").chmod(0o755)
    return DbtProject(project_dir=tmp_path)


def resource(project: DbtProject) -> DbtCliResource:
    return DbtCliResource(project_dir=project, dbt_executable=str(project.project_dir / "dbt"))


def called(project: DbtProject) -> Any:
    return json.loads((project.project_dir / "called.json").read_text())


def assets(project: DbtProject, **options: Any) -> dg.AssetsDefinition:
    @dbt_assets(manifest=project.manifest_path, **options)
    def my_dbt_assets(context: dg.AssetExecutionContext, dbt: DbtCliResource):
        yield from dbt.cli(["build"], context=context).stream()

    return my_dbt_assets


def test_a_model_is_an_asset_and_a_source_is_upstream(project: DbtProject) -> None:
    specs = {spec.key: spec for spec in assets(project).specs}
    assert set(specs) == {dg.AssetKey("orders"), dg.AssetKey("totals")}
    assert [dep.asset_key for dep in specs[dg.AssetKey("orders")].deps] == [dg.AssetKey(["raw", "orders"])]
    assert specs[dg.AssetKey("totals")].group_name == "marts"
    assert specs[dg.AssetKey("orders")].tags == {"daily": ""}


def test_a_run_materializes_models_and_evaluates_tests(project: DbtProject) -> None:
    done = dg.materialize([assets(project)], resources={"dbt": resource(project)})
    assert done.success
    events = {each.asset_key: each.materialization for each in done.get_asset_materialization_events()}
    assert set(events) == {dg.AssetKey("orders"), dg.AssetKey("totals")}
    assert events[dg.AssetKey("orders")].metadata["unique_id"].value == "model.shop.orders"
    assert events[dg.AssetKey("orders")].metadata["Execution Duration"].value == 2
    (check,) = done.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity) == ("not_null_orders", False, dg.AssetCheckSeverity.WARN)
    assert called(project)[0] == ["build", "--select", "fqn:*"]


def test_a_subset_is_told_to_dbt(project: DbtProject) -> None:
    done = dg.materialize([assets(project)], selection="orders", resources={"dbt": resource(project)})
    assert done.success
    arguments, indirect = called(project)
    assert arguments == ["build", "--select", "fqn:shop.orders", "fqn:shop.not_null_orders"]
    assert indirect == "empty"


def test_select_and_exclude(project: DbtProject) -> None:
    made = assets(project, select="tag:daily+", exclude="orders")
    assert set(made.keys) == {dg.AssetKey("totals")}


def test_a_translator_is_asked(project: DbtProject) -> None:
    class Translator(DagsterDbtTranslator):
        def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
            return super().get_asset_key(dbt_resource_props).with_prefix("snowflake")

        def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
            return "dbt"

        def get_automation_condition(self, dbt_resource_props: Mapping[str, Any]) -> dg.AutomationCondition:
            return dg.AutomationCondition.eager()

    made = assets(project, dagster_dbt_translator=Translator(DagsterDbtTranslatorSettings(enable_asset_checks=False)))
    assert set(made.keys) == {dg.AssetKey(["snowflake", "orders"]), dg.AssetKey(["snowflake", "totals"])}
    assert not list(made.check_specs)
    for spec in made.specs:
        assert spec.group_name == "dbt"
        assert spec.automation_condition == dg.AutomationCondition.eager()


def test_a_python_asset_depends_on_a_model(project: DbtProject) -> None:
    my_dbt_assets = assets(project)

    @dg.asset(deps=[get_asset_key_for_model([my_dbt_assets], "totals")])
    def report() -> None: ...

    dg.Definitions.validate_loadable(
        dg.Definitions(assets=[my_dbt_assets, report], resources={"dbt": resource(project)})
    )
    upstream = dg.AssetSelection.assets(report).upstream(depth=1, include_self=False)
    assert upstream.resolve([my_dbt_assets, report]) == {dg.AssetKey("totals")}


def test_a_multi_asset_makes_a_source(project: DbtProject) -> None:
    my_dbt_assets = assets(project)

    @dg.multi_asset(
        outs={
            name: dg.AssetOut(key=asset_key)
            for name, asset_key in get_asset_keys_by_output_name_for_source([my_dbt_assets], "raw").items()
        }
    )
    def load():
        return 1

    assert set(load.keys) == {dg.AssetKey(["raw", "orders"])}


def test_partitions_reach_dbt_by_vars(project: DbtProject) -> None:
    days = dg.DailyPartitionsDefinition("2026-01-01")

    @dbt_assets(manifest=project.manifest_path, partitions_def=days)
    def daily(context: dg.AssetExecutionContext, dbt: DbtCliResource):
        start, end = context.partition_time_window
        variables = {"min_date": start.isoformat(), "max_date": end.isoformat()}
        yield from dbt.cli(["build", "--vars", json.dumps(variables)], context=context).stream()

    assert all(spec.partitions_def == days for spec in daily.specs)
    assert daily.backfill_policy == dg.BackfillPolicy.single_run()
    done = dg.materialize([daily], partition_key="2026-01-02", resources={"dbt": resource(project)})
    assert done.success
    assert json.loads(called(project)[0][2])["min_date"] == "2026-01-02T00:00:00+00:00"


def test_selection_and_schedule(project: DbtProject) -> None:
    my_dbt_assets = assets(project)
    selection = build_dbt_asset_selection([my_dbt_assets], dbt_select="orders+", dbt_exclude="totals")
    assert selection.resolve([my_dbt_assets]) == {dg.AssetKey("orders")}
    schedule = build_schedule_from_dbt_selection(
        [my_dbt_assets], job_name="daily_dbt", cron_schedule="@daily", dbt_select="tag:daily"
    )
    assert (schedule.job_name, schedule.cron_schedule) == ("daily_dbt", "@daily")


def test_an_op_may_run_dbt(project: DbtProject) -> None:
    """Outside of `@dbt_assets` models are materialisations, tests observations of what they read."""

    @dg.op(out={})
    def run_dbt(context: dg.OpExecutionContext, dbt: DbtCliResource):
        yield from dbt.cli(["build"], manifest=project.manifest_path, context=context).stream()

    @dg.job(resource_defs={"dbt": resource(project)})
    def my_job() -> None:
        run_dbt()

    done = my_job.execute_in_process()
    assert done.success
    materialized = [each for each in done.all_events if each.event_type_value == "ASSET_MATERIALIZATION"]
    assert {each.asset_key for each in materialized} == {dg.AssetKey("orders"), dg.AssetKey("totals")}
    observed = [each for each in done.all_events if each.event_type_value == "ASSET_OBSERVATION"]
    assert [each.asset_key for each in observed] == [dg.AssetKey("orders")]


def test_a_manifest_may_be_a_mapping() -> None:
    @dbt_assets(manifest=MANIFEST, select="orders")
    def only_orders(context: dg.AssetExecutionContext): ...

    assert set(only_orders.keys) == {dg.AssetKey("orders")}


def test_a_missing_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"there is no dbt manifest at .*prepare_if_dev"):

        @dbt_assets(manifest=tmp_path / "manifest.json")
        def none(context: dg.AssetExecutionContext): ...
