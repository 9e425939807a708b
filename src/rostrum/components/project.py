"""Where a project is: the `pyproject.toml` with a project table, the package it names, and its `defs` folder."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from rostrum.definitions.sources import relative
from rostrum.model.errors import CodeImportError, DefinitionError

TABLES = ("rostrum", "dg")
"""Tables below `[tool]` that may describe a project; the first counts."""


@dataclass(frozen=True)
class Project:
    """A project as its `pyproject.toml` describes it."""

    root: Path
    root_module: str
    defs_module: str
    registry_modules: Sequence[str] = ()
    code_location_name: str | None = None


def find_project(path: Path) -> Project:
    """The project that a path is in. Raises DefinitionError when no `pyproject.toml` upward describes one."""
    start = Path(path).absolute()
    for folder in (start, *start.parents):
        table = _table(folder)
        if table is not None:
            return _project(folder, table)
    raise DefinitionError(
        f"{relative(str(start))} is not in a project: no pyproject.toml upward has a table [tool.rostrum.project] with "
        "`root_module`."
    )


def _table(folder: Path) -> Mapping[str, Any] | None:
    for name, prefix in (("pyproject.toml", ("tool",)), ("dg.toml", ())):
        file = folder / name
        if not file.is_file():
            continue
        try:
            data: Any = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise DefinitionError(f"{relative(str(file))} cannot be read: {error}.") from error
        for part in prefix:
            data = data.get(part, {})
        found = [data[each] for each in TABLES if each in data] if prefix else [data]
        for table in found:
            if "project" in table or table.get("directory_type") == "project":
                return cast("Mapping[str, Any]", table)
    return None


def _project(folder: Path, table: Mapping[str, Any]) -> Project:
    project = cast("Mapping[str, Any]", table.get("project", {}))
    module = project.get("root_module")
    if not isinstance(module, str):
        module = _guessed_module(folder)
    if module is None:
        raise DefinitionError(f"{relative(str(folder / 'pyproject.toml'))}: the project table lacks `root_module`.")
    defs = project.get("defs_module") or f"{module}.defs"
    return Project(folder, module, defs, tuple(project.get("registry_modules", ())), project.get("code_location_name"))


def _guessed_module(folder: Path) -> str | None:
    """The one package with a `defs` folder."""
    found = [each.parent.name for each in (*folder.glob("*/defs"), *folder.glob("src/*/defs")) if each.is_dir()]
    return found[0] if len(found) == 1 else None


def import_package(name: str, root: Path) -> ModuleType:
    """The package of this name. Raises CodeImportError, which says how to make it importable."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        shown = relative(str(root))
        folder = next((each for each in (root / "src", root) if (each / name.split(".", 1)[0]).is_dir()), None)
        if folder is not None and "." in name and error.name == name:
            advice = f"make the folder {name.replace('.', '/')} in {relative(str(folder))}"
        else:
            advice = f"install the project (`pip install -e {shown}`)"
        raise CodeImportError(
            f"the package {error.name!r} of the project {shown} cannot be imported: {advice}."
        ) from error


def folder_of(module: ModuleType) -> Path:
    """Folder of a package."""
    return Path(next(iter(module.__path__)))
