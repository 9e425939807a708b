"""The distribution `rostrum-dagster`: built, installed into a folder, and used as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.structure.source import ROOT

pytestmark = pytest.mark.processes
PACKAGE = ROOT / "packages/rostrum-dagster"
CODE = """\
import dagster as dg
from dagster._core.errors import DagsterInvalidDefinitionError


@dg.asset
def orders() -> list[int]:
    return [1, 2]


@dg.asset
def total(orders: list[int]) -> int:
    return sum(orders)


@dg.op
def hello() -> None:
    print("hello from the op")


@dg.job
def greet():
    hello()


defs = dg.Definitions(assets=[orders, total], jobs=[greet])

if __name__ == "__main__":
    import dagster.components
    import dagster_pipes

    result = dg.materialize([orders, total])
    print(dg.__version__, dg.asset.__module__, result.success)
"""
LAUNCH = "from rostrum_dagster.commands import dagster; dagster()"
TEST = """\
import dagster
import definitions


def test_total():
    assert definitions.total([1, 2]) == 3
    assert dagster.AssetKey("a").to_user_string() == "a"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the built distribution, and a project beside it."""
    folder = tmp_path_factory.mktemp("classic")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=PACKAGE, check=True, capture_output=True, timeout=120)
    (wheel,) = (folder / "dist").glob("rostrum_dagster-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    (folder / "project").mkdir()
    (folder / "project/definitions.py").write_text(CODE)
    (folder / "project/test_total.py").write_text(TEST)
    return folder


def python(installed: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROSTRUM", "DAGSTER"))}
    home = str(installed / "home")
    return subprocess.run(
        [sys.executable, *words],
        cwd=installed / "project",
        env={**kept, "PYTHONPATH": str(installed / "site"), "DAGSTER_HOME": home, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def dagster(installed: Path, *words: str, program: str = "dagster") -> subprocess.CompletedProcess[str]:
    return python(installed, "-c", f"from rostrum_dagster.commands import {program}; {program}()", *words)


def test_a_plain_script(installed: Path) -> None:
    done = python(installed, "definitions.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("1.13.27 rostrum.")
    assert done.stdout.splitlines()[-1].endswith(" True")
    assert done.stderr.count("Rostrum's own here (rostrum-dagster is installed; ") == 1


def test_pytest_of_a_project(installed: Path) -> None:
    done = python(installed, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_asset_materialize(installed: Path) -> None:
    done = dagster(installed, "asset", "materialize", "--select", "*", "-f", "definitions.py")
    assert done.returncode == 0, done.stderr
    assert "success" in done.stdout


def test_job_execute(installed: Path) -> None:
    done = dagster(installed, "job", "execute", "-f", "definitions.py", "-j", "greet", "--tags", '{"team": "a"}')
    assert done.returncode == 0, done.stderr
    assert "1 of 1 steps" in done.stdout
    unknown = dagster(installed, "job", "execute", "-f", "definitions.py", "-j", "gret")
    assert unknown.returncode == 2
    assert "there is no job 'gret'; jobs: greet" in unknown.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--version",), "dagster, version 1.13.27 (Rostrum "),
        (("asset", "list", "-f", "definitions.py"), "orders\ntotal\n"),
        (("job", "list", "-m", "definitions"), "Job: greet"),
        (("definitions", "validate", "-f", "definitions.py", "--log-level", "debug"), "2 assets, 1 job. All valid."),
        (("instance", "info"), "max_concurrent_runs: 10"),
    ],
    ids=lambda part: " ".join(part[:2]) if isinstance(part, tuple) else "",
)
def test_other_commands(installed: Path, words: tuple[str, ...], told: str) -> None:
    done = dagster(installed, *words)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout


def test_job_launch_loads_the_code_that_is_named(installed: Path) -> None:
    home = str(installed / "home-of-launch")
    done = python(installed, "-c", LAUNCH, "job", "launch", "-f", "definitions.py", "-j", "greet", DAGSTER_HOME=home)
    assert done.returncode == 0, done.stderr
    assert "queued" in done.stdout
    absent = python(installed, "-c", LAUNCH, "job", "launch", "-f", "nowhere.py", "-j", "greet", DAGSTER_HOME=home)
    assert absent.returncode == 1
    assert "there is no file nowhere.py" in absent.stderr


def test_wrong_code_is_not_valid(installed: Path) -> None:
    (installed / "project/broken.py").write_text("import dagster as dg\n\ndefs = dg.Definitions(assets=[3])\n")
    done = dagster(installed, "definitions", "validate", "-f", "broken.py")
    assert done.returncode == 1
    assert "broken.py:3" in done.stderr


@pytest.mark.parametrize("words", [("schedule", "start", "daily"), ("asset", "wipe", "--all"), ("project", "scaffold")])
def test_what_is_not_there_says_so(installed: Path, words: tuple[str, ...]) -> None:
    done = dagster(installed, *words)
    assert done.returncode == 2
    assert f"`dagster {words[0]} " in done.stderr
    assert "is not part of Rostrum yet" in done.stderr


@pytest.mark.parametrize("program", ["webserver", "daemon"])
def test_the_other_programs(installed: Path, program: str) -> None:
    done = dagster(installed, "--help", program=program)
    assert done.returncode == 0, done.stderr
