"""`dagster_docker`."""

from __future__ import annotations

from rostrum.definitions.ops.executors import docker_executor as docker_executor
from rostrum.integrations.docker import PipesDockerClient as PipesDockerClient
from rostrum.integrations.docker import PipesDockerLogsMessageReader as PipesDockerLogsMessageReader
