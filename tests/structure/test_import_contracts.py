"""The import contracts hold, and each of them fires when it is broken.

A rule that never fails may be a rule that cannot fail. So every contract of pyproject.toml is also run over a skeleton
of the package tree with one forbidden import planted, at module level and inside a function.
"""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from importlinter import configuration
from importlinter.application import use_cases

from tests.structure.source import ROOT

configuration.configure()
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
PACKAGES = (
    "cli compat integrations testing config daemon web gateway agent codeserver control execution storage storage.sql "
    "storage.memory launchers executors io_managers rpc service auth components pipes definitions planning "
    "object_store interfaces model"
).split()
ALLOWED = {  # imports that look dangerous and must stay legal
    "storage.sql": "import sqlalchemy, alembic",
    "rpc": "import grpc, grpc_health.v1, google.protobuf",
    "web": "import strawberry, starlette, graphql",
    "gateway": "import starlette",
    "cli": "import click, rich, uvicorn\nimport ROOT.config.parts",
    "auth": "import argon2, cryptography.hazmat",
    "planning": "import cronsim",
    "config": "import ROOT.storage.sql.parts, ROOT.launchers.parts, ROOT.rpc.parts",
    "definitions": "import ROOT.planning.parts",
    "compat": "import ROOT.definitions.parts",
    "object_store": "import obstore\nfrom ROOT.interfaces.parts import x",
}


@dataclass(frozen=True)
class Plant:
    """One forbidden import: which contract it must break, where it stands, what it says."""

    contract: str
    where: str
    what: str


PLANTS = [
    Plant("layers", "model", "import ROOT.interfaces.parts"),
    Plant("layers", "planning", "import ROOT.definitions.parts"),
    Plant("layers", "definitions", "import ROOT.execution.parts"),
    Plant("layers", "definitions", "import ROOT.components.parts"),
    Plant("layers", "pipes", "import ROOT.components.parts"),
    Plant("layers", "integrations", "import ROOT.compat.parts"),
    Plant("layers", "execution", "import ROOT.executors.parts"),
    Plant("layers", "control", "import ROOT.service.parts"),
    Plant("layers", "web", "import ROOT.gateway.parts"),
    Plant("layers", "daemon", "import ROOT.config.parts"),
    Plant("layers", "config", "import ROOT.testing.parts"),
    Plant("layers", "testing", "import ROOT.cli.parts"),
    Plant("layers", "integrations", "import ROOT.compat.parts"),
    Plant("layers", "definitions", "from ROOT.storage import parts"),
    Plant("light-definitions", "definitions", "import sqlalchemy"),
    Plant("light-definitions", "execution", "import grpc"),
    Plant("light-definitions", "io_managers", "from starlette import requests"),
    Plant("light-definitions", "planning", "import rich.table"),
    Plant("composition-root", "daemon", "import ROOT.storage.sql.parts"),
    Plant("composition-root", "control", "import ROOT.launchers.parts"),
    Plant("composition-root", "codeserver", "from ROOT.executors import parts"),
    Plant("composition-root", "web", "import ROOT.io_managers.parts"),
    Plant("plain-values", "model", "import logging"),
    Plant("plain-values", "model", "import pydantic"),
    Plant("pure-planning", "planning", "import sqlite3"),
    Plant("pure-planning", "planning", "import random"),
    Plant("owner-sql", "daemon", "import sqlalchemy"),
    Plant("owner-sql", "storage.memory", "from alembic import command"),
    Plant("owner-grpc", "codeserver", "import grpc"),
    Plant("owner-grpc", "launchers", "from google.protobuf import message"),
    Plant("owner-graphql", "control", "import strawberry"),
    Plant("owner-graphql", "cli", "import graphql"),
    Plant("owner-asgi", "control", "import starlette.applications"),
    Plant("owner-asgi", "service", "import uvicorn"),
    Plant("owner-asgi", "config", "import starlette"),
    Plant("owner-terminal", "config", "import rich.console"),
    Plant("owner-terminal", "service", "import click"),
    Plant("owner-secrets", "web", "import argon2"),
    Plant("owner-secrets", "storage.sql", "from cryptography import fernet"),
    Plant("owner-cron", "daemon", "import cronsim"),
    Plant("owner-object-store", "io_managers", "import obstore"),
]

Lint = Callable[[dict[str, str]], set[str]]


@pytest.fixture
def lint(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lint]:
    """Build a skeleton with the given lines in the given packages; answer which contracts break."""
    root = f"planted_{abs(hash(request.node.nodeid)):x}"  # a name of its own: the real package is importable too
    sys.path.insert(0, str(tmp_path))

    def run(lines: dict[str, str]) -> set[str]:
        for package in PACKAGES:
            folder = tmp_path / root / package.replace(".", "/")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "__init__.py").touch()
            (folder / "parts.py").write_text(lines.get(package, "").replace("ROOT", root))
        (tmp_path / root / "__init__.py").touch()
        config = tmp_path / "pyproject.toml"
        config.write_text((ROOT / "pyproject.toml").read_text().replace("rostrum", root))
        importlib.invalidate_caches()
        return broken_contracts(config)

    yield run
    sys.path.remove(str(tmp_path))


def broken_contracts(config: Path) -> set[str]:
    """Ids of the contracts that the tree named by a configuration file breaks."""
    options = use_cases.read_user_options(str(config))
    use_cases._register_contract_types(options)
    report = use_cases.create_report(options, cache_dir=None)
    assert not report.invalid_contract_options, report.invalid_contract_options
    ids = {contract["name"]: contract["id"] for contract in CONTRACTS}
    checks = list(report.get_contracts_and_checks())
    assert len(checks) == len(CONTRACTS)
    root = options.session_options["root_packages"][0]
    return {ids[contract.name.replace(root, "rostrum")] for contract, check in checks if not check.kept}


def test_the_project_keeps_its_contracts() -> None:
    assert broken_contracts(ROOT / "pyproject.toml") == set(), "run `./task check` to see the import chains"


def test_legal_imports_break_nothing(lint: Lint) -> None:
    assert lint(ALLOWED) == set()


def test_every_contract_has_a_planted_violation() -> None:
    assert {plant.contract for plant in PLANTS} == {contract["id"] for contract in CONTRACTS}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.contract}-{plant.where}-{plant.what.split()[1]}")
@pytest.mark.parametrize("level", ["module", "function"])
def test_a_planted_violation_breaks_its_contract(lint: Lint, plant: Plant, level: str) -> None:
    line = plant.what if level == "module" else f"def hidden():\n    {plant.what}\n"
    assert plant.contract in lint({plant.where: line})


def test_a_package_outside_the_layers_is_refused(lint: Lint, tmp_path: Path) -> None:
    lint({})
    (root,) = tmp_path.glob("planted_*")
    (root / "extras").mkdir()
    (root / "extras/__init__.py").touch()
    importlib.invalidate_caches()
    assert "layers" in broken_contracts(tmp_path / "pyproject.toml")
