"""What `pyproject.toml` says of a project: `[tool.rostrum]`, and what is there for Dagster."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from rostrum.config.files import told
from rostrum.config.notices import tell
from rostrum.model.errors import ConfigError

Compat = Literal["auto", "dagster", "off"]
"""What `import dagster` gives in the user's code: Rostrum's where no such package is installed; Rostrum's in any case;
never Rostrum's.
"""


class Project(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[tool.rostrum]`: the code of a project (a module or a file), and how it is loaded."""

    module: str | None = None
    python_file: str | None = None
    """Relative to the current folder, as all of this."""
    attribute: str | None = None
    location_name: str | None = None
    working_directory: str | None = None
    compat: Compat | None = None


_CLASSIC = {
    "module_name": "module",
    "python_file": "python_file",
    "attribute": "attribute",
    "code_location_name": "location_name",
    "working_directory": "working_directory",
}
"""Key of `[tool.dagster]` -> field of `Project`."""


def read_project(path: Path) -> Project:
    """What a `pyproject.toml` says; nothing where there is no such file. `[tool.rostrum]` comes before
    `[tool.dagster]`, and that before `[tool.dg]`. Raises ConfigError for a wrong key or value.
    """
    if not path.is_file():
        return Project()
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    own = _converted(tool.get("rostrum", {}), path, "tool.rostrum")
    if own.module is not None or own.python_file is not None:
        return own
    classic = _of_dagster(tool.get("dagster", {}), path) or _of_dg(tool.get("dg", {}), path)
    given = {name: value for name, value in msgspec.structs.asdict(own).items() if value is not None}
    return msgspec.structs.replace(classic, **given) if classic is not None else own


def _converted(raw: Any, path: Path, table: str) -> Project:
    try:
        found = msgspec.convert(raw, Project)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: [{table}]: {told(error, Project)}") from None
    if found.module is not None and found.python_file is not None:
        raise ConfigError(f"{path}: [{table}]: a module or a python_file, not both")
    return found


def _of_dagster(raw: Any, path: Path) -> Project | None:
    if not raw:
        return None
    for key in raw:
        if key not in _CLASSIC:
            tell(f"{path}: [tool.dagster] {key} is not known here and has no effect")
    return _converted({_CLASSIC[key]: value for key, value in raw.items() if key in _CLASSIC}, path, "tool.dagster")


def _of_dg(raw: Any, path: Path) -> Project | None:
    """`[tool.dg.project]`: the module `definitions` of the root module, which may be in `src`."""
    project = raw.get("project", {})
    root = project.get("root_module")
    if root is None:
        return None
    place = Path(*root.split("."))
    folder = "src" if (path.parent / "src" / place).is_dir() else None
    module = project.get("code_location_target_module") or f"{root}.definitions"
    found = {"module": module, "location_name": project.get("code_location_name"), "working_directory": folder}
    return _converted({key: value for key, value in found.items() if value is not None}, path, "tool.dg.project")
