"""Reads the instance file (`rostrum.yaml`) and the workspace file (`workspace.yaml`) into structs.

Every problem names the file, the line and the key, and the nearest right key.
"""

from __future__ import annotations

import difflib
import os
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from rostrum.model.errors import ConfigError

_T = typing.TypeVar("_T")


def read_struct(path: Path, kind: type[_T]) -> _T:
    """Read a YAML file into a struct of `kind`. Raises ConfigError with file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return parse_struct(text, kind, str(path))


def parse_struct(text: str, kind: type[_T], name: str) -> _T:
    """Parse YAML text into a struct of `kind`; `name` is what errors call the file."""
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        raw = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(f"{name}:{line}: not valid YAML: {error.problem}") from None
    check_doubles(tree, name, {})
    raw = dict[str, Any]() if raw is None else raw
    _check_keys(raw, kind, tree, name, "")
    try:
        return msgspec.convert(resolve_environment(raw, name), kind, strict=False)
    except msgspec.ValidationError as error:
        keys = re.findall(r"\$\.?([\w.\[\]-]*)", str(error))
        line = _line_of(tree, keys[-1].split(".") if keys else [])
        raise ConfigError(f"{name}:{line}: {told(error, kind)}") from None


def told(error: msgspec.ValidationError, kind: Any) -> str:
    """The error's text; for a word that is none of a few, those words and the nearest."""
    wrong = re.fullmatch(r"Invalid enum value '(.*)' - at `\$\.?(.*)`", str(error))
    if wrong is None:
        return str(error)
    value, path = wrong.groups()
    for key in path.split("."):
        struct = _struct_of(kind)
        kind = typing.get_type_hints(struct).get(key.partition("[")[0]) if struct is not None else None
    words = _words_of(kind)
    if not words:
        return str(error)
    close = difflib.get_close_matches(value, words, n=1)
    return f"{path}: {value!r} is none of {', '.join(words)}{f'; did you mean {close[0]}?' if close else ''}"


def _words_of(annotation: Any) -> list[str]:
    """Those of the `Literal` in an annotation."""
    if typing.get_origin(annotation) is typing.Literal:
        return [str(word) for word in typing.get_args(annotation)]
    return [word for part in typing.get_args(annotation) for word in _words_of(part)]


def resolve_environment(raw: Any, name: str) -> Any:
    """Replace each `{env: NAME}` by the variable's value. Raises ConfigError naming the variable."""
    if isinstance(raw, Mapping):
        mapping = cast("Mapping[object, Any]", raw)
        if set(mapping) == {"env"} and isinstance(mapping["env"], str):
            value = os.environ.get(mapping["env"])
            if value is None:
                raise ConfigError(f"{name}: the environment variable {mapping['env']} is not set")
            return value
        return {key: resolve_environment(value, name) for key, value in mapping.items()}
    if isinstance(raw, list):
        return [resolve_environment(value, name) for value in cast("list[Any]", raw)]
    return raw


def _struct_of(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct class in `X`, `X | None` or `list[X]`."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType, list, tuple):
        found = [_struct_of(item) for item in typing.get_args(annotation) if item is not type(None)]
        return next((item for item in found if item is not None), None)
    return None


def check_doubles(node: Any, name: str, open_nodes: dict[int, bool]) -> None:
    """Refuse a key that is written twice (YAML would silently take the last one), and what contains itself.

    `open_nodes`: nodes seen so far; True for those that this one is in.
    """
    if not isinstance(node, yaml.CollectionNode):
        return
    if open_nodes.get(id(node)):
        raise ConfigError(f"{name}:{node.start_mark.line + 1}: this refers to itself")
    if id(node) in open_nodes:
        return
    open_nodes[id(node)] = True
    lines: dict[str, int] = {}
    for item in node.value:
        if not isinstance(node, yaml.MappingNode):
            check_doubles(item, name, open_nodes)
            continue
        key, value = item
        line = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode):
            if key.value in lines:
                raise ConfigError(
                    f"{name}:{line}: the key {key.value} is there twice, first in line {lines[key.value]}"
                )
            lines[key.value] = line
        check_doubles(value, name, open_nodes)
    open_nodes[id(node)] = False


def _check_keys(raw: Any, kind: Any, node: Any, name: str, where: str) -> None:
    struct = _struct_of(kind)
    if struct is None:
        return
    if isinstance(raw, list):
        for place, item in enumerate(cast("list[Any]", raw)):
            child = node.value[place] if isinstance(node, yaml.SequenceNode) else None
            _check_keys(item, struct, child, name, f"{where}[{place}]")
        return
    if not isinstance(raw, Mapping):
        return
    mapping = cast("Mapping[Any, Any]", raw)
    if set(mapping) == {"env"}:
        return
    hints = typing.get_type_hints(struct)
    nodes = {key.value: (key, value) for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    for key, value in mapping.items():
        at = f"{where}.{key}" if where else str(key)
        if key not in hints:
            line = nodes[key][0].start_mark.line + 1 if key in nodes else 0
            close = difflib.get_close_matches(str(key), hints, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the keys here are {', '.join(hints)}"
            raise ConfigError(f"{name}:{line}: unknown key {at}; {hint}")
        _check_keys(value, hints[key], nodes[key][1] if key in nodes else None, name, at)


def _line_of(node: Any, keys: list[str]) -> int:
    line = node.start_mark.line + 1 if node is not None else 1
    for key in keys:
        place = re.fullmatch(r"(\w*)\[(\d+|\.\.\.)\]", key)
        word = place.group(1) if place else key
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                if name.value == word:
                    node, line = value, name.start_mark.line + 1
                    break
        if place and place.group(2).isdigit() and isinstance(node, yaml.SequenceNode):
            node = node.value[int(place.group(2))]
            line = node.start_mark.line + 1
    return line
