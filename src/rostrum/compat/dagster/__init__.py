"""Dagster's public names, as Rostrum's own. Not affiliated with Dagster Labs.

A name is looked up in this order: what a module of this package defines (`_TABLE`), what Rostrum calls otherwise
(`_RENAMED`), what Rostrum calls the same.
"""

from __future__ import annotations

import importlib
from typing import Any

import rostrum
# The tables: add names there.
from rostrum.compat.dagster.names import _RENAMED, _TABLE  # pyright: ignore[reportPrivateUsage]

__version__ = "1.13.27"
"""Version of the interface that is followed."""

_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _TABLE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    elif name in _RENAMED:
        module, _, attribute = _RENAMED[name].partition(":")
        value = getattr(importlib.import_module(module), attribute)
    elif not name.startswith("_") and name in rostrum.__all__:
        value = getattr(rostrum, name)
    else:
        raise AttributeError(f"module 'dagster' (Rostrum's) has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, *_RENAMED, *(name for name in rostrum.__all__ if name != "__version__")})
