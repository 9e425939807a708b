"""Pipes to a pod of a small API server that runs containers as processes, with the published client in it."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from rostrum import AssetCheckSpec, AssetExecutionContext, Instance, MaterializeResult, asset, materialize
from rostrum.integrations.kubernetes import PipesK8sClient, pod_manifest
from rostrum.model.errors import PipesExecutionError
from rostrum.testing.conformance.launchers import wait_until
from tests.fake_kubernetes import FakeKubernetes
from tests.integration.integrations.test_docker_pipes import SCRIPT
from tests.pipes_client import client_python

pytestmark = [pytest.mark.timeout(660), pytest.mark.processes]  # at first the client's environment is made


@pytest.fixture
def cluster() -> Iterator[FakeKubernetes]:
    cluster = FakeKubernetes()
    yield cluster
    left = cluster.all("pods")
    cluster.close()
    assert left == []


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    return file


def made(cluster: FakeKubernetes, script: Path, color: str, **options: Any) -> Any:
    client = PipesK8sClient(env={"PLACE": "pod"}, kubeconfig_file=cluster.kubeconfig, poll_interval=0.05)

    @asset(check_specs=[AssetCheckSpec("not_empty", asset="paint")])
    def paint(context: AssetExecutionContext) -> MaterializeResult:
        command = [str(client_python()), str(script)]
        given: dict[str, Any] = {"image": "paint:1", "command": command, "extras": {"color": color}, **options}
        done = client.run(context=context, **given)
        assert [len(each["lines"][0]) for each in done.get_custom_messages()] == [100_000]
        return done.get_materialize_result()

    return materialize([paint], instance=Instance.ephemeral(), raise_on_error=False)


def why(result: Any) -> str:
    (failure,) = result.get_step_failure_events()
    return failure.step_failure_data.error.to_string()


@pytest.mark.parametrize("breaks", [None, 3])
def test_pod_tells_what_it_has_made(
    cluster: FakeKubernetes, script: Path, capfd: pytest.CaptureFixture[str], breaks: int | None
) -> None:
    cluster.break_logs_after = breaks
    cluster.fail("GET", 500, 1, kind="pods")
    result = made(cluster, script, "blue", namespace="data")
    assert result.success
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert (metadata["rows"].value, metadata["place"].value) == (3, "pod")
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]
    told = capfd.readouterr()
    for text, where in (("printed in the container", told.out), ("told of paint with blue", told.err)):
        assert where.count(text) == 1, "each line once, also where the connection broke"


def test_failures_are_told(cluster: FakeKubernetes, script: Path) -> None:
    assert "failed: its container ended with exit code 3" in why(made(cluster, script, "red"))
    cluster.hold = lambda _pod: True
    slow = made(cluster, script, "blue", pod_wait_timeout=0.1)
    assert "failed: it has not ended within 0.1 s" in why(slow)
    refused = made(cluster, script, "blue", namespace="nowhere")
    assert "give the service account a role that may do this" in why(refused)


def test_interrupted_step_ends_its_pod(
    cluster: FakeKubernetes, script: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        try:
            wait_until("the pod waits", lambda: "waiting" in capfd.readouterr().out)
        finally:
            _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        made(cluster, script, "endless")
    thread.join()
    assert "asked to end" in capfd.readouterr().out


def test_manifest() -> None:
    spec = {
        "service_account_name": "paint",
        "containers": [
            {"image": "base:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"name": "proxy", "image": "p"},
        ],
    }
    made = pod_manifest(
        name="paint-1",
        labels={"dagster/run-id": "r", "dagster/job": "a job"},
        image=None,
        command="paint",
        env={"A": "$(PATH)"},
        meta={"annotations": {"a_b": "c"}},
        spec=spec,
    )
    kubernetes_validate.validate(made, "1.30", strict=True)
    own, proxy = made["spec"]["containers"]
    assert own == {
        "name": "dagster-pipes-execution",
        "image": "base:1",
        "command": ["paint"],
        "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "$$(PATH)"}],
    }
    assert proxy["name"] == "proxy"
    assert made["spec"]["serviceAccountName"] == "paint"
    assert made["metadata"]["labels"] == {"rostrum/run-id": "r", "rostrum/job": "a-job"}
    with pytest.raises(PipesExecutionError, match="No image is named for the pod: give image="):
        pod_manifest(name="x", labels={}, image=None, command=None, env={}, meta={}, spec={})
