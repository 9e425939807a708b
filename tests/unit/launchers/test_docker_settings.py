"""What a worker's container is made with: names, environment, limits, settings of locations."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rostrum.interfaces.launching import GatewayAddress, LaunchSpec, StepLaunch
from rostrum.launchers.docker import DockerLauncher, ended, masked
from rostrum.launchers.docker_engine import Container, moment
from rostrum.launchers.docker_settings import DockerSettings, container_arguments, container_name, credentials
from rostrum.launchers.kubernetes import KubernetesLauncher
from rostrum.launchers.requests import for_location, processors, read_settings, size_of_memory
from rostrum.model.errors import ConfigError, RostrumError
from rostrum.model.runs import Run, RunTarget

RUN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def spec(step: StepLaunch | None = None, tags: dict[str, str] | None = None) -> LaunchSpec:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    run = Run(run_id=RUN_ID, target=RunTarget("shop", "daily"), created_at=at, tags=tags or {})
    return LaunchSpec(
        run=run,
        epoch=3,
        gateway=GatewayAddress("http://rostrum:3000"),
        token="t0ken",
        spool_dir="/nowhere",
        environment={"ROSTRUM_HOME": "/here", "LEVEL": "info"},
        step=step,
    )


def arguments(config: dict[str, Any], wanted: LaunchSpec | None = None) -> dict[str, Any]:
    settings = read_settings({"image": "shop:1", **config}, DockerSettings, "docker")
    return container_arguments(wanted or spec(), settings, {"REGION": "eu"})


def test_environment_in_order_of_strength() -> None:
    config = {
        "env_vars": ["LEVEL=debug", "REGION", "MODE=fast"],
        "container_kwargs": {"environment": {"MODE": "slow", "OWN": "1"}},
        "code": {"module_name": "shop"},
    }
    found = arguments(config)["environment"]
    assert found == {
        "LEVEL": "info",
        "REGION": "eu",
        "MODE": "fast",
        "OWN": "1",
        "ROSTRUM_GATEWAY": "http://rostrum:3000",
        "ROSTRUM_RUN_ID": RUN_ID,
        "ROSTRUM_CODE": '{"module_name":"shop"}',
        "ROSTRUM_RUN_TOKEN": "t0ken",
    }


def test_the_home_folder_of_this_host_is_not_that_of_a_run_elsewhere() -> None:
    assert "ROSTRUM_HOME" not in arguments({})["environment"]
    step = StepLaunch(step_key="clean", attempt=1, work=b"")
    assert arguments({}, spec(step))["environment"]["ROSTRUM_HOME"] == "/here", "here the executor's config says so"
    assert arguments({"env_vars": ["ROSTRUM_HOME=/there"]})["environment"]["ROSTRUM_HOME"] == "/there"


def test_limits_of_settings_and_tags() -> None:
    config = {"cpu": "2", "memory": "1Gi"}
    assert arguments(config)["mem_limit"] == 2**30
    tagged = arguments(config, spec(tags={"rostrum/memory": "512Mi", "rostrum/cpu": "500m"}))
    assert (tagged["mem_limit"], tagged["memswap_limit"], tagged["nano_cpus"]) == (2**29, 2**29, 500_000_000)
    assert "mem_limit" not in arguments({})


def test_a_step_has_what_its_tags_ask_for_and_the_rest_of_its_run() -> None:
    step = StepLaunch(step_key="clean[2026]", attempt=2, work=b"", tags={"rostrum/cpu": "1"})
    made = arguments({}, spec(step, {"rostrum/memory": "1Gi", "rostrum/cpu": "8", "rostrum/image": "run:2"}))
    assert (made["image"], made["mem_limit"], made["nano_cpus"]) == ("run:2", 2**30, 10**9)
    assert made["command"] == ["rostrum", "step-worker", RUN_ID]
    assert made["labels"]["rostrum.step"] == "clean[2026]"


def test_tags_name_images_that_are_allowed() -> None:
    config = {"allowed_images": ["registry.example/shop*"]}
    for image in ("registry.example/shop-gpu:7", "shop:1"):
        assert arguments(config, spec(tags={"dagster/image": image}))["image"] == image
    with pytest.raises(RostrumError, match="image evil:1 may not be named by tags here"):
        arguments(config, spec(tags={"dagster/image": "evil:1"}))


def test_names_differ_where_workers_do() -> None:
    steps = [StepLaunch(step_key=key, attempt=n, work=b"") for key in ("a[1]", "a_1_", "a-1") for n in (1, 2)]
    names = {container_name(spec(step)) for step in steps}
    assert len(names) == len(steps)
    assert container_name(spec()) == f"rostrum-{RUN_ID}-3"


def test_settings_of_a_location() -> None:
    config = {
        "image": "all:1",
        "env_vars": ["A=1"],
        "container_kwargs": {"user": "app", "sysctls": {"x": "1"}},
        "locations": {"shop": {"image": "shop:2", "env_vars": ["B=2"], "container_kwargs": {"sysctls": {"y": "2"}}}},
    }
    found = for_location(config, "shop")
    assert found == {
        "image": "shop:2",
        "env_vars": ["A=1", "B=2"],
        "container_kwargs": {"user": "app", "sysctls": {"x": "1", "y": "2"}},
    }
    assert for_location(config, "other")["image"] == "all:1"


def test_networks_once_each() -> None:
    settings = read_settings({"network": "a", "networks": ["b", "a"]}, DockerSettings, "docker")
    assert settings.all_networks == ["a", "b"]


def test_a_socket_of_the_host_is_reached_only_where_it_is_mounted() -> None:
    local = msgspec.structs.replace(spec(), gateway=GatewayAddress("unix:/var/rostrum/run/gateway.sock"))
    with pytest.raises(RostrumError, match=r"a container cannot reach the gateway at unix:.* set gateway\.url"):
        arguments({"volumes": ["/var/ros:/var/ros"]}, local)
    made = arguments({"volumes": ["/var/rostrum/run:/var/rostrum/run"]}, local)
    assert made["environment"]["ROSTRUM_GATEWAY"] == local.gateway.url


def test_credentials_are_references(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = {"url": "registry.example", "username": "me", "password": {"env": "REGISTRY_PASSWORD"}}
    settings = read_settings({"registry": registry}, DockerSettings, "docker")
    with pytest.raises(RostrumError, match=r"registry\.password: the variable REGISTRY_PASSWORD is not set"):
        credentials(settings.registry)
    monkeypatch.setenv("REGISTRY_PASSWORD", "hidden")
    told = credentials(settings.registry)
    assert told is not None
    assert told["password"] == "hidden"
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(("text", "value"), [("2", 2.0), ("0.5", 0.5), ("250m", 0.25)])
def test_processors(text: str, value: float) -> None:
    assert processors(text, "here") == value


@pytest.mark.parametrize(("text", "value"), [("1024", 1024), ("512Mi", 2**29), ("1.5Gi", 3 * 2**29), ("2G", 2 * 10**9)])
def test_memory(text: str, value: int) -> None:
    assert size_of_memory(text, "here") == value


@pytest.mark.parametrize("text", ["512m", "1g", "0", "", "lots", "-1Gi"])
def test_memory_that_is_none(text: str) -> None:
    with pytest.raises(ConfigError, match=r"tag x: .* is no size of memory; write 512Mi"):
        size_of_memory(text, "tag x")


@pytest.mark.parametrize(
    ("container", "told"),
    [
        ({"exit_code": 0}, (0, None, "")),
        ({"exit_code": 0, "out_of_memory": True}, (0, None, "")),
        ({"exit_code": 3}, (3, None, "its container ended with exit code 3; the last it wrote:\nboom")),
        ({"exit_code": 143}, (None, 15, "its container was ended by signal 15")),
        ({"exit_code": 255}, (255, None, "its container ended with exit code 255; the last it wrote:\nboom")),
        ({"exit_code": 137, "out_of_memory": True}, (None, 9, "OOMKilled: out of memory at its limit")),
        ({"exit_code": 128, "error": "no such file"}, (128, None, "no such file")),
    ],
)
def test_how_a_container_ended(container: dict[str, Any], told: tuple[int | None, int | None, str]) -> None:
    status = ended(Container(id="1", name="n", state="exited", **container), "boom")
    assert (status.exit_code, status.signal, status.reason) == told


def test_values_of_secret_variables_are_covered() -> None:
    environment = {"DB_PASSWORD": "hunter22", "MODE": "hunter22x", "API_KEY": "abc"}
    assert masked("hunter22 abc", environment) == "*** abc", "what is very short would cover half of the text"


def test_times_of_an_engine() -> None:
    at = datetime(2026, 11, 21, 17, 39, 21, tzinfo=UTC)
    assert moment("2026-11-21T17:39:21.83651492Z") == at
    assert moment("2026-11-21T18:39:21+01:00") == at
    assert moment("0001-01-01T00:00:00Z") is None
    living = Container(id="1", name="n", state="running", finished_at="2026-11-21T17:39:21Z")
    assert living.seconds_ended(at) is None


def test_missing_package_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("docker", "kubernetes.client"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"Docker needs a package: pip install 'rostrum\[docker\]'"):
        DockerLauncher().adopt(["run"])
    with pytest.raises(ConfigError, match=r"Kubernetes needs a package: pip install 'rostrum\[kubernetes\]'"):
        KubernetesLauncher().adopt(["run"])


def test_auto_remove_waits_until_the_end_is_known() -> None:
    classic = {"container_kwargs": {"auto_remove": True, "user": "me"}}
    settings = read_settings(classic, DockerSettings, "docker")
    assert (settings.remove_after, settings.container_kwargs) == (0.0, {"user": "me"})
    assert read_settings({"container_kwargs": {"auto_remove": False}}, DockerSettings, "docker").remove_after == 3600.0
    assert classic["container_kwargs"] == {"auto_remove": True, "user": "me"}
