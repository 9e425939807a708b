"""Current state of assets and checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from sqlalchemy.sql import Executable

from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.storage.sql.codec import decode_asset_state, decode_check_state, encode
from rostrum.storage.sql.schema import asset_states, check_states, counters
from rostrum.storage.sql.statements import (
    Connection,
    Dialect,
    Statement,
    in_portions,
    padded,
    param,
    select_rows,
    upsert_row,
)

_VERSION = "assets"

_ALL = select_rows([asset_states.c.body], [asset_states.c.deployment], [asset_states.c.asset_key])
_PUT = upsert_row(asset_states)
_ALL_CHECKS = select_rows(
    [check_states.c.body], [check_states.c.deployment], [check_states.c.asset_key, check_states.c.check_name]
)
_PUT_CHECK = upsert_row(check_states)
_GET_VERSION = select_rows([counters.c.value], [counters.c.deployment, counters.c.name])


def _one_more(dialect: Dialect) -> Executable:
    statement = dialect.insert(counters).values(deployment=param(), name=param(), value=1)
    return statement.on_conflict_do_update(
        index_elements=[counters.c.deployment, counters.c.name], set_={"value": counters.c.value + 1}
    )


_RAISE_VERSION = Statement(_one_more)


class SqlAssets:
    """`AssetTable`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._version_raised = False

    def get(self, keys: Iterable[AssetKey]) -> dict[AssetKey, AssetState]:
        """States of those of these assets that have one."""
        found: dict[AssetKey, AssetState] = {}
        for portion in in_portions(dict.fromkeys(map(str, keys))):
            wanted = padded(portion)
            for row in self._db.rows(_get_statement(len(wanted)), self._db.deployment, *wanted):
                state = decode_asset_state(row[0])
                found[state.asset_key] = state
        return found

    def all(self) -> Sequence[AssetState]:
        """All states, by key."""
        return [decode_asset_state(row[0]) for row in self._db.rows(_ALL, self._db.deployment)]

    def put(self, states: Iterable[AssetState]) -> None:
        """Insert or replace."""
        self._write(_PUT, [(self._db.deployment, str(state.asset_key), encode(state)) for state in states])

    def checks(self, keys: Iterable[CheckKey] | None = None) -> dict[CheckKey, CheckState]:
        """States of these checks, or of all."""
        if keys is None:
            states = [decode_check_state(row[0]) for row in self._db.rows(_ALL_CHECKS, self._db.deployment)]
            return {state.check_key: state for state in states}
        wanted = set(keys)
        found: dict[CheckKey, CheckState] = {}
        for portion in in_portions(sorted({str(key.asset_key) for key in wanted})):
            texts = padded(portion)
            for row in self._db.rows(_checks_statement(len(texts)), self._db.deployment, *texts):
                state = decode_check_state(row[0])
                if state.check_key in wanted:
                    found[state.check_key] = state
        return found

    def put_checks(self, states: Iterable[CheckState]) -> None:
        """Insert or replace."""
        self._write(
            _PUT_CHECK, [(self._db.deployment, str(s.check_key.asset_key), s.check_key.name, encode(s)) for s in states]
        )

    def version(self) -> int:
        """A number that grows with each transaction that changes a state."""
        row = self._db.row(_GET_VERSION, self._db.deployment, _VERSION)
        return row[0] if row else 0

    def _write(self, statement: Statement, rows: Sequence[tuple[str | bytes, ...]]) -> None:
        self._db.require_writing()
        if not rows:
            return
        self._db.write_many(statement, rows)
        if not self._version_raised:
            self._db.write(_RAISE_VERSION, self._db.deployment, _VERSION)
            self._version_raised = True


@cache
def _get_statement(count: int) -> Statement:
    return select_rows([asset_states.c.body], [asset_states.c.deployment], one_of=(asset_states.c.asset_key, count))


@cache
def _checks_statement(count: int) -> Statement:
    return select_rows([check_states.c.body], [check_states.c.deployment], one_of=(check_states.c.asset_key, count))
