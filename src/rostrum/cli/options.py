"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from rostrum.config.instance import Home, InstanceSettings, find_home, read_instance
from rostrum.config.projects import Compat, read_project
from rostrum.config.workspace import LocationSpec, find_locations

_REPEAT = "Repeat for several code locations."
F = TypeVar("F", bound=Callable[..., Any])


def home_option(function: F) -> F:
    """`--home`: passes `home: Home` and `settings: InstanceSettings`."""

    @click.option(
        "--home",
        "home_folder",
        metavar="FOLDER",
        help="Home of the instance (default: $ROSTRUM_HOME, else .rostrum here).",
    )
    @functools.wraps(function)
    def wrapped(*args: Any, home_folder: str | None, **options: Any) -> Any:
        home: Home = find_home(home_folder)
        settings: InstanceSettings = read_instance(home)
        if "locations" in options:  # those that nothing nearer says of are loaded as the instance says
            options["locations"] = [
                msgspec.structs.replace(spec, compat=spec.compat or settings.compat) for spec in options["locations"]
            ]
        return function(*args, home=home, settings=settings, **options)

    return wrapped  # type: ignore[return-value]


def code_options(function: F, *, required: bool = True) -> F:
    """`-f`, `-m`, `-a`, `-d`, `-w`, `--compat`: passes `locations: list[LocationSpec]`. Goes before `home_option`.
    Where no code is named and none found, ConfigError is raised, unless it is not `required`.
    """

    @click.option(
        "-f", "--python-file", "files", multiple=True, metavar="FILE", help=f"Python file with definitions. {_REPEAT}"
    )
    @click.option(
        "-m",
        "--module",
        "modules",
        multiple=True,
        metavar="MODULE",
        help=f"Importable module with definitions. {_REPEAT}",
    )
    @click.option("-a", "--attribute", metavar="NAME", help="Name of the Definitions object, where there are several.")
    @click.option("-d", "--working-directory", "directory", metavar="FOLDER", help="Folder that the code is loaded in.")
    @click.option(
        "--compat",
        type=click.Choice(["auto", "dagster", "off"]),
        help="What `import dagster` gives in the code: Rostrum's where none is installed, always, or never "
        "(default: as the project or the instance file says, else auto).",
    )
    @click.option("-w", "--workspace", metavar="FILE", help="Workspace file (default: workspace.yaml here).")
    @functools.wraps(function)
    def wrapped(
        *args: Any,
        files: tuple[str, ...],
        modules: tuple[str, ...],
        attribute: str | None,
        directory: str | None,
        compat: Compat | None,
        workspace: str | None,
        **options: Any,
    ) -> Any:
        locations: list[LocationSpec] = find_locations(
            files, modules, workspace, attribute, directory, required=required
        )
        said = compat or read_project(Path("pyproject.toml")).compat
        locations = [msgspec.structs.replace(spec, compat=compat or spec.compat or said) for spec in locations]
        return function(*args, locations=locations, **options)

    return wrapped  # type: ignore[return-value]


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def key_values(given: tuple[str, ...], what: str) -> dict[str, str]:
    """`("a=b", ...)` as a dict."""
    found: dict[str, str] = {}
    for item in given:
        key, separator, value = item.partition("=")
        if not separator or not key:
            raise click.BadParameter(f"{what} {item!r} is not KEY=VALUE")
        found[key] = value
    return found
