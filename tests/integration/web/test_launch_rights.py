"""Where a run is executed, and as what, is not for everybody to say who may launch it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.web.conftest import Site
from tests.integration.web.test_routes import log_in

LAUNCH = "mutation ($config: JSON, $tags: JSON) { launch(input: {target: {job: %s}, partitionKeys: [%s], "
LAUNCH += "config: $config, tags: $tags}) { runs { id } } }"
RETRY = "mutation ($id: String!, $config: JSON, $tags: JSON) { retryRun(id: $id, config: $config, tags: $tags) { id } }"

PLACES: list[dict[str, Any]] = [
    {"config": {"execution": {"config": {"dask": {"options": {"worker_kwargs": {"preload": ["http://x/y.py"]}}}}}}},
    {"config": {"execution": {"config": {"docker": {"image": "x", "container_kwargs": {"privileged": True}}}}}},
    {"config": {"ops": {"core__orders": {"inputs": {"orders": {"pickle": {"path": "/tmp/x"}}}}}}},
    {"config": {"resources": {"io_manager": {"config": {"base_dir": "/tmp"}}}}},
    {"tags": {"rostrum/image": "elsewhere/x"}},
    {"tags": {"dagster-k8s/config": '{"pod_spec_config": {"hostPID": true}}'}},
]


def launch(*keys: str) -> str:
    return LAUNCH % ('"daily"', ", ".join(f'"{key}"' for key in keys))


@pytest.mark.parametrize("role", ["launcher", "editor"])
def test_who_may_launch_may_not_choose_where_code_runs(guarded: Site, role: str) -> None:
    log_in(guarded, role)
    (run,) = guarded.ask(launch("d1"), config={"execution": {"config": {"multiprocess": {"max_concurrent": 1}}}})[
        "launch"
    ]["runs"]
    guarded.ask("mutation ($id: String!) { cancelRun(id: $id) { status } }", id=run["id"])
    for asked in PLACES:
        for query, variables in ((launch("d1"), {}), (launch("d1", "d2"), {}), (RETRY, {"id": run["id"]})):
            (error,) = guarded.errors(query, **variables, **asked)
            assert error["extensions"]["code"] == "denied", (asked, query)
            assert "only an administrator" in error["message"]


def test_administrators_may(guarded: Site) -> None:
    log_in(guarded, "admin")
    for asked in PLACES:
        (run,) = guarded.ask(launch("d1"), **asked)["launch"]["runs"]
        guarded.ask("mutation ($id: String!) { cancelRun(id: $id) { status } }", id=run["id"])
    log_in(guarded, "launcher")  # what somebody who may has chosen is kept by a retry, and may be said again
    assert guarded.ask(RETRY, id=run["id"], tags=PLACES[-1]["tags"])["retryRun"]["id"]
