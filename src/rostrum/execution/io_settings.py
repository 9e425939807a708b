"""Config of IO managers, and what run config says of single outputs and inputs (`ops.x.outputs`, `ops.x.inputs`) to an
IO manager that declares a schema for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rostrum.definitions.ops.job_ports import port_schema
from rostrum.definitions.ops.op_config import judged
from rostrum.definitions.resources.lifecycle import InitResourceContext, ResourceDefinition, needed_keys
from rostrum.execution.configs import config_at
from rostrum.planning.op_steps import node_path


class IOSettings:
    """Config as contexts of IO managers tell it. `opened` gives the opened resource of a key."""

    def __init__(self, bound: Mapping[str, Any], run_config: Mapping[str, Any], opened: Callable[[str], Any]) -> None:
        self._bound, self._config, self._opened = bound, run_config, opened
        self._of_managers: dict[str, Any] = {}
        self._schemas: dict[tuple[str, str], Any] = {}
        self._resources: dict[str, Mapping[str, Any]] = {}

    def of_manager(self, key: str) -> Any:
        """Config of the IO manager itself; None where it takes none."""
        if key not in self._of_managers:
            self._of_managers[key] = self._read(key)
        return self._of_managers[key]

    def resources_of(self, key: str) -> Mapping[str, Any]:
        """Opened resources that the IO manager asked for."""
        if key not in self._resources:
            self._resources[key] = {each: self._opened(each) for each in needed_keys(self._bound.get(key))}
        return self._resources[key]

    def of_output(self, key: str, step_key: str, name: str) -> Any:
        """Config of one output; None where the IO manager has no schema for any. Raises ConfigError."""
        return self._of_port(key, step_key, "outputs", name)

    def of_input(self, key: str, step_key: str, name: str) -> Any:
        """Config of one input; None where the IO manager has no schema for any. Raises ConfigError."""
        return self._of_port(key, step_key, "inputs", name)

    def _of_port(self, key: str, step_key: str, side: str, name: str) -> Any:
        place = (key, side)
        if place not in self._schemas:
            self._schemas[place] = port_schema(self._bound.get(key), side)
        schema = self._schemas[place]
        if schema is None:
            return None
        path = (*node_path(step_key), side, name)
        return judged(schema, config_at(self._config, path), f"{side[:-1]} {name!r} of step {step_key!r}", path)

    def _read(self, key: str) -> Any:
        bound = self._bound.get(key)
        if isinstance(bound, ResourceDefinition):
            given = config_at(self._config, ("resources", key, "config"))
            return bound.processed(InitResourceContext(key=key, config=given or None))
        convert = getattr(self._opened(key), "to_run_config", None) or getattr(bound, "to_run_config", None)
        return convert() if callable(convert) and not isinstance(bound, type) else None
