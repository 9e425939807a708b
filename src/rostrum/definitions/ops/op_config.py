"""What an op (or the function of an asset or check) takes as config, as one field of a schema.

Ops import this module, so it loads schemas and pydantic only for those who use config.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, get_origin

from rostrum.definitions.ops.signatures import MISSING, Signature, is_config
from rostrum.model.errors import ArgumentError, ConfigSchemaError

_PLAIN = frozenset((int, float, str, bool, dict, list, Any))


def check_config_parameter(name: str, signature: Signature) -> None:
    """Raise ConfigSchemaError when the `config` parameter of a function has no annotation, or one that cannot be
    config.
    """
    if signature.config is None:
        return
    annotation = signature.annotation(signature.config)
    if annotation is MISSING:
        raise ConfigSchemaError(
            f"{name}: the parameter `config` needs an annotation: a subclass of Config, or one of int, float, bool, "
            "str, dict, list."
        )
    if is_config(annotation):
        annotation.to_config_schema()
        return
    plain = get_origin(annotation) or annotation
    try:
        is_plain = plain in _PLAIN
    except TypeError:
        is_plain = False
    if not is_plain:
        try:
            _schema().config_type(annotation)
        except (ConfigSchemaError, ArgumentError):
            raise ConfigSchemaError(
                f"{name}: the parameter `config` is annotated with {_shown(annotation)}, which cannot be config. Use a "
                "subclass of Config, or one of int, float, bool, str, dict, list."
            ) from None


def _shown(annotation: Any) -> str:
    return annotation.__qualname__.rpartition(".")[2] if isinstance(annotation, type) else repr(annotation)


def checked_schema(name: str, signature: Signature, schema: Any) -> Any:
    """A `config_schema` as a field, None for none. Raises ConfigSchemaError, or ArgumentError beside a `config`
    parameter.
    """
    if schema is None:
        return None
    if signature.config is not None:
        raise ArgumentError(f"{name} has a `config` parameter and a config_schema: leave out one of them.")
    return _schema().field_of(schema, f"{name}: config_schema")


def op_config_field(op: Any) -> Any:
    """The `Field` that describes the config of an op; None for one that declares none (it takes any)."""
    if op.config_schema is not None:
        return op.config_schema
    annotation = op.config_type
    if annotation is MISSING:
        return None
    default = op.signature.defaults.get(op.signature.config, MISSING)
    if is_config(annotation):
        field = annotation.to_config_schema()
        return field if default is MISSING else _with_default(field, default)
    field = _schema().Field(annotation)
    return field if default is MISSING else _with_default(field, default)


def _with_default(field: Any, default: Any) -> Any:
    made = _schema().Field(field.config_type, is_required=False, description=field.description)
    convert = getattr(default, "to_run_config", None)
    made._default = convert() if callable(convert) else default  # noqa: SLF001 - judged by the function itself
    return made


def judged(schema: Any, value: Any, what: str, path: Sequence[str]) -> Any:
    """A value processed by its schema (see `schema.process`); MISSING stands for none given."""
    module = _schema()
    return module.process(module.field_of(schema), value, what, module.EvaluationStack.at(*path))


def has_config(op: Any) -> bool:
    """True for an op that declares config."""
    return op.config_schema is not None or op.signature.config is not None


def _schema() -> Any:
    """The module of schemas."""
    return importlib.import_module("rostrum.definitions.config.schema")
