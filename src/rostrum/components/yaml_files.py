"""YAML with positions: what each value is, and in which line it stands, so that every mistake can be told with its
place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from rostrum.definitions.sources import relative
from rostrum.model.errors import DefinitionError

PathPart = str | int


@dataclass(frozen=True)
class Position:
    """A place in a file. Line and column count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{relative(self.file)}:{self.line}"


@dataclass(frozen=True)
class Positions:
    """Places of all values of one document, by path from its root."""

    file: str
    first_line: int = 1
    places: Mapping[tuple[PathPart, ...], tuple[int, int]] = field(default_factory=dict[Any, Any])

    def at(self, path: Sequence[PathPart]) -> Position:
        """Place of the value at a path; of the nearest thing around it when there is none."""
        parts = tuple(path)
        while parts and parts not in self.places:
            parts = parts[:-1]
        line, column = self.places.get(parts, (self.first_line, 1))
        return Position(self.file, line, column)


@dataclass(frozen=True)
class Document:
    """One YAML document: its value, and where everything in it stands."""

    value: Any
    positions: Positions


class YamlMistake(DefinitionError):
    """A file is not YAML."""


class _Loader(yaml.SafeLoader):
    """Pure Python's: the marks of the C parser lack columns of keys in flow mappings."""


def parse_documents(text: str, file: str) -> list[Document]:
    """All documents of a text. Raises YamlMistake with file and line; its cause is the parser's own error."""
    loader = _Loader(text)
    found: list[Document] = []
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                continue
            _refuse_double_keys(node, file)
            value: Any = loader.construct_document(node)
            found.append(Document(value, _positions(node, file)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlMistake(f"{relative(file)}:{line}: this is not valid YAML: {said}.") from error
    except yaml.YAMLError as error:
        raise YamlMistake(f"{relative(file)}:1: this is not valid YAML: {error}.") from error
    finally:
        loader.dispose()
    return found


def _positions(root: yaml.Node, file: str) -> Positions:
    places: dict[tuple[PathPart, ...], tuple[int, int]] = {}
    for path, node in _walk(root, ()):
        places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    return Positions(file, root.start_mark.line + 1, places)


def _walk(node: yaml.Node, path: tuple[PathPart, ...]) -> Iterator[tuple[tuple[PathPart, ...], yaml.Node]]:
    """Every value below a node. A value in a mapping is found at its key, which is where people look."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key
            yield from _walk(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inner = (*path, index)
            yield inner, value
            yield from _walk(value, inner)


def _refuse_double_keys(node: yaml.Node, file: str) -> None:
    """YAML forbids a key twice; parsers take the last without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                line = key.start_mark.line + 1
                if key.value in seen:
                    first = seen[key.value]
                    raise YamlMistake(
                        f"{relative(file)}:{line}: the key {key.value!r} is there already (line {first})."
                    )
                seen[key.value] = line
            _refuse_double_keys(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_double_keys(value, file)
