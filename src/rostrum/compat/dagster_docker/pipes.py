"""`dagster_docker.pipes`."""

from __future__ import annotations

from rostrum.integrations.docker import PipesDockerClient as PipesDockerClient
from rostrum.integrations.docker import PipesDockerLogsMessageReader as PipesDockerLogsMessageReader
