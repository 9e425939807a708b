"""Backfills."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from rostrum.model.backfills import Backfill
from rostrum.model.errors import NotFound
from rostrum.storage.sql.codec import decode_backfill, encode, to_micros
from rostrum.storage.sql.schema import backfills
from rostrum.storage.sql.statements import Connection, Statement, insert_row, param, select_rows, update_row

_KEY = (backfills.c.deployment, backfills.c.backfill_id)

_ADD = insert_row(backfills)
_GET = select_rows([backfills.c.body], _KEY)
_GET_LOCKED = select_rows([backfills.c.body], _KEY, lock=True)
_PUT = update_row(backfills, [backfills.c.body], _KEY)
_LIST = Statement(
    lambda _: (
        select(backfills.c.body)
        .where(backfills.c.deployment == param())
        .order_by(backfills.c.created_at.desc(), backfills.c.backfill_id.desc())
        .limit(param())
    )
)


class SqlBackfills:
    """`BackfillTable`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, backfill: Backfill) -> None:
        """Insert. Raises Conflict for an id that exists."""
        self._db.write(
            _ADD, self._db.deployment, backfill.backfill_id, to_micros(backfill.created_at), encode(backfill)
        )

    def get(self, backfill_id: str) -> Backfill | None:
        """The backfill, or None; locked in a writing session."""
        row = self._db.row(_GET_LOCKED if self._db.writes else _GET, self._db.deployment, backfill_id)
        return decode_backfill(row[0]) if row else None

    def put(self, backfill: Backfill) -> None:
        """Replace. Raises NotFound."""
        if not self._db.write(_PUT, encode(backfill), self._db.deployment, backfill.backfill_id):
            raise NotFound(f"there is no backfill {backfill.backfill_id}")

    def list(self, limit: int = 50) -> Sequence[Backfill]:
        """Newest first."""
        return [decode_backfill(row[0]) for row in self._db.rows(_LIST, self._db.deployment, limit)]
