"""Loaders: values of config for inputs that nothing is connected to, `ops.<op>.inputs.<input>` in the run config."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from rostrum.definitions.config.config_types import ConfigType
from rostrum.definitions.config.schema import config_type, field_of
from rostrum.definitions.ops.signatures import Signature
from rostrum.model.errors import DefinitionError


class DataTypeLoader(ABC):
    """Makes values of a type from config."""

    @property
    @abstractmethod
    def schema_type(self) -> ConfigType:
        """Schema of the config that it takes."""

    @property
    def loader_version(self) -> str | None:
        """Version of its code."""
        return None

    def compute_loaded_input_version(self, config_value: Any) -> str | None:
        """Version of a value that it would make."""
        return None

    def required_resource_keys(self) -> frozenset[str]:
        """Keys of resources that it uses."""
        return frozenset()

    @abstractmethod
    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        """The value."""


class DataTypeLoaderFromDecorator(DataTypeLoader):
    """A loader made of a function."""

    def __init__(self, schema: ConfigType, function: Callable[[Any, Any], Any], keys: Iterable[str]) -> None:
        self._schema, self._function, self._keys = schema, function, frozenset(keys)

    @property
    def schema_type(self) -> ConfigType:
        """Schema of the config that it takes."""
        return self._schema

    def required_resource_keys(self) -> frozenset[str]:
        """Keys of resources that it uses."""
        return self._keys

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        """What the function returns."""
        return self._function(context, config_value)


def data_type_loader(config_schema: Any, required_resource_keys: Iterable[str] | None = None) -> Any:
    """Make a loader of a function of `context` and the config. Raises DefinitionError when its first parameter is not
    called `context`.
    """
    schema = config_type(field_of(config_schema))

    def decorate(function: Callable[[Any, Any], Any]) -> DataTypeLoaderFromDecorator:
        names = Signature(function).names
        if not names or names[0] not in ("context", "_context", "_"):
            raise DefinitionError(
                f"the loader {function.__name__}: its first parameter must be called `context`; it has "
                f"{', '.join(names) or 'none'}."
            )
        return DataTypeLoaderFromDecorator(schema, function, required_resource_keys or ())

    return decorate
