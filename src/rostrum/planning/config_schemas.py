"""Run config against the JSON schemas in the manifest: mistakes are told before a run exists.

Only what the worker refuses for certain is a mistake here; where a schema cannot tell (unions, formats, fields with
validators of their own) everything passes, and the worker decides. `{"env": NAME}` stands for any value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rostrum.model.secrets import MASK, looks_secret

HAS_DEFAULT = "x-rostrum-has-default"
"""In a schema: the config as a whole may be left out."""
FREE = "x-rostrum-free"
"""In a schema: validators of the user's own decide what is taken and what is required."""

_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_NARROWED = ("format", "contentEncoding", "contentMediaType")
"""Text with one of these is written by another type, which may take other values too."""


def config_problems(schema: Mapping[str, Any], value: object, path: str, *, partial: bool = False) -> list[str]:
    """What is wrong with a value, each with its path. `partial`: required keys may be missing (they have values)."""
    problems: list[str] = []
    _check(schema, value, path, schema.get("$defs", {}), problems, partial=partial)
    return problems


def is_structured(schema: Mapping[str, Any]) -> bool:
    """True for the schema of a class with fields."""
    return "properties" in schema


def close_to(name: str, known: Sequence[str]) -> str:
    """`; did you mean x?`, or what there is."""
    from difflib import get_close_matches  # definitions import this module, and few make mistakes

    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are: {', '.join(known) or 'none'}"


def _check(
    schema: Mapping[str, Any], value: object, path: str, defs: Mapping[str, Any], problems: list[str], *,
    partial: bool = False, inside: bool = False,
) -> None:  # fmt: skip
    """`inside`: in a list or mapping, where the schema of an enum lists values instead of names."""
    found = _resolved(schema, value, defs)
    if found is None or _is_reference(value):
        return
    if "enum" in found:
        choices = cast("list[object]", found["enum"])
        if not inside and value not in choices:
            problems.append(f"{path}: {_shown(path, value)} is none of {', '.join(str(each) for each in choices)}")
    elif is_structured(found):
        _check_fields(found, value, path, defs, problems, partial=partial, inside=inside)
    elif not _is_a(found.get("type"), value):
        if not any(word in found for word in _NARROWED):
            problems.append(f"{path}: {_shown(path, value)} is not {_WORDS[found['type']]}")
    elif isinstance(value, list) and isinstance(found.get("items"), dict):
        for position, each in enumerate(cast("list[object]", value)):
            _check(found["items"], each, f"{path}[{position}]", defs, problems, inside=True)
    elif isinstance(value, dict) and isinstance(found.get("additionalProperties"), dict):
        for key, each in cast("dict[str, object]", value).items():
            _check(found["additionalProperties"], each, f"{path}.{key}", defs, problems, inside=True)


def _check_fields(
    schema: Mapping[str, Any], value: object, path: str, defs: Mapping[str, Any], problems: list[str], *,
    partial: bool, inside: bool,
) -> None:  # fmt: skip
    if not isinstance(value, dict):
        if not schema.get(FREE):
            problems.append(f"{path}: {_shown(path, value)} is not a mapping")
        return
    given, fields = cast("dict[str, object]", value), cast("dict[str, Any]", schema["properties"])
    open_ended = schema.get("additionalProperties") not in (None, False)
    for key, each in given.items():
        if key in fields:
            _check(fields[key], each, f"{path}.{key}", defs, problems, inside=inside)
        elif not open_ended:
            problems.append(f"{path}.{key}: unknown key{close_to(key, list(fields))}")
    if not partial and not schema.get(FREE):
        problems += [
            f"{path}.{key}: missing{_wanted(fields.get(key, {}), defs)}"
            for key in schema.get("required", ())
            if key not in given
        ]


def _resolved(schema: Mapping[str, Any], value: object, defs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema that the value has to fit; None where anything may fit."""
    for _ in range(20):  # references in a circle end somewhere
        if schema.get(FREE) and not is_structured(schema):
            return None
        options = cast("list[dict[str, Any]] | None", schema.get("anyOf"))
        if options is not None:
            others = [each for each in options if each.get("type") != "null"]
            if len(others) != 1 or (value is None and len(others) < len(options)):
                return None
            schema = others[0]
        elif "$ref" in schema:
            name = str(schema["$ref"]).removeprefix("#/$defs/")
            if name not in defs:
                return None
            schema = defs[name]
        else:
            known = "enum" in schema or is_structured(schema) or schema.get("type") in _WORDS
            return schema if known and "oneOf" not in schema and "allOf" not in schema else None
    return None


def _is_a(kind: object, value: object) -> bool:
    match kind:
        case "integer":
            return type(value) is int
        case "number":
            return type(value) in (int, float)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return type(value) is bool
        case "array":
            return isinstance(value, (list, tuple))
        case _:
            return isinstance(value, dict)


def _is_reference(value: object) -> bool:
    return isinstance(value, dict) and set(cast("dict[str, object]", value)) == {"env"}


def _wanted(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    found = _resolved(schema, "", defs)
    if found is None:
        return ""
    if "enum" in found:
        return f" (one of {', '.join(str(each) for each in found['enum'])})"
    return f" ({_WORDS.get(found.get('type', 'object'), 'a mapping')})"


def _shown(path: str, value: object) -> str:
    return MASK if looks_secret(path.rpartition(".")[2]) else f"{value!r:.100}"
