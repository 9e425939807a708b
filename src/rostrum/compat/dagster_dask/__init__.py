"""`dagster_dask`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rostrum.definitions.ops.executors import InitExecutorContext, executor
from rostrum.executors.dask import DaskExecutor
from rostrum.model.errors import ConfigError


@executor(name="dask")
def dask_executor(context: InitExecutorContext) -> DaskExecutor:
    """Runs each step as a task of a Dask cluster: one that is there already, or one of this machine.

    Config: `cluster`, with `existing: {address: ...}` or `local: {n_workers: ...}`.
    """
    config = context.executor_config
    clusters: Mapping[str, Any] = config.get("cluster") or {"local": {}}
    unknown = sorted({*config} - {"cluster", "retries"}) or sorted({*clusters} - {"existing", "local"})
    if unknown or len(clusters) != 1:
        raise ConfigError(
            f"execution.config: {', '.join(map(repr, unknown or clusters))}: the dask executor takes `cluster`, with "
            "one of `existing` (and the address of its scheduler) and `local`. For clusters of other kinds start one "
            "with the library that is for it, and give its address."
        )
    retries = "disabled" not in (config.get("retries") or {})
    if "existing" in clusters:
        return DaskExecutor(clusters["existing"]["address"], retries=retries)
    local = dict(clusters["local"] or {})
    workers = local.pop("n_workers", None)
    return DaskExecutor(workers=workers, retries=retries, options=local)
