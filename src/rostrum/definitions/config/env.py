"""References to environment variables, resolved only where user code runs."""

from __future__ import annotations

import os
from typing import Any, Self, TypeVar, cast, overload

from rostrum.model.errors import ConfigError, UnresolvedVariable

Default = TypeVar("Default")


class EnvVar(str):
    """Stands for the value of an environment variable in config and resources; read when the run starts, shown as
    its name only.
    """

    __slots__ = ()

    @staticmethod
    def int(name: str) -> IntEnvVar:
        """The variable as a whole number."""
        return IntEnvVar(name)

    @property
    def env_var_name(self) -> str:
        """Name of the variable."""
        return str.__str__(self)

    @overload
    def get_value(self, default: None = None) -> str | None: ...
    @overload
    def get_value(self, default: Default) -> str | Default: ...
    def get_value(self, default: Any = None) -> Any:
        """Its value now, or the default."""
        return os.environ.get(self.env_var_name, default)

    def __str__(self) -> str:
        raise UnresolvedVariable(
            f"EnvVar({self.env_var_name!r}) has no value before the run starts; use get_value() to read it now."
        )

    def __repr__(self) -> str:
        return f"EnvVar({self.env_var_name!r})"


class IntEnvVar(int):
    """Stands for the whole number in an environment variable."""

    env_var_name: str

    def __new__(cls, name: str) -> Self:
        """Refer to a variable."""
        value = super().__new__(cls, 0)
        value.env_var_name = name
        return value

    @overload
    def get_value(self, default: None = None) -> int | None: ...
    @overload
    def get_value(self, default: Default) -> int | Default: ...
    def get_value(self, default: Any = None) -> Any:
        """Its value now, or the default. Raises ConfigError when it is not a number."""
        text = os.environ.get(self.env_var_name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            raise ConfigError(
                f"the environment variable {self.env_var_name} is {text!r}, which is not a whole number."
            ) from None

    def __str__(self) -> str:
        raise UnresolvedVariable(
            f"EnvVar.int({self.env_var_name!r}) has no value before the run starts; use get_value() to read it now."
        )

    def __repr__(self) -> str:
        return f"EnvVar.int({self.env_var_name!r})"


def env_value(reference: EnvVar | IntEnvVar) -> Any:
    """Value of a reference. Raises ConfigError when the variable is not set."""
    value = reference.get_value()
    if value is None:
        raise ConfigError(f"the environment variable {reference.env_var_name} is not set.")
    return value


def reveal(value: Any) -> Any:
    """The value with all references in it replaced by what they stand for."""
    if isinstance(value, (EnvVar, IntEnvVar)):
        return env_value(value)
    if isinstance(value, dict):
        return {key: reveal(each) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [reveal(each) for each in cast("list[Any]", value)]
    convert = getattr(value, "revealed", None)  # a Config in a field of another
    return convert() if callable(convert) and not isinstance(value, type) else value
