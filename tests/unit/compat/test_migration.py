"""`rostrum migrate`: what becomes of sources and other files, and what is left to people."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rostrum.cli.main import command
from rostrum.compat.migration import migrate


def source(tmp_path: Path, text: str) -> tuple[str | None, list[tuple[int, str]]]:
    path = tmp_path / "code.py"
    path.write_text(text)
    changes = migrate(path)
    return (changes[0].text, changes[0].notes) if changes else (None, [])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import dagster as dg\n\n@dg.asset\ndef a(): ...\n", "import rostrum as dg\n\n@dg.asset\ndef a(): ...\n"),
        ("import dagster\n\nx = dagster.AssetKey('a')\n", "import rostrum\n\nx = rostrum.AssetKey('a')\n"),
        ("import os, dagster as d  # why\n", "import os, rostrum as d  # why\n"),
        ("from dagster import asset\n", "from rostrum import asset\n"),
        (
            "from dagster import (\n    asset,  # first\n    Definitions as Defs,\n)\n",
            "from rostrum import (\n    asset,  # first\n    Definitions as Defs,\n)\n",
        ),
        ("from   dagster   import asset\n", "from rostrum   import asset\n"),
        (
            "from dagster import get_dagster_logger\n\nlog = get_dagster_logger()\n",
            "from rostrum import get_logger\n\nlog = get_logger()\n",
        ),
        (
            "from dagster import get_dagster_logger\n\nget_logger = 1\nlog = get_dagster_logger()\n",
            "from rostrum import get_logger as get_dagster_logger\n\nget_logger = 1\nlog = get_dagster_logger()\n",
        ),
        (
            "import dagster as dg\nlog = dg.get_dagster_logger('é')\n",
            "import rostrum as dg\nlog = dg.get_logger('é')\n",
        ),
        (
            "from dagster import AssetCheckKey\n\ndef f(k: 'AssetCheckKey') -> \"AssetCheckKey\": ...\n",
            "from rostrum import CheckKey\n\ndef f(k: 'CheckKey') -> \"CheckKey\": ...\n",
        ),
        (
            "def f():\n    from dagster import asset\n    return asset\n",
            "def f():\n    from rostrum import asset\n    return asset\n",
        ),
        ("# dagster\nx = 'dagster'\n", None),
    ],
)
def test_sources(tmp_path: Path, before: str, after: str | None) -> None:
    assert source(tmp_path, before) == (after, [])


def test_what_only_the_compatibility_package_has(tmp_path: Path) -> None:
    text, notes = source(tmp_path, "from dagster import asset, BetaWarning\n")
    assert text == "from rostrum import asset\nfrom rostrum.compat.dagster import BetaWarning\n"
    assert notes == [(1, "BetaWarning comes from rostrum.compat.dagster")]
    text, notes = source(tmp_path, "import dagster as dg\n\nx = [dg.asset, dg.BetaWarning]\n")
    assert text is not None
    assert text.startswith("import rostrum as dg\nfrom rostrum.compat import dagster as dg_compat\n\n")
    assert text.endswith("x = [dg.asset, dg_compat.BetaWarning]\n")
    assert notes == [(3, "dg.BetaWarning comes from rostrum.compat.dagster")]


def test_private_imports_are_left(tmp_path: Path) -> None:
    text, notes = source(tmp_path, "from dagster._core.launcher.base import RunLauncher\nimport dagster_dbt\n")
    assert text is None
    assert [line for line, _ in notes] == [1, 2]


def test_a_source_that_cannot_be_parsed(tmp_path: Path) -> None:
    assert source(tmp_path, "import dagster\ndef (:\n") == (None, [(1, "cannot be parsed; not looked at")])


def test_requirements(tmp_path: Path) -> None:
    path = tmp_path / "requirements-dev.txt"
    path.write_text(
        "dagster==1.7.2  # pinned\npandas\ndagster-webserver\ndagster-graphql>=1\ndagster-duckdb-pandas\ndagster-k8s\n"
    )
    (change,) = migrate(path)
    assert change.text == "rostrum  # pinned\npandas\nrostrum[server]\nrostrum[duckdb,pandas]\ndagster-k8s\n"
    assert change.notes == [(6, "dagster-k8s has no counterpart in Rostrum's distributions; it is left")]


def test_integrations(tmp_path: Path) -> None:
    text, notes = source(
        tmp_path,
        "from dagster_duckdb import DuckDBResource\n"
        "from dagster_aws.s3 import ConfigurablePickledObjectS3IOManager, S3Resource as S3\n"
        "from dagster_snowflake import SnowflakeResource\n"
        "from dagster_dbt import DbtCliResource, DbtProjectComponent\n"
        "from dagster_pipes import open_dagster_pipes\n",
    )
    assert text == (
        "from rostrum.integrations.duckdb import DuckDBResource\n"
        "from rostrum.integrations.s3 import S3PickleIOManager as ConfigurablePickledObjectS3IOManager, "
        "S3Resource as S3\n"
        "from dagster_snowflake import SnowflakeResource\n"
        "from rostrum.compat.dagster_dbt import DbtCliResource, DbtProjectComponent\n"
        "from dagster_pipes import open_dagster_pipes\n"
    )
    assert [line for line, _ in notes] == [3, 4, 5]


def test_pyproject(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[project]\nname = "etl"\ndependencies = ["dagster>=1.7,<2", "dagster_project_x", "pandas"]\n\n'
        '[tool.dagster]\nmodule_name = "etl.defs"\ncode_location_name = "etl"\n'
    )
    (change,) = migrate(path)
    assert change.text == (
        '[project]\nname = "etl"\ndependencies = ["rostrum", "dagster_project_x", "pandas"]\n\n'
        '[tool.rostrum]\nmodule = "etl.defs"\nlocation_name = "etl"\n'
    )


def test_the_instance_file(tmp_path: Path) -> None:
    path = tmp_path / "dagster.yaml"
    path.write_text("run_queue:\n  max_concurrent_runs: 3\nrun_retries:\n  enabled: true\n")
    (change,) = migrate(tmp_path)
    assert change.name == "rostrum.yaml"
    assert change.text is not None
    assert change.text.endswith("run_queue:\n  max_concurrent_runs: 3\n")
    assert change.notes == [(3, "run_retries: failed runs are not retried by themselves yet")]


def project(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / ".venv").mkdir()
    (folder / ".venv/code.py").write_text("import dagster\n")
    (folder / "inner/code.py").write_text("import dagster as dg\n")
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (folder / "Dockerfile").write_text("# dagster\nCMD dagster-webserver -h 0.0.0.0\n")


def test_check_shows_the_difference_and_writes_nothing(tmp_path: Path) -> None:
    project(tmp_path)
    done = CliRunner().invoke(command, ["migrate", "--check", str(tmp_path)])
    assert done.exit_code == 1
    assert "-import dagster as dg\n+import rostrum as dg\n" in done.stdout
    assert f"{tmp_path}/Dockerfile:2: change by hand: CMD dagster-webserver" in done.stderr
    assert "2 files would change; 1 places to look at." in done.stderr
    assert (tmp_path / "inner/code.py").read_text() == "import dagster as dg\n"
    assert (tmp_path / "dagster.yaml").exists()


def test_it_writes_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    project(tmp_path)
    done = CliRunner().invoke(command, ["migrate", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "inner/code.py").read_text() == "import rostrum as dg\n"
    assert (tmp_path / ".venv/code.py").read_text() == "import dagster\n"
    assert (tmp_path / "rostrum.yaml").exists()
    assert not (tmp_path / "dagster.yaml").exists()
    assert CliRunner().invoke(command, ["migrate", "--check", str(tmp_path)]).exit_code == 0


def test_packages_of_the_project_are_left_without_a_word(tmp_path: Path) -> None:
    package = tmp_path / "dagster_example"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "jobs.py").write_text("from dagster_example.assets import made\nfrom dagster_other import x\n")
    (package / "assets.py").write_text("import dagster_example.jobs\n")
    (change,) = migrate(tmp_path)
    assert change.text is None
    assert [note for _, note in change.notes] == [
        "`from dagster_other import ...` is left: not all of it is part of Rostrum"
    ]
