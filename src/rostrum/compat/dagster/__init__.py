"""Dagster's public names, as Rostrum's own. Not affiliated with Dagster Labs.

A name is looked up in this order: what a module of this package defines (`_TABLE`), what Rostrum calls otherwise
(`_RENAMED`), what Rostrum calls the same, submodules, and last the list of all names: what is only there is a
placeholder, which can be imported but not used.
"""

from __future__ import annotations

import importlib
from typing import Any

import rostrum

# The tables: add names there.
from rostrum.compat.dagster.names import _RENAMED, _TABLE  # pyright: ignore[reportPrivateUsage]

__version__ = "1.13.27"
"""Version of the interface that is followed."""

_OURS: frozenset[str] = frozenset(vars(rostrum)["__all__"]) - {"__version__"}
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _TABLE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(_listed())
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    elif name in _RENAMED:
        module, _, attribute = _RENAMED[name].partition(":")
        value = getattr(importlib.import_module(module), attribute)
    elif not name.startswith("_") and name in _OURS:
        value = getattr(rostrum, name)
    else:
        value = _elsewhere(name)
    globals()[name] = value
    return value


def _elsewhere(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'dagster' (Rostrum's) has no attribute {name!r}")
    modules = importlib.import_module(f"{__name__}.modules")
    if modules.is_known(f"dagster.{name}"):
        return modules.module(f"dagster.{name}")
    listed = _listed()
    if name in listed:
        placeholders = importlib.import_module(f"{__name__}.placeholders")
        return placeholders.placeholder("dagster", name, listed[name]["kind"])
    import difflib

    close = difflib.get_close_matches(name, listed, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise AttributeError(f"module 'dagster' (Rostrum's) has no attribute {name!r}{hint}")


def _listed() -> dict[str, dict[str, Any]]:
    return importlib.import_module(f"{__name__}.placeholders").symbols()["dagster"]


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_RENAMED, *_OURS, *_listed()})
