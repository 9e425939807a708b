"""Events: append is the busiest statement of the system."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.sql import Executable

from rostrum.model.assets import AssetKey
from rostrum.model.events import (
    AssetMaterialized,
    AssetObserved,
    CheckEvaluated,
    Event,
    RunPlanned,
    StoredEvent,
    decode_event,
    encode_event,
)
from rostrum.storage.sql.codec import to_micros
from rostrum.storage.sql.runs import ADD_ASSET
from rostrum.storage.sql.schema import events, runs
from rostrum.storage.sql.statements import Connection, Statement, equal, insert_row, param, select_rows

_STREAM = (events.c.deployment, events.c.run_id, events.c.stream)
_STORED = (events.c.id, events.c.body, events.c.evidence)

_APPEND = insert_row(events)
_PRESENT = Statement(
    lambda _: select(events.c.sequence).where(*equal(_STREAM), events.c.sequence.between(param(), param()))
)
_LAST_SEQUENCE = Statement(lambda _: select(func.max(events.c.sequence)).where(*equal(_STREAM)))
_CREATED_AT = select_rows([runs.c.created_at], [runs.c.deployment, runs.c.run_id])
_TAIL = Statement(
    lambda _: (
        select(*_STORED)
        .where(events.c.id > param(), events.c.deployment == param())
        .order_by(events.c.id)
        .limit(param())
    )
)
_LAST_ID = Statement(
    lambda _: select(events.c.id).where(events.c.deployment == param()).order_by(events.c.id.desc()).limit(1)
)


class SqlEvents:
    """`EventTable`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def append(self, events: Sequence[Event], *, evidence: bool = False) -> Sequence[StoredEvent]:
        """Store events that are not stored yet; returns those."""
        self._db.require_writing()
        fresh = self._not_stored(events)
        if not fresh:
            return []
        first = self._db.dialect.first_event_id(self._db.driver, len(fresh))
        deployment = self._db.deployment
        late = int(evidence)
        self._db.write_many(
            _APPEND, [_row(deployment, number, event, late) for number, event in enumerate(fresh, first)]
        )
        if not evidence:
            self._find_runs_by_asset(fresh)
        return [StoredEvent(number, event, evidence) for number, event in enumerate(fresh, first)]  # type: ignore[arg-type]

    def last_sequence(self, run_id: str, stream: str) -> int:
        """Highest stored sequence of a stream."""
        row = self._db.row(_LAST_SEQUENCE, self._db.deployment, run_id, stream)
        return (row[0] if row else None) or 0

    def read(
        self, run_id: str, *, after: int = 0, limit: int = 1000, kinds: Sequence[str] = (), step_key: str | None = None
    ) -> Sequence[StoredEvent]:
        """Events of a run by id."""
        statement = _read_statement(len(kinds), step_key is not None)
        chosen = (*kinds, *(() if step_key is None else (step_key,)))
        return _stored(self._db.rows(statement, run_id, after, self._db.deployment, *chosen, limit))

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
        statement = _asset_statement(len(kinds), before is not None, partition_key is not None)
        chosen = (*kinds, *(() if before is None else (before,)), *(() if partition_key is None else (partition_key,)))
        return _stored(self._db.rows(statement, self._db.deployment, str(asset_key), *chosen, limit))

    def tail(self, after: int, limit: int = 1000) -> Sequence[StoredEvent]:
        """Events of all runs by id. (One writer: ids are given in the order of commits.)"""
        return _stored(self._db.rows(_TAIL, after, self._db.deployment, limit))

    def last_id(self) -> int:
        """Id of the newest event."""
        row = self._db.row(_LAST_ID, self._db.deployment)
        return row[0] if row else 0

    def _not_stored(self, batch: Sequence[Event]) -> list[Event]:
        places: dict[tuple[str, str], list[int]] = {}
        for event in batch:
            places.setdefault((event.run_id, event.stream), []).append(event.sequence)
        seen: dict[tuple[str, str], set[int]] = {}
        repeated = False
        for (run_id, stream), sequences in places.items():
            present = self._db.rows(_PRESENT, self._db.deployment, run_id, stream, min(sequences), max(sequences))
            seen[(run_id, stream)] = {row[0] for row in present}
            repeated = repeated or bool(present) or len(set(sequences)) < len(sequences)
        if not repeated:
            return list(batch)
        fresh: list[Event] = []
        for event in batch:
            stored = seen[(event.run_id, event.stream)]
            if event.sequence not in stored:
                stored.add(event.sequence)
                fresh.append(event)
        return fresh

    def _find_runs_by_asset(self, batch: Sequence[Event]) -> None:
        """A run over all assets of a job names them only when it has been planned."""
        for event in batch:
            if type(event) is RunPlanned and event.asset_keys:
                row = self._db.row(_CREATED_AT, self._db.deployment, event.run_id)
                if row is not None:
                    place = (row[0], event.run_id)
                    self._db.write_many(
                        ADD_ASSET, [(self._db.deployment, str(key), *place) for key in event.asset_keys]
                    )


def _row(deployment: str, number: int, event: Event, evidence: int) -> tuple[Any, ...]:
    asset_key = check_name = partition_key = None
    if isinstance(event, (AssetMaterialized, AssetObserved)):
        asset_key, partition_key = str(event.asset_key), event.partition_key
    elif isinstance(event, CheckEvaluated):
        asset_key, check_name, partition_key = str(event.check_key.asset_key), event.check_key.name, event.partition_key
    return (
        deployment,
        number,
        event.run_id,
        event.stream,
        event.sequence,
        event.kind,
        to_micros(event.at),
        event.step_key,
        asset_key,
        check_name,
        partition_key,
        evidence,
        encode_event(event),
    )


def _stored(rows: list[tuple[Any, ...]]) -> list[StoredEvent]:
    return [StoredEvent(number, decode_event(body), bool(evidence)) for number, body, evidence in rows]


@cache
def _read_statement(kinds: int, of_step: bool) -> Statement:
    def build(_: Any) -> Executable:
        statement = select(*_STORED).where(
            events.c.run_id == param(), events.c.id > param(), events.c.deployment == param()
        )
        if kinds:
            statement = statement.where(events.c.kind.in_([param() for _ in range(kinds)]))
        if of_step:
            statement = statement.where(events.c.step_key == param())
        return statement.order_by(events.c.id).limit(param())

    return Statement(build)


@cache
def _asset_statement(kinds: int, before: bool, of_partition: bool) -> Statement:
    def build(_: Any) -> Executable:
        statement = select(*_STORED).where(*equal((events.c.deployment, events.c.asset_key)))
        if kinds:
            statement = statement.where(events.c.kind.in_([param() for _ in range(kinds)]))
        if before:
            statement = statement.where(events.c.id < param())
        if of_partition:
            statement = statement.where(events.c.partition_key == param())
        return statement.order_by(events.c.id.desc()).limit(param())

    return Statement(build)
