"""Where the names of integration packages are in Rostrum, and what their distributions become; read without importing
the libraries that they are for.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

DEPENDENCIES = {
    "dagster": "rostrum",
    "dagster-webserver": "rostrum[server]",
    "dagit": "rostrum[server]",
    "dagster-graphql": "rostrum[server]",
    "dagster-aws": "rostrum[s3]",
    "dagster-dbt": "rostrum[dbt]",
    "dagster-deltalake": "rostrum[delta]",
    "dagster-deltalake-pandas": "rostrum[delta,pandas]",
    "dagster-deltalake-polars": "rostrum[delta,polars]",
    "dagster-duckdb": "rostrum[duckdb]",
    "dagster-duckdb-pandas": "rostrum[duckdb,pandas]",
    "dagster-duckdb-polars": "rostrum[duckdb,polars]",
    "dagster-pandas": "rostrum[pandas]",
    "dagster-polars": "rostrum[polars]",
    "dagster-slack": "rostrum[slack]",
}
"""Distribution there -> requirement here."""
_FOLDER = Path(__file__).parent


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


def _as(name: str, alias: str | None) -> str:
    return f"{name} as {alias}" if alias and alias != name else name


@functools.cache
def _homes(module: str) -> dict[str, tuple[str, str]]:
    """Name of a module of ours that stands for one there -> the module it comes from, and its name in it."""
    base = _FOLDER.joinpath(*module.split("."))
    path = next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.exists()), None)
    found: dict[str, tuple[str, str]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path is not None else ():
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rostrum."):
            found |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found[node.name] = (f"rostrum.compat.{module}", node.name)
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            found |= {name: (f"rostrum.compat.{module}", name) for name in names}
    return found
