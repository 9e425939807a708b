"""Runs and steps as jobs of a cluster: the launcher and the executor by their names in the instance file and in a job,
against a small API server that runs containers as processes here. No real cluster.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rostrum.model.manifest import ASSET_JOB
from tests.acceptance.relay import Relay
from tests.acceptance.servers import Dev, Project, check_events, dev_on, until
from tests.fake_kubernetes import FakeKubernetes

pytestmark = pytest.mark.processes

CODE = """
import json, os
from pathlib import Path
from rostrum import Definitions, asset, define_asset_job, kubernetes_executor
import time

HERE = Path(__file__).parent

@asset
def first():
    return 1

@asset
def second(first):
    (HERE / "second.reached").write_text("1")
    while not (HERE / "second.go").exists():
        time.sleep(0.01)
    return first + 1

CONFIG = json.loads(os.environ.get("STEPS", "{}"))
whole = define_asset_job("whole", selection=["first", "second"])
each = define_asset_job("each", selection=["first", "second"], executor_def=kubernetes_executor.configured(CONFIG))
defs = Definitions(assets=[first, second], jobs=[whole, each])
"""


@pytest.fixture
def cluster() -> Iterator[FakeKubernetes]:
    cluster = FakeKubernetes()
    yield cluster
    cluster.close()


@pytest.fixture
def dev(cluster: FakeKubernetes, tmp_path: Path, home: Path) -> Iterator[Dev]:
    project = Project(tmp_path / "project", CODE)
    relay = Relay("127.0.0.1", home / "run/gateway.sock")
    config = {
        "image": "shop:1",
        "kubeconfig_file": cluster.kubeconfig,
        "command": [sys.executable, "-m", "rostrum"],
        "env_vars": [f"STEPS={json.dumps({})}"],
    }
    steps = {**config, "environment": {"ROSTRUM_HOME": str(home)}, "look_seconds": 0.2}
    config["env_vars"] = [f"STEPS={json.dumps(steps)}"]
    settings: dict[str, Any] = {
        "gateway": {"url": relay.url},
        "launcher": {"name": "kubernetes", "config": config},
    }
    (home / "rostrum.yaml").write_text(yaml.safe_dump(settings))
    try:
        with dev_on(project, home, environment={"STEPS": json.dumps(steps)}) as dev:
            yield dev
    finally:
        relay.close()


def test_runs_and_steps_are_jobs_of_the_cluster(cluster: FakeKubernetes, dev: Dev) -> None:
    """One run is a pod and is killed for its memory; another one's steps are pods, too, beside that of the run."""
    api, project = dev.api, dev.project
    killed = api.launch(job="whole")
    project.wait_reached("second", 60)
    (job,) = cluster.all("jobs")
    cluster.kill(job["metadata"]["name"], reason="OOMKilled")
    assert api.wait(killed, seconds=30)["status"] == "failure"
    event = next(each for each in api.events(killed) if each["kind"] == "run_failed")
    assert (event["reason"], "OOMKilled" in event["message"]) == ("worker_died", True)

    project.open("second")
    good = api.launch(job="each")
    run = api.wait(good, seconds=60)
    assert run["status"] == "success", api.events(good)[-5:]
    labels = [job["metadata"]["labels"] for job in cluster.all("jobs")]
    mine = [each for each in labels if each["rostrum/run-id"] == good]
    assert sorted(each.get("rostrum/step", "") for each in mine) == ["", "first", "second"]
    for run_id in (killed, good):
        check_events(api.events(run_id))

    project.close("second")
    canceled = api.launch("second", job=ASSET_JOB)
    project.wait_reached("second", 60)
    api.ask("mutation($id: String!) { cancelRun(id: $id) { status } }", id=canceled)
    assert api.wait(canceled, seconds=30)["status"] == "canceled"
    until("its pod is gone", lambda: not [p for p in cluster.all("pods") if p["status"]["phase"] == "Running"])
