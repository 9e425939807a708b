"""`rostrum migrate`: what becomes of sources and other files, and what is left to people."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rostrum import Component
from rostrum.cli.main import command
from rostrum.compat.migrated_packages import place
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
        (
            "import dagster\n\ndef f(i: 'dagster.DagsterInstance') -> list['dagster.AssetKey']: ...\n",
            "import rostrum\n\ndef f(i: 'rostrum.Instance') -> list['rostrum.AssetKey']: ...\n",
        ),
        (  # a text that names it is looked up by that name
            "from dagster import DagsterInstance\n\n__all__ = ['DagsterInstance']\n",
            "from rostrum import Instance as DagsterInstance\n\n__all__ = ['DagsterInstance']\n",
        ),
        (  # the name means something else in a function
            "from dagster import DagsterInstance\n\ndef f(DagsterInstance): return DagsterInstance\n",
            "from rostrum import Instance as DagsterInstance\n\ndef f(DagsterInstance): return DagsterInstance\n",
        ),
        ("x = 1; from dagster import asset; y = 2\n", "x = 1; from rostrum import asset; y = 2\n"),
        (
            "x = '\x0c\u2028'\nimport dagster as dg  # \x0c\ndg.asset\n",
            "x = '\x0c\u2028'\nimport rostrum as dg  # \x0c\ndg.asset\n",
        ),
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
    text, notes = source(tmp_path, "from dagster._core.launcher.base import RunLauncher\nimport dagster_snowflake\n")
    assert text is None
    assert [line for line, _ in notes] == [1, 2]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from dagster.components.testing import create_defs_folder_sandbox as sandbox\n",
            "from rostrum.components.testing import create_defs_folder_sandbox as sandbox\n",
        ),
        (
            "from dagster.components import Component, definitions\n",
            "from rostrum import Component, lazy_definitions\n",
        ),
        ("from dagster.components import DefsStateConfig\n", "from rostrum.components.state import DefsStateConfig\n"),
        (
            "from dagster.components.core.component_tree import ComponentTree, ComponentTreeException\n",
            "from rostrum.compat.dagster.components.core.component_tree import ComponentTree, ComponentTreeException\n",
        ),
        (
            "import dagster.components as c\nc.Component\n",
            "import rostrum.compat.dagster.components as c\nc.Component\n",
        ),
        ("import os, dagster_dbt\n", "import os, rostrum.compat.dagster_dbt as dagster_dbt\n"),
    ],
)
def test_modules_below_and_beside_the_package(tmp_path: Path, before: str, after: str) -> None:
    text, notes = source(tmp_path, before)
    assert text == after
    exec(after, {})
    assert all("rostrum.compat" in told for _, told in notes)


def test_component_files(tmp_path: Path) -> None:
    path = tmp_path / "defs.yaml"
    path.write_bytes(
        b"# dagster\r\ntype: dagster.DefsFolderComponent  # why\r\nattributes:\r\n  type: dagster.Nested\r\n---\r\n"
        b'type: "dagster_dbt.DbtProjectComponent"\r\n---\r\ntype: dagster_sling.SlingComponent\r\n'
        b"---\r\ntype: dagster.components.PythonScriptComponent\r\n---\r\ntype: shop.dagster.Own\r\n"
    )
    (change,) = migrate(tmp_path)
    assert change.data == (
        b"# dagster\r\ntype: rostrum.DefsFolderComponent  # why\r\nattributes:\r\n  type: dagster.Nested\r\n---\r\n"
        b'type: "rostrum.integrations.dbt.component.DbtProjectComponent"\r\n---\r\n'
        b"type: dagster_sling.SlingComponent\r\n---\r\ntype: rostrum.PythonScriptComponent\r\n"
        b"---\r\ntype: shop.dagster.Own\r\n"
    )
    assert [line for line, _ in change.notes] == [4, 8, 12]
    assert change.notes[1][1] == "the type dagster_sling.SlingComponent is not part of Rostrum: change it by hand"


def test_a_migrated_project_of_components_loads_without_an_alias(tmp_path: Path) -> None:
    """So does a component file that comes from elsewhere afterwards."""
    asset = "import dagster as dg\n\n@dg.asset\ndef {}() -> int: return 1\n"
    shop = tmp_path / "shop"
    files = {
        "definitions.py": "from pathlib import Path\nimport dagster as dg\n\n@dg.definitions\ndef defs():\n"
        "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n",
        "defs/one/a.py": asset.format("a"),
        "defs/one/defs.yaml": "type: dagster.DefsFolderComponent\npost_processing:\n  assets:\n"
        "    - {target: '*', attributes: {group_name: ones}}\n",
        "defs/two/b.py": asset.format("b"),
    }
    for name, text in {**files, "__init__.py": "", "defs/__init__.py": ""}.items():
        (shop / name).parent.mkdir(parents=True, exist_ok=True)
        (shop / name).write_text(text)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "shop"\n'
    )
    assert CliRunner().invoke(command, ["migrate", str(tmp_path)]).exit_code == 0
    assert "dagster" not in (shop / "defs/one/defs.yaml").read_text()
    (shop / "defs/two/defs.yaml").write_text("type: dagster.components.DefsFolderComponent\n")
    words = ["-m", "rostrum", "definitions", "validate", "-m", "shop.definitions", "--compat", "off"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "2 assets. All valid." in done.stdout + done.stderr


def test_every_component_that_rostrum_has_is_found() -> None:
    names = ["DefinitionsComponent", "DefsFolderComponent", "FunctionComponent", "PythonScriptComponent"]
    names += ["TemplatedSqlComponent", "UvRunComponent"]
    for name in [*(f"dagster.{name}" for name in names), "dagster_dbt.DbtProjectComponent"]:
        module, _, attribute = (place(name) or "").rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), attribute), Component), name


def test_a_source_that_cannot_be_parsed(tmp_path: Path) -> None:
    assert source(tmp_path, "import dagster\ndef (:\n") == (None, [(1, "cannot be parsed; not looked at")])


def test_requirements(tmp_path: Path) -> None:
    path = tmp_path / "requirements-dev.txt"
    path.write_text(
        "dagster==1.7.2  # pinned\npandas\ndagster-webserver\ndagster-graphql>=1\ndagster-duckdb-pandas\ndagster-gcp\n"
    )
    (change,) = migrate(path)
    assert change.text == "rostrum  # pinned\npandas\nrostrum[server]\nrostrum[duckdb,pandas]\ndagster-gcp\n"
    left = "dagster-gcp has no counterpart in Rostrum's distributions; it is left, and may bring dagster along"
    assert change.notes == [(6, left)]


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
        '[project]\ndependencies = ["dagster>=1.7,<2", "dagster-duckdb~=0.2; python_version>\'3.9\'", "dagster_x"]\n\n'
        '[tool.dagster]\nmodule_name = "etl.defs"\ncode_location_name = "etl"\n'
    )
    (change,) = migrate(path)
    assert change.text == (
        '[project]\ndependencies = ["rostrum", "rostrum[duckdb]; python_version>\'3.9\'", "dagster_x"]\n\n'
        '[tool.rostrum]\nmodule = "etl.defs"\nlocation_name = "etl"\n'
    )


def test_the_instance_file(tmp_path: Path) -> None:
    path = tmp_path / "dagster.yaml"
    path.write_text("run_queue:\n  max_concurrent_runs: 3\nrun_retries:\n  enabled: true\n")
    (change,) = migrate(tmp_path)
    assert change.name == "rostrum.yaml"
    assert change.text is not None
    assert change.text.endswith("run_queue:\n  max_concurrent_runs: 3\nrun_retries:\n  enabled: true\n")
    assert change.notes == []


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


KEPT = "dagster comes from rostrum.compat.dagster: it is more than a prefix in this file"


@pytest.mark.parametrize(
    "rest",
    [
        "def h(dagster): return dagster.DagsterInstance\n",
        "class K:\n    dagster = 1\n    def m(self): return self.dagster\n",
        "x = getattr(dagster, 'DagsterInstance')\n",
        "def f(module=dagster): ...\n",
    ],
)
def test_a_module_that_is_more_than_a_prefix_keeps_its_name(tmp_path: Path, rest: str) -> None:
    text, notes = source(tmp_path, f"import os, dagster\n\n{rest}")
    assert text == f"import os, rostrum.compat.dagster as dagster\n\n{rest}"
    assert notes == [(1, KEPT)]


def test_names_that_are_not_known_stay_where_they_were(tmp_path: Path) -> None:
    text, notes = source(tmp_path, "import dagster as dg\n\nx = dg._core.storage\ny = dg.asset\n")
    assert text is not None
    assert "x = dg_compat._core.storage\ny = dg.asset\n" in text
    assert notes == [(3, "dg._core is not known; change it by hand")]
    text, _ = source(tmp_path, "if True: import dagster as dg; x = dg.BetaWarning\n")
    assert text == ("if True: import rostrum as dg, rostrum.compat.dagster as dg_compat; x = dg_compat.BetaWarning\n")


def test_modules_by_name_are_told(tmp_path: Path) -> None:
    text, notes = source(
        tmp_path,
        "from unittest import mock\nimport importlib\n\n"
        "mock.patch('dagster.DagsterInstance.get')\nimportlib.import_module('dagster')\n__import__('dagster')\n",
    )
    assert text is None
    assert [line for line, _ in notes] == [4, 5, 6]


def test_names_that_other_modules_take_keep_their_names(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("from dagster import AssetCheckKey, DagsterInstance\n\nx = AssetCheckKey\n")
    (tmp_path / "a.py").write_text("from .b import DagsterInstance\n")
    (change,) = migrate(tmp_path)
    assert change.text == "from rostrum import CheckKey, Instance as DagsterInstance\n\nx = CheckKey\n"


def test_encodings_stay(tmp_path: Path) -> None:
    bom, latin = tmp_path / "bom.py", tmp_path / "latin.py"
    bom.write_bytes(b"\xef\xbb\xbfimport dagster as dg\r\n")
    latin.write_bytes(b"# -*- coding: latin-1 -*-\nimport dagster as dg  # \xe9\n")
    assert CliRunner().invoke(command, ["migrate", str(tmp_path)]).exit_code == 0
    assert bom.read_bytes() == b"\xef\xbb\xbfimport rostrum as dg\r\n"
    assert latin.read_bytes() == b"# -*- coding: latin-1 -*-\nimport rostrum as dg  # \xe9\n"


def test_links_and_read_only_files_are_left(tmp_path: Path) -> None:
    inside, outside = tmp_path / "project", tmp_path / "outside.py"
    inside.mkdir()
    outside.write_text("import dagster as dg\n")
    (inside / "link.py").symlink_to(outside)
    locked = inside / "locked.py"
    locked.write_text("import dagster as dg\n")
    locked.chmod(0o444)
    (change,) = migrate(inside)
    assert (change.path, change.text) == (locked, None)
    assert change.notes == [(1, "is read-only: it is left")]


def test_all_files_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("import dagster as dg\n")
    written = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if "b.py" in self.name:
            raise OSError("disk full")
        return written(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    done = CliRunner().invoke(command, ["migrate", str(tmp_path)])
    assert done.exit_code == 1
    assert "nothing was changed: disk full" in done.output
    assert {path.read_text() for path in tmp_path.iterdir()} == {"import dagster as dg\n"}


def test_what_else_names_it_is_told(tmp_path: Path) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/ci.yml").write_text("run: dagster definitions validate\n")
    (tmp_path / "tox.ini").write_text("deps = dagster\n")
    (tmp_path / "requirements.txt").write_text("git+https://example.org/dagster.git\n")
    (tmp_path / "pyproject.toml").write_text('[tool.dg.project]\nroot_module = "etl"\n')
    assert {change.path.name for change in migrate(tmp_path) if change.notes} == {
        "ci.yml", "tox.ini", "requirements.txt", "pyproject.toml",
    }  # fmt: skip
