"""Resources and IO managers with typed config. Imports pydantic, so it is loaded only when one of its names is used."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr
from pydantic.errors import PydanticInvalidForJsonSchema

from rostrum.definitions.config import config_schema, plain_value, prepared, validated
from rostrum.definitions.contexts import InputContext, OutputContext
from rostrum.definitions.env import EnvVar, IntEnvVar, reveal
from rostrum.definitions.lifecycle import InitResourceContext
from rostrum.model.errors import ConfigError, InvocationError
from rostrum.model.secrets import MASK, looks_secret


class ConfigurableResource(BaseModel):
    """A resource with typed fields. Subclass it; override `setup_for_execution` and `teardown_after_execution`, or
    `yield_for_execution`, for what must happen around the steps that use it. State goes into private attributes.
    """

    __rostrum_resource__: ClassVar[bool] = True
    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)
    _at_launch: bool = PrivateAttr(default=False)

    def __init__(self, **data: Any) -> None:
        references = {key: value for key, value in data.items() if isinstance(value, (EnvVar, IntEnvVar))}
        super().__init__(**data)
        # Validation makes plain str and int of references; they must survive until the run.
        vars(self).update({key: value for key, value in references.items() if key in type(self).model_fields})

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            raise InvocationError(
                f"{type(self).__name__}.{name} cannot be assigned: keep state in private attributes (_{name})."
            )

    @classmethod
    def configure_at_launch(cls, **partial: Any) -> Any:
        """The resource with fields that are given when a run is launched."""
        made = cls.model_construct(**partial)
        made._at_launch = True  # noqa: SLF001 - our own
        return made

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Called once a process before the steps that use the resource."""

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Called once a process after them, also when one failed."""

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Generator[Any, None, None]:
        """Takes the place of setup and teardown where it is overridden."""
        self.setup_for_execution(context)
        try:
            yield self.create_resource(context)
        finally:
            self.teardown_after_execution(context)

    def create_resource(self, context: InitResourceContext) -> Any:
        """The value that user code gets: the resource itself unless overridden."""
        return self

    @contextmanager
    def open_for_execution(self, context: InitResourceContext) -> Generator[Any, None, None]:
        """Resolve config, environment and nested resources, then set up; tear all down at the end."""
        with ExitStack() as stack:
            live = self._resolved(context, stack)
            yield stack.enter_context(live.yield_for_execution(context))

    def nested_resources(self) -> list[ConfigurableResource]:
        """Resources in the fields."""
        return [value for value in self.__dict__.values() if isinstance(value, ConfigurableResource)]

    @classmethod
    def run_config_schema(cls) -> dict[str, Any] | None:
        """JSON schema of the fields; None where a field is no plain data."""
        try:
            return config_schema(cls)
        except PydanticInvalidForJsonSchema:
            return None

    def shown_config(self) -> dict[str, Any]:
        """Fields as the screens show them: secrets masked, references by name."""
        return {name: _shown(name, value) for name, value in self.__dict__.items()}

    def _resolved(self, context: InitResourceContext, stack: ExitStack) -> Any:
        fields = dict(self.__dict__)
        changed = False
        if context.config:
            problems: list[str] = []
            fields.update(prepared(type(self), context.config, f"resources.{context.key}.config", problems))
            if problems:
                raise ConfigError("; ".join(problems) + ".")
            changed = True
        for name, value in fields.items():
            if isinstance(value, ConfigurableResource):
                inner = context.opened.get(id(value))
                if inner is None:
                    inner = stack.enter_context(
                        value.open_for_execution(InitResourceContext(key=name, run=context.run, log=context.log))
                    )
                changed = changed or inner is not value
                fields[name] = inner
            elif ((plain := reveal(value)) is not value and plain != value) or isinstance(value, (EnvVar, IntEnvVar)):
                fields[name] = plain
                changed = True
        if not changed and not self._at_launch:
            return self
        return validated(type(self), fields, f"resources.{context.key}")


class ConfigurableIOManager(ConfigurableResource):
    """An IO manager with typed fields."""

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Store a value. May be called again for the same output (a retried step): the last one counts."""

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """Load what was stored for the upstream output."""


def is_secret(name: str, value: Any) -> bool:
    """True for a field that must not be shown."""
    return isinstance(value, SecretStr) or looks_secret(name)


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, (EnvVar, IntEnvVar)):
        return {"env": value.env_var_name}
    if is_secret(name, value):
        return MASK
    if isinstance(value, ConfigurableResource):
        return {"resource": type(value).__name__}
    if isinstance(value, BaseModel):
        return {field: _shown(field, each) for field, each in value.__dict__.items()}
    if isinstance(value, dict):
        return {str(key): _shown(str(key), each) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_shown(name, each) for each in cast("list[Any]", value)]
    plain = plain_value(value)
    return plain if plain is None or isinstance(plain, (str, int, float, bool)) else repr(plain)
