"""Schedules and sensors: state, ticks, and the memory of ticks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.sql import Executable

from rostrum.model.errors import NotFound
from rostrum.model.ticks import AutomationKey, AutomationState, Tick
from rostrum.storage.sql.codec import decode_automation_state, decode_tick, encode, to_micros
from rostrum.storage.sql.schema import automation_states, tick_marks, ticks
from rostrum.storage.sql.statements import (
    Connection,
    Statement,
    equal,
    insert_row,
    param,
    select_rows,
    update_row,
    upsert_row,
)

_KEY = (automation_states.c.deployment, automation_states.c.location, automation_states.c.name)

_STATES = select_rows([automation_states.c.body], _KEY[:1], _KEY[1:])
_GET = select_rows([automation_states.c.body], _KEY)
_GET_LOCKED = select_rows([automation_states.c.body], _KEY, lock=True)
_PUT = upsert_row(automation_states)
_MARK_TICK = insert_row(tick_marks, ignore=True)
_ADD_TICK = insert_row(ticks)
_PUT_TICK = update_row(ticks, [ticks.c.body], [ticks.c.deployment, ticks.c.tick_id])


class SqlAutomations:
    """`AutomationTable`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def states(self) -> dict[AutomationKey, AutomationState]:
        """All states."""
        found = [decode_automation_state(row[0]) for row in self._db.rows(_STATES, self._db.deployment)]
        return {state.key: state for state in found}

    def get(self, key: AutomationKey) -> AutomationState | None:
        """State of one, locked in a writing session."""
        row = self._db.row(_GET_LOCKED if self._db.writes else _GET, self._db.deployment, key.location, key.name)
        return decode_automation_state(row[0]) if row else None

    def put(self, state: AutomationState) -> None:
        """Insert or replace."""
        self._db.write(_PUT, self._db.deployment, state.key.location, state.key.name, encode(state))

    def add_tick(self, tick: Tick) -> bool:
        """Insert a tick unless its time has had one."""
        place = (self._db.deployment, tick.key.location, tick.key.name, to_micros(tick.scheduled_at))
        if not self._db.write(_MARK_TICK, *place):
            return False
        self._db.write(_ADD_TICK, self._db.deployment, tick.tick_id, *place[1:], encode(tick))
        return True

    def put_tick(self, tick: Tick) -> None:
        """Replace a tick's outcome. Raises NotFound."""
        if not self._db.write(_PUT_TICK, encode(tick), self._db.deployment, tick.tick_id):
            raise NotFound(f"there is no tick {tick.tick_id} of {tick.key}")

    def ticks(
        self, key: AutomationKey | None = None, *, limit: int = 100, before: datetime | None = None
    ) -> Sequence[Tick]:
        """Ticks by scheduled time, newest first."""
        values: list[Any] = [] if key is None else [key.location, key.name]
        values += [] if before is None else [to_micros(before)]
        statement = _ticks_statement(key is not None, before is not None)
        return [decode_tick(row[0]) for row in self._db.rows(statement, self._db.deployment, *values, limit)]


@cache
def _ticks_statement(of_one: bool, before: bool) -> Statement:
    def build(_: Any) -> Executable:
        statement = select(ticks.c.body).where(*equal([ticks.c.deployment]))
        if of_one:
            statement = statement.where(*equal([ticks.c.location, ticks.c.name]))
        if before:
            statement = statement.where(ticks.c.scheduled_at < param())
        return statement.order_by(ticks.c.scheduled_at.desc(), ticks.c.tick_id.desc()).limit(param())

    return Statement(build)
