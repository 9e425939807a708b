"""Config mappings: the config of a whole job or graph in a simpler form, and the function that turns it into the full
one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast, overload

from rostrum.definitions.broken import noting
from rostrum.definitions.config.run_config import plain_config
from rostrum.definitions.config.schema import field_of, process
from rostrum.definitions.ops.signatures import MISSING, Signature, is_config
from rostrum.definitions.problems import located
from rostrum.definitions.sources import function_source
from rostrum.model.errors import ArgumentError, ConfigError, DefinitionError, kind_of


class ConfigMapping:
    """`config_fn` takes the simple config and returns the full one, a dict.

    The simple config is checked against `config_schema`, or against the `Config` class that the function's parameter is
    annotated with. `receive_processed_config_values`: whether the function is given defaults and values of environment
    variables filled in (None means yes).
    """

    __slots__ = ("_config_class", "config_fn", "config_schema", "receive_processed_config_values", "source")

    def __init__(
        self,
        config_fn: Callable[[Any], Any],
        config_schema: Any = None,
        receive_processed_config_values: bool | None = None,
    ) -> None:
        if not callable(config_fn):
            raise ArgumentError(f"ConfigMapping: config_fn is {config_fn!r}; give a function.")
        self.config_fn, self.receive_processed_config_values = config_fn, receive_processed_config_values
        self.config_schema = field_of(config_schema) if config_schema is not None else None
        self.source = function_source(config_fn)
        self._config_class: Any = None
        signature = Signature(config_fn)
        annotation = signature.annotation(signature.names[0]) if signature.names else MISSING
        if is_config(annotation):
            if config_schema is not None:
                raise DefinitionError(
                    "config_mapping: give the schema once, by the annotation of the parameter or by config_schema."
                )
            self._config_class = annotation

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.config_fn(*args, **kwargs)

    def resolve(self, config: Any, path: str = "the run config") -> dict[str, Any]:
        """The full config. Raises ConfigError for what does not fit the schema, and what the function raises."""
        given: Any = config
        if self._config_class is not None:
            given = self._config_class.from_run_config(config, path)
        elif self.config_schema is not None:
            given = process(self.config_schema, config, path, fill=self.receive_processed_config_values is not False)
        made = self.config_fn(given)
        plain = plain_config(made)
        if not isinstance(cast(object, made), Mapping) and not hasattr(made, "to_config_dict"):
            raise ConfigError(f"the config mapping of {path} returned {kind_of(made)}; return a dict.")
        return plain

    resolve_from_unvalidated_config = resolve

    def resolve_from_validated_config(self, config: Any) -> dict[str, Any]:
        """What the function makes of a config that is known to fit."""
        return plain_config(self.config_fn(config))

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the simple config; empty where anything goes."""
        return self._config_class.run_config_schema() if self._config_class is not None else {}


@overload
def config_mapping(config_fn: Callable[..., Any]) -> ConfigMapping: ...
@overload
def config_mapping(
    *,
    config_schema: Any = None,
    receive_processed_config_values: bool | None = None,
) -> Callable[[Callable[..., Any]], ConfigMapping]: ...
def config_mapping(
    config_fn: Callable[..., Any] | None = None,
    *,
    config_schema: Any = None,
    receive_processed_config_values: bool | None = None,
) -> Any:
    """Make a config mapping of a function. Bare or called."""

    @noting(ConfigMapping)
    def decorate(config_fn: Callable[..., Any]) -> ConfigMapping:
        with located(function_source(config_fn)):
            return ConfigMapping(config_fn, config_schema, receive_processed_config_values)

    return decorate if config_fn is None else decorate(config_fn)
