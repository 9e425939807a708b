"""How annotations are shown and described: names of types, and JSON schemas of config."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

from rostrum.definitions.outputs import inner_type
from rostrum.definitions.signatures import MISSING, is_config

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
_SCHEMAS: dict[Any, dict[str, Any]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    dict: {"type": "object"},
    list: {"type": "array"},
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


def schema_of_config(annotation: Any) -> dict[str, Any] | None:
    """JSON schema of the annotation of a `config` parameter; None for one that cannot be config."""
    if is_config(annotation):
        return annotation.run_config_schema()
    if annotation is Any:
        return {}
    plain = get_origin(annotation) or annotation
    try:
        return _SCHEMAS.get(plain)
    except TypeError:
        return None
