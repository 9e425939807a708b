"""In a base install names can be imported, and what needs an extra says which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rostrum.config.extras import missing_extra

HIDDEN = """
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"alembic", "grpc", "sqlalchemy", "starlette", "upath", "uvicorn", "watchfiles"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hide())
"""


def base(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code where the packages of the extras cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", HIDDEN + code, *arguments], capture_output=True, text=True, check=False
    )


def test_everything_can_be_imported_from_the_base() -> None:
    done = base("from rostrum import *\nfrom rostrum.compat.dagster import *\nassert UPathIOManager\n")
    assert done.returncode == 0, done.stderr


def test_an_io_manager_over_paths_says_what_it_needs() -> None:
    code = """
from rostrum import UPathIOManager

class Texts(UPathIOManager):
    def dump_to_path(self, context, obj, path): ...
    def load_from_path(self, context, path): ...

Texts()
"""
    assert "ImportError: UPathIOManager needs the package universal_pathlib" in base(code).stderr


@pytest.mark.parametrize("command", ["materialize --select a -f", "dev -f", "job launch j -f"])
def test_a_command_that_needs_an_extra_is_one_line(command: str, tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("import rostrum as ro\n@ro.asset\ndef a(): ...\n", encoding="utf-8")
    arguments = [*command.split(), str(file)] if command != "job launch j -f" else ["job", "launch", "j"]
    done = base("from rostrum.cli.main import main\nmain()\n", *arguments, "--home", str(tmp_path / "home"))
    assert done.returncode == 1
    assert "pip install 'rostrum[server]'" in done.stderr or "pip install 'rostrum[code-server]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["validate", "list"])
def test_code_is_examined_in_a_base_install(command: str, tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("import rostrum as ro\n@ro.asset\ndef a(): ...\n", encoding="utf-8")
    done = base("from rostrum.cli.main import main\nmain()\n", "definitions", command, "-f", str(file))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["asset list", "job list", "definitions validate", "--version"])
def test_classic_commands_that_need_no_database(command: str, tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("import dagster as dg\n@dg.asset\ndef a(): ...\n", encoding="utf-8")
    place = Path(__file__).parents[3] / "packages/rostrum-dagster/src"
    code = f"sys.path.insert(0, {str(place)!r})\nfrom rostrum_dagster.commands import dagster\ndagster()\n"
    done = base(code, *command.split(), *([] if command == "--version" else ["-f", str(file)]))
    assert done.returncode == 0, done.stderr


def test_other_missing_packages_are_not_ours() -> None:
    assert missing_extra(ModuleNotFoundError("No module named 'pandsa'", name="pandsa")) is None
    assert missing_extra(ImportError("anything")) is None
    assert missing_extra(None) is None
