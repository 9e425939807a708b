"""Events in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from rostrum.model.assets import AssetKey
from rostrum.model.events import AssetMaterialized, AssetObserved, CheckEvaluated, Event, RunPlanned, StoredEvent
from rostrum.storage.memory.tables import Tables
from rostrum.storage.memory.undo import Undo


class MemoryEvents:
    """`EventTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def append(self, events: Sequence[Event], *, evidence: bool = False) -> Sequence[StoredEvent]:
        """Store events that are not stored yet; returns those."""
        self._undo.require_writing()
        number = self._tables.counters.get("event", 0)
        fresh: list[StoredEvent] = []
        for event in events:
            place = (event.run_id, event.stream)
            sequences = self._tables.sequences.setdefault(place, {})
            if event.sequence in sequences:
                continue
            self._undo.put(sequences, event.sequence, None)
            if event.sequence > self._tables.last_sequences.get(place, 0):
                self._undo.put(self._tables.last_sequences, place, event.sequence)
            number += 1
            stored = StoredEvent(number, event, evidence)  # type: ignore[arg-type]
            fresh.append(stored)
            self._undo.extend(self._tables.run_events.setdefault(event.run_id, []), [stored])
            if type(event) is RunPlanned and not evidence and event.run_id in self._tables.run_assets:
                assets = self._tables.run_assets[event.run_id].union(event.asset_keys)
                self._undo.put(self._tables.run_assets, event.run_id, assets)
        self._undo.extend(self._tables.events, fresh)
        self._undo.put(self._tables.counters, "event", number)
        return fresh

    def last_sequence(self, run_id: str, stream: str) -> int:
        """Highest stored sequence of a stream."""
        self._undo.require()
        return self._tables.last_sequences.get((run_id, stream), 0)

    def read(
        self, run_id: str, *, after: int = 0, limit: int = 1000, kinds: Sequence[str] = (), step_key: str | None = None
    ) -> Sequence[StoredEvent]:
        """Events of a run by id."""
        self._undo.require()
        rows = self._tables.run_events.get(run_id, [])
        found: list[StoredEvent] = []
        for stored in rows[bisect_right(rows, after, key=_number) :]:
            if len(found) >= limit:
                break
            if (not kinds or stored.event.kind in kinds) and step_key in (None, stored.event.step_key):
                found.append(stored)
        return found

    def read_asset(
        self,
        asset_key: AssetKey,
        *,
        kinds: Sequence[str] = (),
        before: int | None = None,
        limit: int = 100,
        partition_key: str | None = None,
    ) -> Sequence[StoredEvent]:
        """Materialisations, observations and check evaluations of an asset, newest first."""
        self._undo.require()
        found: list[StoredEvent] = []
        for stored in reversed(self._tables.events):
            if len(found) >= limit:
                break
            event = stored.event
            if isinstance(event, (AssetMaterialized, AssetObserved)):
                of_asset = event.asset_key
            elif isinstance(event, CheckEvaluated):
                of_asset = event.check_key.asset_key
            else:
                continue
            wanted = of_asset == asset_key and partition_key in (None, event.partition_key)
            if wanted and (before is None or stored.id < before) and (not kinds or event.kind in kinds):
                found.append(stored)
        return found

    def tail(self, after: int, limit: int = 1000) -> Sequence[StoredEvent]:
        """Events of all runs by id."""
        self._undo.require()
        start = bisect_right(self._tables.events, after, key=_number)
        return self._tables.events[start : start + limit]

    def last_id(self) -> int:
        """Id of the newest event."""
        self._undo.require()
        return self._tables.events[-1].id if self._tables.events else 0


def _number(stored: StoredEvent) -> int:
    return stored.id
