"""The Docker launcher on a real engine: the suite of launchers, and what only containers have."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rostrum.interfaces.launching import LaunchSpec, WorkerRef
from rostrum.launchers.docker import DockerLauncher
from rostrum.model.errors import ConfigError, RostrumError, Unavailable
from rostrum.testing.conformance.launchers import LauncherConformance, wait_exited, wait_until
from tests.conformance.launchers import workers
from tests.docker_engine import DockerEngine

pytestmark = pytest.mark.processes


class DockerBench:
    """A launcher on the engine, with workers that do as they are told."""

    def __init__(self, engine: DockerEngine, folder: Path, **more: Any) -> None:
        self.engine, self.folder = engine, folder
        folder.chmod(0o777)
        volumes = [*engine.volumes, f"{folder}:{folder}"]
        self.settings = engine.settings(command=[sys.executable, str(Path(workers.__file__))], volumes=volumes, **more)
        self.launchers: list[DockerLauncher] = []
        self.launcher = self.launcher_with()

    def launcher_with(self, **more: Any) -> DockerLauncher:
        self.launchers.append(DockerLauncher({**self.settings, **more}))
        return self.launchers[-1]

    def close(self) -> None:
        for launcher in self.launchers:
            launcher.close()
        for container in self.engine.client.containers.list(all=True):
            container.remove(force=True)

    def spec(self, behaviour: str, **environment: str) -> LaunchSpec:
        return workers.spec(self.folder, behaviour, **environment)

    def wait_started(self, spec: LaunchSpec) -> None:
        wait_until("the worker runs", lambda: bool(workers.told(spec)))

    def containers(self, spec: LaunchSpec) -> list[Any]:
        label = f"rostrum.run={spec.run.run_id}"
        return self.engine.client.containers.list(all=True, filters={"label": label})

    def inspected(self, ref: WorkerRef) -> dict[str, Any]:
        api: Any = self.engine.client.api
        return api.inspect_container(ref.details["container"])

    def processes(self, spec: LaunchSpec) -> int:
        running = [each for each in self.containers(spec) if each.status == "running"]
        return sum(len(each.top()["Processes"]) - 1 for each in running)  # without the engine's own first process


@pytest.fixture
def bench(docker_engine: DockerEngine, tmp_path: Path) -> Iterator[DockerBench]:
    bench = DockerBench(docker_engine, tmp_path)
    yield bench
    bench.close()


class TestDockerLauncher(LauncherConformance):
    """The suite, and more."""

    def test_two_launches_make_one_container(self, bench: DockerBench) -> None:
        spec = bench.spec("wait")
        refs = [bench.launcher.launch(spec), bench.launcher_with().launch(spec)]
        assert refs[0] == refs[1]
        assert len(bench.containers(spec)) == 1

    def test_what_is_secret_is_in_the_environment_alone(self, bench: DockerBench) -> None:
        spec = workers.step_of(bench.spec("wait"), "clean[2026]", 2)
        ref = bench.launcher.launch(spec)
        bench.wait_started(spec)
        found = bench.inspected(ref)
        folder = Path(spec.environment["FOLDER"])
        assert (folder / "arguments").read_text().split("\n") == ["step-worker", spec.run.run_id]
        environment = (folder / "environment").read_text()
        assert f"ROSTRUM_RUN_TOKEN={workers.TOKEN}" in environment
        assert "ROSTRUM_STEP_WORK_0=" in environment
        assert workers.TOKEN not in str({**found, "Config": {**found["Config"], "Env": ()}})
        assert found["Config"]["Labels"]["rostrum.team"] == "data"
        assert (ref.step_key, ref.attempt) == ("clean[2026]", 2)

    def test_killed_run_worker_takes_its_steps_along(self, bench: DockerBench) -> None:
        run = bench.spec("wait")
        step, other = workers.step_of(run, "clean"), workers.step_of(bench.spec("wait"), "clean")
        refs = [bench.launcher.launch(each) for each in (run, step, other)]
        assert bench.launcher.adopt([run.run.run_id]) == refs[:2]
        bench.launcher.terminate(refs[0], force=True)
        assert wait_exited(bench.launcher, refs[1]).signal == 9
        assert bench.launcher.inspect(refs[2]).state == "running"

    def test_out_of_memory_is_told_with_the_limit(self, bench: DockerBench) -> None:
        spec = workers.step_of(bench.spec("eat"), "hungry", tags={"rostrum/memory": "64Mi", "rostrum/cpu": "500m"})
        ref = bench.launcher.launch(spec)
        status = wait_exited(bench.launcher, ref)
        assert status.reason == "OOMKilled: out of memory at its limit of 64 MiB"
        assert status.signal == 9
        found = bench.inspected(ref)
        assert found["HostConfig"]["NanoCpus"] == 500_000_000

    def test_last_output_explains_a_failure_and_hides_the_token(self, bench: DockerBench) -> None:
        status = wait_exited(bench.launcher, bench.launcher.launch(bench.spec("fail")))
        assert status.reason == "its container ended with exit code 1; the last it wrote:\nacting, with ***"

    def test_container_that_somebody_removed_has_ended(self, bench: DockerBench) -> None:
        ref = bench.launcher.launch(bench.spec("wait"))
        bench.engine.client.containers.get(ref.host).remove(force=True)
        assert bench.launcher.inspect(ref).reason == "its container has been removed"
        bench.launcher.terminate(ref, force=False)

    def test_another_engine_knows_nothing(self, bench: DockerBench) -> None:
        ref = bench.launcher.launch(bench.spec("wait"))
        elsewhere = msgspec.structs.replace(ref, details={**ref.details, "engine": "AAAA"})
        status = bench.launcher.inspect(elsewhere)
        assert status.state == "unknown"
        assert "was started on another Docker engine (AAAA)" in status.reason
        with pytest.raises(Unavailable):
            bench.launcher.terminate(elsewhere, force=True)

    def test_missing_image_is_told(self, bench: DockerBench) -> None:
        for pull in ("missing", "never"):
            launcher = bench.launcher_with(image="rostrum-nowhere:7", pull=pull)
            with pytest.raises(RostrumError, match="image rostrum-nowhere:7") as told:
                launcher.launch(bench.spec("succeed"))
            assert pull == "missing" or not isinstance(told.value, Unavailable)

    @pytest.mark.parametrize("wrong", [{"mem_limit": "lots"}, {"nonsense": 1}, {"ports": 7}])
    def test_arguments_that_make_no_container_are_told(self, bench: DockerBench, wrong: dict[str, Any]) -> None:
        spec = bench.spec("succeed")
        with pytest.raises(RostrumError, match=rf"container rostrum-{spec.run.run_id}-1.*:") as told:
            bench.launcher_with(container_kwargs=wrong).launch(spec)
        assert not isinstance(told.value, Unavailable)
        assert not bench.containers(spec)

    def test_command_that_is_not_there_is_told_and_leaves_nothing(self, bench: DockerBench) -> None:
        spec = bench.spec("succeed")
        with pytest.raises(RostrumError, match=r"could not be started: .*nonsense") as told:
            bench.launcher_with(command=["nonsense"], init=False).launch(spec)
        assert not isinstance(told.value, Unavailable)
        assert not bench.containers(spec)
        status = wait_exited(bench.launcher, bench.launcher_with(command=["nonsense"]).launch(spec))
        assert status.exit_code == 127
        assert "exec nonsense failed: No such file or directory" in status.reason

    def test_network_that_is_not_there_is_told_and_leaves_nothing(self, bench: DockerBench) -> None:
        spec = bench.spec("succeed")
        launcher = bench.launcher_with(networks=["nowhere"])
        with pytest.raises(RostrumError, match="network nowhere not found"):
            launcher.launch(spec)
        assert not bench.containers(spec)

    def test_settings_of_a_location_and_tags_win(self, bench: DockerBench) -> None:
        own = {"env_vars": ["PLACE=own"], "container_kwargs": {"hostname": "mine"}}
        launcher = bench.launcher_with(image=None, env_vars=["PLACE=all", "OTHER=1"], locations={"shop": own})
        spec = workers.spec(bench.folder, "wait", location="shop")
        with pytest.raises(RostrumError, match=r"no image is named .* code location shop: set `image`"):
            launcher.launch(spec)
        tagged = msgspec.structs.replace(spec.run, tags={"dagster/image": bench.settings["image"]})
        ref = launcher.launch(msgspec.structs.replace(spec, run=tagged))
        found = bench.inspected(ref)["Config"]
        assert found["Hostname"] == "mine"
        assert {"PLACE=own", "OTHER=1"} <= set(found["Env"])

    def test_kept_containers_go_when_their_time_is_up(self, bench: DockerBench) -> None:
        short, long = (bench.launcher_with(remove_after=seconds) for seconds in (0, 3600))
        specs = [bench.spec("succeed"), bench.spec("succeed"), bench.spec("wait")]
        for launcher, spec in zip((short, long, short), specs, strict=True):
            ref = launcher.launch(spec)
            if spec is not specs[2]:
                wait_exited(launcher, ref)
        wait_until("the engine's clock is past the second of its end", lambda: short.remove_ended() == 1)
        assert [len(bench.containers(spec)) for spec in specs] == [0, 1, 1]


def test_engine_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    launcher = DockerLauncher({"host": f"unix://{tmp_path}/nobody.sock", "image": "some"})
    spec = workers.spec(tmp_path, "succeed")
    with pytest.raises(Unavailable, match="the Docker engine does not answer"):
        launcher.launch(spec)
    with pytest.raises(Unavailable):
        launcher.adopt([spec.run.run_id])


def test_engine_that_ends_is_unknown_and_then_found_again(bench: DockerBench) -> None:
    ref = bench.launcher.launch(bench.spec("wait"))
    bench.engine.stop()
    try:
        assert bench.launcher.inspect(ref).state == "unknown"
    finally:
        bench.engine.start()
    assert wait_exited(bench.launcher, ref).state == "exited", "its containers have ended with the engine"


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="launcher docker: unknown setting imagee; the settings are image"):
        DockerLauncher({"imagee": "x"})
    with pytest.raises(ConfigError, match="container_kwargs: name is the launcher's own"):
        DockerLauncher({"container_kwargs": {"name": "x"}})
    with pytest.raises(ConfigError, match="network_mode is given beside the settings network or networks; keep one"):
        DockerLauncher({"networks": ["x"], "container_kwargs": {"network_mode": "host"}})
    with pytest.raises(ConfigError, match="code is to have either module_name or python_file"):
        DockerLauncher({"locations": {"shop": {"code": {}}}})
