"""What commands do with the user's code in their own process, without instance, database or server: import it, and
choose assets of it.
"""

from __future__ import annotations

import re

from rostrum.config.workspace import LocationSpec
from rostrum.definitions.location.loading import CodeTarget
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ConfigError, NotFound
from rostrum.model.manifest import Manifest
from rostrum.planning.graph import AssetGraph
from rostrum.planning.selection import Or
from rostrum.planning.selection_grammar import parse

_PART = re.compile(r"""(?:[^,"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|["'])+""")
"""A piece of a list with commas; quoted text may hold some."""


def code_target(spec: LocationSpec) -> CodeTarget:
    """What is to be imported. Raises ConfigError for a location that is served elsewhere."""
    if spec.server is not None:
        raise ConfigError(f"code location {spec.name} is served elsewhere; there is nothing to import here")
    return CodeTarget(
        python_file=spec.python_file,
        module_name=spec.module_name,
        attribute=spec.attribute,
        working_directory=spec.working_directory,
        compat=spec.compat or "auto",
    )


def select(manifest: Manifest, selection: str) -> tuple[AssetKey, ...]:
    """Assets of a selection text; a list with commas selects what any of its parts does. Raises NotFound when it
    selects nothing that can be made.
    """
    graph = AssetGraph(manifest)
    parts = [part.strip() for part in _PART.findall(selection)]
    node = Or(tuple(map(parse, parts))) if len(parts) > 1 and all(parts) else parse(selection)
    chosen = node.resolve(graph)
    keys = tuple(sorted(key for key in graph.executable if key in chosen))
    if not keys:
        raise NotFound(f"--select {selection!r} selects no asset that this code makes")
    return keys
