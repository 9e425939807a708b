"""Leases in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from rostrum.model.leases import Lease
from rostrum.storage.memory.tables import Tables
from rostrum.storage.memory.undo import Undo


class MemoryLeases:
    """`LeaseTable`."""

    def __init__(self, tables: Tables, undo: Undo) -> None:
        self._tables = tables
        self._undo = undo

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take or renew a lease."""
        self._undo.require_writing()
        now = self._tables.now()
        held = self._tables.leases.get(name)
        if held is not None and held.owner not in ("", owner) and held.expires_at > now:
            return None
        last_owner, epoch = ("", 0) if held is None else (held.owner, held.epoch)
        lease = Lease(name, owner, epoch if last_owner == owner else epoch + 1, now + timedelta(seconds=seconds))
        self._undo.put(self._tables.leases, name, lease)
        return lease

    def release(self, name: str, owner: str) -> None:
        """Give up a lease if it is ours."""
        self._undo.require_writing()
        held = self._tables.leases.get(name)
        if held is not None and held.owner == owner:
            self._undo.put(self._tables.leases, name, msgspec.structs.replace(held, owner=""))

    def drop(self, name: str, owner: str) -> None:
        """Give up a lease if it is ours, and forget it."""
        self._undo.require_writing()
        held = self._tables.leases.get(name)
        if held is not None and held.owner == owner:
            self._undo.drop(self._tables.leases, name)

    def lock(self, name: str) -> None:
        """Nothing to do: there is one writer."""
        self._undo.require_writing()

    def all(self) -> Sequence[Lease]:
        """Leases that have an owner, expired ones too, by name."""
        self._undo.require()
        return sorted((lease for lease in self._tables.leases.values() if lease.owner), key=lambda lease: lease.name)
