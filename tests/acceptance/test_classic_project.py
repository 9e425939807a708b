"""A project that was written for Dagster: its files as they are, its code unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

CODE = """\
import dagster as dg
from dagster import AssetExecutionContext
from dagster._core.definitions.events import Output


@dg.asset
def orders(context: AssetExecutionContext) -> list[int]:
    context.log.info("reading")
    return [1, 2, 3]


@dg.asset
def total(orders: list[int]):
    yield Output(sum(orders), metadata={"rows": len(orders)})


defs = dg.Definitions(assets=[orders, total])
"""


def test_pyproject_and_instance_file_are_read(tmp_path: Path) -> None:
    package, home = tmp_path / "etl", tmp_path / "home"
    package.mkdir()
    home.mkdir()
    (package / "__init__.py").touch()
    (package / "definitions.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text('[tool.dagster]\nmodule_name = "etl.definitions"\n')
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\nrun_retries:\n  enabled: true\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROSTRUM")}
    done = subprocess.run(
        [sys.executable, "-m", "rostrum.cli.main", "materialize", "--json"],
        cwd=tmp_path,
        env={**environment, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"success"' in done.stdout
    for told in (
        f"the home folder is {home}, from DAGSTER_HOME",
        "`import dagster` is Rostrum's own here (no such package is installed",
    ):
        assert done.stderr.count(told) == 1, done.stderr
    assert (home / "rostrum.db").exists()
