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


SHIM = "from rostrum.compat.aliases import take_over\n\ntake_over('dagster')\n"


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    """A folder with our shim of `dagster`, as `rostrum-dagster` installs it."""
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster/__init__.py").write_text(SHIM)
    (tmp_path / "dagster" / aliases.SHIM).write_text("")
    (tmp_path / "rostrum_dagster-0.1.0.dist-info").mkdir()
    return tmp_path


@pytest.mark.parametrize("code", ["import dagster, dagster.components\n", USE.format(mode="auto")])
def test_the_shim_is_told_as_what_it_is(shim: Path, code: str) -> None:
    done = python(code + "print(dagster.asset.__module__)", shim)
    assert done.stdout.startswith("rostrum.")
    assert done.stderr.count("rostrum:") == 1
    assert done.stderr.startswith(f"{NOTICE} (rostrum-dagster is installed; ")


def test_a_shim_that_overwrote_the_real_package_is_told(shim: Path) -> None:
    (shim / "dagster-1.2.3.dist-info").mkdir()
    done = python("import dagster, dagster_pipes; print(dagster.asset.__module__)", shim)
    assert done.stdout.startswith("rostrum.")
    assert done.stderr.count("dagster 1.2.3 is installed in the same place as rostrum-dagster") == 1
    assert "pip uninstall dagster rostrum-dagster" in done.stderr


def test_a_real_package_that_overwrote_the_shim_wins_and_is_told(shim: Path) -> None:
    (shim / "dagster-1.2.3.dist-info").mkdir()
    (shim / "dagster/__init__.py").write_text("MARK = 'the real one'\n")
    done = python(USE.format(mode="auto") + "print(dagster.MARK)", shim)
    assert done.stdout == "the real one\n"
    assert done.stderr.count("rostrum:") == 1
    assert "dagster 1.2.3 is installed in the same place" in done.stderr
