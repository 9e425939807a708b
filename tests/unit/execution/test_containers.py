from __future__ import annotations

import sys

import pytest

from rostrum.definitions.ops.executors import docker_executor, executor_options, kubernetes_executor
from rostrum.execution.plugins import EXECUTORS, load_own, plugin
from rostrum.executors.per_step import PerStepExecutor
from rostrum.model.errors import ConfigError


@pytest.mark.parametrize("name", ["docker", "kubernetes"])
def test_options_are_the_executors_or_its_launchers(name: str) -> None:
    chosen = {"docker": docker_executor, "kubernetes": kubernetes_executor}[name]
    config = {"max_concurrent": 3, "retries": {"disabled": {}}, "image": "shop:1"}
    found, options = executor_options(chosen.kind, config)
    executor = plugin(EXECUTORS, found)(**options)
    assert isinstance(executor, PerStepExecutor)
    assert (executor.name, executor.max_concurrent, executor.retries) == (name, 3, False)


def test_a_setting_that_nobody_knows_is_told() -> None:
    _, options = executor_options("docker", {"imagge": "shop:1"})
    with pytest.raises(ConfigError, match="imagge"):
        plugin(EXECUTORS, "docker")(**options)


def test_loading_ours_ahead_loads_no_engine() -> None:
    before = set(sys.modules)
    load_own()
    assert not {"docker", "kubernetes", "distributed", "ray"} & (set(sys.modules) - before)
