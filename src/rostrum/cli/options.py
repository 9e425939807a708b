"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from rostrum.config.instance import Home, InstanceSettings, find_home, read_instance
from rostrum.config.workspace import LocationSpec, find_locations

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
        return function(*args, home=home, settings=settings, **options)

    return wrapped  # type: ignore[return-value]


def code_options(function: F) -> F:
    """`-f`, `-m`, `-a`, `-w`: passes `locations: list[LocationSpec]`."""

    @click.option("-f", "--python-file", "files", multiple=True, metavar="FILE", help="Python file with definitions.")
    @click.option(
        "-m", "--module", "modules", multiple=True, metavar="MODULE", help="Importable module with definitions."
    )
    @click.option("-a", "--attribute", metavar="NAME", help="Name of the Definitions object, where there are several.")
    @click.option("-w", "--workspace", metavar="FILE", help="Workspace file (default: workspace.yaml here).")
    @functools.wraps(function)
    def wrapped(
        *args: Any,
        files: tuple[str, ...],
        modules: tuple[str, ...],
        attribute: str | None,
        workspace: str | None,
        **options: Any,
    ) -> Any:
        locations: list[LocationSpec] = find_locations(files, modules, workspace, attribute)
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
