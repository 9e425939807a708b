"""`import dagster` in fresh interpreters: what wins where a package of that name is installed, and what is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rostrum.compat import aliases

pytestmark = pytest.mark.processes
NOTICE = "rostrum: `import dagster` is Rostrum's own here"


def python(code: str, *folders: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that finds packages in `folders` first."""
    path = os.pathsep.join(map(str, folders))
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with a package called `dagster` that is somebody else's."""
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster/__init__.py").write_text("MARK = 'the real one'\n")
    (tmp_path / "dagster/inner.py").write_text("MARK = 'inner'\n")
    return tmp_path


USE = "from rostrum.compat import aliases; aliases.use({mode!r})\nimport dagster\n"


def test_where_none_is_installed_it_is_ours_and_told_once(tmp_path: Path) -> None:
    (tmp_path / "dagster").mkdir()  # a folder is no package
    done = python(USE.format(mode="auto") + "import dagster_pipes, dagster.components; print(dagster.asset)", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(NOTICE) == 1
    assert "no such package is installed" in done.stderr


def test_an_installed_package_wins(installed: Path) -> None:
    code = "import dagster.inner; print(dagster.MARK, dagster.inner.MARK)"
    done = python(USE.format(mode="auto") + code, installed)
    assert (done.stdout, done.stderr) == ("the real one inner\n", "")


def test_an_installed_package_does_not_win_where_the_project_says_so(installed: Path) -> None:
    done = python(USE.format(mode="dagster") + "print(dagster.asset.__module__)", installed)
    assert done.stdout.startswith("rostrum."), done.stderr
    assert f"{NOTICE} (as this project says" in done.stderr


def test_off_is_off(tmp_path: Path) -> None:
    done = python(USE.format(mode="off"), tmp_path)
    assert "ModuleNotFoundError: No module named 'dagster'" in done.stderr


def test_child_processes_do_not_repeat_the_notice() -> None:
    done = python(USE.format(mode="auto"), **{aliases.ANNOUNCED: "1"})
    assert (done.returncode, done.stderr) == (0, "")


def test_code_that_imported_the_installed_package_is_told_so(installed: Path) -> None:
    (installed / "work.py").write_text("import dagster\n")
    code = (
        "from rostrum.definitions.location.loading import CodeTarget, load_definitions\n"
        f"load_definitions(CodeTarget(python_file={str(installed / 'work.py')!r}))"
    )
    done = python(code, installed)
    assert "The package 'dagster' that is installed was imported: with `--compat dagster`" in done.stderr
