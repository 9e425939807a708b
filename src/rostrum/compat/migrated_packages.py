"""Where the names of integration packages are in Rostrum, and what their distributions become; read without importing
the libraries that they are for.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import rostrum
from rostrum.compat.dagster.components import _MODULE_OF  # pyright: ignore[reportPrivateUsage]
from rostrum.compat.dagster.names import _RENAMED  # pyright: ignore[reportPrivateUsage]

DEPENDENCIES = {
    "dagster": "rostrum",
    "dagster-webserver": "rostrum[server]",
    "dagit": "rostrum[server]",
    "dagster-graphql": "rostrum[server]",
    "dagster-aws": "rostrum[s3]",
    "dagster-dask": "rostrum[dask]",
    "dagster-dbt": "rostrum[dbt]",
    "dagster-deltalake": "rostrum[delta]",
    "dagster-deltalake-pandas": "rostrum[delta,pandas]",
    "dagster-deltalake-polars": "rostrum[delta,polars]",
    "dagster-docker": "rostrum[docker]",
    "dagster-duckdb": "rostrum[duckdb]",
    "dagster-duckdb-pandas": "rostrum[duckdb,pandas]",
    "dagster-duckdb-polars": "rostrum[duckdb,polars]",
    "dagster-k8s": "rostrum[kubernetes]",
    "dagster-pandas": "rostrum[pandas]",
    "dagster-polars": "rostrum[polars]",
    "dagster-slack": "rostrum[slack]",
}
"""Distribution there -> requirement here."""
_FOLDER = Path(__file__).parent
_OURS: dict[str, str] = vars(rostrum)["_MODULE_OF"]
"""Public name -> its module."""


@functools.lru_cache(maxsize=1)
def renamed() -> dict[str, str]:
    """Name there -> public name here, where they differ."""
    found: dict[str, str] = {}
    for name, place in _RENAMED.items():
        module, _, attribute = place.partition(":")
        if _OURS.get(attribute) == module:
            found[name] = attribute
    return found


def counterpart(name: str) -> str | None:
    """The public name here of a public name there; None where Rostrum proper has none."""
    if name in renamed():
        return renamed()[name]
    return name if name in _OURS else None


def statement(module: str, wanted: list[tuple[str, str | None]]) -> str | None:
    """What `from module import ...` becomes: of `rostrum.integrations` where all names are in one module there, else
    of the package of compatibility; None where some of them are not part of Rostrum. `wanted`: names and their aliases.
    """
    homes = _homes(module)
    found = [homes.get(name) for name, _ in wanted]
    if not found or None in found:
        return None
    places = {place for place, _ in filter(None, found)}
    if len(places) != 1:
        return f"from rostrum.compat.{module} import " + ", ".join(_as(name, alias) for name, alias in wanted)
    names = [_as(here, alias or name) for (name, alias), (_, here) in zip(wanted, filter(None, found), strict=True)]
    return f"from {places.pop()} import {', '.join(names)}"


def place(named: str) -> str | None:
    """Full name here of a class or function that is named with its module there, as component files do
    (`dagster.DefsFolderComponent`); None where Rostrum has none.
    """
    module, _, name = named.rpartition(".")
    if module in ("dagster", "dagster.components"):
        here = counterpart(name)
        if here is not None:
            return f"rostrum.{here}"
    found = _homes(module).get(name)
    return ".".join(found) if found is not None else None


def is_module(module: str) -> bool:
    """Whether a module of ours, which can be imported without an alias, stands for a module there."""
    return _file(module) is not None


def _as(name: str, alias: str | None) -> str:
    return f"{name} as {alias}" if alias and alias != name else name


@functools.cache
def _homes(module: str) -> dict[str, tuple[str, str]]:
    """Name of a module of ours that stands for one there -> the module it comes from, and its name in it."""
    path = _file(module)
    found: dict[str, tuple[str, str]] = {}
    if module == "dagster.components":  # (which loads its names when they are asked for)
        return {name: (home, name) for name, home in _MODULE_OF.items()}
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path is not None else ():
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rostrum."):
            found |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found[node.name] = (f"rostrum.compat.{module}", node.name)
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            found |= {name: (f"rostrum.compat.{module}", name) for name in names}
    return found


def _file(module: str) -> Path | None:
    base = _FOLDER.joinpath(*module.split("."))
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.exists()), None)
