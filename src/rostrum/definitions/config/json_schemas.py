"""JSON schemas of config that was declared in the schema style: what screens offer forms for, and launches are checked
against.
"""

from __future__ import annotations

from typing import Any

from rostrum.definitions.config.config_types import ANY, BOOL, FLOAT, INT, STRING, ConfigType, Enum, Scalar
from rostrum.definitions.config.schema import (
    Array,
    Field,
    Fields,
    Map,
    Noneable,
    Permissive,
    ScalarUnion,
    Selector,
    SourceType,
)
from rostrum.definitions.ops.signatures import MISSING
from rostrum.model.secrets import schema_without_secrets
from rostrum.planning.config_schemas import FREE, HAS_DEFAULT

_SCALARS = {INT: "integer", FLOAT: "number", STRING: "string", BOOL: "boolean"}
_PLAIN = (str, int, float, bool, type(None))


def schema_of_field(field: Field) -> dict[str, Any]:
    """The schema of a whole config."""
    schema = schema_without_secrets(_field(field))
    if not field.is_required:
        schema[HAS_DEFAULT] = True
    return schema


def schema_of_type(config_type: ConfigType) -> dict[str, Any]:
    """The schema of a type; `{}` where anything goes."""
    if isinstance(config_type, Scalar):
        return {"type": _SCALARS[config_type]}
    if config_type is ANY:
        return {}
    if isinstance(config_type, SourceType):
        return schema_of_type(config_type.scalar_type)  # `{"env": NAME}` stands for any value, everywhere
    if isinstance(config_type, Enum):
        return {"enum": config_type.config_values, "type": "string"}
    if isinstance(config_type, Noneable):
        return {"anyOf": [schema_of_type(config_type.inner_type), {"type": "null"}]}
    if isinstance(config_type, Array):
        return {"type": "array", "items": schema_of_type(config_type.inner_type)}
    if isinstance(config_type, Map):
        return {"type": "object", "additionalProperties": schema_of_type(config_type.inner_type)}
    if isinstance(config_type, ScalarUnion):
        return {"anyOf": [schema_of_type(config_type.scalar_type), schema_of_type(config_type.non_scalar_type)]}
    if isinstance(config_type, Selector):
        options = [
            {"type": "object", "properties": {name: _field(field)}, "required": [name], "additionalProperties": False}
            for name, field in config_type.fields.items()
        ]
        return {"oneOf": options}
    if isinstance(config_type, Fields):
        return _fields(config_type)
    return {FREE: True}


def _fields(config_type: Fields) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _field(field) for name, field in config_type.fields.items()},
        "additionalProperties": isinstance(config_type, Permissive),
    }
    aliases = getattr(config_type, "field_aliases", None)
    if aliases:
        schema["additionalProperties"] = True  # whoever runs it tells what is unknown
    if config_type.description:
        schema["description"] = config_type.description
    required = [
        name for name, field in config_type.fields.items() if field.is_required and not (aliases and name in aliases)
    ]
    if required:
        schema["required"] = required
    return schema


def _field(field: Field) -> dict[str, Any]:
    schema = schema_of_type(field.config_type)
    if field.description:
        schema["description"] = field.description
    if field.is_secret:
        schema["writeOnly"] = True
    default = field.own_default
    if default is not MISSING and isinstance(default, (*_PLAIN, list, dict)):
        schema["default"] = default
    return schema
