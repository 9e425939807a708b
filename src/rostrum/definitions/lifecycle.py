"""The life of resources: what execution calls to turn a bound object into the value that user code gets. Knows no
pydantic.

Any object can be a resource. An object with `open_for_execution(context)` (a ConfigurableResource or a
ResourceDefinition) is
opened through it; anything else is its own value.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import GeneratorType
from typing import TYPE_CHECKING, Any, cast

from rostrum.definitions.contexts import ScopedResources
from rostrum.definitions.logs import library_logger
from rostrum.definitions.signatures import Signature
from rostrum.definitions.sources import function_source
from rostrum.model.errors import DefinitionError
from rostrum.model.runs import Run

if TYPE_CHECKING:
    import logging


class InitResourceContext:
    """What a resource may use while it is set up and torn down."""

    __slots__ = ("_resources", "config", "key", "log", "opened", "run")

    def __init__(
        self,
        *,
        key: str = "",
        config: Any = None,
        resources: Mapping[str, Any] | None = None,
        run: Run | None = None,
        log: logging.Logger | None = None,
        opened: Mapping[int, Any] | None = None,
    ) -> None:
        self.key = key
        self.config = config
        """Overrides from run config: `resources.<key>.config`."""
        self._resources = resources or {}
        self.run = run
        self.log = log or library_logger()
        self.opened = opened or {}
        """id of a bound object -> its opened value: a nested resource that is bound at top level is opened once."""

    @property
    def resource_config(self) -> Any:
        """Same as `config`."""
        return self.config

    @property
    def resources(self) -> Any:
        """Other resources that this one asked for, by attribute."""
        return ScopedResources(self._resources)

    @property
    def run_id(self) -> str | None:
        """Id of the run."""
        return self.run.run_id if self.run is not None else None


class ResourceDefinition:
    """A resource made by a function of an init context; a generator's part after its `yield` tears down."""

    __slots__ = ("description", "function", "kind", "required_resource_keys", "source")

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        required_resource_keys: Iterable[str] = (),
        description: str | None = None,
        kind: str = "resource",
    ) -> None:
        self.function, self.kind = function, kind
        self.required_resource_keys = frozenset(required_resource_keys)
        self.description, self.source = description or function.__doc__, function_source(function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)

    @contextmanager
    def open_for_execution(self, context: InitResourceContext) -> Generator[Any, None, None]:
        """Make the value; tear it down at the end."""
        value = self.function(context) if Signature(self.function).names else self.function()
        if not isinstance(value, GeneratorType):
            yield value
            return
        try:
            parts = cast("Generator[Any, None, None]", value)
            made = next(parts)
        except StopIteration:
            raise DefinitionError(f"resource {context.key!r}: its generator yields nothing.") from None
        try:
            yield made
        finally:
            next(parts, None)


def open_resource(value: Any, context: InitResourceContext) -> AbstractContextManager[Any]:
    """A context manager whose value user code gets. Errors of user code pass through unchanged."""
    opener: Any = getattr(value, "open_for_execution", None)
    if opener is not None and not isinstance(value, type):
        return cast("AbstractContextManager[Any]", opener(context))
    return nullcontext(value)


def needed_keys(value: Any) -> frozenset[str]:
    """Keys of other resources that must be opened before this one."""
    if isinstance(value, ResourceDefinition):
        return value.required_resource_keys
    return frozenset()


def nested_resources(value: Any) -> list[Any]:
    """Resources in the fields of a resource, to be opened before it where they are bound at top level."""
    finder: Any = getattr(value, "nested_resources", None)
    if finder is None or isinstance(value, type):
        return []
    return list(cast("Iterable[Any]", finder()))


def opening_order(bound: Mapping[str, Any], wanted: Iterable[str]) -> list[str]:
    """Keys to open for `wanted`, each after those it needs. Raises DefinitionError for an unknown key or a circle."""
    by_id = {id(value): key for key, value in bound.items()}
    order: dict[str, None] = {}

    def visit(key: str, path: tuple[str, ...]) -> None:
        if key in order:
            return
        if key in path:
            raise DefinitionError(f"resources need each other in a circle: {' -> '.join([*path, key])}.")
        if key not in bound:
            raise DefinitionError(f"there is no resource {key!r}{f', which {path[-1]!r} needs' if path else ''}.")
        for needed in sorted(needed_keys(bound[key])):
            visit(needed, (*path, key))
        for nested in nested_resources(bound[key]):
            if id(nested) in by_id:
                visit(by_id[id(nested)], (*path, key))
        order[key] = None

    for key in sorted(wanted):
        visit(key, ())
    return list(order)


def resource(
    function: Callable[..., Any] | None = None,
    *,
    required_resource_keys: Iterable[str] = (),
    description: str | None = None,
) -> Any:
    """Make a resource of a function that takes an InitResourceContext (or nothing) and returns or yields the value."""

    def decorate(function: Callable[..., Any]) -> ResourceDefinition:
        return ResourceDefinition(function, required_resource_keys=required_resource_keys, description=description)

    return decorate if function is None else decorate(function)


def io_manager(
    function: Callable[..., Any] | None = None,
    *,
    required_resource_keys: Iterable[str] = (),
    description: str | None = None,
) -> Any:
    """Make an IO manager of a function that returns or yields one."""

    def decorate(function: Callable[..., Any]) -> ResourceDefinition:
        return ResourceDefinition(
            function, required_resource_keys=required_resource_keys, description=description, kind="io_manager"
        )

    return decorate if function is None else decorate(function)
