"""Names that the instance file may use for components, and where they are; further ones come from entry points or are
given as `module:Class`.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
from typing import Any

from rostrum.config.extras import missing_extra
from rostrum.model.errors import ConfigError

BUILT_IN: dict[str, dict[str, str]] = {
    "storage": {"sqlite": "rostrum.storage.sql.storage:SqlStorage", "memory": "rostrum.storage.memory:MemoryStorage"},
    "logs": {
        "local": "rostrum.storage.logs:LocalLogStore",
        "object_store": "rostrum.storage.logs.objects:ObjectLogStore",
    },
    "executors": {
        "in_process": "rostrum.executors.in_process:InProcessExecutor",
        "multiprocess": "rostrum.executors.multiprocess:MultiprocessExecutor",
        "threaded": "rostrum.executors.threaded:ThreadedExecutor",
        "async": "rostrum.executors.threaded:AsyncExecutor",
        "dask": "rostrum.executors.dask:DaskExecutor",
        "ray": "rostrum.executors.ray:RayExecutor",
        "docker": "rostrum.execution.workers.containers:docker_executor",
        "kubernetes": "rostrum.execution.workers.containers:kubernetes_executor",
    },
    "launcher": {
        "subprocess": "rostrum.launchers.subprocess:SubprocessLauncher",
        "docker": "rostrum.launchers.docker:DockerLauncher",
        "kubernetes": "rostrum.launchers.kubernetes:KubernetesLauncher",
    },
}


def component(seam: str, name: str) -> Any:
    """The class of a component. Raises ConfigError naming the nearest known name, or why it cannot be imported."""
    known = BUILT_IN.get(seam, {})
    path = known.get(name) or (name if ":" in name else _entry_point(seam, name))
    if path is None:
        close = difflib.get_close_matches(name, known, n=1)
        hint = (
            f"did you mean {close[0]}?"
            if close
            else f"there are {', '.join(known)}, entry points of rostrum.{seam}, and module:Class"
        )
        raise ConfigError(f"{seam}: there is no {name!r}; {hint}")
    module, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        hint = missing_extra(error)
        raise ConfigError(f"{seam}: {path} cannot be imported: {error}{f'; {hint}' if hint else ''}") from error
    except AttributeError:
        raise ConfigError(f"{seam}: the module {module} has no {attribute}") from None


def _entry_point(seam: str, name: str) -> str | None:
    found = importlib.metadata.entry_points(group=f"rostrum.{seam}", name=name)
    return next((f"{point.module}:{point.attr}" for point in found), None)
