"""`dagster_k8s.pipes`."""

from __future__ import annotations

from rostrum.integrations.kubernetes import PipesK8sClient as PipesK8sClient
from rostrum.integrations.kubernetes import PipesK8sPodLogsMessageReader as PipesK8sPodLogsMessageReader
