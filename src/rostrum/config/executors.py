"""The executor that the instance file names for runs whose job and code location name none."""

from __future__ import annotations

from typing import Any

from rostrum.config.instance import InstanceSettings
from rostrum.config.registry import component
from rostrum.definitions.ops.executors import executor_options
from rostrum.model.errors import ConfigError


def default_executor(settings: InstanceSettings) -> dict[str, Any] | None:
    """As run workers are told (`LaunchSpec.executor`). Raises ConfigError for a name that there is not, and for config
    that the executor does not take.
    """
    given = settings.executor
    if given is None:
        return None
    try:
        name, _ = executor_options(given.name, given.config)
    except ConfigError as error:
        raise ConfigError(f"executor: {error}") from None
    component("executors", name)
    return {"name": given.name, "config": given.config}
