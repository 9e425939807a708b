"""Runs in containers of a real Docker engine: the control plane is on this machine, its gateway on a TCP port of the
containers' network, and nothing but the address and a token goes into a container.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.servers import Dev, Project, check_events, dev_on, until
from tests.docker_engine import DockerEngine

pytestmark = pytest.mark.processes

CODE = """
import os, socket, time
from pathlib import Path
from rostrum import Definitions, asset, define_asset_job, in_process_executor

HERE = Path(__file__).parent

def gate(name):
    (HERE / f"{name}.reached").write_text(str(os.getpid()))
    while not (HERE / f"{name}.go").exists():
        time.sleep(0.01)

@asset
def first(context):
    print("printed in", socket.gethostname())
    context.add_output_metadata({"host": socket.gethostname(), "token": os.environ.get("ROSTRUM_RUN_TOKEN", "none")})
    return 1

@asset
def second(first):
    gate("second")
    return first + 1

@asset
def hungry():
    return len([b"x" * (8 << 20) for _ in range(128)])

pair = define_asset_job("pair", selection=["first", "second"])
whole = define_asset_job("whole", selection=["hungry"], executor_def=in_process_executor,
                         tags={"rostrum/memory": "192Mi"})
defs = Definitions(assets=[first, second, hungry], jobs=[pair, whole])
"""


class Relay:
    """Passes what comes to a TCP port on to a unix socket: the gateway, as containers reach it."""

    def __init__(self, host: str, path: Path) -> None:
        self._path = path
        self._listener = socket.create_server((host, 0))
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.url = f"http://{host}:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            self._lines += [near, far]
            if far.connect_ex(str(self._path)) != 0:
                near.close()
                continue
            for one, other in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=self._pass, args=(one, other)))
                self._threads[-1].start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for each in (one, other):
            _shut(each)

    def close(self) -> None:
        """Cut every line."""
        for each in (self._listener, *self._lines):
            _shut(each)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._lines):
            each.close()


def _shut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


class Containers:
    """`rostrum dev` whose runs are containers."""

    def __init__(self, engine: DockerEngine, dev: Dev) -> None:
        self.engine, self.dev, self.api, self.project = engine, dev, dev.api, dev.project

    def of(self, run_id: str) -> list[Any]:
        """Containers of a run."""
        return self.engine.client.containers.list(all=True, filters={"label": f"rostrum.run={run_id}"})

    def failure(self, run_id: str) -> tuple[str, str]:
        """Why it failed: reason and message."""
        event = next(each for each in self.api.events(run_id) if each["kind"] == "run_failed")
        return event["reason"], event["message"]


@pytest.fixture
def containers(docker_engine: DockerEngine, tmp_path: Path, home: Path) -> Iterator[Containers]:
    project = Project(tmp_path / "project", CODE)
    project.folder.chmod(0o777)
    relay = Relay(docker_engine.address, home / "run/gateway.sock")
    settings = {
        "launcher": {
            "name": "docker",
            "config": docker_engine.settings(volumes=[*docker_engine.volumes, f"{tmp_path}:{tmp_path}"]),
        },
        "gateway": {"url": relay.url},
    }
    (home / "rostrum.yaml").write_text(yaml.safe_dump(settings))
    with dev_on(project, home) as dev:
        yield Containers(docker_engine, dev)
    relay.close()
    for container in docker_engine.client.containers.list(all=True):
        container.remove(force=True)


def test_runs_in_containers_succeed_die_starve_and_are_cancelled(containers: Containers) -> None:
    """Together, since their waits overlap: one runs through while the control plane is killed and comes back; one is
    killed; one has no memory left; one is cancelled.
    """
    api, project = containers.api, containers.project
    good = api.launch(job="pair")
    project.wait_reached("second", 60)
    starved = api.launch(job="whole")

    containers.dev.process.kill()
    containers.dev.start()
    project.open("second")
    assert api.wait(good, seconds=60)["status"] == "success"
    events = api.events(good)
    check_events(events)
    made = next(each for each in events if each["kind"] == "asset_materialized")
    (container,) = containers.of(good)
    assert container.attrs["Config"]["Hostname"] in json.dumps(made), "it was made in the container"
    assert '"none"' in json.dumps(made), "user code does not inherit the token"

    assert api.wait(starved, seconds=60)["status"] == "failure"
    assert containers.failure(starved)[0] == "worker_died"
    assert "OOMKilled: out of memory at its limit of 192 MiB" in containers.failure(starved)[1]

    project.close("second")
    killed = api.launch(job="pair")
    project.wait_reached("second", 60)
    project.close("second")
    canceled = api.launch(job="pair")
    project.wait_reached("second", 60)
    containers.of(killed)[0].kill("SIGKILL")
    assert api.wait(killed, seconds=30)["status"] == "failure"
    assert containers.failure(killed)[0] == "worker_died"
    assert "signal 9" in containers.failure(killed)[1]
    api.ask("mutation($id: String!) { cancelRun(id: $id) { status } }", id=canceled)
    assert api.wait(canceled, seconds=30)["status"] == "canceled"
    until("no container runs", lambda: not containers.engine.client.containers.list())
    for run_id in (starved, killed, canceled):
        check_events(api.events(run_id))
