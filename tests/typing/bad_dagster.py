"""The same mistakes by the names of another orchestrator."""

from __future__ import annotations

import dagster as dg


class MyResource(dg.ConfigurableResource):
    url: str


@dg.asset(group=3)  # error
def first(my: MyResource) -> dg.MaterializeResult:
    my.query()  # error
    return dg.MaterializeResult(metdata={})  # error


MyResource()  # error
dg.Definitions(assets=[first], resource={})  # error
dg.nothing_of_this_name  # error
