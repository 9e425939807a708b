"""The same mistakes by the names of another orchestrator."""

from __future__ import annotations

import dagster as dg
from dagster_dbt import DbtCliResource
from dagster_duckdb import DuckDBResource
from dagster_pipes import PipesContext


class MyResource(dg.ConfigurableResource):
    url: str


@dg.asset(group=3)  # error
def first(my: MyResource) -> dg.MaterializeResult:
    my.query()  # error
    return dg.MaterializeResult(metdata={})  # error


MyResource()  # error
dg.Definitions(assets=[first], resource={})  # error
dg.nothing_of_this_name  # error
DbtCliResource(project_dir="a", profile=3)  # error
DuckDBResource()  # error
PipesContext.get().asset_kye  # error
