"""dbt, with a project of its own, dbt-core and DuckDB. A command takes seconds: few are run, each for many tests."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

import rostrum as ro
from rostrum.components.context import ComponentLoadContext
from rostrum.integrations.dbt import (
    DbtCliResource,
    DbtCliRuntimeError,
    DbtManifestError,
    DbtProject,
    DbtTranslator,
    DbtTranslatorSettings,
    build_dbt_asset_selection,
    build_freshness_checks_from_dbt_assets,
    build_schedule_from_dbt_selection,
    dbt_assets,
    get_asset_key_for_model,
    get_asset_key_for_source,
    get_asset_keys_by_output_name_for_source,
)
from rostrum.integrations.dbt.component import DbtProjectComponent
from rostrum.integrations.dbt.selection import DbtSelectionError, selected

SOURCE = Path(__file__).parent / "dbt_project"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtProject]:
    """The project, parsed as `prepare_if_dev` does it."""
    folder = tmp_path_factory.mktemp("dbt") / "shop"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("target", "logs"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SHOP_DATABASE", str(folder / "shop.duckdb"))
        patched.setenv("DAGSTER_IS_DEV_CLI", "1")
        made = DbtProject(folder)
        made.prepare_if_dev()
        assert not made.is_stale
        yield made


def shop_assets(project: DbtProject, *arguments: str, facts: bool = False, **options: Any) -> ro.AssetsDefinition:
    @dbt_assets(manifest=project.manifest_path, exclude="region_names", **options)
    def shop(context: ro.AssetExecutionContext, dbt: DbtCliResource) -> Any:
        stream = dbt.cli(["build", *arguments], context=context).stream()
        yield from stream.fetch_row_counts().fetch_column_metadata() if facts else stream

    return shop


@dataclass
class Made:
    success: bool
    materialized: Mapping[str, Mapping[str, Any]]
    checks: Mapping[str, Any]
    error: str


def run(project: DbtProject, definition: ro.AssetsDefinition, **options: Any) -> Made:
    resources = {"dbt": DbtCliResource(project_dir=project)}
    done = ro.materialize([definition], resources=resources, raise_on_error=False, **options)
    failures = [str(each.step_failure_data.error) for each in done.get_step_failure_events()]
    return Made(
        done.success,
        {
            str(each.asset_key): {name: value.value for name, value in each.materialization.metadata.items()}
            for each in done.get_asset_materialization_events()
        },
        {each.check_name: each for each in done.get_asset_check_evaluations()},
        "\n".join(failures),
    )


@pytest.fixture(scope="session")
def built(project: DbtProject) -> Made:
    """All of the project, with rows and columns."""
    return run(project, shop_assets(project, facts=True))


# --- definitions: from the manifest alone


def test_assets_are_models_seeds_and_snapshots(project: DbtProject) -> None:
    shop = shop_assets(project)
    assert {str(key) for key in shop.keys} == {
        "raw_customers",
        "raw_orders",
        "stg_customers",
        "stg_orders",
        "customer_totals",
        "customers_over_time",
    }
    above = {str(spec.key): {str(dep.asset_key) for dep in spec.deps} for spec in shop.specs}
    assert above["customer_totals"] == {"stg_customers", "stg_orders"}  # through an ephemeral model
    assert above["customers_over_time"] == {"raw_customers"}


def test_attributes_come_from_the_manifest(project: DbtProject) -> None:
    specs = {str(spec.key): spec for spec in shop_assets(project).specs}
    totals, customers = specs["customer_totals"], specs["stg_customers"]
    assert (totals.group_name, customers.group_name) == ("marts", "staging")
    assert (list(totals.owners), list(customers.owners)) == (["team:finance"], ["data@example.com"])
    assert dict(totals.tags) == {"nightly": "", "finance": ""}
    assert totals.kinds == {"dbt", "duckdb"}
    assert totals.description is not None
    assert totals.description.startswith("What each customer has paid.")
    assert "sum(orders.total)" in totals.description
    assert totals.code_version
    assert totals.code_version != customers.code_version
    assert totals.metadata["dagster/relation_identifier"] == "shop.main.customer_totals"
    assert customers.metadata["dagster/column_schema"].columns[0].description == "Number of the customer."


def test_tests_are_checks(project: DbtProject) -> None:
    checks = {spec.name: spec for spec in shop_assets(project).check_specs}
    assert len(checks) == 5
    relationships = next(spec for name, spec in checks.items() if name.startswith("relationships"))
    assert str(relationships.asset_key) == "stg_orders"
    assert [str(dep.asset_key) for dep in relationships.additional_deps] == ["stg_customers"]
    assert str(checks["totals_are_high"].asset_key) == "customer_totals"
    without = DbtTranslator(DbtTranslatorSettings(enable_asset_checks=False))
    assert not list(shop_assets(project, dagster_dbt_translator=without).check_specs)


def test_sources_are_upstream_keys(project: DbtProject) -> None:
    @dbt_assets(manifest=project.manifest_path, select="region_names")
    def regions(context: ro.AssetExecutionContext) -> Any: ...

    assert [str(dep.asset_key) for dep in next(iter(regions.specs)).deps] == ["geo/regions"]
    by_output = get_asset_keys_by_output_name_for_source([regions], "geo")
    assert {name: str(key) for name, key in by_output.items()} == {
        "geo__regions": "geo/regions",
        "geo__countries": "atlas/countries",
    }
    with pytest.raises(DbtManifestError, match="several tables"):
        get_asset_key_for_source([regions], "geo")
    with pytest.raises(DbtManifestError, match="Did you mean 'geo'"):
        get_asset_key_for_source([regions], "geos")


def test_a_translator_changes_keys_also_of_what_is_upstream(project: DbtProject) -> None:
    class Prefixed(DbtTranslator):
        def get_asset_spec(self, manifest: Any, unique_id: str, project: Any = None) -> ro.AssetSpec:
            spec = super().get_asset_spec(manifest, unique_id, project)
            return spec.replace_attributes(key=spec.key.with_prefix("dbt"), group_name="all")

    shop = shop_assets(project, dagster_dbt_translator=Prefixed())
    totals = next(spec for spec in shop.specs if spec.key.path[-1] == "customer_totals")
    assert [str(dep.asset_key) for dep in totals.deps] == ["dbt/stg_customers", "dbt/stg_orders"]
    assert {spec.group_name for spec in shop.specs} == {"all"}
    assert str(get_asset_key_for_model([shop], "stg_orders")) == "dbt/stg_orders"
    assert {check.asset_key.path[0] for check in shop.check_specs} == {"dbt"}


def test_one_key_for_two_models_is_refused(project: DbtProject) -> None:
    class Same(DbtTranslator):
        def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> ro.AssetKey:
            return ro.AssetKey(dbt_resource_props["name"][:3])

    with pytest.raises(DbtManifestError, match="same asset key"):
        shop_assets(project, dagster_dbt_translator=Same())


@pytest.mark.parametrize(
    ("select", "found"),
    [
        ("tag:nightly", "customer_totals"),
        ("stg_orders", "stg_orders"),
        ("shop.staging", "stg_customers stg_orders"),
        ("path:models/staging", "stg_customers stg_orders"),
        ("stg_orders.sql", "stg_orders"),
        ("resource_type:seed", "raw_customers raw_orders"),
        ("config.materialized:view", "stg_customers stg_orders"),
        ("1+stg_orders", "raw_orders stg_orders"),
        ("+customer_totals,resource_type:seed", "raw_customers raw_orders"),
        ("raw_orders+1 group:staging", "raw_orders stg_customers stg_orders"),
        ("source:geo+", "region_names"),
        ("@raw_orders,resource_type:model,config.materialized:table",  "customer_totals"),
        ("stg_*", "stg_customers stg_orders"),
    ],
)  # fmt: skip
def test_selection_syntax(project: DbtProject, select: str, found: str) -> None:
    manifest = json.loads(project.manifest_path.read_bytes())
    names = {
        manifest["nodes"][each]["name"]
        for each in selected(manifest, select)
        if not each.startswith(("test.", "source."))
    }
    assert sorted(names - {"paying"}) == found.split()


def test_selections_that_a_manifest_cannot_answer(project: DbtProject) -> None:
    manifest = json.loads(project.manifest_path.read_bytes())
    with pytest.raises(DbtSelectionError, match="compares with artifacts"):
        selected(manifest, "state:modified")
    with pytest.raises(DbtSelectionError, match="Did you mean 'tag'"):
        selected(manifest, "tags:nightly")


def test_selection_of_assets_and_schedule(project: DbtProject) -> None:
    shop = shop_assets(project)
    selection = build_dbt_asset_selection([shop], "stg_customers+", "customers_over_time")
    assert {str(key) for key in selection.resolve([shop])} == {"stg_customers", "customer_totals"}
    schedule = build_schedule_from_dbt_selection([shop], "nightly", "0 3 * * *", dbt_select="tag:nightly")
    definitions = ro.Definitions(assets=[shop], schedules=[schedule], resources={"dbt": DbtCliResource(project)})
    plan = definitions.resolve_job_def("nightly")
    assert {str(key) for key in plan.selection.resolve([shop])} == {"customer_totals"}


def test_freshness_checks(project: DbtProject) -> None:
    checks = build_freshness_checks_from_dbt_assets(dbt_assets=[shop_assets(project)])
    assert [str(spec.asset_key) for each in checks for spec in each.check_specs] == ["customer_totals"]


def test_paths_that_are_wrong(tmp_path: Path, project: DbtProject) -> None:
    with pytest.raises(DbtManifestError, match=r"has no dbt_project\.yml"):
        DbtCliResource(project_dir=tmp_path)
    with pytest.raises(DbtManifestError, match="is no dbt project"):
        DbtProject(tmp_path)
    with pytest.raises(DbtManifestError, match="there is no dbt manifest"):
        shop_assets(DbtProject(project.project_dir, target_path="elsewhere"))


def test_a_changed_file_makes_the_manifest_stale(project: DbtProject, tmp_path: Path) -> None:
    shutil.copytree(project.project_dir, tmp_path / "shop")
    copied = DbtProject(tmp_path / "shop")
    now = copied.manifest_path.stat().st_mtime
    os.utime(copied.manifest_path, (now + 10, now + 10))
    assert not copied.is_stale
    os.utime(copied.project_dir / "models/schema.yml", (now + 20, now + 20))
    assert copied.is_stale


# --- runs


def test_all_is_built(project: DbtProject, built: Made) -> None:
    assert built.success, built.error
    assert len(built.materialized) == 6
    assert len(built.checks) == 5
    assert all(each.passed for each in built.checks.values())
    with duckdb.connect(str(project.project_dir / "shop.duckdb")) as connection:
        assert connection.execute("select sum(total) from customer_totals").fetchall() == [(75,)]


def test_metadata_of_a_run(built: Made) -> None:
    totals = built.materialized["customer_totals"]
    assert totals["unique_id"] == "model.shop.customer_totals"
    assert totals["Execution Duration"] > 0
    assert len(totals["invocation_id"]) == 36
    assert totals["dagster/row_count"] == 3
    assert [column.name for column in totals["dagster/column_schema"].columns] == ["customer_id", "name", "total"]
    assert "dagster/row_count" not in built.materialized["stg_orders"]  # a view
    assert built.checks["totals_are_high"].metadata["status"].value == "pass"


@pytest.fixture(scope="session")
def failed(project: DbtProject, built: Made) -> Made:
    """A part of the project, with a test that fails."""
    shop = shop_assets(project, "--vars", "lowest_total: 10")
    return run(project, shop, selection=["stg_customers", "customer_totals"])


def test_a_subset_is_made(failed: Made) -> None:
    """And of the tests those of what is selected: not those of others that read it."""
    assert set(failed.materialized) == {"stg_customers", "customer_totals"}
    assert set(failed.checks) == {
        "not_null_customer_totals_total",
        "not_null_stg_customers_customer_id",
        "totals_are_high",
        "unique_stg_customers_customer_id",
    }


def test_a_failing_test_fails_the_step_and_is_told(failed: Made) -> None:
    """What dbt has made before is materialized."""
    assert not failed.success
    assert {name for name, each in failed.checks.items() if not each.passed} == {"totals_are_high"}
    assert failed.checks["totals_are_high"].metadata["dagster_dbt/failed_row_count"].value == 1
    assert "exit code 1" in failed.error
    assert "Got 1 result, configured to fail if != 0" in failed.error


# --- the process, by a command that stands in for dbt

STAND_IN = """#!{python}
import json, os, signal, sys, time
def say(text, level="info"):
    print(json.dumps({{"info": {{"name": "Said", "msg": text, "level": level}}, "data": {{}}}}), flush=True)
