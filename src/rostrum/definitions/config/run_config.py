"""Run config: what a run is launched with, as an object or as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

from rostrum.definitions.config.env import EnvVar, IntEnvVar
from rostrum.model.errors import ConfigError, kind_of


class RunConfig:
    """Config of ops (and assets), resources, loggers and execution. Values are Config objects, resources or plain
    dicts.
    """

    __slots__ = ("execution", "loggers", "ops", "resources")

    def __init__(
        self,
        ops: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        loggers: Mapping[str, Any] | None = None,
        execution: Mapping[str, Any] | None = None,
    ) -> None:
        self.ops, self.resources = dict(ops or {}), dict(resources or {})
        self.loggers, self.execution = dict(loggers or {}), dict(execution or {})

    def to_config_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "loggers": _deep(self.loggers),
            "resources": {key: _wrapped(value) for key, value in self.resources.items()},
            "ops": {key: _wrapped(value) for key, value in self.ops.items()},
            "execution": _deep(self.execution),
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunConfig) and self.to_config_dict() == other.to_config_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RunConfig({self.to_config_dict()!r})"


def plain_config(config: RunConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    """Run config as plain data, empty parts left out. Raises ConfigError for anything else."""
    if config is None:
        return {}
    try:
        if isinstance(config, RunConfig):
            return {key: value for key, value in config.to_config_dict().items() if value}
        if isinstance(config, Mapping):
            return {str(key): _deep(value) for key, value in config.items()}
    except RecursionError:
        raise ConfigError("Error in config: it is nested too deeply.") from None
    raise ConfigError(f"run config is a dict or a RunConfig, not {kind_of(config)}.")


def merged(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` over `defaults`, deeply."""
    result = dict(defaults)
    for key, value in given.items():
        before = result.get(key)
        result[key] = (
            merged(cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", value))
            if isinstance(before, Mapping) and isinstance(value, Mapping)
            else value
        )
    return result


def _wrapped(value: Any) -> Any:
    """Objects become `{"config": {...}}`, those below the `ops` of a graph too; other dicts are taken as they are."""
    if not isinstance(value, Mapping):
        return {"config": _deep(value)}
    given = cast("Mapping[Any, Any]", value)
    made: dict[str, Any] = _deep({key: each for key, each in given.items() if key != "ops"})
    inner: Any = given.get("ops")
    if isinstance(inner, Mapping):
        made["ops"] = {str(key): _wrapped(each) for key, each in cast("Mapping[Any, Any]", inner).items()}
    elif inner is not None:
        made["ops"] = _deep(inner)
    return made


def _deep(value: Any) -> Any:
    convert = getattr(value, "to_run_config", None) or getattr(value, "to_config_dict", None)
    if callable(convert):
        return convert()
    if isinstance(value, (EnvVar, IntEnvVar)):
        return {"env": value.env_var_name}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Mapping):
        return {str(key): _deep(each) for key, each in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_deep(each) for each in cast("list[Any]", value)]
    return value
