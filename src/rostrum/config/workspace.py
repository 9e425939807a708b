"""Which code locations there are: the workspace file, or what was named on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from rostrum.config.files import read_struct
from rostrum.config.notices import tell
from rostrum.config.projects import Compat, Project, read_project
from rostrum.model.errors import ConfigError

FILE_NAME = "workspace.yaml"


class PythonFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Python file with definitions."""

    relative_path: str
    attribute: str | None = None
    location_name: str | None = None
    working_directory: str | None = None
    executable_path: str | None = None
    """Another Python that serves this code; it needs Rostrum, too. Relative to the workspace file."""
    compat: Compat | None = None
    """None: as `pyproject.toml` or the instance file says."""


class PythonModule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An importable module with definitions."""

    module_name: str
    attribute: str | None = None
    location_name: str | None = None
    working_directory: str | None = None
    executable_path: str | None = None
    """As of `PythonFile`."""
    compat: Compat | None = None


class PythonPackage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An importable package with definitions: the same as a module, under the name that older files use."""

    package_name: str
    attribute: str | None = None
    location_name: str | None = None
    working_directory: str | None = None
    executable_path: str | None = None
    """As of `PythonFile`."""
    compat: Compat | None = None


class GrpcServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code server that runs by itself: `host` and `port`, or `socket`."""

    location_name: str | None = None
    """Default: `grpc:<host>:<port or socket>`, with what cannot be in a name replaced by `_`."""
    host: str = "localhost"
    port: int | None = None
    socket: str | None = None
    token: str | None = None
    ssl: bool = False
    """Connect with TLS, trusting the system's certificates."""
    additional_metadata: dict[str, Any] = {}
    """Read for the sake of files written for Dagster; a notice tells that it has no effect."""


class LoadFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One code location: exactly one of the keys."""

    python_file: PythonFile | str | None = None
    python_module: PythonModule | str | None = None
    python_package: PythonPackage | str | None = None
    grpc_server: GrpcServer | None = None


class WorkspaceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of `workspace.yaml`."""

    load_from: list[LoadFrom]


class LocationSpec(msgspec.Struct, frozen=True):
    """One code location: a target that we start a code server for, or the address of one that runs."""

    name: str
    python_file: str | None = None
    """Absolute path."""
    module_name: str | None = None
    attribute: str | None = None
    working_directory: str | None = None
    server: GrpcServer | None = None
    compat: Compat | None = None
    """None: not said where the location is named."""
    executable: str | None = None
    """Python that serves the code; None: this one."""


def _valid_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name):
        raise ConfigError(f"{name!r} cannot name a code location: use letters, digits, `_`, `-` and `.`")
    return name


def location_of_file(
    path: str,
    *,
    attribute: str | None = None,
    name: str | None = None,
    folder: Path | None = None,
    directory: str | None = None,
    compat: Compat | None = None,
    executable: str | None = None,
) -> LocationSpec:
    """A location from a Python file. `folder`: what a relative path is relative to. Raises ConfigError when there is no
    such file.
    """
    absolute = ((folder or Path.cwd()) / path).absolute()
    if not absolute.is_file():
        raise ConfigError(f"there is no file {path} (looked for {absolute})")
    working = (
        str(((folder or Path.cwd()) / directory).absolute())
        if directory
        else str(absolute.parent if folder is None else folder)
    )
    return LocationSpec(
        _valid_name(name or absolute.name),
        python_file=str(absolute),
        attribute=attribute,
        working_directory=working,
        compat=compat,
        executable=executable,
    )


def location_of_module(
    module: str,
    *,
    attribute: str | None = None,
    name: str | None = None,
    directory: str | None = None,
    compat: Compat | None = None,
    executable: str | None = None,
) -> LocationSpec:
    """A location from an importable module."""
    return LocationSpec(
        _valid_name(name or module),
        module_name=module,
        attribute=attribute,
        working_directory=directory or str(Path.cwd()),
        compat=compat,
        executable=executable,
    )


