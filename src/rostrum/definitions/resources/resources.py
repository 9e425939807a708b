"""Resources and IO managers with typed config. Imports pydantic, so it is loaded only when one of its names is used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Self, cast, get_args, get_origin, overload

from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr
from pydantic.errors import PydanticInvalidForJsonSchema

from rostrum.definitions.config.config import (
    Config,
    bound_field,
    config_schema,
    config_type_of,
    has_reference,
    plain_value,
)
from rostrum.definitions.config.env import EnvVar, IntEnvVar, reveal
from rostrum.definitions.config.errors import EvaluationStack
from rostrum.definitions.config.fields import can_be_config
from rostrum.definitions.config.schema import Field, process
from rostrum.definitions.coroutines import settled
from rostrum.definitions.resources.io import IOManager
from rostrum.definitions.resources.lifecycle import InitResourceContext, IOManagerDefinition, ResourceDefinition
from rostrum.model.errors import ArgumentError, ConfigSchemaError, InvariantError, InvocationError
from rostrum.model.secrets import MASK, looks_secret, masked_field

if TYPE_CHECKING:
    # Bare `ConfigurableResource` is `ConfigurableResource[Any]`.
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")
_DEPENDENCY = "rostrum.resource_dependency"
_TEARING = ("yield_for_execution", "teardown_after_execution")


class ResourceDependency(Generic[T]):
    """Annotates a field of a resource as another resource whose value is no ConfigurableResource:
    `store: ResourceDependency[GitHub]`.
    """

    if TYPE_CHECKING:
        # The field is the value; it is given the value, or the resource that makes it.

        @overload
        def __get__(self, instance: None, owner: Any) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> T: ...
        def __get__(self, instance: object, owner: Any) -> Any: ...

        def __set__(self, instance: object, value: T | ConfigurableResourceFactory[T] | ResourceDefinition) -> None: ...

    else:

        def __class_getitem__(cls, item: Any) -> Any:
            """Any value goes: what is bound may only make the value."""
            # In a tuple: pydantic would take a class of its own for a validator.
            return Annotated[Any, _DEPENDENCY, (item,)]


class ConfigurableResourceFactory(Config, Generic[T]):
    """Typed fields from which `create_resource` makes the value that user code gets."""

    __rostrum_config__: ClassVar[bool] = False
    __rostrum_resource__: ClassVar[bool] = True
    model_config = ConfigDict(arbitrary_types_allowed=True)
    _at_launch: bool = PrivateAttr(default=False)
    _context: Any = PrivateAttr(default=None)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        raise InvocationError(
            f"{type(self).__name__}.{name} cannot be assigned: the class is a Pythonic resource and does not support "
            f"item assignment. Keep state in private attributes (_{name}: ... = PrivateAttr())."
        )

    @classmethod
    def __rostrum_skipped_fields__(cls) -> list[str]:
        """Fields that hold other resources, or objects that only code can make: they are no config."""
        return [
            name
            for name, field in cls.model_fields.items()
            if _holds_resource(field.annotation, field.metadata) or not can_be_config(cls, name)
        ]

    @classmethod
    def configure_at_launch(cls, **kwargs: Any) -> Self:
        """The resource with fields that are given when a run is launched."""
        made = cls.model_construct(**kwargs)
        made._at_launch = True  # noqa: SLF001 - our own
        return made

    # --- life

    def setup_for_execution(self, context: InitResourceContext) -> Awaitable[None] | None:
        """Called once a process before the steps that use the resource. May be `async def`, as the one below."""

    def teardown_after_execution(self, context: InitResourceContext) -> Awaitable[None] | None:
        """Called once a process after them, also when one failed."""

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[Any, None, None]:
        """Takes the place of setup and teardown where it is overridden."""
        _settled(context, self.setup_for_execution(context))
        try:
            yield self
        finally:
            _settled(context, self.teardown_after_execution(context))

    @abstractmethod
    def create_resource(self, context: InitResourceContext) -> T:
        """The value that user code gets."""
        raise NotImplementedError(f"{type(self).__name__}.create_resource")

    @contextmanager
    def open_for_execution(self, context: InitResourceContext) -> Generator[Any, None, None]:
        """Resolve config, environment and nested resources, then set up; tear all down at the end."""
        with ExitStack() as stack:
            live = self._resolved(context, stack)
            yield live._made(context, stack)  # noqa: SLF001 - our own

    def _made(self, context: InitResourceContext, stack: ExitStack) -> Any:
        self._context = context
        opened: Any = stack.enter_context(self.yield_for_execution(context))
        if type(opened) is type(self):
            return _settled(context, opened.create_resource(context))
        return opened

    def _resolved(self, context: InitResourceContext, stack: ExitStack) -> Any:
        own = _fields(self)
        fields = dict(own)
        if context.config:
            what, at = f"resource {context.key!r}", EvaluationStack.at("resources", context.key, "config")
            fields.update(process(bound_field(type(self), self._given()), context.config, what, at, fill=False))
        for name, value in own.items():
            fields[name] = self._opened_field(name, value, context, stack) if fields[name] is value else fields[name]
        if not self._at_launch and all(fields[name] is value for name, value in own.items()):
            return self
        if self._at_launch:
            self._check_complete(context)
        # (`size: float = None`: pydantic lets the default pass, and would not let it pass as given.)
        given = {name: value for name, value in fields.items() if value is not None or name in self.model_fields_set}
        made = type(self)(**self._by_alias(given))
        vars(made).update({name: value for name, value in fields.items() if _is_live(own.get(name))})
        return made

    def _opened_field(self, name: str, value: Any, context: InitResourceContext, stack: ExitStack) -> Any:
        if not _is_live(value):
            return reveal(value) if has_reference(value) else value
        if id(value) in context.opened:
            return context.opened[id(value)]
        below = InitResourceContext(key=name, run=context.run, log=context.log, opened=context.opened)
        below.settled = context.settled
        return stack.enter_context(value.open_for_execution(below))

    def _by_alias(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        known = type(self).model_fields
        return {(known[name].alias or name) if name in known else name: value for name, value in fields.items()}

    def _given(self) -> dict[str, Any]:
        """Fields with values, as config names them."""
        return {name: value for name, value in self._by_alias(_fields(self)).items() if not _is_live(value)}

    def _check_complete(self, context: InitResourceContext) -> None:
        at = EvaluationStack.at("resources", context.key, "config")
        process(self.config_field, context.config or {}, f"resource {context.key!r}", at, fill=False)

    # --- use outside of a run

    def process_config_and_initialize(self) -> T:
        """The value, set up. Raises ArgumentError for a resource that must be torn down: use
        `process_config_and_initialize_cm` then.
        """
        for each in (self, *_all_nested(self)):
            _refuse_teardown(each)
        manager = self.open_for_execution(InitResourceContext())
        value = manager.__enter__()
        _kept.append(manager)
        return value

    @contextmanager
    def process_config_and_initialize_cm(self) -> Generator[T, None, None]:
        """The value, set up inside `with` and torn down after it."""
        with self.open_for_execution(InitResourceContext()) as value:
            yield value

    @classmethod
    def from_resource_context(cls, context: Any, nested_resources: Mapping[str, Any] | None = None) -> T:
        """The value, made of the config of a context: for `@resource` functions that wrap a class."""
        made = cls(**(context.resource_config or {}), **(nested_resources or {}))
        made._context = context
        return made.process_config_and_initialize()

    @classmethod
    @contextmanager
    def from_resource_context_cm(
        cls, context: Any, nested_resources: Mapping[str, Any] | None = None
    ) -> Generator[Any, None, None]:
        """As `from_resource_context`, torn down after `with`."""
        made = cls(**(context.resource_config or {}), **(nested_resources or {}))
        with made.process_config_and_initialize_cm() as value:
            yield value

    def get_resource_context(self) -> InitResourceContext:
        """The context that it was set up with. Raises InvariantError before that."""
        if self._context is None:
            raise InvariantError(
                f"{type(self).__name__} has no context: it has not been set up yet. In a run it is; elsewhere use "
                "process_config_and_initialize() or build_resources()."
            )
        return self._context

    def with_resource_context(self, resource_context: InitResourceContext) -> Self:
        """A copy with this context. Raises InvariantError when there is one."""
        if self._context is not None:
            raise InvariantError(f"{type(self).__name__} has a context already.")
        return self.with_replaced_resource_context(resource_context)

    def with_replaced_resource_context(self, resource_context: InitResourceContext) -> Self:
        """A copy with this context."""
        made = self.model_copy()
        made._context = resource_context  # noqa: SLF001 - our own
        return made

    def get_resource_definition(self) -> ResourceDefinition:
        """The resource in the style of functions."""
        return ResourceDefinition(_opening(self), self.config_field, type(self).__doc__)

    def revealed(self) -> Self:
        """The resource itself: references are resolved when it is opened."""
        return self

    # --- what it is made of

    @property
    def nested_resources(self) -> dict[str, Any]:
        """Resources in the fields, by name."""
        return {name: value for name, value in _fields(self).items() if _is_live(value)}

    @property
    def config_field(self) -> Field:
        """Schema of its config: fields with values have those as defaults."""
        return bound_field(type(self), self._given())

    @property
    def is_torn_down(self) -> bool:
        """Whether the class says what happens after its use."""
        base, kind = ConfigurableResourceFactory, type(self)
        return any(getattr(kind, name) is not getattr(base, name) for name in _TEARING)

    @property
    def is_configured_at_launch(self) -> bool:
        """Made by `configure_at_launch`."""
        return self._at_launch

    @classmethod
    def run_config_schema(cls) -> dict[str, Any] | None:
        """JSON schema of the fields; None where a field is no plain data."""
        try:
            config_type_of(cls)
            return config_schema(cls)
        except (PydanticInvalidForJsonSchema, ConfigSchemaError):
            return None

    def shown_config(self) -> dict[str, Any]:
        """Fields as the screens show them: secrets masked, references by name."""
        return {name: _shown(name, value) for name, value in _fields(self).items()}


class ConfigurableResource(ConfigurableResourceFactory[T], Generic[T]):
    """A resource with typed fields. Subclass it; override `setup_for_execution` and `teardown_after_execution`, or
    `yield_for_execution`, for what must happen around the steps that use it. State goes into private attributes.
    """

    def create_resource(self, context: InitResourceContext) -> Any:
        """The value that user code gets: the resource itself unless overridden."""
        return self


class ConfigurableIOManagerFactory(ConfigurableResourceFactory[T], Generic[T]):
    """Typed fields from which `create_io_manager` makes an IO manager."""

    def create_resource(self, context: InitResourceContext) -> T:
        """The IO manager."""
        return self.create_io_manager(context)

    @abstractmethod
    def create_io_manager(self, context: InitResourceContext) -> T:
        """The IO manager that stores and loads."""
        raise NotImplementedError(f"{type(self).__name__}.create_io_manager")

    @classmethod
    def input_config_schema(cls) -> Any:
        """Schema of config that inputs may have, None for none."""
        return None

    @classmethod
    def output_config_schema(cls) -> Any:
        """Schema of config that outputs may have, None for none."""
        return None

    def get_resource_definition(self) -> ResourceDefinition:
        """The IO manager in the style of functions."""
        return IOManagerDefinition(
            _opening(self),
            self.config_field,
            type(self).__doc__,
            input_config_schema=self.input_config_schema(),
            output_config_schema=self.output_config_schema(),
        )


class ConfigurableIOManager(ConfigurableIOManagerFactory[Any], IOManager, ABC):
    """An IO manager with typed fields."""

    def create_io_manager(self, context: InitResourceContext) -> Any:
        """The IO manager itself."""
        return self

    # `handle_output` and `load_input` are abstract in IOManager; told again here they would hide those of the second
    # base of `class Mine(ConfigurableIOManager, UPathIOManager)`.


_kept: list[Any] = []
"""Open managers of resources that need no teardown: closing their generators would call it."""


def _opening(resource: ConfigurableResourceFactory[Any]) -> Any:
    def open_it(context: InitResourceContext) -> Generator[Any, None, None]:
        with resource.open_for_execution(context) as value:
            yield value

    open_it.__name__ = type(resource).__name__
    return open_it


def _fields(resource: BaseModel) -> dict[str, Any]:
    """Values of the declared fields: properties that are kept (`cached_property`) are none."""
    values, extra = vars(resource), type(resource).model_config.get("extra") == "allow"
    found = {name: values[name] for name in type(resource).model_fields if name in values}
    return {**found, **(resource.model_extra or {})} if extra else found


def _settled(context: Any, value: Any) -> Any:
    """The value; of a coroutine its result. (Users may call us with any context.)"""
    return context.settled(value) if isinstance(context, InitResourceContext) else settled(value)


def _is_live(value: Any) -> bool:
    """True for a resource in a field."""
    return isinstance(value, (ConfigurableResourceFactory, ResourceDefinition))


def _holds_resource(annotation: Any, metadata: Any) -> bool:
    if _DEPENDENCY in metadata:
        return True
    if get_origin(annotation) is not None:
        return any(_holds_resource(each, ()) for each in get_args(annotation))
    return isinstance(annotation, type) and bool(getattr(annotation, "__rostrum_resource__", False))


def _all_nested(resource: Any) -> list[Any]:
    found: list[Any] = []
    for each in resource.nested_resources.values():
        found.append(each)
        if isinstance(each, ConfigurableResourceFactory):
            found += _all_nested(each)
    return found


def _refuse_teardown(resource: Any) -> None:
    if getattr(resource, "is_torn_down", False):
        raise ArgumentError(
            f"{type(resource).__name__} must be torn down after its use: use "
            "`with resource.process_config_and_initialize_cm() as value:`."
        )


def is_secret(name: str, value: Any) -> bool:
    """True for a field that must not be shown."""
    return isinstance(value, SecretStr) or looks_secret(name)


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, (EnvVar, IntEnvVar)):
        return {"env": value.env_var_name}
    if is_secret(name, value):
        return MASK
    if isinstance(value, ConfigurableResourceFactory):
        return {"resource": type(cast(Any, value)).__name__}
    if isinstance(value, BaseModel):
        return {field: _shown(field, each) for field, each in value.__dict__.items()}
    if isinstance(value, dict):
        return {str(key): _shown(str(key), each) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_shown(name, each) for each in cast("list[Any]", value)]
    plain = plain_value(value)
    if plain is None or isinstance(plain, (int, float, bool)):
        return plain
    return masked_field(name, plain if isinstance(plain, str) else repr(plain))
