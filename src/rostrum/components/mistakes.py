"""What pydantic says of wrong YAML, as people want to read it: `attributes.rows at defs.yaml:4: ...`, all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from rostrum.components.resolution import ResolutionContext, told_path
from rostrum.components.yaml_files import PathPart
from rostrum.definitions.names import nearest
from rostrum.model.errors import ResolutionError

_ABOUT_TEMPLATES = frozenset({"string_pattern_mismatch", "string_type"})
_SAID = {
    "missing": "this attribute is required and missing.",
    "extra_forbidden": "there is no such attribute.",
}


def validation_error(
    error: ValidationError, value: Any, context: ResolutionContext, model: type[BaseModel] | None = None
) -> ResolutionError:
    """All mistakes of a value, each with its path, file and line. The cause is for the caller to set."""
    lines = validation_lines(error, value, context, model)
    return ResolutionError("\n".join(lines))


def validation_lines(
    error: ValidationError, value: Any, context: ResolutionContext, model: type[BaseModel] | None = None
) -> list[str]:
    """One line per mistake."""
    by_path: dict[tuple[PathPart, ...], list[Mapping[str, Any]]] = {}
    for each in error.errors(include_url=False):
        found = cast("Mapping[str, Any]", each)
        by_path.setdefault(_real_path(found["loc"], found["type"], value), []).append(found)
    lines: list[str] = []
    for path, said in by_path.items():
        if all(each["type"] in _ABOUT_TEMPLATES for each in said) and any(_below(each, path) for each in by_path):
            continue  # an expression would do, too; what is wrong with what is there is told below it
        at = context
        for part in path:
            at = at.at_path(part)
        lines.append(f"{_place(at, said)}{_message(said, path, model)}")
    return lines


def _below(path: Sequence[PathPart], above: Sequence[PathPart]) -> bool:
    return len(path) > len(above) and tuple(path[: len(above)]) == tuple(above)


def _place(at: ResolutionContext, said: Sequence[Mapping[str, Any]]) -> str:
    if said[0]["type"] != "missing" or at.source_position_tree is None or not at.path:
        return at.place
    # What is missing has no line: that of what it is missing in.
    return f"{told_path(at.path)} at {at.source_position_tree.at(at.path[:-1])}: "


def _message(said: Sequence[Mapping[str, Any]], path: Sequence[PathPart], model: type[BaseModel] | None) -> str:
    kind = str(said[0]["type"])
    if kind == "extra_forbidden":
        hint = nearest(str(path[-1]), model.model_fields) if model is not None and len(path) == 1 else ""
        return f"{_SAID[kind]}{hint}"
    if kind in _SAID:
        return _SAID[kind]
    telling = [each for each in said if each["type"] not in _ABOUT_TEMPLATES] or list(said)
    texts = list(dict.fromkeys(str(each["msg"]).removeprefix("Value error, ").rstrip(".") for each in telling))
    given = telling[0].get("input")
    shown = f" (got {given!r})" if isinstance(given, (str, int, float, bool, list)) or given is None else ""
    return f"{', or '.join(texts)}{shown}."


def _real_path(loc: Sequence[PathPart], kind: str, value: Any) -> tuple[PathPart, ...]:
    """The path within the value: pydantic's also names the members of unions that it tried."""
    path: list[PathPart] = []
    here = value
    for position, part in enumerate(loc):
        if isinstance(here, Mapping) and part in here:
            path.append(part)
            here = cast("Mapping[Any, Any]", here)[part]
        elif isinstance(here, (list, tuple)) and isinstance(part, int) and part < len(cast("Sequence[Any]", here)):
            path.append(part)
            here = cast("Sequence[Any]", here)[part]
        elif kind == "missing" and position == len(loc) - 1:
            path.append(part)
    return tuple(path)
