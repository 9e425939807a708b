"""Input managers: functions that load the value of an input, whatever stored it, or of an input that nothing makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

from rostrum.definitions.contexts.storage import InputContext
from rostrum.definitions.resources.lifecycle import InitResourceContext, ResourceDefinition


class FunctionInputManager:
    """The input manager that a function makes."""

    __slots__ = ("config", "function", "resources")

    def __init__(self, function: Callable[[InputContext], Any], init: InitResourceContext) -> None:
        self.function, self.config, self.resources = function, init.resource_config, init.resources

    def load_input(self, context: InputContext) -> Any:
        """Call the function."""
        context.resource_config = self.config
        context.use_resources(self.resources)
        return self.function(context)


class InputManagerDefinition(ResourceDefinition):
    """An input manager bound as a resource."""

    __slots__ = ("input_config_schema",)

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        input_config_schema: Any = None,
        required_resource_keys: Iterable[str] | None = None,
        version: str | None = None,
    ) -> None:
        super().__init__(resource_fn, config_schema, description, required_resource_keys, version, kind="io_manager")
        self.input_config_schema = input_config_schema


@overload
def input_manager(config_schema: Callable[[InputContext], Any]) -> InputManagerDefinition: ...
@overload
def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[[InputContext], Any]], InputManagerDefinition]: ...
def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make an input manager of a function of an InputContext that returns the value. Bare or called.

    `context.upstream_output` is None for an input that nothing upstream makes.
    """
    bare = callable(config_schema) and not isinstance(config_schema, type)

    def decorate(function: Callable[[InputContext], Any]) -> InputManagerDefinition:
        def make(init_context: InitResourceContext) -> FunctionInputManager:
            return FunctionInputManager(function, init_context)

        return InputManagerDefinition(
            make,
            None if bare else config_schema,
            description or function.__doc__,
            input_config_schema,
            required_resource_keys,
            version,
        )

    return decorate(config_schema) if bare else decorate
