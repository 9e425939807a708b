"""The life of resources: what execution calls to turn a bound object into the value that user code gets. Knows no
pydantic.

Any object can be a resource. An object with `open_for_execution(context)` (a ConfigurableResource or a
ResourceDefinition) is
opened through it; anything else is its own value.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Self, cast, overload

from rostrum.definitions.broken import noting, noting_call
from rostrum.definitions.coroutines import settled
from rostrum.definitions.masking import cover_config
from rostrum.definitions.ops.logs import library_logger
from rostrum.definitions.ops.op_config import checked_schema, judged
from rostrum.definitions.ops.signatures import MISSING, Signature
from rostrum.definitions.resources.scoped import ScopedResources
from rostrum.definitions.sources import function_source
from rostrum.model.errors import ArgumentError, DefinitionError, InvocationError
from rostrum.model.runs import Run

if TYPE_CHECKING:
    import logging


class InitResourceContext:
    """What a resource may use while it is set up and torn down."""

    __slots__ = (
        "_resources", "all_resource_defs", "event_loop", "instance", "key", "log", "opened", "resource_config",
        "resource_def", "run", "settled",
    )  # fmt: skip

    def __init__(
        self,
        resource_config: Any = None,
        resources: Any = None,
        resource_def: Any = None,
        all_resource_defs: Mapping[str, Any] | None = None,
        instance: Any = None,
        dagster_run: Run | None = None,
        log_manager: Any = None,
        event_loop: Any = None,
        *,
        key: str = "",
        config: Any = None,
        run: Run | None = None,
        log: logging.Logger | None = None,
        opened: Mapping[int, Any] | None = None,
    ) -> None:
        self.key = key
        self.resource_config = resource_config if resource_config is not None else config
        """Config of the resource: from run config, with defaults."""
        self._resources: Any = resources if resources is not None else {}
        self.resource_def, self.all_resource_defs = resource_def, dict(all_resource_defs or {})
        self.instance, self.event_loop = instance, event_loop
        self.run = run or dagster_run
        self.log = log or log_manager or library_logger()
        self.opened = opened or {}
        """id of a bound object -> its opened value: a nested resource that is bound at top level is opened once."""
        self.settled: Callable[[Any], Any] = settled
        """Gives the result of a coroutine; in a run by the event loop that the steps' coroutines run in."""

    @property
    def config(self) -> Any:
        """Same as `resource_config`."""
        return self.resource_config

    @property
    def resources(self) -> Any:
        """Other resources that this one asked for, by attribute."""
        found = self._resources
        return ScopedResources(cast("Mapping[str, Any]", found)) if isinstance(found, Mapping) else found

    @property
    def dagster_run(self) -> Run | None:
        """Same as `run`."""
        return self.run

    @property
    def log_manager(self) -> logging.Logger:
        """Same as `log`."""
        return self.log

    @property
    def run_id(self) -> str | None:
        """Id of the run."""
        return self.run.run_id if self.run is not None else None

    def replace_config(self, config: Any) -> InitResourceContext:
        """The context with other config."""
        made = copy(self)
        made.resource_config = config
        return made


