"""What lies in a `defs` folder, before anything is imported: folders, Python files, component files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from rostrum.components.yaml_files import Document, YamlMistake, parse_documents
from rostrum.model.errors import DefinitionError

YAML_NAMES = ("defs.yaml", "component.yaml")
PYTHON_INSTANCES = "component.py"
KEYWORD_FILE = "definitions.py"
_ADDRESS = re.compile(r"(?P<path>.*?)\[(?P<key>[^\]]+)\]$")

NodeKind = Literal["folder", "python", "file", "yaml", "instance"]


@dataclass(frozen=True)
class ComponentPath:
    """Address of an instance: its folder or file (absolute), and which of several there."""

    file_path: Path
    instance_key: int | str | None = None

    @staticmethod
    def of(path: Any, root: Path) -> ComponentPath:
        """An address from `folder/multi[1]`, a path, or an address; relative to the root."""
        if isinstance(path, ComponentPath):
            return path
        found = _ADDRESS.match(str(path))
        if found is None:
            return ComponentPath((root / str(path)).absolute())
        key = found["key"]
        return ComponentPath((root / found["path"]).absolute(), int(key) if key.isdecimal() else key)

    def told(self, root: Path) -> str:
        """`folder/multi[1]`, relative to the root."""
        name = str(self.file_path.relative_to(root)) if self.file_path.is_relative_to(root) else str(self.file_path)
        return name if self.instance_key is None else f"{name}[{self.instance_key}]"

    def get_relative_key(self, parent_path: Path) -> str:
        """`folder/multi[1]`, relative to a folder: what components name their ops after."""
        return self.told(parent_path)


@dataclass
class Node:
    """One entry of the tree."""

    kind: NodeKind
    path: Path
    """The folder; of Python files the file."""
    instance_key: int | str | None = None
    document: Document | None = None
    children: list[Node] = field(default_factory=list["Node"])
    function: Any = None
    """Of kind `instance`: what makes it."""
    mistake: DefinitionError | None = None
    """Why it cannot be read."""

    @property
    def address(self) -> ComponentPath:
        """Its address."""
        return ComponentPath(self.path, self.instance_key)

    @property
    def type_name(self) -> str | None:
        """The type that YAML names."""
        value: Any = self.document.value if self.document is not None else None
        found: Any = cast("dict[Any, Any]", value).get("type") if isinstance(value, dict) else None
        return found if isinstance(found, str) else None

    def walk(self) -> Iterator[Node]:
        """This and all below."""
        yield self
        for each in self.children:
            yield from each.walk()


def scan(folder: Path, stop_at_keyword_files: bool) -> Node:
    """The tree of a folder."""
    file = yaml_file(folder)
    if file is not None:
        return scan_file(file)
    if (folder / PYTHON_INSTANCES).is_file():
        return Node("file", folder)
    return Node("folder", folder, children=scan_children(folder, stop_at_keyword_files))


def scan_children(folder: Path, stop_at_keyword_files: bool) -> list[Node]:
    """What a folder without a component of its own holds, in the order of names."""
    if stop_at_keyword_files and (folder / KEYWORD_FILE).is_file():
        return [Node("python", folder / KEYWORD_FILE)]
    found: list[Node] = []
    for each in sorted(folder.iterdir()):
        if each.name.startswith(".") or each.name == "__pycache__":
            continue
        if each.is_dir():
            node = scan(each, stop_at_keyword_files)
            if node.kind != "folder" or node.children:
                found.append(node)
        elif each.suffix == ".py" and (each.name != "__init__.py" or each.stat().st_size > 0):
            found.append(Node("python", each))
    return found


def add_instances(node: Node, functions: Mapping[str, Any], stop_at_keyword_files: bool) -> None:
    """Make a folder with a `component.py` the instances that its functions make; without any it is a folder as others
    are.
    """
    if not functions:
        node.kind, node.children = "folder", scan_children(node.path, stop_at_keyword_files)
    elif len(functions) == 1:
        node.kind, node.function = "instance", next(iter(functions.values()))
    else:
        node.children = [Node("instance", node.path, name, function=function) for name, function in functions.items()]


def yaml_file(folder: Path) -> Path | None:
    """The component file of a folder."""
    return next((folder / name for name in YAML_NAMES if (folder / name).is_file()), None)


def scan_file(file: Path) -> Node:
    """The instances that a YAML file declares."""
    node = Node("file", file.parent)
    try:
        documents = parse_documents(file.read_text(encoding="utf-8"), str(file))
    except YamlMistake as error:
        node.mistake = error
        return node
    if len(documents) == 1:
        return Node("yaml", file.parent, document=documents[0])
    node.children = [Node("yaml", file.parent, index, each) for index, each in enumerate(documents)]
    return node
