"""Runs in containers of a real Docker engine: the control plane is on this machine, its gateway on a TCP port of the
containers' network, and nothing but the address and a token goes into a container.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.relay import Relay
from tests.acceptance.servers import Dev, Project, check_events, dev_on, until
from tests.docker_engine import DockerEngine

pytestmark = pytest.mark.processes

CODE = """
import json, os, socket, time
from pathlib import Path
from rostrum import Definitions, asset, define_asset_job, docker_executor, in_process_executor

HERE = Path(__file__).parent

def gate(name, context):
    (HERE / f"{name}-{context.run_id}.reached").write_text(str(os.getpid()))
    while not (HERE / f"{name}-{context.run_id}.go").exists():
        time.sleep(0.01)

@asset
def first(context):
    print("printed in", socket.gethostname())
    context.add_output_metadata({"host": socket.gethostname(), "token": os.environ.get("ROSTRUM_RUN_TOKEN", "none")})
    return 1

@asset
def second(context, first):
    gate("second", context)
    return first + 1

@asset
def hungry():
    return len([b"x" * (8 << 20) for _ in range(128)])

@asset
def third(context, second):
    HERE.joinpath("third.calls").open("a").write("x")
    gate("third", context)
    print("printed in", socket.gethostname())
    return second + 1

@asset
def fourth(third):
    return {"fourth": third + 1, "host": socket.gethostname()}

pair = define_asset_job("pair", selection=["first", "second"])
STEPS = json.loads(os.environ.get("STEPS", "{}"))
SMALL = {**STEPS, "memory": "192Mi"}
each = define_asset_job("each", selection=["first", "second", "third", "fourth"],
                        executor_def=docker_executor.configured(STEPS))
starving = define_asset_job("starving", selection=["hungry"],
                            executor_def=docker_executor.configured({**SMALL, "infrastructure_retries": 0}))
whole = define_asset_job("whole", selection=["hungry"], executor_def=in_process_executor,
                         tags={"rostrum/memory": "192Mi"})