if "wait" in sys.argv:
    signal.signal(signal.SIGINT, lambda *_: (open("interrupted", "w").close(), sys.exit(130)))
    say("waiting")
    time.sleep(60)
if "fail" in sys.argv:
    say("Compilation Error: no such column", "error")
    sys.exit(2)
if "crash" in sys.argv:
    raise RuntimeError("no module called dbt")
say(" ".join(sys.argv[1:]))
say(os.environ["DBT_LOG_FORMAT"])
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> DbtCliResource:
    program = tmp_path / "dbt"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    return DbtCliResource(
        project_dir=tmp_path, dbt_executable=str(program), target="prod", global_config_flags=["--no-use-colors"]
    )


def test_flags_of_a_command(stand_in: DbtCliResource) -> None:
    said = [str(message) for message in stand_in.cli(["run", "--full-refresh"]).stream_raw_events()]
    assert said == ["--no-use-colors run --full-refresh --target prod", "json"]


def test_a_failed_command_tells_what_dbt_said(stand_in: DbtCliResource) -> None:
    with pytest.raises(DbtCliRuntimeError, match=r"(?s)`dbt .*fail.*exit code 2.*Compilation Error: no such column"):
        stand_in.cli(["fail"]).wait()
    broken = stand_in.cli(["crash"], raise_on_error=False)
    assert not broken.is_successful()
    assert "no module called dbt" in str(broken.get_error())
    with pytest.raises(DbtCliRuntimeError, match=r"wrote no catalog\.json"):
        broken.get_artifact("catalog.json")
    assert stand_in.cli(["run"]).get_error() is None


