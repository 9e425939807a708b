"""What the product imports is declared, and what user code needs is in the base: no extra, no tool of the tests."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator

from tests.structure.source import ROOT, Module, modules, parse

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED_BY_USER_CODE = tuple(
    f"rostrum.{name}."
    for name in ("model", "interfaces", "planning", "definitions", "execution", "executors", "io_managers")
)


def distributions(requirements: list[str]) -> set[str]:
    """Normalised names of requirement lines."""
    return {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("_", "-") for line in requirements}


BASE = distributions(PROJECT["dependencies"])
EXTRAS = PROJECT["optional-dependencies"]
SHIPPED = BASE | distributions(EXTRAS["server"]) | distributions(EXTRAS["code-server"])
INTEGRATIONS = ("dbt", "delta", "duckdb", "pandas", "polars", "s3", "slack")


def foreign_imports(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Top-level names of imports that are neither ours nor the standard library's and are not merely tried."""
    tried = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Try) and any("ImportError" in ast.unparse(h.type) for h in node.handlers if h.type)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    typed = {
        id(inner)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in node.body
        if isinstance(inner, ast.ImportFrom) and inner.module == "typing_extensions"  # type checkers bring it along
    }
    for node in ast.walk(module.tree):
        if id(node) in tried | typed:
            continue
        if isinstance(node, ast.Import):
            yield from ((node, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node, node.module.split(".")[0]


def undeclared(module: Module) -> Iterator[str]:
    """Imports whose distribution is not among the dependencies that the module may count on."""
    declared = BASE if module.name.startswith(NEEDED_BY_USER_CODE) else SHIPPED
    if module.name.startswith("rostrum.integrations."):  # each needs the tool that it is for, which has an extra
        declared = declared.union(*(distributions(EXTRAS[name]) for name in INTEGRATIONS), {"botocore"})
    if module.name.startswith("rostrum.testing.conformance."):
        declared = declared | distributions(EXTRAS["testing"])
    for node, name in foreign_imports(module):
        if name in sys.stdlib_module_names or name in {"rostrum", "__future__"}:
            continue
        owners = {owner.lower().replace("_", "-") for owner in OWNERS.get(name, [name])}
        if not owners & declared:
            yield f"{module.at(node)}: {name} is not declared for {module.name}"


OWNERS = importlib.metadata.packages_distributions()


def test_every_import_is_declared() -> None:
    found = [line for module in modules() for line in undeclared(module)]
    assert not found, "\n".join(found)


def test_a_planted_import_is_found() -> None:
    assert list(undeclared(parse("import psutil", "rostrum.service.processes")))
    assert list(undeclared(parse("def f():\n    import pandas", "rostrum.io_managers.frames")))
    assert list(undeclared(parse("import sqlalchemy", "rostrum.planning.queue")))


def test_declared_and_tried_imports_pass() -> None:
    assert not list(undeclared(parse("import msgspec, json, rostrum.model", "rostrum.planning.queue")))
    assert not list(undeclared(parse("from sqlalchemy import select", "rostrum.storage.sql.runs")))
    assert not list(undeclared(parse("try:\n    import pandas\nexcept ImportError: ...", "rostrum.io_managers.frames")))


def test_constraints_cover_every_dependency() -> None:
    pinned = distributions((ROOT / "constraints.txt").read_text().splitlines())
    wanted = BASE | {name for extra in EXTRAS.values() for name in distributions(extra)} - {"rostrum"}
    assert wanted <= pinned, f"run `./task lock`: {sorted(wanted - pinned)}"
