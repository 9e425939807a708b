"""The manifest as bytes, and what to tell where something in it cannot be stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from rostrum.definitions.problems import Problems
from rostrum.model.errors import DefinitionError, kind_of
from rostrum.model.manifest import Manifest
from rostrum.model.manifest_parts import encode_manifest

_KINDS = {
    "assets": "asset",
    "checks": "check",
    "ops": "op",
    "graphs": "graph",
    "jobs": "job",
    "schedules": "schedule",
    "sensors": "sensor",
    "resources": "resource",
}


def encoded(manifest: Manifest) -> bytes:
    """The manifest's bytes. Raises DefinitionError that lists all definitions which hold what cannot be stored: a live
    object, a secret, a number beyond 64 bits.
    """
    try:
        return encode_manifest(manifest)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        problems = Problems()
        for kind, name in _KINDS.items():
            for node in getattr(manifest, kind):
                _note(problems, f"{name} {_name(node)!r}", node)
        if not problems:
            raise DefinitionError(f"the definitions hold a value that cannot be stored: {error}") from error
        problems.raise_if_any()
        raise


def _name(node: Any) -> str:
    return str(node.key if hasattr(node, "key") else node.name)


def _note(problems: Problems, what: str, node: Any) -> None:
    if _encodes(node):
        return
    for path, value in _leaves(node, ()):
        at = ".".join(path)
        if type(value).__name__.startswith("Secret"):
            why = "is a secret, which would be stored. Give it as EnvVar(...), or by a resource"
        elif isinstance(value, int):
            why = "is a number beyond 64 bits. Write it as text"
        elif isinstance(value, str):
            why = "has half a surrogate pair, which is no text. Write the character itself"
        else:
            why = f"is {kind_of(value)}, which is no data. Definitions hold text, numbers, lists and mappings"
        problems.add(node.source, f"{what}: its {at} {why}.")


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Innermost values that cannot be encoded."""
    if _encodes(value):
        return
    inner: list[tuple[str, Any]] = []
    if isinstance(value, msgspec.Struct):
        inner = [(name, getattr(value, name)) for name in value.__struct_fields__]
    elif isinstance(value, Mapping):
        inner = [(str(key), each) for key, each in cast("Mapping[Any, Any]", value).items()]
    elif isinstance(value, (list, tuple)):
        inner = [(str(number), each) for number, each in enumerate(cast("list[Any]", value))]
    found = [each for name, item in inner for each in _leaves(item, (*path, name))] if len(path) < 50 else []
    yield from found or [(path, value)]


def _encodes(value: Any) -> bool:
    try:
        msgspec.msgpack.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False
    return True
