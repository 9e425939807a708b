"""`MemoryStorage`: the contract of the SQL storage on dictionaries, for tests and for runs that nobody keeps.

One lock for all sessions, readers too: a session is short, and so a reader sees one state. An exception in a writing
session takes its changes back.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.storage import Session
from rostrum.model.errors import InvocationError, Unavailable
from rostrum.storage.memory.assets import MemoryAssets, MemoryPartitions
from rostrum.storage.memory.automations import MemoryAutomations, MemoryBackfills
from rostrum.storage.memory.events import MemoryEvents
from rostrum.storage.memory.leases import MemoryLeases
from rostrum.storage.memory.locations import MemoryLocations, MemoryPrincipals
from rostrum.storage.memory.pools import MemoryPools
from rostrum.storage.memory.runs import MemoryRuns
from rostrum.storage.memory.tables import Tables
from rostrum.storage.memory.undo import Undo


class MemoryStorage:
    """State in dictionaries. `clock` is the database's time."""

    def __init__(self, clock: Clock) -> None:
        self._tables = Tables(clock.now)
        self._lock = threading.RLock()
        self._writing_thread: int | None = None
        self._closed = False

    def begin(self, *, write: bool = False) -> AbstractContextManager[Session]:
        """Open a transaction (see the seam). A reader within a writing session of its thread sees what that wrote."""
        return self._transaction(write)

    def close(self) -> None:
        """Refuse further sessions."""
        self._closed = True

    @contextmanager
    def _transaction(self, write: bool) -> Generator[MemorySession]:
        if write and self._writing_thread == threading.get_ident():
            raise InvocationError("a writing session is open in this thread already: sessions do not nest")
        with self._lock:
            if self._closed:
                raise Unavailable("the memory storage has been closed")
            undo = Undo(writes=write)
            if write:
                self._writing_thread = threading.get_ident()
            committed = False
            try:
                yield MemorySession(self._tables, undo)
                committed = True
            finally:
                undo.end(commit=committed)
                if write:
                    self._writing_thread = None


class MemorySession:
    """One transaction."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self.runs = MemoryRuns(tables, undo)
        self.events = MemoryEvents(tables, undo)
        self.assets = MemoryAssets(tables, undo)
        self.partitions = MemoryPartitions(tables, undo)
        self.automations = MemoryAutomations(tables, undo)
        self.backfills = MemoryBackfills(tables, undo)
        self.leases = MemoryLeases(tables, undo)
        self.pools = MemoryPools(tables, undo)
        self.locations = MemoryLocations(tables, undo)
        self.principals = MemoryPrincipals(tables, undo)

    def now(self) -> datetime:
        """Database time."""
        return self._tables.now()
