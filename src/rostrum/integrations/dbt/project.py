"""`DbtProject`: where a dbt project is, and keeping its manifest up to date while it is developed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from rostrum.integrations.dbt.errors import DbtCliRuntimeError, DbtManifestError

DEV_VARIABLES = ("ROSTRUM_DEV", "DAGSTER_IS_DEV_CLI", "DAGSTER_DBT_PARSE_PROJECT_ON_LOAD")
"""Any of these says that the project is being developed: manifests are brought up to date when code is loaded."""
_NOT_SOURCE = frozenset(
    {"target", "logs", "dbt_packages", "dbt_modules", ".git", ".venv", "node_modules", "__pycache__"}
)
_SOURCES = frozenset({".sql", ".py", ".yml", ".yaml", ".csv", ".md", ".jinja"})


def is_dev() -> bool:
    """Whether code is loaded by `rostrum dev`, or the variable says so."""
    return any(os.environ.get(name, "").lower() not in ("", "0", "false") for name in DEV_VARIABLES)


def dbt_executable(name: str = "dbt") -> str:
    """Path of the dbt command: on the PATH, else beside this Python. Raises DbtManifestError where there is none."""
    beside = Path(sys.executable).parent / name
    found = shutil.which(name) or (str(beside) if beside.exists() else None)
    if found is None:
        raise DbtManifestError(
            f"the dbt command {name!r} is neither on the PATH nor beside {sys.executable}: install dbt-core and an "
            "adapter, such as dbt-duckdb, or give dbt_executable."
        )
    return found


class DbtProjectPreparer(ABC):
    """How a project's manifest is made."""

    @abstractmethod
    def prepare(self, project: DbtProject) -> None:
        """Make it, as a deployment is built."""

    def prepare_if_dev(self, project: DbtProject) -> None:
        """Bring it up to date while the project is developed."""
        if is_dev():
            self.prepare(project)


class DefaultPreparer(DbtProjectPreparer):
    """Runs `dbt deps` where packages are missing, then `dbt parse`. While developing only where a file of the project
    is newer than the manifest, and once when several processes load the code at the same time.
    """

    def __init__(self, generate_cli_args: Sequence[str] | None = None) -> None:
        self._arguments = list(generate_cli_args or ["parse", "--quiet"])

    def prepare_if_dev(self, project: DbtProject) -> None:
        """Parse where something has changed."""
        if not is_dev() or not project.is_stale:
            return
        with _locked(project.project_dir / project.target_path):
            if project.is_stale:
                self.prepare(project)

    def prepare(self, project: DbtProject) -> None:
        """Install packages, parse, and copy the project where it is to be packaged."""
        if project.has_uninstalled_deps:
            self._run(project, ["deps", "--quiet"])
        self._run(project, self._arguments)
        if not project.manifest_path.exists():
            raise DbtManifestError(f"`dbt {' '.join(self._arguments)}` made no manifest at {project.manifest_path}.")
        os.utime(project.manifest_path)  # also where dbt found nothing to change

    def _run(self, project: DbtProject, arguments: Sequence[str]) -> None:
        command = [dbt_executable(), "--no-use-colors", *arguments, *project.options]
        environment = os.environ | {"DBT_TARGET_PATH": str(project.target_path)}
        done = subprocess.run(
            command, cwd=project.project_dir, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stdout + done.stderr).strip()
            raise DbtCliRuntimeError(f"`dbt {' '.join(arguments)}` failed in {project.project_dir}:\n{said}")


class DbtProject:
    """A dbt project. `target_path` is relative to `project_dir`.

    `packaged_project_dir` is where a deployment has a copy of the project with its manifest; once that folder exists
    it takes the place of `project_dir`, except while developing. `state_path` is for `--state` and deferral.
    Raises DbtManifestError for a folder that is no dbt project.
    """

    def __init__(
        self,
        project_dir: str | Path,
        *,
        target_path: str | Path = Path("target"),
        profiles_dir: str | Path | None = None,
        profile: str | None = None,
        target: str | None = None,
        packaged_project_dir: str | Path | None = None,
        state_path: str | Path | None = None,
        preparer: DbtProjectPreparer | None = None,
    ) -> None:
        own = Path(project_dir)
        packaged = Path(packaged_project_dir) if packaged_project_dir else None
        self.packaged_project_dir = packaged
        self.project_dir = packaged if packaged is not None and packaged.exists() and not is_dev() else own
        settings = _settings(self.project_dir)
        self.name = str(settings.get("name") or self.project_dir.name)
        self.profile = profile
        self.target = target
        self.target_path = Path(target_path)
        self.profiles_dir = Path(profiles_dir) if profiles_dir else self.project_dir
        self._told_profiles_dir = profiles_dir is not None
        self.state_path = self.project_dir / state_path if state_path else None
        self.preparer = preparer or DefaultPreparer()
        self._packages = str(settings.get("packages-install-path") or "dbt_packages")

    def __repr__(self) -> str:
        return f"DbtProject({str(self.project_dir)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DbtProject) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[Any, ...]:
        return self.project_dir, self.target_path, self.profiles_dir, self.profile, self.target, self.state_path

    @property
    def manifest_path(self) -> Path:
        """Where dbt writes the manifest."""
        return (self.project_dir / self.target_path / "manifest.json").absolute()

    @property
    def options(self) -> list[str]:
        """Options of the dbt command that name profile and target."""
        options: list[str] = []
        for flag, value in (("--profile", self.profile), ("--target", self.target)):
            options += [flag, value] if value else []
        if self._told_profiles_dir:
            options += ["--profiles-dir", str(self.profiles_dir.absolute())]
        return options

    @property
    def has_uninstalled_deps(self) -> bool:
        """Whether the project names packages that are not installed."""
        named = any((self.project_dir / name).exists() for name in ("packages.yml", "dependencies.yml"))
        return named and not (self.project_dir / self._packages).exists()

    @property
    def is_stale(self) -> bool:
        """Whether there is no manifest, or one that is older than a file of the project."""
        try:
            made = self.manifest_path.stat().st_mtime_ns
        except FileNotFoundError:
            return True
        return any(file.stat().st_mtime_ns > made for file in _sources(self.project_dir, self.target_path.name))

    def prepare_if_dev(self) -> None:
        """Bring the manifest up to date when the project is being developed (`rostrum dev`); else nothing."""
        self.preparer.prepare_if_dev(self)

    def prepare_and_package(self) -> None:
        """Make the manifest, and copy the project to `packaged_project_dir`, for a deployment."""
        self.preparer.prepare(self)
        if self.packaged_project_dir is not None and self.packaged_project_dir != self.project_dir:
            shutil.rmtree(self.packaged_project_dir, ignore_errors=True)
            shutil.copytree(
                self.project_dir,
                self.packaged_project_dir,
                ignore=shutil.ignore_patterns("logs", ".git", self.packaged_project_dir.name),
            )


def _settings(folder: Path) -> Mapping[str, Any]:
    file = folder / "dbt_project.yml"
    if not file.exists():
        raise DbtManifestError(f"{folder.absolute()} is no dbt project: it has no dbt_project.yml.")
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


def _sources(folder: Path, target: str) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NOT_SOURCE and name != target]
        yield from (Path(here, name) for name in files if Path(name).suffix in _SOURCES)


@contextmanager
def _locked(folder: Path) -> Generator[None, None, None]:
    """One process at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".prepare.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
