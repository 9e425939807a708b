"""Which fields look like secrets, and how config is shown without them. The one rule for all that is shown or printed:
run config, config of jobs and resources, defaults in schemas, messages about wrong values.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from rostrum.model.runs import Run

SECRET_WORDS = ("password", "passwd", "passphrase", "secret", "token", "credential")
"""A name with one of these in it, or one that ends with `key`, is a secret's."""
_PLAIN_KEYS = frozenset(
    (
        "asset",
        "cache",
        "concurrency",
        "foreign",
        "group",
        "hash",
        "join",
        "natural",
        "partition",
        "primary",
        "run",
        "sort",
        "surrogate",
    )
)
"""`partition_key`, `primary_key` and the like name columns and places, not secrets."""
MASK = "********"
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")
"""`scheme://user:password@host`."""
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.+)", re.DOTALL)
_NAMED = ("ops", "resources")
"""Sections of run config whose keys are names of things, not of fields."""
_SAID_BY_SCHEMA = ("default", "examples", "example", "const")


@functools.lru_cache(4096)
def looks_secret(name: str) -> bool:
    """Whether a field of this name must not be shown."""
    lower = name.lower()
    if any(word in lower for word in SECRET_WORDS):
        return True
    words = [word for word in re.split(r"[^a-z0-9]+", lower) if word]
    ends = bool(words) and words[-1].removesuffix("s").endswith("key")
    return ends and not (len(words) > 1 and words[-2] in _PLAIN_KEYS)


def named_value(value: Any) -> tuple[str, Any] | None:
    """Name and value of a variable, as lists of them hold it: `NAME=value`, or `{name: NAME, value: value}`."""
    if isinstance(value, str):
        found = _ASSIGNED.fullmatch(value)
        return (found[1], found[2]) if found is not None else None
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        if isinstance(fields.get("name"), str) and "value" in fields:
            return fields["name"], fields["value"]
    return None


def masked_field(name: str, value: Any) -> Any:
    """A field's value as it is shown. References to the environment say only a name, so they stay."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        if set(fields) == {"env"} and isinstance(fields["env"], str):
            return fields
        if looks_secret(name):
            return MASK
        variable = named_value(fields)
        own = {"value": variable[0]} if variable is not None else {}
        return {key: masked_field(own.get(key, str(key)), each) for key, each in fields.items()}
    if looks_secret(name) and value is not None:
        return MASK
    if isinstance(value, (list, tuple)):
        return [masked_field(name, each) for each in cast("list[Any]", value)]
    variable = named_value(value)
    if variable is not None and looks_secret(variable[0]):
        return f"{variable[0]}={MASK}"
    if isinstance(value, str) and "://" in value:
        return _URL_PASSWORD.sub(rf"\1{MASK}@", value)
    return value


def masked_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Run config as it is shown."""
    shown: dict[str, Any] = {}
    for key, value in config.items():
        if key in _NAMED and isinstance(value, Mapping):
            nodes = cast("Mapping[str, Any]", value)
            shown[key] = {name: _masked_node(name, node) for name, node in nodes.items()}
        else:
            shown[key] = masked_field(key, value)
    return shown


def _masked_node(name: str, node: Any) -> Any:
    """Config of one op, resource, or graph with `ops` of its own."""
    return masked_config(cast("Mapping[str, Any]", node)) if isinstance(node, Mapping) else masked_field(name, node)


def masked_run(run: Run) -> Run:
    """A run as it is shown."""
    if not run.config and not run.tags:
        return run
    return msgspec.structs.replace(run, config=masked_config(run.config), tags=masked_tags(run.tags))


def masked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags of a run as they are shown: those that hold JSON as config is."""
    return {key: _masked_tag(key, value) for key, value in tags.items()}


def _masked_tag(name: str, value: str) -> Any:
    if not value.startswith(("{", "[")) or looks_secret(name):
        return masked_field(name, value)
    try:
        told = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return masked_field(name, value)
    shown = masked_field(name, told)
    return value if shown == told else msgspec.json.encode(shown).decode()


def place_of_mask(config: Any, path: str = "") -> str | None:
    """Where a config holds the mask itself: what was copied from a screen and cannot be run."""
    if isinstance(config, str) and (config == MASK or config.endswith(f"={MASK}") or f":{MASK}@" in config):
        return path
    items: list[tuple[Any, Any]] = []
    if isinstance(config, Mapping):
        items = list(cast("Mapping[Any, Any]", config).items())
    elif isinstance(config, (list, tuple)):
        items = list(enumerate(cast("list[Any]", config)))
    found = (place_of_mask(value, f"{path}.{key}" if path else str(key)) for key, value in items)
    return next((place for place in found if place is not None), None)


def schema_without_secrets(schema: Any, name: str = "") -> Any:
    """A JSON schema without the defaults of fields that look like secrets, or say that they are."""
    if isinstance(schema, list):
        return [schema_without_secrets(each, name) for each in cast("list[Any]", schema)]
    if not isinstance(schema, Mapping):
        return schema
    parts = cast("Mapping[str, Any]", schema)
    secret = looks_secret(name) or parts.get("writeOnly") is True or parts.get("format") == "password"
    shown: dict[str, Any] = {}
    for key, value in parts.items():
        if key in _SAID_BY_SCHEMA:
            if not secret or value is None:
                shown[key] = masked_field("", value)
        elif key in ("properties", "$defs") and isinstance(value, Mapping):
            inner = cast("Mapping[str, Any]", value)
            fields = key == "properties"
            shown[key] = {each: schema_without_secrets(inner[each], each if fields else "") for each in inner}
        else:
            shown[key] = schema_without_secrets(value, name)
    return shown
