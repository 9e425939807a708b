"""Parts that are named in definitions and found by name, because this layer may not import them: executors, IO
managers, the clock. Others' parts are found by entry point.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

from rostrum.model.errors import NotFound

EXECUTORS, LAUNCHERS, ENGINES, IO_MANAGERS, CLOCKS = (
    "rostrum.executors",
    "rostrum.launchers",
    "rostrum.engines",
    "rostrum.io_managers",
    "rostrum.clocks",
)
OWN = {
    (EXECUTORS, "in_process"): "rostrum.executors.in_process:InProcessExecutor",
    (EXECUTORS, "multiprocess"): "rostrum.executors.multiprocess:MultiprocessExecutor",
    (EXECUTORS, "dask"): "rostrum.executors.dask:DaskExecutor",
    (EXECUTORS, "ray"): "rostrum.executors.ray:RayExecutor",
    (EXECUTORS, "docker"): "rostrum.execution.workers.containers:docker_executor",
    (EXECUTORS, "kubernetes"): "rostrum.execution.workers.containers:kubernetes_executor",
    (EXECUTORS, "per_step"): "rostrum.executors.per_step:PerStepExecutor",
    (LAUNCHERS, "docker"): "rostrum.launchers.docker:DockerLauncher",
    (LAUNCHERS, "kubernetes"): "rostrum.launchers.kubernetes:KubernetesLauncher",
    (EXECUTORS, "threaded"): "rostrum.executors.threaded:ThreadedExecutor",
    (EXECUTORS, "async"): "rostrum.executors.threaded:AsyncExecutor",
    (ENGINES, "concurrent"): "rostrum.executors.concurrent:Engine",
    (IO_MANAGERS, "filesystem"): "rostrum.io_managers.filesystem:FilesystemIOManager",
    (IO_MANAGERS, "memory"): "rostrum.io_managers.memory:InMemoryIOManager",
    (CLOCKS, "system"): "rostrum.service.clock:SystemClock",
}
"""Our own entry points. Known without asking what is installed: that takes longer than a small run."""
ELSEWHERE = frozenset(("dask", "ray", "docker", "kubernetes", "per_step"))
"""Whoever uses these forks nothing."""


@lru_cache(maxsize=64)
def plugin(group: str, name: str) -> Any:
    """What has that name: one of ours, or what the entry point `name` of `group` leads to. Raises NotFound naming those
    that there are.
    """
    own = OWN.get((group, name))
    if own is not None:
        module, _, attribute = own.partition(":")
        return getattr(importlib.import_module(module), attribute)
    from importlib.metadata import entry_points  # slow to load, and few need it

    found = list(entry_points(group=group, name=name))
    if found:
        return found[0].load()
    known = sorted({each for of, each in OWN if of == group} | {point.name for point in entry_points(group=group)})
    raise NotFound(f"there is no {name!r} among the installed {group} ({', '.join(known) or 'none'}).")


def load_own() -> None:
    """Load all of ours: in a process that forks, so that its children need not."""
    for group, name in OWN:
        if name not in ELSEWHERE:
            plugin(group, name)
