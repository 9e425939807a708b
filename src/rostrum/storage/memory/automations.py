"""Schedules, sensors and backfills in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rostrum.model.backfills import Backfill
from rostrum.model.errors import Conflict, NotFound
from rostrum.model.ticks import AutomationKey, AutomationState, Tick
from rostrum.storage.memory.tables import Tables
from rostrum.storage.memory.undo import Undo


class MemoryAutomations:
    """`AutomationTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def states(self) -> dict[AutomationKey, AutomationState]:
        """All states."""
        self._undo.require()
        return dict(self._tables.automations)

    def get(self, key: AutomationKey) -> AutomationState | None:
        """State of one."""
        self._undo.require()
        return self._tables.automations.get(key)

    def put(self, state: AutomationState) -> None:
        """Insert or replace."""
        self._undo.require_writing()
        self._undo.put(self._tables.automations, state.key, state)

    def add_tick(self, tick: Tick) -> bool:
        """Insert a tick unless its time has had one."""
        self._undo.require_writing()
        place = (tick.key, tick.scheduled_at)
        if place in self._tables.tick_marks:
            return False
        self._undo.put(self._tables.tick_marks, place, None)
        self._undo.put(self._tables.ticks, tick.tick_id, tick)
        return True

    def put_tick(self, tick: Tick) -> None:
        """Replace a tick's outcome. Raises NotFound."""
        self._undo.require_writing()
        if tick.tick_id not in self._tables.ticks:
            raise NotFound(f"there is no tick {tick.tick_id} of {tick.key}")
        self._undo.put(self._tables.ticks, tick.tick_id, tick)

    def ticks(
        self, key: AutomationKey | None = None, *, limit: int = 100, before: datetime | None = None
    ) -> Sequence[Tick]:
        """Ticks by scheduled time, newest first."""
        self._undo.require()
        found = [
            tick
            for tick in self._tables.ticks.values()
            if key in (None, tick.key) and (before is None or tick.scheduled_at < before)
        ]
        return sorted(found, key=lambda tick: (tick.scheduled_at, tick.tick_id), reverse=True)[:limit]


class MemoryBackfills:
    """`BackfillTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def add(self, backfill: Backfill) -> None:
        """Insert. Raises Conflict for an id that exists."""
        self._undo.require_writing()
        if backfill.backfill_id in self._tables.backfills:
            raise Conflict(f"there is a backfill {backfill.backfill_id} already")
        self._undo.put(self._tables.backfills, backfill.backfill_id, backfill)

    def get(self, backfill_id: str) -> Backfill | None:
        """The backfill, or None."""
        self._undo.require()
        return self._tables.backfills.get(backfill_id)

    def put(self, backfill: Backfill) -> None:
        """Replace. Raises NotFound."""
        self._undo.require_writing()
        if backfill.backfill_id not in self._tables.backfills:
            raise NotFound(f"there is no backfill {backfill.backfill_id}")
        self._undo.put(self._tables.backfills, backfill.backfill_id, backfill)

    def list(self, limit: int = 50) -> Sequence[Backfill]:
        """Newest first."""
        self._undo.require()
        return sorted(self._tables.backfills.values(), key=lambda b: (b.created_at, b.backfill_id), reverse=True)[
            :limit
        ]
