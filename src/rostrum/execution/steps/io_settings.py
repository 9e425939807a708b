"""Config of IO managers, and what run config says of single outputs and inputs (`ops.x.outputs`, `ops.x.inputs`) to an
IO manager that declares a schema for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.masking import cover_config
from rostrum.definitions.ops.job_ports import port_schema
from rostrum.definitions.ops.op_config import judged
from rostrum.definitions.resources.lifecycle import InitResourceContext, ResourceDefinition, declares, needed_keys
from rostrum.execution.configs import config_at
from rostrum.planning.op_steps import node_path


class IOSettings:
    """Config as contexts of IO managers tell it. `opened` gives the opened resource of a key."""

    def __init__(self, bound: Mapping[str, Any], run_config: Mapping[str, Any], opened: Callable[[str], Any]) -> None:
        self._bound, self._config, self._opened = bound, run_config, opened
        self._managers: dict[str, _Manager] = {}

    def tell(self, context: InputContext | OutputContext, key: str, step_key: str) -> None:
        """Have the context of an input or output tell its IO manager's config and resources, and its own config where
        the manager has a schema for it. Raises ConfigError.
        """
        manager = self._managers.get(key)
        if manager is None:
            manager = self._managers[key] = self._manager(key)
        context.use_resources(manager.resources)
        if manager.config is not None:
            context.resource_config = manager.config
        if manager.has_schemas:
            side = "outputs" if isinstance(context, OutputContext) else "inputs"
            context.config = self._of_port(manager, step_key, side, context.name)

    def reads_inputs(self, key: str) -> bool:
        """Whether config of an input is for the manager of this key, not the value itself."""
        return port_schema(self._bound.get(key), "inputs") is not None

    def _manager(self, key: str) -> _Manager:
        bound = self._bound.get(key)
        resources = {each: self._opened(each) for each in needed_keys(bound)}
        schemas = {side: port_schema(bound, side) for side in ("outputs", "inputs")}
        return _Manager(self._read(key), resources, schemas)

    def _of_port(self, manager: _Manager, step_key: str, side: str, name: str) -> Any:
        schema = manager.schemas[side]
        if schema is None:
            return None
        path = (*node_path(step_key), side, name)
        config = judged(schema, config_at(self._config, path), f"{side[:-1]} {name!r} of step {step_key!r}", path)
        cover_config(config)
        return config

    def _read(self, key: str) -> Any:
        bound = self._bound.get(key)
        if isinstance(bound, ResourceDefinition):
            given = config_at(self._config, ("resources", key, "config"))
            return bound.processed(InitResourceContext(key=key, config=given or None))
        typed = next((each for each in (self._opened(key), bound) if declares(each, "to_run_config")), None)
        return typed.to_run_config() if typed is not None else None


class _Manager:
    """What is the same for all that an IO manager stores and loads in a run."""

    __slots__ = ("config", "has_schemas", "resources", "schemas")

    def __init__(self, config: Any, resources: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
        self.config, self.resources, self.schemas = config, resources, schemas
        self.has_schemas = any(schema is not None for schema in schemas.values())