def read_workspace(path: Path) -> list[LocationSpec]:
    """Locations of a workspace file. Raises ConfigError for a wrong file or a name used twice."""
    folder = path.absolute().parent
    found: list[LocationSpec] = []
    for place, item in enumerate(read_struct(path, WorkspaceFile).load_from):
        given = [value for value in msgspec.structs.astuple(item) if value is not None]
        if len(given) != 1:
            raise ConfigError(
                f"{path}: load_from[{place}] needs exactly one of {', '.join(LoadFrom.__struct_fields__)}"
            )
        found.append(_location(given[0], item, folder))
    names = [spec.name for spec in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{path}: the location name {twice[0]} is used twice; set location_name")
    return found


def _location(
    given: PythonFile | PythonModule | PythonPackage | GrpcServer | str, item: LoadFrom, folder: Path
) -> LocationSpec:
    if isinstance(given, GrpcServer):
        return _location_of_server(given)
    if isinstance(given, str):
        return (
            location_of_file(given, folder=folder)
            if item.python_file is not None
            else location_of_module(given, directory=str(folder))
        )
    directory = given.working_directory
    executable = str((folder / given.executable_path).absolute()) if given.executable_path else None
    if executable is not None and not Path(executable).is_file():
        raise ConfigError(f"there is no file {given.executable_path} (executable_path; looked for {executable})")
    if isinstance(given, PythonFile):
        return location_of_file(
            given.relative_path,
            attribute=given.attribute,
            name=given.location_name,
            folder=folder,
            directory=directory,
            compat=given.compat,
            executable=executable,
        )
    return location_of_module(
        given.module_name if isinstance(given, PythonModule) else given.package_name,
        attribute=given.attribute,
        name=given.location_name,
        directory=str((folder / directory).absolute()) if directory else str(folder),
        compat=given.compat,
        executable=executable,
    )


def _location_of_server(given: GrpcServer) -> LocationSpec:
    name = given.location_name or re.sub(r"[^A-Za-z0-9_.-]", "_", f"grpc:{given.host}:{given.port or given.socket}")
    if given.additional_metadata:
        tell(f"{FILE_NAME}: additional_metadata of the location {name} has no effect")
    return LocationSpec(_valid_name(name), server=given)


def find_locations(
    files: tuple[str, ...],
    modules: tuple[str, ...],
    workspace: str | None,
    attribute: str | None = None,
    directory: str | None = None,
    *,
    required: bool = True,
) -> list[LocationSpec]:
    """Locations from the command line, else from a workspace file, else from `pyproject.toml` (`[tool.rostrum]`, or
    what is there for Dagster), else a lone `definitions.py`. Raises ConfigError where there is none and one is
    `required`.
    """
    found = [location_of_file(path, attribute=attribute, directory=directory) for path in files]
    found += [location_of_module(module, attribute=attribute, directory=_folder(directory)) for module in modules]
    if found:
        return found
    if workspace:
        return read_workspace(Path(workspace))
    if Path(FILE_NAME).is_file():
        return read_workspace(Path(FILE_NAME))
    project = read_project(Path("pyproject.toml"))
    named = location_of_project(project, attribute)
    if named is not None:
        return [named]
    if Path("definitions.py").is_file():
        return [location_of_file("definitions.py", attribute=attribute)]
    if not required:
        return []
    raise ConfigError(
        f"no code to load: name a file (-f definitions.py) or a module (-m package.definitions), or write {FILE_NAME}"
    )


def _folder(directory: str | None) -> str | None:
    return str(Path(directory).absolute()) if directory else None


def location_of_project(project: Project, attribute: str | None = None) -> LocationSpec | None:
    """The location that a `pyproject.toml` names; None where it names none."""
    options: dict[str, Any] = {"attribute": attribute or project.attribute, "compat": project.compat}
    if project.python_file is not None:
        return location_of_file(project.python_file, name=project.location_name, **options)
    if project.module is None:
        return None
    directory = _folder(project.working_directory)
    return location_of_module(project.module, name=project.location_name, directory=directory, **options)
