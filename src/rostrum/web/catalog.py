"""All definitions of all code locations' active versions, indexed for the screen, built once per set of manifest
hashes.
"""

from __future__ import annotations

import functools
import hashlib
import threading
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from rostrum.control.manifests import LoadedManifest, ManifestCache
from rostrum.interfaces.storage import Session
from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.manifest import AssetNode, CheckNode, JobNode, OpNode, ScheduleNode
from rostrum.planning.partitions import partitions_of

STATUSES = ("missing", "materialized", "failed", "running")


class Catalog:
    """Definitions by key. An asset defined in two locations belongs to the first by name that computes it."""

    def __init__(self, loaded: Mapping[str, LoadedManifest]) -> None:
        self.manifests = {name: loaded[name].manifest for name in sorted(loaded)}
        self.hashes = {name: item.manifest_hash for name, item in loaded.items()}
        self.hash = hashlib.blake2b(repr(sorted(self.hashes.items())).encode(), digest_size=12).hexdigest()
        self.assets: dict[AssetKey, tuple[str, AssetNode]] = {}
        self.checks: dict[CheckKey, tuple[str, CheckNode]] = {}
        self.jobs: dict[tuple[str, str], JobNode] = {}
        self.schedules: dict[tuple[str, str], ScheduleNode] = {}
        self.ops: dict[tuple[str, str], OpNode] = {}
        for location, manifest in self.manifests.items():
            for asset in manifest.assets:
                present = self.assets.get(asset.key)
                if present is None or (present[1].op is None and asset.op is not None):
                    self.assets[asset.key] = (location, asset)
            for check in manifest.checks:
                self.checks.setdefault(check.key, (location, check))
            self.jobs.update({(location, job.name): job for job in manifest.jobs})
            self.schedules.update({(location, item.name): item for item in manifest.schedules})
            self.ops.update({(location, op.name): op for op in manifest.ops})
        self.assets = dict(sorted(self.assets.items(), key=lambda item: item[0]))
        self.keys = list(self.assets)
        self.index = {key: number for number, key in enumerate(self.keys)}

    @functools.cached_property
    def downstream(self) -> dict[AssetKey, list[AssetKey]]:
        """Direct downstream assets by key."""
        found: dict[AssetKey, list[AssetKey]] = {}
        for key, (_, node) in self.assets.items():
            for dep in node.deps:
                found.setdefault(dep.asset_key, []).append(key)
        return found

    @functools.cached_property
    def checks_of(self) -> dict[AssetKey, list[CheckKey]]:
        """Checks by asset."""
        found: dict[AssetKey, list[CheckKey]] = {}
        for key in self.checks:
            found.setdefault(key.asset_key, []).append(key)
        return found

    @functools.cached_property
    def _static(self) -> bytes:
        locations = list(self.manifests)
        groups = sorted({node.group for _, node in self.assets.values()})
        group_index = {name: number for number, name in enumerate(groups)}
        location_index = {name: number for number, name in enumerate(locations)}
        nodes = list(self.assets.values())
        return msgspec.json.encode(
            {
                "keys": [str(key) for key in self.keys],
                "locations": locations,
                "location": [location_index[location] for location, _ in nodes],
                "groups": groups,
                "group": [group_index[node.group] for _, node in nodes],
                "kinds": [node.kinds for _, node in nodes],
                "owners": [node.owners for _, node in nodes],
                "deps": [
                    [self.index[d.asset_key] for d in node.deps if d.asset_key in self.index] for _, node in nodes
                ],
                "description": [(node.description or "").strip().partition("\n")[0] or None for _, node in nodes],
                "file": [f"{node.source.file}:{node.source.line}" if node.source else None for _, node in nodes],
                "external": [int(node.op is None) for _, node in nodes],
            }
        )

    @functools.cached_property
    def graph_json(self) -> bytes:
        """Topology as packed arrays (API.md: Graph)."""
        groups = sorted({node.group for _, node in self.assets.values()})
        number = {name: place for place, name in enumerate(groups)}
        edges: list[int] = []
        for target, (_, node) in enumerate(self.assets.values()):
            for dep in node.deps:
                source = self.index.get(dep.asset_key)
                if source is not None:
                    edges += (source, target)
        group = [number[node.group] for _, node in self.assets.values()]
        keys = [str(key) for key in self.keys]
        return msgspec.json.encode({"hash": self.hash, "keys": keys, "groups": groups, "group": group, "edges": edges})

    def asset_table(
        self,
        version: str,
        states: Iterable[AssetState],
        checks: Mapping[CheckKey, CheckState],
        partitions: Mapping[AssetKey, tuple[int, int, int, int]],
    ) -> bytes:
        """All assets as columns (API.md: AssetTable): the static part is encoded once, the state columns each time."""
        count = len(self.keys)
        status, last_at, last_run = [0] * count, [None] * count, [None] * count
        last_error: list[str | None] = [None] * count
        for state in states:
            place = self.index.get(state.asset_key)
            if place is None:
                continue
            status[place] = STATUSES.index(state.status)
            if state.last_materialized_at:
                last_at[place] = int(state.last_materialized_at.timestamp() * 1000)  # type: ignore[call-overload]
            last_run[place] = state.last_failed_run_id if state.status == "failed" else state.last_materialized_run_id  # type: ignore[call-overload]
            last_error[place] = state.last_error if state.status == "failed" else None
        columns = {
            "version": version,
            "status": status,
            "lastAt": last_at,
            "lastRun": last_run,
            "lastError": last_error,
            "partitions": [partitions.get(key) for key in self.keys],
            "checks": [self._check_counts(key, checks) for key in self.keys],
        }
        return msgspec.json.encode(columns)[:-1] + b"," + self._static[1:]

    def _check_counts(self, key: AssetKey, checks: Mapping[CheckKey, CheckState]) -> tuple[int, int, int] | None:
        keys = self.checks_of.get(key)
        if not keys:
            return None
        found = [checks[key].status if key in checks else "missing" for key in keys]
        passed, failed = found.count("passed"), found.count("failed")
        return (passed, failed, len(found) - passed - failed)


