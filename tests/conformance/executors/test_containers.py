"""A container a step on a real Docker engine: `rostrum step-worker` in each, the gateway by a mounted socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum.executors.per_step import PerStepExecutor
from rostrum.launchers.docker import DockerLauncher
from rostrum.model.events import StepRetrying, StepWorkerStarted
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import kinds
from tests.conformance.executors.elsewhere import RemoteBench, Seen
from tests.docker_engine import DockerEngine
from tests.integration.gateway.served import Gateway, Plane, until

pytestmark = pytest.mark.processes


@pytest.fixture
def bench(
    docker_engine: DockerEngine, cluster_plane: Plane, cluster_folder: Path
) -> Iterator[tuple[RemoteBench, DockerEngine]]:
    gateway = Gateway(cluster_plane).start()
    volumes = [*docker_engine.volumes, f"{cluster_folder}:{cluster_folder}"]
    variables = [f"ROSTRUM_HOME={cluster_folder}/home", f"ROSTRUM_TEST_FOLDER={cluster_folder}"]
    launcher = DockerLauncher(docker_engine.settings(volumes=volumes, env_vars=variables))

    def executor() -> Any:
        return PerStepExecutor(launcher, infrastructure_retries=1, look_seconds=0.2)

    yield RemoteBench(executor, cluster_plane, gateway, cluster_folder), docker_engine
    launcher.close()
    gateway.stop(hard=True)


def test_values_and_output_come_out_of_containers(bench: tuple[RemoteBench, DockerEngine]) -> None:
    runs, _ = bench
    session = runs.run("talking")
    assert session.run.status is RunStatus.SUCCESS
    assert session.logs["talks", "out"].endswith(b"by a child")
    (started,) = [event for event in session.events if isinstance(event, StepWorkerStarted)]
    assert (started.place, str(started.worker).startswith("rostrum-")) == ("container", True)
    assert runs.value(session, "talks") == 1


def test_a_container_that_is_killed_is_seen_and_its_step_begun_anew(bench: tuple[RemoteBench, DockerEngine]) -> None:
    runs, engine = bench

    def kill(seen: Seen) -> None:
        until(lambda: seen.has("step_started", "waits_once"), 30.0)
        (container,) = engine.client.containers.list(filters={"label": f"rostrum.run={seen.run_id}"})
        container.kill()

    session = runs.run("waiting_once", meanwhile=kill)
    assert session.run.status is RunStatus.SUCCESS
    (again,) = [event for event in session.events if isinstance(event, StepRetrying)]
    assert again.cause in {"crash", "lost"}
    assert "137" in again.error.message or "SIGKILL" in again.error.message or "signal 9" in again.error.message
    assert kinds(session, "after")[-1] == "step_succeeded"
