"""Pipes to a container of a real engine, with the published client in it: context in its environment, messages in its
output.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum import (
    AssetCheckSpec,
    AssetExecutionContext,
    Instance,
    MaterializeResult,
    asset,
    materialize,
)
from rostrum.integrations.docker import PipesDockerClient
from rostrum.testing.conformance.launchers import wait_until
from tests.docker_engine import IMAGE, DockerEngine
from tests.pipes_client import client_python

pytestmark = [pytest.mark.timeout(660), pytest.mark.processes]  # at first the client's environment is made

SCRIPT = """
import os, signal, sys, time
from dagster_pipes import open_dagster_pipes

def asked(*_):
    print("asked to end", flush=True)
    sys.exit(9)

signal.signal(signal.SIGTERM, asked)
with open_dagster_pipes() as pipes:
    print("printed in the container", flush=True)
    print("complained in the container", file=sys.stderr, flush=True)
    pipes.log.info(f"told of {pipes.asset_key} with {pipes.get_extra('color')}")
    pipes.report_asset_materialization(metadata={"rows": 3, "place": os.environ["PLACE"]})
    pipes.report_asset_check("not_empty", passed=True)
    pipes.report_custom_message({"lines": ["x" * 100_000]})
    if pipes.get_extra("color") == "red":
        sys.exit(3)
    if pipes.get_extra("color") == "black":
        hoard = [b"x" * (8 << 20) for _ in range(128)]
    if pipes.get_extra("color") == "endless":
        pipes.log.info("waiting")
        print("waiting", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def client(docker_engine: DockerEngine) -> PipesDockerClient:
    return PipesDockerClient(env={"PLACE": "container"}, host=docker_engine.host, termination_timeout_seconds=5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


@pytest.fixture(autouse=True)
def nothing_left(docker_engine: DockerEngine) -> Iterator[None]:
    yield
    assert docker_engine.client.containers.list(all=True) == []


def made(engine: DockerEngine, client: PipesDockerClient, folder: Path, color: str, **options: Any) -> Any:
    @asset(check_specs=[AssetCheckSpec("not_empty", asset="paint")])
    def paint(context: AssetExecutionContext) -> MaterializeResult:
        done = client.run(
            context=context,
            image=IMAGE,
            command=[str(client_python()), str(folder / "script.py")],
            extras={"color": color},
            container_kwargs={"volumes": [*engine.volumes, f"{folder}:{folder}"], "init": True, **options},
        )
        assert [len(each["lines"][0]) for each in done.get_custom_messages()] == [100_000]
        return done.get_materialize_result()

    return materialize([paint], instance=Instance.ephemeral(), raise_on_error=False)


def test_container_tells_what_it_has_made(
    docker_engine: DockerEngine, client: PipesDockerClient, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = made(docker_engine, client, folder, "blue")
    assert result.success
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert (metadata["rows"].value, metadata["place"].value) == (3, "container")
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    told = capfd.readouterr()
    assert "printed in the container" in told.out
    assert "complained in the container" in told.out + told.err
    assert "told of paint with blue" in told.err


def test_exit_status_and_memory_are_told(docker_engine: DockerEngine, client: PipesDockerClient, folder: Path) -> None:
    for color, why in (
        ("red", "its container ended with exit code 3"),
        ("black", "OOMKilled: out of memory at its limit of 96 MiB"),
    ):
        result = made(docker_engine, client, folder, color, mem_limit="96m", memswap_limit="96m")
        assert not result.success
        (failure,) = result.get_step_failure_events()
        assert f"of image {IMAGE} failed: {why}" in failure.step_failure_data.error.to_string()


def test_interrupted_step_ends_its_container(
    docker_engine: DockerEngine, client: PipesDockerClient, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import _thread

    def interrupt() -> None:
        try:
            wait_until("the container waits", lambda: "waiting" in capfd.readouterr().out)
        finally:
            _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        made(docker_engine, client, folder, "endless")
    thread.join()
    assert "asked to end" in capfd.readouterr().out


def test_missing_image_is_told(docker_engine: DockerEngine, client: PipesDockerClient) -> None:
    @asset
    def paint(context: AssetExecutionContext) -> None:
        client.run(context=context, image="rostrum-nowhere:7", command="true")

    result = materialize([paint], raise_on_error=False)
    (failure,) = result.get_step_failure_events()
    assert "image rostrum-nowhere:7" in failure.step_failure_data.error.to_string()
