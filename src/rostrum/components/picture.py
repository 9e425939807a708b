"""The tree of components as text, for errors and the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rostrum.components.nodes import PYTHON_INSTANCES, ComponentPath, Node, yaml_file


def picture(
    root: Node, status: Callable[[Node], str], hide_plain: bool = False, only: ComponentPath | None = None
) -> str:
    """One line per entry: name, type, status. `hide_plain` leaves Python files out; `only` all that is not on the way
    to an address.
    """
    lines = [_label(root, status)]
    _draw(root, "", lines, status, hide_plain, only)
    return "\n".join(lines)


def _draw(
    node: Node,
    indent: str,
    lines: list[str],
    status: Callable[[Node], str],
    hide_plain: bool,
    only: ComponentPath | None,
) -> None:
    shown = [each for each in node.children if _wanted(each, hide_plain, only)]
    for position, each in enumerate(shown):
        last = position == len(shown) - 1
        lines.append(f"{indent}{'└── ' if last else '├── '}{_label(each, status)}")
        _draw(each, indent + ("    " if last else "│   "), lines, status, hide_plain, only)


def _wanted(node: Node, hide_plain: bool, only: ComponentPath | None) -> bool:
    if hide_plain and node.kind == "python":
        return False
    return only is None or any(each.address == only for each in node.walk()) or _above(node.path, only.file_path)


def _above(path: Path, wanted: Path) -> bool:
    return wanted.is_relative_to(path)


def _label(node: Node, status: Callable[[Node], str]) -> str:
    name = node.path.name if node.instance_key is None else f"{node.path.name}[{node.instance_key}]"
    file = yaml_file(node.path) if node.kind in {"yaml", "file"} else None
    if node.kind == "instance" or (node.kind == "file" and file is None):
        name = f"{name}/{PYTHON_INSTANCES}"
    elif file is not None and node.instance_key is None:
        name = f"{name}/{file.name}"
    kind = f" ({node.type_name})" if node.type_name else ""
    told = status(node)
    return f"{name}{kind} {told}".rstrip()
