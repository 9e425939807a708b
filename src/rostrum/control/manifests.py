"""`ManifestCache`: decoded manifests with their indexes, each decoded once a hash. Shared by web and daemon."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property

from rostrum.interfaces.storage import Session, Storage
from rostrum.model.errors import NotFound
from rostrum.model.manifest import JobNode, Manifest, ScheduleNode, SensorNode
from rostrum.model.manifest_parts import decode_manifest
from rostrum.planning.graph import AssetGraph
from rostrum.planning.plan import job_node


class LoadedManifest:
    """A manifest with its indexes. Never changes; shared between threads."""

    def __init__(self, manifest_hash: str, manifest: Manifest) -> None:
        self.manifest_hash = manifest_hash
        self.manifest = manifest

    @cached_property
    def graph(self) -> AssetGraph:
        """The asset graph."""
        return AssetGraph(self.manifest)

    @cached_property
    def schedules(self) -> dict[str, ScheduleNode]:
        """Schedules by name."""
        return {node.name: node for node in self.manifest.schedules}

    @cached_property
    def sensors(self) -> dict[str, SensorNode]:
        """Sensors by name."""
        return {node.name: node for node in self.manifest.sensors}

    def job(self, name: str) -> JobNode:
        """The job of that name, the implicit asset job included. Raises NotFound with the nearest name."""
        return job_node(self.manifest, name)


class ManifestCache:
    """Manifests by hash, and those that are active now. Thread-safe; keeps the `size` most recently used."""

    def __init__(self, storage: Storage, size: int = 64) -> None:
        self._storage = storage
        self._size = size
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, LoadedManifest] = OrderedDict()

    def active(self, session: Session | None = None) -> dict[str, LoadedManifest]:
        """Active manifest by location name; locations that never loaded are left out."""
        if session is None:
            with self._storage.begin() as own:
                return self.active(own)
        found: dict[str, LoadedManifest] = {}
        for state in session.locations.states():
            if state.manifest_hash is not None:
                found[state.name] = self.get(state.manifest_hash, session)
        return found

    def location(self, name: str, session: Session | None = None) -> LoadedManifest:
        """The active manifest of a location. Raises NotFound where there is none, or none has loaded."""
        if session is None:
            with self._storage.begin() as own:
                return self.location(name, own)
        states = {state.name: state for state in session.locations.states()}
        if name not in states:
            known = ", ".join(sorted(states)) or "none"
            raise NotFound(f"there is no code location {name!r}; there are: {known}")
        state = states[name]
        if state.manifest_hash is None:
            reason = f": {state.error.first_line}" if state.error else ""
            raise NotFound(f"code location {name!r} has never loaded{reason}")
        return self.get(state.manifest_hash, session)

    def get(self, manifest_hash: str, session: Session | None = None) -> LoadedManifest:
        """The manifest of a hash, active or not. Raises NotFound."""
        with self._lock:
            loaded = self._loaded.get(manifest_hash)
            if loaded is not None:
                self._loaded.move_to_end(manifest_hash)
                return loaded
        if session is None:
            with self._storage.begin() as own:
                return self.get(manifest_hash, own)
        data = session.locations.manifest(manifest_hash)
        if data is None:
            raise NotFound(f"manifest {manifest_hash} is not stored")
        loaded = LoadedManifest(manifest_hash, decode_manifest(data))
        with self._lock:
            # Another thread may have decoded it meanwhile: everybody gets the one that is kept.
            loaded = self._loaded.setdefault(manifest_hash, loaded)
            while len(self._loaded) > self._size:
                self._loaded.popitem(last=False)
        return loaded
