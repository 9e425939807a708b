"""How annotations are shown and described: names of types, and JSON schemas of config."""

from __future__ import annotations

import importlib
import types
from typing import Any, Union, get_args, get_origin

from rostrum.definitions.events.outputs import inner_type
from rostrum.definitions.ops.signatures import MISSING, is_config
from rostrum.planning.config_schemas import HAS_DEFAULT

_SHORT = {
    int: "Int",
    float: "Float",
    str: "String",
    bool: "Bool",
    list: "List",
    dict: "Dict",
    tuple: "Tuple",
    set: "Set",
    object: "Any",
}


def type_name(annotation: Any) -> str:
    """Name of a type as the screens show it: `Int`, `[Int]`, `Dict[String,Int]`, `Int?`, or the class's name."""
    if annotation is MISSING or annotation is Any:
        return "Any"
    annotation = inner_type(annotation, MISSING)
    if annotation is MISSING:
        return "Any"
    if annotation is None or annotation is type(None):
        return "Nothing"
    own = getattr(annotation, "__rostrum_type__", annotation)
    if hasattr(own, "display_name"):
        return own.display_name
    if isinstance(annotation, type) and not get_args(annotation):
        return _SHORT.get(annotation, annotation.__name__)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        others = [each for each in arguments if each is not type(None)]
        if len(others) == 1 and len(arguments) == 2:
            return f"{type_name(others[0])}?"
        return " | ".join(type_name(each) for each in arguments)
    if origin is list:
        return f"[{type_name(arguments[0])}]"
    if origin in (dict, tuple, set):
        return f"{_SHORT[origin]}[{','.join(type_name(each) for each in arguments if each is not Ellipsis)}]"
    return str(annotation).removeprefix("typing.")


def schema_of_op(op: Any) -> dict[str, Any] | None:
    """JSON schema of the config that an op declares."""
    if op.config_schema is not None:
        return field_schema(op.config_schema)
    annotation = op.config_type
    if is_config(annotation):
        schema = annotation.run_config_schema()
    elif annotation is Any:
        schema = {}
    elif annotation is MISSING:
        schema = None
    else:
        schema = field_schema(op.config_field)
    if schema is not None and (op.signature.config or "") in op.signature.defaults:
        return {**schema, HAS_DEFAULT: True}
    return schema


def field_schema(field: Any) -> dict[str, Any]:
    """JSON schema of a `Field`."""
    return importlib.import_module("rostrum.definitions.config.json_schemas").schema_of_field(field)