def test_a_dropped_stream_interrupts_dbt(stand_in: DbtCliResource, tmp_path: Path) -> None:
    """As a cancelled run does."""
    invocation = stand_in.cli(["wait"])
    messages: Any = invocation.stream_raw_events()
    assert str(next(messages)) == "waiting"
    messages.close()
    assert invocation.process.poll() == 130
    assert (tmp_path / "interrupted").exists()


def test_commands_of_one_run_have_folders_of_their_own(stand_in: DbtCliResource, tmp_path: Path) -> None:
    first, second = stand_in.cli(["run"]).wait(), stand_in.cli(["run"]).wait()
    assert first.target_path != second.target_path
    assert stand_in.cli(["run"], target_path="mine").wait().target_path == tmp_path / "mine"


# --- from YAML


def test_component(project: DbtProject) -> None:
    component: Any = DbtProjectComponent.from_attributes_dict(
        attributes={
            "project": str(project.project_dir),
            "select": "tag:nightly",
            "cli_args": ["build", {"--vars": {"day": "{{ partition_key }}"}}],
            "translation": {"group_name": "yaml", "key": "dbt/{{ node.name }}", "kinds": ["sql"]},
            "include_metadata": ["row_count"],
        }
    )
    definitions = component.build_defs(ComponentLoadContext.detached())
    (spec,) = next(iter(definitions.assets)).specs
    assert (str(spec.key), spec.group_name) == ("dbt/customer_totals", "yaml")
    assert spec.kinds == {"dbt", "duckdb", "sql"}
    assert {str(dep.asset_key) for dep in spec.deps} == {"dbt/stg_customers", "dbt/stg_orders"}


