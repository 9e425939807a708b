"""Submodules of `dagster` that exist by name only: public ones without a file here, and private paths that real
programs import from.

Each resolves its names lazily to the one public object, so that `dagster._core.definitions.events.Output` is
`rostrum.Output`. What is in no list is a ModuleNotFoundError that says so.
"""

from __future__ import annotations

import importlib
import threading
from functools import lru_cache
from types import ModuleType
from typing import Any

from rostrum.compat.dagster import names
from rostrum.compat.dagster.placeholders import placeholder, private_names, symbols

_ROOT = "rostrum.compat.dagster"
_made: dict[str, ModuleType] = {}
_lock = threading.RLock()


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """All module paths, parents included; `dagster` itself not."""
    found: set[str] = {"dagster_shared", "dagster_pipes"}
    for path in (
        *private_names(),
        *symbols(),
        *names.PRIVATE_MODULES,
        *(f"dagster.{name}" for name in names.SUBMODULES if not name.startswith("dagster")),
    ):
        parts = path.split(".")
        found.update(".".join(parts[:length]) for length in range(2, len(parts) + 1))
    return frozenset(found)


def is_known(path: str) -> bool:
    """Whether `dagster.x.y` (or `dagster_shared.x`) is a module, be it public or private."""
    return path in _known()


def is_listed(path: str) -> bool:
    """Whether it is the path of a public name, as `dagster.asset` is."""
    module, _, name = path.rpartition(".")
    return name in symbols().get(module, {})


def module(path: str) -> ModuleType:
    """The module of a known path; one object a path. Raises ModuleNotFoundError for an unknown one."""
    if path in names.PRIVATE_MODULES:
        return importlib.import_module(names.PRIVATE_MODULES[path])
    if not is_known(path):
        raise ModuleNotFoundError(missing(path), name=path)
    with _lock:
        if path not in _made:
            _made[path] = _Lazy(path)
        return _made[path]


def missing(path: str) -> str:
    """Why a path of a module cannot be imported, and what to do."""
    if is_listed(path):
        parent, _, name = path.rpartition(".")
        return f"{path} is a name, not a module: `from {parent} import {name}`"
    top = path.split(".")[1] if "." in path else path
    if top in {"core", "utils", "seven", "check", "serdes", "config", "legacy"}:
        return f"No module named {path!r}: it is gone since Dagster 1.0; public names are in `dagster`"
    if top.startswith("_") or path.startswith("dagster_shared"):
        return (
            f"No module named {path!r}: it is private to Dagster and not part of Rostrum; public names are in `dagster`"
        )
    return f"No module named {path!r} (`dagster` is Rostrum's here; public names are in `dagster`)"


class _Lazy(ModuleType):
    """A module whose names are looked up when they are asked for."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"Names of `{path}`, as Rostrum's own.")
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        path = self.__name__
        if name.startswith("__") and name != "__version__":
            if name == "__all__":
                return [each for each in sorted(_names_of(path)) if not each.startswith("_")]
            raise AttributeError(f"module {path!r} has no attribute {name!r}")
        value = lookup(path, name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_names_of(self.__name__)})


def _names_of(path: str) -> set[str]:
    return {*symbols().get(path, ()), *private_names().get(path, ())}


def lookup(path: str, name: str) -> Any:
    """A name of a submodule that no file defines. Raises AttributeError for one that is in no list."""
    if name.startswith("__") and name != "__version__":
        raise AttributeError(f"module {path!r} has no attribute {name!r}")
    found = names.PLACES.get(f"{path}.{name}")
    if found is None and path not in symbols():
        found = names.PRIVATE.get(name)
    if found is not None:
        return _load(found)
    inner = f"{path}.{name}"
    if is_known(inner):
        return module(inner)
    own = path.removeprefix("dagster.")  # (and `dagster_pipes` as it is)
    for source in names.SUBMODULES.get(own, ()):
        value = getattr(_optional(source), name, None)
        if value is not None:
            return value
    if path in symbols():
        return _public(path, name)
    if name in symbols()["dagster"] or name in names._RENAMED:  # pyright: ignore[reportPrivateUsage]
        return getattr(importlib.import_module(_ROOT), name)
    for public in symbols():
        if public.startswith("dagster.") and name in symbols()[public]:
            return getattr(module(public), name)
    if name in private_names().get(path, ()):
        return placeholder(path, name, "")
    raise AttributeError(f"module {path!r} (Rostrum's stand-in) has no attribute {name!r}")


def _public(path: str, name: str) -> Any:
    """A name of a public submodule that no module here defines."""
    facts = symbols()[path].get(name)
    # A class of the same name may be another one: `dagster.deprecated.FreshnessPolicy`.
    if path != "dagster.deprecated" and name in symbols()["dagster"]:
        return getattr(importlib.import_module(_ROOT), name)
    for other in ("dagster.components",):
        if other != path and name in symbols()[other]:
            return getattr(module(other), name)
    if facts is None:
        raise AttributeError(f"module {path!r} (Rostrum's) has no attribute {name!r}")
    return placeholder(path, name, facts["kind"])


def _optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise


def _load(place: str) -> Any:
    target, _, attribute = place.partition(":")
    return getattr(importlib.import_module(target), attribute)
