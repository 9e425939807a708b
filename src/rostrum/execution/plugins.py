"""Parts that are named in definitions and found by entry point, because this layer may not import them: executors, IO
managers, the clock.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata
from typing import Any

from rostrum.model.errors import NotFound

EXECUTORS, IO_MANAGERS, CLOCKS = "rostrum.executors", "rostrum.io_managers", "rostrum.clocks"


@lru_cache(maxsize=64)
def plugin(group: str, name: str) -> Any:
    """The object that the entry point `name` of `group` leads to. Raises NotFound naming those that there are."""
    # Our own distribution first: looking through all that is installed takes long in a large environment.
    own = [found for found in _own() if found.group == group and found.name == name]
    found = own or list(metadata.entry_points(group=group, name=name))
    if found:
        return found[0].load()
    known = sorted({point.name for point in metadata.entry_points(group=group)})
    raise NotFound(f"there is no {name!r} among the installed {group} ({', '.join(known) or 'none'}).")


def _own() -> metadata.EntryPoints:
    try:
        return metadata.distribution("rostrum").entry_points
    except metadata.PackageNotFoundError:
        return metadata.EntryPoints()
