"""Integrations, and submodules, by the names of another orchestrator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import dagster as dg
from dagster.components import Component, Model, Resolvable
from dagster.components.testing import create_defs_folder_sandbox
from dagster_aws.s3 import S3PickleIOManager, S3Resource
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, DbtCliResource, DbtProject, dbt_assets
from dagster_duckdb import DuckDBResource
from dagster_pipes import PipesContext, open_dagster_pipes
from dagster_slack import SlackResource, make_slack_on_run_failure_sensor
from slack_sdk.web.client import WebClient

project = DbtProject(Path("shop"), target="dev")
assert_type(project.manifest_path, Path)


class Keys(DagsterDbtTranslator):
    def get_asset_spec(self, manifest: Any, unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        return super().get_asset_spec(manifest, unique_id, project).replace_attributes(group_name="shop")


@dbt_assets(manifest=project.manifest_path, dagster_dbt_translator=Keys())
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    running = dbt.cli(["build"], context=context)
    assert_type(running, DbtCliInvocation)
    yield from running.stream().fetch_row_counts()


assert_type(models, dg.AssetsDefinition)
assert_type(DbtCliResource(project_dir=project, target="prod").target, str | None)


@dg.asset
def counted(duckdb: DuckDBResource, slack: SlackResource) -> int:
    with duckdb.get_connection() as connection:
        found = connection.execute("select 1").fetchall()
    assert_type(slack.get_client(), WebClient)
    return len(found)


class Tables(Component, Model, Resolvable):
    names: list[str]

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        return dg.Definitions(assets=[dg.AssetSpec(name) for name in self.names])


def outside() -> None:
    with open_dagster_pipes() as pipes:
        assert_type(pipes, PipesContext)
        assert_type(pipes.asset_key, str)
        pipes.report_asset_materialization(metadata={"rows": 1})


def sandbox() -> None:
    with create_defs_folder_sandbox() as made:
        made.scaffold_component(component_cls=Tables)


given: dict[str, dg.MetadataValue] = {"rows": dg.MetadataValue.int(3), "run": dg.MetadataValue.dagster_run("a")}
dg.AssetMaterialization("a", metadata=given)

defs = dg.Definitions(
    assets=[models, counted],
    sensors=[make_slack_on_run_failure_sensor("#data", "token")],
    resources={
        "dbt": DbtCliResource(project),
        "duckdb": DuckDBResource(database=dg.EnvVar("DATABASE")),
        "slack": SlackResource(token=dg.EnvVar("TOKEN")),
        "io_manager": S3PickleIOManager(s3_resource=S3Resource(region_name="eu-west-1"), s3_bucket="data"),
    },
)
