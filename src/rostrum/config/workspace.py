"""Which code locations there are: the workspace file, or what was named on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from rostrum.config.files import read_struct
from rostrum.model.errors import ConfigError

FILE_NAME = "workspace.yaml"


class PythonFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Python file with definitions."""

    relative_path: str
    attribute: str | None = None
    location_name: str | None = None
    working_directory: str | None = None


class PythonModule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An importable module with definitions."""

    module_name: str
    attribute: str | None = None
    location_name: str | None = None
    working_directory: str | None = None


class GrpcServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code server that runs by itself: `host` and `port`, or `socket`."""

    location_name: str
    host: str = "localhost"
    port: int | None = None
    socket: str | None = None
    token: str | None = None


class LoadFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One code location: exactly one of the keys."""

    python_file: PythonFile | str | None = None
    python_module: PythonModule | str | None = None
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
        _valid_name(name or absolute.name), python_file=str(absolute), attribute=attribute, working_directory=working
    )


def location_of_module(
    module: str, *, attribute: str | None = None, name: str | None = None, directory: str | None = None
) -> LocationSpec:
    """A location from an importable module."""
    return LocationSpec(
        _valid_name(name or module),
        module_name=module,
        attribute=attribute,
        working_directory=directory or str(Path.cwd()),
    )


def read_workspace(path: Path) -> list[LocationSpec]:
    """Locations of a workspace file. Raises ConfigError for a wrong file or a name used twice."""
    folder = path.absolute().parent
    found: list[LocationSpec] = []
    for place, item in enumerate(read_struct(path, WorkspaceFile).load_from):
        given = [value for value in (item.python_file, item.python_module, item.grpc_server) if value is not None]
        if len(given) != 1:
            raise ConfigError(
                f"{path}: load_from[{place}] needs exactly one of python_file, python_module, grpc_server"
            )
        found.append(_location(given[0], item, folder))
    names = [spec.name for spec in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{path}: the location name {twice[0]} is used twice; set location_name")
    return found


def _location(given: PythonFile | PythonModule | GrpcServer | str, item: LoadFrom, folder: Path) -> LocationSpec:
    if isinstance(given, GrpcServer):
        return LocationSpec(_valid_name(given.location_name), server=given)
    if isinstance(given, str):
        return (
            location_of_file(given, folder=folder)
            if item.python_file is not None
            else location_of_module(given, directory=str(folder))
        )
    directory = given.working_directory
    if isinstance(given, PythonFile):
        return location_of_file(
            given.relative_path, attribute=given.attribute, name=given.location_name, folder=folder, directory=directory
        )
    where = str((folder / directory).absolute()) if directory else str(folder)
    return location_of_module(given.module_name, attribute=given.attribute, name=given.location_name, directory=where)


def find_locations(
    files: tuple[str, ...], modules: tuple[str, ...], workspace: str | None, attribute: str | None = None
) -> list[LocationSpec]:
    """Locations from the command line, else from a workspace file, else from `pyproject.toml` `[tool.rostrum] module`,
    else a lone `definitions.py`.
    """
    found = [location_of_file(path, attribute=attribute) for path in files]
    found += [location_of_module(module, attribute=attribute) for module in modules]
    if found:
        return found
    if workspace:
        return read_workspace(Path(workspace))
    if Path(FILE_NAME).is_file():
        return read_workspace(Path(FILE_NAME))
    if Path("definitions.py").is_file():
        return [location_of_file("definitions.py")]
    raise ConfigError(
        f"no code to load: name a file (-f definitions.py) or a module (-m package.definitions), or write {FILE_NAME}"
    )
