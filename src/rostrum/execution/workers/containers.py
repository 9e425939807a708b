"""Executors that start a container or pod a step: they are handed a launcher, which is found by name as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rostrum.execution.plugins import EXECUTORS, LAUNCHERS, plugin
from rostrum.interfaces.execution import Executor


def docker_executor(*, launcher: Mapping[str, Any] | None = None, **options: Any) -> Executor:
    """Containers of a Docker engine; `launcher`: settings of the docker launcher."""
    return _per_step("docker", launcher, options)


def kubernetes_executor(*, launcher: Mapping[str, Any] | None = None, **options: Any) -> Executor:
    """Jobs of a Kubernetes cluster; `launcher`: settings of the kubernetes launcher."""
    return _per_step("kubernetes", launcher, options)


def _per_step(name: str, settings: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Executor:
    return plugin(EXECUTORS, "per_step")(plugin(LAUNCHERS, name)(dict(settings or {})), name=name, **options)
