"""Current state of assets and checks, and status of partitions, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.storage.memory.tables import Tables
from rostrum.storage.memory.undo import Undo


class MemoryAssets:
    """`AssetTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo
        self._version_raised = False

    def get(self, keys: Iterable[AssetKey]) -> dict[AssetKey, AssetState]:
        """States of those of these assets that have one."""
        self._undo.require()
        return {key: self._tables.assets[key] for key in keys if key in self._tables.assets}

    def all(self) -> Sequence[AssetState]:
        """All states, by key."""
        self._undo.require()
        return sorted(self._tables.assets.values(), key=lambda state: str(state.asset_key))

    def put(self, states: Iterable[AssetState]) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        for state in states:
            self._undo.put(self._tables.assets, state.asset_key, state)
            self._raise_version()

    def checks(self, keys: Iterable[CheckKey] | None = None) -> dict[CheckKey, CheckState]:
        """States of these checks, or of all."""
        self._undo.require()
        if keys is None:
            return dict(self._tables.checks)
        return {key: self._tables.checks[key] for key in keys if key in self._tables.checks}

    def put_checks(self, states: Iterable[CheckState]) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        for state in states:
            self._undo.put(self._tables.checks, state.check_key, state)
            self._raise_version()

    def version(self) -> int:
        """A number that grows with each session that changes a state."""
        self._undo.require()
        return self._tables.counters.get("assets", 0)

    def _raise_version(self) -> None:
        if not self._version_raised:
            self._undo.put(self._tables.counters, "assets", self._tables.counters.get("assets", 0) + 1)
            self._version_raised = True


class MemoryPartitions:
    """`PartitionTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def mark(self, asset_key: AssetKey, marks: Mapping[str, tuple[str, str]]) -> None:
        """Set or take back statuses."""
        self._undo.require_writing()
        rows = self._tables.partitions
        for key, (status, run_id) in marks.items():
            place = (asset_key, key)
            before, running_run_id, settled = rows.get(place, ("", "", ""))
            if status == "running":
                self._undo.put(rows, place, ("running", run_id, settled if before == "running" else before))
            elif status:
                self._undo.put(rows, place, (status, "", ""))
            elif before == "running" and running_run_id == run_id:
                if settled:
                    self._undo.put(rows, place, (settled, "", ""))
                else:
                    self._undo.drop(rows, place)

    def get(self, asset_key: AssetKey, keys: Iterable[str] | None = None) -> dict[str, str]:
        """Status by partition key."""
        self._undo.require()
        rows = self._tables.partitions
        if keys is None:
            return {key: row[0] for (asset, key), row in rows.items() if asset == asset_key}
        return {key: rows[asset_key, key][0] for key in keys if (asset_key, key) in rows}

    def counts(self, asset_key: AssetKey) -> dict[str, int]:
        """Numbers by status; statuses that nothing has are left out."""
        return dict(Counter(self.get(asset_key).values()))

    def clear(self, asset_key: AssetKey) -> None:
        """Forget the statuses of all partitions of an asset."""
        self._undo.require_writing()
        for place in [place for place in self._tables.partitions if place[0] == asset_key]:
            self._undo.drop(self._tables.partitions, place)

    def dynamic(self, name: str) -> Sequence[str]:
        """Keys in the order they were added."""
        self._undo.require()
        return list(self._tables.dynamic.get(name, ()))

    def add_dynamic(self, name: str, keys: Sequence[str]) -> None:
        """Add keys after the present ones."""
        self._undo.require_writing()
        present = self._tables.dynamic.get(name, [])
        self._undo.put(self._tables.dynamic, name, list(dict.fromkeys([*present, *keys])))

    def delete_dynamic(self, name: str, key: str) -> None:
        """Remove a key."""
        self._undo.require_writing()
        self._undo.put(self._tables.dynamic, name, [k for k in self._tables.dynamic.get(name, ()) if k != key])