class ResourceDefinition:
    """A resource made by a function of an init context; a generator's part after its `yield` tears down."""

    __slots__ = ("_config_schema", "description", "kind", "preset", "required_resource_keys", "resource_fn", "source",
                 "version")  # fmt: skip

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
        version: str | None = None,
        *,
        kind: str = "resource",
    ) -> None:
        if not callable(resource_fn):
            raise ArgumentError(f"ResourceDefinition: resource_fn is {resource_fn!r}; it must be a function.")
        self.resource_fn, self.kind, self.version = resource_fn, kind, version
        if isinstance(required_resource_keys, str):
            raise ArgumentError("required_resource_keys is text; give a set of keys.")
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.description, self.source = description or resource_fn.__doc__, function_source(resource_fn)
        name = getattr(resource_fn, "__name__", "resource")
        if _yields_async(resource_fn):
            raise DefinitionError(
                f"resource {name!r}: its function is an async generator, which resources cannot be made of. Write "
                "`def` with `yield`, or a ConfigurableResource with `async def` setup_for_execution and "
                "teardown_after_execution."
            )
        self._config_schema = checked_schema(f"resource {name!r}", Signature(lambda: None), config_schema)
        self.preset: Any = None
        """(config or function of config, the definition below), where `configured` made it."""

    @property
    def function(self) -> Callable[..., Any]:
        """Same as `resource_fn`."""
        return self.resource_fn

    @property
    def config_schema(self) -> Any:
        """Schema of its config, a `Field`, None where any goes."""
        return self._config_schema

    @property
    def config_field(self) -> Any:
        """Same as `config_schema`."""
        return self._config_schema

    @property
    def has_config_field(self) -> bool:
        """Whether it declares config."""
        return self._config_schema is not None

    def run_config_schema(self) -> dict[str, Any] | None:
        """JSON schema of its config."""
        if self._config_schema is None:
            return None
        return importlib.import_module("rostrum.definitions.config.json_schemas").schema_of_field(self._config_schema)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; a context's config is processed by the schema first."""
        context = args[0] if args else kwargs.get("context", kwargs.get("init_context"))
        takes = bool(Signature(self.resource_fn).names)
        if takes and not args and not kwargs:
            raise InvocationError(
                f"Resource initialization function {getattr(self.resource_fn, '__name__', '')!r} has context argument, "
                "but no context was provided. Give one, e.g. build_init_resource_context()."
            )
        if isinstance(context, InitResourceContext):
            ready = context.replace_config(self.processed(context))
            args = (ready, *args[1:]) if args else args
            kwargs = {name: ready if value is context else value for name, value in kwargs.items()}
            _check_needed(self, context)
        return self.resource_fn(*args, **kwargs) if takes else self.resource_fn()

    def processed(self, context: InitResourceContext) -> Any:
        """Config as the function gets it. Raises ConfigError."""
        given, what = context.resource_config, f"resource {context.key!r}"
        path = ("resources", context.key, "config")
        if self._config_schema is not None:
            given = judged(self._config_schema, MISSING if given is None else given, what, path)
        cover_config(given)
        if self.preset is None:
            return given
        made, below = self.preset
        config = made(given) if callable(made) else made
        return below.processed(context.replace_config(config))

    @contextmanager
    def open_for_execution(self, context: InitResourceContext) -> Generator[Any, None, None]:
        """Make the value; tear it down at the end."""
        ready = context.replace_config(self.processed(context))
        ready.resource_def = self
        value = self.resource_fn(ready) if Signature(self.resource_fn).names else self.resource_fn()
        if type(value) is CoroutineType:
            value = context.settled(value)
        if type(value) is _OF_GENERATOR:
            with value as made:
                yield made
            return
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
            if next(parts, MISSING) is not MISSING:
                warnings.warn(
                    f"resource {context.key!r}: its generator yields a second time, and is not run to its end: yield "
                    "the resource once, and tear down after it.",
                    UserWarning,
                    stacklevel=2,
                )

    def configured(self, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None) -> Self:
        """The same resource with this config: fixed, or what the function makes of its own config."""
        made = copy(self)
        made.description = description or self.description
        made.preset = (config_or_config_fn, self)
        schema = checked_schema("configured resource", Signature(lambda: None), config_schema)
        made._config_schema = schema  # noqa: SLF001 - our own
        if not callable(config_or_config_fn):
            self.processed(InitResourceContext(config=config_or_config_fn))
        return made

    def get_required_resource_keys(self, resource_defs: Mapping[str, Any]) -> set[str]:
        """Keys that it and those it needs ask for."""
        found = set(self.required_resource_keys)
        for key in self.required_resource_keys:
            inner = resource_defs.get(key)
            if isinstance(inner, ResourceDefinition):
                found |= inner.get_required_resource_keys(resource_defs)
        return found

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """A resource that is this value."""
        return ResourceDefinition(lambda: value, description=description)

    @staticmethod
    def none_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is None."""
        return ResourceDefinition.hardcoded_resource(None, description)

    @staticmethod
    def mock_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is a `MagicMock`, made anew for each run."""
        return ResourceDefinition(_mock, description=description)

    @staticmethod
    def string_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is its config, a text."""
        return ResourceDefinition(_own_config, str, description)


def _own_config(context: InitResourceContext) -> Any:
    return context.resource_config


def _mock() -> Any:
    from unittest.mock import MagicMock  # slow to load, and only tests use it

    return MagicMock()


def _check_needed(definition: ResourceDefinition, context: InitResourceContext) -> None:
    for key in sorted(definition.required_resource_keys):
        if not hasattr(context.resources, key):
            raise DefinitionError(
                f"resource with key {key!r} required by resource function "
                f"{getattr(definition.resource_fn, '__name__', '')!r} was not provided; give it to "
                "build_init_resource_context(resources=...)."
            )


_ASYNC_GENERATOR = 0x200
"""The flag of code objects that are of `async def` with `yield`."""


def _yields_async(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & _ASYNC_GENERATOR)


class IOManagerDefinition(ResourceDefinition):
    """An IO manager made by a function of an init context."""

    __slots__ = ("input_config_schema", "output_config_schema")

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
        version: str | None = None,
        input_config_schema: Any = None,
        output_config_schema: Any = None,
    ) -> None:
        super().__init__(resource_fn, config_schema, description, required_resource_keys, version, kind="io_manager")
        self.input_config_schema, self.output_config_schema = input_config_schema, output_config_schema

    @staticmethod
    def hardcoded_io_manager(value: Any, description: str | None = None) -> IOManagerDefinition:
        """An IO manager that is this object."""
        return IOManagerDefinition(lambda: value, description=description)


def declares(value: Any, name: str) -> bool:
    """Whether the class of an object has this method or property. The object itself is not asked: a mock has all."""
    return not isinstance(value, type) and hasattr(type(value), name)  # pyright: ignore[reportUnknownArgumentType]


def open_resource(value: Any, context: InitResourceContext) -> AbstractContextManager[Any]:
    """A context manager whose value user code gets. Errors of user code pass through unchanged."""
    if declares(value, "open_for_execution"):
        return cast("AbstractContextManager[Any]", value.open_for_execution(context))
    return nullcontext(value)


def needs_teardown(value: Any) -> bool:
    """True for a resource after whose use something must happen: a generator, or a class that says what."""
    if isinstance(value, ResourceDefinition):
        function = getattr(value.resource_fn, "__wrapped__", value.resource_fn)
        code = getattr(function, "__code__", None)
        return code is not None and bool(code.co_flags & _GENERATOR)
    if not declares(value, "is_torn_down"):
        return False
    return value.is_torn_down or any(needs_teardown(each) for each in value.nested_resources.values())


_GENERATOR = 0x20  # CO_GENERATOR


def _nothing() -> Generator[None]:
    yield


_OF_GENERATOR = type(contextmanager(_nothing)())
"""What a function that is decorated with `contextmanager` returns."""


def needed_keys(value: Any) -> frozenset[str]:
    """Keys of other resources that must be opened before this one."""
    if isinstance(value, ResourceDefinition):
        return value.required_resource_keys
    return frozenset()


def nested_resources(value: Any) -> dict[str, Any]:
    """Resources in the fields of a resource, to be opened before it where they are bound at top level."""
    if not declares(value, "nested_resources"):
        return {}
    return value.nested_resources


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
        for nested in nested_resources(bound[key]).values():
            if id(nested) in by_id:
                visit(by_id[id(nested)], (*path, key))
        order[key] = None

    for key in sorted(wanted):
        visit(key, ())
    return list(order)


@overload
def resource(config_schema: Callable[..., Any]) -> ResourceDefinition: ...
@overload
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], ResourceDefinition]: ...
@noting_call(ResourceDefinition)
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make a resource of a function that takes an InitResourceContext (or nothing) and returns or yields the value.
    Bare or called.
    """

    @noting(ResourceDefinition)
    def decorate(function: Callable[..., Any]) -> ResourceDefinition:
        return ResourceDefinition(
            function, None if bare else config_schema, description, required_resource_keys, version
        )

    bare = _is_function(config_schema)
    return decorate(config_schema) if bare else decorate


@overload
def io_manager(config_schema: Callable[..., Any]) -> IOManagerDefinition: ...
@overload
def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], IOManagerDefinition]: ...
@noting_call(IOManagerDefinition)
def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Any:
    """Make an IO manager of a function that returns or yields one. Bare or called."""

    @noting(IOManagerDefinition)
    def decorate(function: Callable[..., Any]) -> IOManagerDefinition:
        return IOManagerDefinition(
            function,
            None if bare else config_schema,
            description,
            required_resource_keys,
            version,
            input_config_schema,
            output_config_schema,
        )

    bare = _is_function(config_schema)
    return decorate(config_schema) if bare else decorate


def _is_function(value: Any) -> bool:
    """True for what a bare decorator gets; schemas are no functions, and Python types are schemas."""
    return callable(value) and not isinstance(value, type)


def make_values_resource(**kwargs: Any) -> ResourceDefinition:
    """A resource whose value is its config, a dict; arguments are the schema (any config without them)."""
    schema: Any = kwargs or dict
    return ResourceDefinition(_values, schema)


def _values(context: InitResourceContext) -> dict[str, Any]:
    return dict(context.resource_config or {})
