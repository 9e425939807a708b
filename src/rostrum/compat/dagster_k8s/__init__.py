"""`dagster_k8s`."""

from __future__ import annotations

from rostrum.definitions.ops.executors import kubernetes_executor
from rostrum.integrations.kubernetes import PipesK8sClient as PipesK8sClient
from rostrum.integrations.kubernetes import PipesK8sPodLogsMessageReader as PipesK8sPodLogsMessageReader

k8s_job_executor = kubernetes_executor
