"""How long files, functions and classes are. `./task report` prints the tail; the test beside this file limits it.

Averages hardly differ between code bases; what separates the pleasant ones is the tail. So only the tail is policed.
A docstring does not count against its function: explaining is free.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.structure.source import Module, modules

LIMITS = {"file": 700, "function": 80, "class": 300, "methods": 12}
FACADE_LINES = 450
"""Lines that a class of the public API may have, whose methods users know by name."""
SOFT_LIMITS = {"file": 400, "function": 40, "class": 200, "methods": 10}


@dataclass(frozen=True, order=True)
class Size:
    """One measured thing. `kind`: file, function, class (lines), or methods (public ones of a class)."""

    value: int
    kind: str
    name: str
    place: str


def measure(module: Module) -> Iterator[Size]:
    """All sizes of one module."""
    place = module.at(ast.Pass(lineno=1))
    yield Size(len(module.text.splitlines()), "file", module.name, place)
    yield from measure_body(module, module.tree.body, module.name)


def measure_body(module: Module, body: Iterable[ast.stmt], prefix: str) -> Iterator[Size]:
    """Functions and classes, nested ones too."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}.{node.name}"
            yield Size(lines_of(node) - docstring_lines(node), "function", name, module.at(node))
            yield from measure_body(module, node.body, name)
        elif isinstance(node, ast.ClassDef):
            name = f"{prefix}.{node.name}"
            yield Size(lines_of(node), "class", name, module.at(node))
            yield Size(len(public_methods(node)), "methods", name, module.at(node))
            yield from measure_body(module, node.body, name)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            yield from measure_body(module, inner, prefix)


def lines_of(node: ast.stmt) -> int:
    """Lines from the first to the last."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the docstring, if any."""
    return lines_of(node.body[0]) if ast.get_docstring(node) is not None else 0


def public_methods(node: ast.ClassDef) -> set[str]:
    """Names of the methods a caller sees; properties are data, overloads are one method."""
    return {
        item.name
        for item in node.body
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
        and not item.name.startswith("_")
        and not any("property" in ast.unparse(decorator) for decorator in item.decorator_list)
    }


def measure_all() -> list[Size]:
    """Sizes of the whole product, largest first. Migrations are history: nobody maintains them."""
    maintained = (module for module in modules() if ".migrations.versions." not in module.name)
    return sorted((size for module in maintained for size in measure(module)), reverse=True)


def main() -> int:
    """Print the longest of each kind, and how the middle looks."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    sizes = measure_all()
    for kind, limit in LIMITS.items():
        ours = [size for size in sizes if size.kind == kind]
        if not ours:
            continue
        median, p95 = ours[len(ours) // 2].value, ours[len(ours) // 20].value
        over = sum(size.value > SOFT_LIMITS[kind] for size in ours)
        print(f"\n{kind}: {len(ours)}, median {median}, p95 {p95}, limit {limit}, over {SOFT_LIMITS[kind]}: {over}")
        for size in ours[:count]:
            print(f"  {size.value:5}  {size.name}  ({size.place})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
