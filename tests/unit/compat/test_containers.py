from __future__ import annotations

from typing import Any

import pytest

from rostrum.compat.dagster_docker import PipesDockerClient, docker_executor
from rostrum.compat.dagster_k8s import PipesK8sClient, k8s_job_executor
from rostrum.definitions.ops.executors import executor_options
from rostrum.execution.plugins import EXECUTORS, plugin
from rostrum.model.errors import ConfigError

DOCKER: dict[str, Any] = {
    "image": "shop:1",
    "network": "shop",
    "env_vars": ["MODE=fast"],
    "container_kwargs": {"volumes": ["/data:/data"]},
    "retries": {"enabled": {}},
    "max_concurrent": 4,
}
K8S: dict[str, Any] = {
    "job_image": "shop:1",
    "job_namespace": "data",
    "image_pull_policy": "Always",
    "step_k8s_config": {"container_config": {"resources": {"limits": {"cpu": "1"}}}},
    "per_step_k8s_config": {"clean": {"pod_spec_config": {"nodeSelector": {"disk": "ssd"}}}},
    "max_concurrent": 4,
}


@pytest.mark.parametrize(("definition", "config"), [(docker_executor, DOCKER), (k8s_job_executor, K8S)])
def test_executors_take_their_classic_config(definition: Any, config: dict[str, Any]) -> None:
    name, options = executor_options(definition.name, config)
    made = plugin(EXECUTORS, name)(**options)
    assert made.max_concurrent == 4
    assert type(made.launcher).__name__ in {"DockerLauncher", "KubernetesLauncher"}


def test_what_they_do_not_take_is_named() -> None:
    name, options = executor_options(docker_executor.name, {"picture": "shop"})
    with pytest.raises(ConfigError, match="launcher docker: unknown setting picture; the settings are image"):
        plugin(EXECUTORS, name)(**options)


def test_clients_are_made_as_documented() -> None:
    assert PipesDockerClient(env={"A": "1"}, registry={"url": "r", "username": "u", "password": "p"}).env == {"A": "1"}
    assert PipesK8sClient(load_incluster_config=False, kube_context="minikube", poll_interval=5).poll_interval == 5