defs = Definitions(assets=[first, second, third, fourth, hungry], jobs=[pair, whole, each, starving])
"""


class Containers:
    """`rostrum dev` whose runs are containers."""

    def __init__(self, engine: DockerEngine, dev: Dev) -> None:
        self.engine, self.dev, self.api, self.project = engine, dev, dev.api, dev.project

    def of(self, run_id: str) -> list[Any]:
        """Containers of a run."""
        return self.engine.client.containers.list(all=True, filters={"label": f"rostrum.run={run_id}"})

    def reach(self, run_id: str, gate: str) -> None:
        """Wait until a step of the run stands at the gate."""

        def look() -> bool:
            run = self.api.run(run_id)
            assert run["status"] not in {"failure", "canceled"}, json.dumps(self.api.events(run_id)[-5:])
            return (self.project.folder / f"{gate}-{run_id}.reached").exists()

        until(f"{gate} is reached", look, 60)

    def cancel(self, run_id: str) -> None:
        """Ask for it."""
        self.api.ask("mutation($id: String!) { cancelRun(id: $id) { status } }", id=run_id)

    def failure(self, run_id: str) -> tuple[str, str]:
        """Why it failed: reason and message."""
        event = next(each for each in self.api.events(run_id) if each["kind"] == "run_failed")
        return event["reason"], event["message"]


@contextlib.contextmanager
def deployment(engine: DockerEngine, folder: Path, home: Path, *, runs: bool) -> Generator[Containers]:
    """`runs`: run workers are containers; else steps are, of runs that are processes here."""
    project = Project(folder / "project", CODE)
    relay = Relay(engine.address, home / "run/gateway.sock")
    volumes = [*engine.volumes, f"{folder}:{folder}", f"{home}/storage:{home}/storage"]
    config = engine.settings(volumes=volumes)
    # What one container stores another one loads: a folder that all have, below the home folder as they see it.
    steps = {**config, "environment": {"ROSTRUM_HOME": str(home)}, "look_seconds": 0.2}
    settings: dict[str, Any] = {"gateway": {"url": relay.url}}
    if runs:  # they start containers of their own: with the engine's socket
        path = engine.host.removeprefix("unix://")
        more = {"volumes": [*volumes, f"{path}:{path}"], "env_vars": [f"STEPS={json.dumps(steps)}"]}
        settings["launcher"] = {"name": "docker", "config": {**config, **more}}
    (home / "rostrum.yaml").write_text(yaml.safe_dump(settings))
    try:
        with dev_on(project, home, environment={"STEPS": json.dumps(steps)}) as dev:
            yield Containers(engine, dev)
    finally:
        relay.close()
        for container in engine.client.containers.list(all=True):
            container.remove(force=True)


@pytest.fixture
def containers(docker_engine: DockerEngine, tmp_path: Path, home: Path) -> Iterator[Containers]:
    with deployment(docker_engine, tmp_path, home, runs=True) as containers:
        yield containers


@pytest.fixture
def boxes(docker_engine: DockerEngine, tmp_path: Path, home: Path) -> Iterator[Containers]:
    with deployment(docker_engine, tmp_path, home, runs=False) as containers:
        yield containers


def test_runs_in_containers_succeed_die_starve_and_are_cancelled(containers: Containers) -> None:
    """One runs through while the control plane ends and comes back; one is killed, whose steps are containers as
    well; one has no memory left; one is cancelled.
    """
    api, project = containers.api, containers.project
    good, killed, canceled, starved = [api.launch(job=job) for job in ("pair", "each", "pair", "whole")]
    for run_id in (good, killed, canceled):
        containers.reach(run_id, "second")

    containers.dev.process.stop()  # (killed, it would leave leases that the next one waits for)
    alive = {each.labels.get("rostrum.step"): each for each in containers.of(killed) if each.status == "running"}
    assert set(alive) == {None, "second"}
    alive[None].kill("SIGKILL")
    containers.dev.start()
    project.open(f"second-{good}")
    containers.cancel(canceled)

    assert api.wait(killed, seconds=30)["status"] == "failure"
    assert containers.failure(killed)[0] == "worker_died"
    assert "signal 9" in containers.failure(killed)[1]
    assert api.wait(starved, seconds=60)["status"] == "failure"
    assert containers.failure(starved)[0] == "worker_died"
    assert "OOMKilled: out of memory at its limit of 192 MiB" in containers.failure(starved)[1]
    assert api.wait(canceled, seconds=30)["status"] == "canceled"
    assert api.wait(good, seconds=60)["status"] == "success"
    until("no container runs, of steps neither", lambda: not containers.engine.client.containers.list())
    for run_id in (good, killed, canceled, starved):
        check_events(api.events(run_id))
    made = json.dumps(next(each for each in api.events(good) if each["kind"] == "asset_materialized"))
    (container,) = containers.of(good)
    assert container.attrs["Config"]["Hostname"] in made, "it was made in the container"
    assert '"none"' in made, "user code does not inherit the token"


def test_steps_in_containers_succeed_die_starve_and_are_cancelled(boxes: Containers) -> None:
    """A chain of steps, each in a container of its own; the third is killed and tried again. One that has no memory
    left; one that is cancelled.
    """
    api, project, engine = boxes.api, boxes.project, boxes.engine
    run_id, canceled, starved = [api.launch(job=job) for job in ("each", "each", "starving")]
    boxes.reach(run_id, "second")
    assert [each.labels["rostrum.step"] for each in boxes.of(run_id) if each.status == "running"] == ["second"]
    project.open(f"second-{run_id}")
    boxes.reach(canceled, "second")
    boxes.cancel(canceled)
    boxes.reach(run_id, "third")
    (third,) = engine.client.containers.list(filters={"label": "rostrum.step=third"})
    third.kill("SIGKILL")
    until("the third step is tried again", lambda: (project.folder / "third.calls").read_text() == "xx", 60)
    project.open(f"third-{run_id}")
    run = api.wait(run_id, seconds=60)
    assert run["status"] == "success", run
    events = api.events(run_id)
    hosts = {each.attrs["Config"]["Hostname"] for each in boxes.of(run_id)}
    assert len(hosts) == 5, "four steps, and one of them twice"
    (again,) = [each for each in events if each["kind"] == "step_retrying"]
    assert (again["step_key"], again["cause"]) == ("third", "crash")
    assert "signal 9" in json.dumps(again["error"])

    assert api.wait(canceled, seconds=60)["status"] == "canceled"
    assert api.wait(starved, seconds=60)["status"] == "failure"
    (failed,) = [each for each in api.events(starved) if each["kind"] == "step_failed"]
    assert failed["cause"] == "crash"
    assert "OOMKilled: out of memory at its limit of 192 MiB" in json.dumps(failed["error"])
    until("no container runs", lambda: not engine.client.containers.list())
    for each in (run_id, canceled, starved):
        check_events(api.events(each))