class CatalogCache:
    """Builds catalogs from the stored manifests; keeps the newest."""

    def __init__(self, manifests: ManifestCache) -> None:
        self.manifests = manifests
        self._lock = threading.Lock()
        self._catalog = Catalog({})
        self._table: tuple[str, bytes, bytes] = ("", b"", b"")

    def get(self, session: Session) -> Catalog:
        """The catalog of the active versions."""
        loaded = self.manifests.active(session)
        with self._lock:
            if {name: item.manifest_hash for name, item in loaded.items()} != self._catalog.hashes:
                self._catalog = Catalog(loaded)
            return self._catalog

    def asset_table(self, session: Session, now: datetime) -> tuple[str, bytes, bytes]:
        """ETag, JSON and gzip-compressed JSON of the asset table; built anew only when something in it has changed."""
        catalog = self.get(session)
        version = f"{catalog.hash}-{session.assets.version()}"
        if self._table[0] != version:
            counts = {
                key: partition_counts(session, catalog, key, now)
                for key, (_, node) in catalog.assets.items()
                if node.partitions
            }
            body = catalog.asset_table(version, session.assets.all(), session.assets.checks(), counts)
            self._table = (version, body, gzip(body))
        return self._table


def partition_counts(session: Session, catalog: Catalog, key: AssetKey, now: datetime) -> tuple[int, int, int, int]:
    """Total, materialised, failed and running partitions of an asset."""
    location, node = catalog.assets[key]
    counts = session.partitions.counts(key)
    spec = catalog.manifests[location].partitions.get(node.partitions or "")
    total = partitions_of(spec, session.partitions.dynamic).count(now) if spec else 0
    return (total, counts.get("materialized", 0), counts.get("failed", 0), counts.get("running", 0))


def gzip(data: bytes) -> bytes:
    """Compress as gzip."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    return compressor.compress(data) + compressor.flush()
