"""Leases: claims that end by themselves, by database time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select

from rostrum.model.leases import Lease
from rostrum.storage.sql.codec import from_micros, to_micros
from rostrum.storage.sql.schema import leases
from rostrum.storage.sql.statements import (
    Connection,
    Statement,
    delete_rows,
    param,
    select_rows,
    update_row,
    upsert_row,
)

_LEASE = (leases.c.deployment, leases.c.name)

_GET = select_rows([leases.c.owner, leases.c.epoch, leases.c.expires_at], _LEASE, lock=True)
_PUT = upsert_row(leases)
_RELEASE = update_row(leases, [leases.c.owner], [*_LEASE, leases.c.owner])
_DROP = delete_rows(leases, [*_LEASE, leases.c.owner])
_ALL = Statement(
    lambda _: select(leases).where(leases.c.deployment == param(), leases.c.owner != "").order_by(leases.c.name)
)


class SqlLeases:
    """`LeaseTable`."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        self._db = connection
        self._now = now

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take or renew a lease. A released lease keeps its row, so that its epoch goes on growing."""
        self._db.dialect.serialize(self._db.driver, f"lease/{name}")
        now = to_micros(self._now())
        held = self._db.row(_GET, self._db.deployment, name)
        last_owner, epoch, expires_at = held or ("", 0, 0)
        if last_owner not in ("", owner) and expires_at > now:
            return None
        epoch = epoch if last_owner == owner else epoch + 1
        expires_at = now + int(seconds * 1_000_000)
        self._db.write(_PUT, self._db.deployment, name, owner, epoch, expires_at)
        return Lease(name, owner, epoch, from_micros(expires_at))

    def release(self, name: str, owner: str) -> None:
        """Give up a lease if it is ours."""
        self._db.write(_RELEASE, "", self._db.deployment, name, owner)

    def drop(self, name: str, owner: str) -> None:
        """Give up a lease if it is ours, and forget it."""
        self._db.write(_DROP, self._db.deployment, name, owner)

    def lock(self, name: str) -> None:
        """Have others wait for the end of this transaction."""
        self._db.require_writing()
        self._db.dialect.serialize(self._db.driver, f"lock/{name}")

    def all(self) -> Sequence[Lease]:
        """Leases that have an owner, expired ones too, by name."""
        return [
            Lease(name, owner, epoch, from_micros(expires_at))
            for _, name, owner, epoch, expires_at in self._db.rows(_ALL, self._db.deployment)
        ]
