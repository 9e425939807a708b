"""Partition status as the screen draws it: run-length ranges over the key order, never a list of objects."""

from __future__ import annotations

from typing import Any

from rostrum.model.assets import AssetKey
from rostrum.model.errors import NotFound
from rostrum.model.partitions import PartitionsSpec, TimePartitions
from rostrum.planning import cron
from rostrum.planning.partitions import partitions_of
from rostrum.web.context import RequestContext

SHOWN_KEYS = 20_000


def partition_keys(context: RequestContext, spec: PartitionsSpec) -> list[str]:
    """All keys that exist now, in order."""
    return list(partitions_of(spec, context.session.partitions.dynamic).keys(context.services.clock.now()))


def cadence(spec: PartitionsSpec) -> str | None:
    """`hourly`, `daily`, `weekly` or `monthly` for time partitions with such a cron, else None."""
    if not isinstance(spec, TimePartitions):
        return None
    _, hour, day, month, weekday = (cron.expanded(spec.cron).split() + ["*"] * 5)[:5]
    if month != "*":
        return None
    if weekday != "*":
        return "weekly"
    if day != "*":
        return "monthly"
    return "daily" if hour != "*" else "hourly"


def partition_status(context: RequestContext, key: AssetKey) -> dict[str, Any]:
    """API.md: PartitionStatus. Raises NotFound for an unknown asset; empty kind for one without partitions."""
    found = context.catalog.assets.get(key)
    if found is None:
        raise NotFound(f"there is no asset {key}")
    location, node = found
    spec = context.catalog.manifests[location].partitions.get(node.partitions) if node.partitions else None
    if spec is None:
        return {
            "kind": None,
            "total": 0,
            "counts": {},
            "first": None,
            "last": None,
            "cadence": None,
            "keys": [],
            "ranges": [],
        }
    keys = partition_keys(context, spec)
    status = context.session.partitions.get(key)
    counts = {"materialized": 0, "failed": 0, "running": 0}
    ranges: list[list[Any]] = []
    for place, name in enumerate(keys):
        state = status.get(name)
        if state is None:
            continue
        counts[state] = counts.get(state, 0) + 1
        if ranges and ranges[-1][2] == state and ranges[-1][0] + ranges[-1][1] == place:
            ranges[-1][1] += 1
        else:
            ranges.append([place, 1, state])
    counts["missing"] = len(keys) - sum(counts.values())
    return {
        "kind": spec.__struct_config__.tag,
        "total": len(keys),
        "counts": counts,
        "first": keys[0] if keys else None,
        "last": keys[-1] if keys else None,
        "cadence": cadence(spec),
        "keys": keys[-SHOWN_KEYS:],
        "ranges": ranges,
    }
