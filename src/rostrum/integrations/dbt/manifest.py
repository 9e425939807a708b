"""The manifest that `dbt parse` writes: reading it, and what Rostrum asks of it.

Everything here works on plain data and needs no dbt: loading definitions must not cost dbt's import.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rostrum.integrations.dbt.errors import DbtManifestError

Manifest = Mapping[str, Any]
Props = Mapping[str, Any]
"""One resource of a manifest: a node or a source."""
ManifestParam = Manifest | str | Path

ASSET_TYPES = ("model", "seed", "snapshot")
"""Resource types that become assets."""
_COLLECTIONS = ("nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries", "unit_tests")
_KEPT = 8


def held(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A mapping inside of one; empty where there is none."""
    return mapping.get(name) or {}


def load_manifest(manifest: ManifestParam) -> Manifest:
    """A manifest from a path, or as it is. The same file is read once. Raises DbtManifestError."""
    if isinstance(manifest, Mapping):
        return manifest
    if not isinstance(manifest, (str, Path)):
        raise DbtManifestError(f"manifest takes a path or a mapping, not a {type(manifest).__name__}.")
    path = Path(manifest).absolute()
    try:
        written = path.stat().st_mtime_ns
    except FileNotFoundError:
        raise DbtManifestError(
            f"there is no dbt manifest at {path}: run `dbt parse` in the project, or call `prepare_if_dev()` on its "
            "DbtProject."
        ) from None
    return _read(path, written)


@functools.lru_cache(_KEPT)
def _read(path: Path, _written: int) -> Manifest:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise DbtManifestError(f"{path} is no dbt manifest: {error}.") from error
    if not isinstance(found, dict) or "nodes" not in found:
        raise DbtManifestError(f"{path} is no dbt manifest: it has no `nodes`.")
    return cast("Manifest", found)


def resources(manifest: Manifest) -> dict[str, Props]:
    """Everything that dbt can select, by unique id."""
    found: dict[str, Props] = {}
    for collection in _COLLECTIONS:
        found.update(held(manifest, collection))
    return found


def resource(manifest: Manifest, unique_id: str) -> Props:
    """One resource. Raises DbtManifestError for an id that the manifest does not have."""
    for collection in _COLLECTIONS:
        found: Props | None = held(manifest, collection).get(unique_id)
        if found is not None:
            return found
    raise DbtManifestError(f"the dbt manifest has no resource {unique_id!r}.")


def is_ephemeral(props: Props) -> bool:
    """Whether dbt only writes it into the queries of others."""
    return held(props, "config").get("materialized") == "ephemeral"


def is_asset(props: Props) -> bool:
    """Whether a run of dbt makes a table, a view or the like of it."""
    return props["resource_type"] in ASSET_TYPES and not is_ephemeral(props)


def is_test(props: Props) -> bool:
    """Whether it tests others."""
    return props["resource_type"] in ("test", "unit_test")


def depends_on(props: Props) -> Sequence[str]:
    """Unique ids of what it reads."""
    return list(dict.fromkeys(held(props, "depends_on").get("nodes") or ()))


def upstream(manifest: Manifest, props: Props) -> Iterator[str]:
    """Unique ids of assets and sources that it reads, through ephemeral models."""
    seen: set[str] = set()
    open_ids = list(reversed(depends_on(props)))
    while open_ids:
        unique_id = open_ids.pop()
        if unique_id in seen:
            continue
        seen.add(unique_id)
        above = held(manifest, "sources").get(unique_id) or manifest["nodes"].get(unique_id)
        if above is None:
            continue
        if above["resource_type"] == "source" or is_asset(above):
            yield unique_id
        elif is_ephemeral(above):
            open_ids.extend(reversed(depends_on(above)))


def tested(manifest: Manifest, props: Props) -> str | None:
    """Unique id of the one resource that a test is about; None where that cannot be told.

    A generic test is attached to its model; a test with one parent is about that.
    """
    attached = props.get("attached_node")
    if attached:
        return str(attached)
    parents = [each for each in depends_on(props) if each in manifest["nodes"] or each in manifest.get("sources", {})]
    return parents[0] if len(parents) == 1 else None


def adapter(manifest: Manifest) -> str | None:
    """Kind of the database, such as `duckdb`."""
    return held(manifest, "metadata").get("adapter_type")


def in_order(manifest: Manifest, unique_ids: Sequence[str]) -> list[str]:
    """The ids with what is upstream first."""
    wanted, done, order = set(unique_ids), set[str](), list[str]()
    for first in unique_ids:
        stack = [(first, False)]
        while stack:
            unique_id, is_left = stack.pop()
            if is_left:
                order.append(unique_id)
            elif unique_id not in done:
                done.add(unique_id)
                stack.append((unique_id, True))
                above = upstream(manifest, resource(manifest, unique_id))
                stack.extend((each, False) for each in above if each in wanted and each not in done)
    return order