def test_expressions_of_a_component_know_the_partition_of_the_run(project: DbtProject) -> None:
    component: Any = DbtProjectComponent.from_attributes_dict(
        attributes={
            "project": str(project.project_dir),
            "cli_args": ["run", {"--vars": {"from": "{{ partition_time_window.start.isoformat() }}"}}, "--vars", [1]],
        }
    )
    daily = ro.DailyPartitionsDefinition("2026-01-01")
    context = ro.build_asset_context(partition_key="2026-01-02", partitions_def=daily)
    assert component.get_cli_args(context) == [
        "run",
        "--vars",
        '{"from": "2026-01-02T00:00:00+00:00"}',
        "--vars",
        "[1]",
    ]
    component.cli_args = ["run", "--vars", "{{ partition_key_range.start }}/{{ partition_time_window }}"]
    named = ro.build_asset_context(partition_key="a", partitions_def=ro.StaticPartitionsDefinition(["a"]))
    assert component.get_cli_args(named) == ["run", "--vars", "a/None"]


def test_options_of_a_resource_that_are_given_come_before_those_of_its_project(project: DbtProject) -> None:
    told = DbtProject(project.project_dir, target="dev", profile="shop")
    assert (DbtCliResource(told).target, DbtCliResource(told, target="prod").target) == ("dev", "prod")
    assert DbtCliResource(told, global_config_flags=["--debug"]).global_config_flags == ["--debug"]
