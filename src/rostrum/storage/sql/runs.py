"""Runs, with the small tables that find them (tags, assets) and make them unique (idempotency keys, run keys)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, tuple_
from sqlalchemy.sql import Executable

from rostrum.model.errors import Conflict, NotFound, StateError
from rostrum.model.runs import IN_PROGRESS, Run, RunFilter, RunPage
from rostrum.model.ticks import AutomationKey
from rostrum.storage.cursors import read_run_cursor, write_run_cursor
from rostrum.storage.sql.codec import decode_run, encode, to_micros
from rostrum.storage.sql.schema import events, idempotency_keys, run_assets, run_keys, run_tags, runs
from rostrum.storage.sql.statements import (
    Connection,
    Statement,
    delete_rows,
    equal,
    in_portions,
    insert_row,
    padded,
    param,
    select_rows,
    update_row,
)

_KEY = (runs.c.deployment, runs.c.run_id)
_RA = run_assets.c
_OLDEST = (runs.c.created_at, runs.c.run_id)

_ADD = insert_row(runs)
_GET = select_rows([runs.c.body], _KEY)
_GET_LOCKED = select_rows([runs.c.body], _KEY, lock=True)
_PUT_BODY = update_row(runs, [runs.c.body], _KEY)
_PUT_STATUS = update_row(runs, [runs.c.status, runs.c.body], _KEY)
_PUT_ALL = update_row(runs, [c for c in runs.columns if not c.primary_key], _KEY)
_DELETE = tuple(delete_rows(t, [t.c.deployment, t.c.run_id]) for t in (events, run_assets, run_tags, runs))
_ADD_TAG = insert_row(run_tags, ignore=True)
_DROP_TAGS = delete_rows(run_tags, [run_tags.c.deployment, run_tags.c.run_id])
ADD_ASSET = insert_row(run_assets, ignore=True)
_ADD_IDEMPOTENCY = insert_row(idempotency_keys, ignore=True)
_IDEMPOTENCY = select_rows(
    [idempotency_keys.c.run_id], [idempotency_keys.c.deployment, idempotency_keys.c.idempotency_key]
)
_AUTOMATION = (run_keys.c.deployment, run_keys.c.location, run_keys.c.name)
_ADD_RUN_KEY = insert_row(run_keys, ignore=True)
_RUN_KEY = select_rows([run_keys.c.run_id], [*_AUTOMATION, run_keys.c.run_key])
_QUEUED = Statement(
    lambda _: (
        select(runs.c.body)
        # As a literal: the index of the queue holds queued runs only, and a parameter would not be seen to fit it.
        .where(runs.c.deployment == param(), runs.c.status == literal_column("'queued'"))
        .order_by(runs.c.priority.desc(), *_OLDEST)
        .limit(param())
    )
)
# Without an order: with one, databases that have no statistics walk all runs in that order.
_IN_PROGRESS = select_rows([runs.c.body], [runs.c.deployment], one_of=(runs.c.status, len(IN_PROGRESS)))

# Without an order, as above: the few rows of the tag lead the search.
_TAGGED = Statement(
    lambda _: select(runs.c.body).where(
        run_tags.c.deployment == param(),
        run_tags.c.tag == param(),
        run_tags.c.value == param(),
        runs.c.deployment == run_tags.c.deployment,
        runs.c.run_id == run_tags.c.run_id,
    )
)

_FACETS = {
    "status": runs.c.status,
    "job": runs.c.job,
    "location": runs.c.location,
    "trigger_kind": runs.c.trigger_kind,
    "trigger_name": runs.c.trigger_name,
}


class SqlRuns:
    """`RunTable`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self._known: dict[str, Run] = {}
        """Runs as they are stored, as far as this session has seen: `put` writes only what differs."""

    def add(self, runs: Sequence[Run], idempotency_key: str | None = None) -> list[Run]:
        """Insert runs, or find the one that has the idempotency key. Raises Conflict for a run id that exists."""
        if idempotency_key is not None:
            first = self._claim_idempotency_key(runs, idempotency_key)
            if first is not None:
                return [first]
        deployment = self._db.deployment
        self._db.write_many(_ADD, [_row(deployment, run) for run in runs])
        self._db.write_many(
            ADD_ASSET,
            [
                (deployment, str(key), to_micros(run.created_at), run.run_id)
                for run in runs
                for key in run.target.asset_selection
            ],
        )
        self._db.write_many(
            _ADD_TAG, [(deployment, tag, value, run.run_id) for run in runs for tag, value in run.tags.items()]
        )
        return list(runs)

    def get(self, run_id: str) -> Run | None:
        """The run, or None."""
        row = self._db.row(_GET_LOCKED if self._db.writes else _GET, self._db.deployment, run_id)
        if row is None:
            return None
        run = decode_run(row[0])
        if self._db.writes:
            self._known[run_id] = run
        return run

    def put(self, run: Run) -> None:
        """Replace a run, writing as few columns (and so indexes) as possible."""
        self._db.require_writing()
        before = self._known.get(run.run_id) or self.get(run.run_id)
        if before is None:
            raise NotFound(f"there is no run {run.run_id}")
        deployment = self._db.deployment
        old, new = _row(deployment, before), _row(deployment, run)
        if old[3:-1] != new[3:-1]:
            self._db.write(_PUT_ALL, *new[2:], *new[:2])
        elif old[2] != new[2]:
            self._db.write(_PUT_STATUS, new[2], new[-1], *new[:2])
        else:
            self._db.write(_PUT_BODY, new[-1], *new[:2])
        if before.tags != run.tags:
            self._db.write(_DROP_TAGS, deployment, run.run_id)
            self._db.write_many(_ADD_TAG, [(deployment, tag, value, run.run_id) for tag, value in run.tags.items()])
        if before.target.asset_selection != run.target.asset_selection:
            self._db.write_many(
                ADD_ASSET,
                [(deployment, str(key), to_micros(run.created_at), run.run_id) for key in run.target.asset_selection],
            )
        self._known[run.run_id] = run

    def list(self, where: RunFilter, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """A page of runs, newest first."""
        shape, values = _shape(where)
        values = [self._db.deployment, *values]
        if cursor is not None:
            created_at, run_id = read_run_cursor(cursor)
            values += [to_micros(created_at), run_id]
        rows = self._db.rows(_list_statement(shape, cursor is not None), *values, limit + 1)
        page = tuple(decode_run(row[0]) for row in rows[:limit])
        return RunPage(page, write_run_cursor(page[-1]) if page and len(rows) > limit else None)

    def count(self, where: RunFilter, by: str) -> dict[str, int]:
        """Numbers of matching runs by facet."""
        if by not in _FACETS:
            raise StateError(f"runs cannot be counted by {by!r}; by {', '.join(_FACETS)} they can")
        shape, values = _shape(where)
        return {row[0]: row[1] for row in self._db.rows(_count_statement(shape, by), self._db.deployment, *values)}

    def queued(self, limit: int) -> Sequence[Run]:
        """Queued runs in the order in which they are to start."""
        return [decode_run(row[0]) for row in self._db.rows(_QUEUED, self._db.deployment, limit)]

    def in_progress(self) -> Sequence[Run]:
        """Runs that have been admitted and have not ended."""
        rows = self._db.rows(_IN_PROGRESS, self._db.deployment, *(status.value for status in IN_PROGRESS))
        return sorted((decode_run(row[0]) for row in rows), key=lambda run: (run.created_at, run.run_id))

    def tagged(self, tag: str, value: str) -> Sequence[Run]:
        """Runs with this tag."""
        rows = self._db.rows(_TAGGED, self._db.deployment, tag, value)
        return sorted((decode_run(row[0]) for row in rows), key=lambda run: (run.created_at, run.run_id))

    def run_keys(self, automation: AutomationKey, keys: Iterable[str]) -> Mapping[str, str]:
        """Which of these run keys are taken, and by which run."""
        found: dict[str, str] = {}
        for portion in in_portions(keys):
            wanted = padded(portion)
            rows = self._db.rows(
                _run_keys_statement(len(wanted)), self._db.deployment, automation.location, automation.name, *wanted
            )
            found.update((row[0], row[1]) for row in rows)
        return found

    def claim_run_key(self, automation: AutomationKey, run_key: str, run_id: str) -> str:
        """Take a run key, or learn who has it."""
        key = (self._db.deployment, automation.location, automation.name, run_key)
        if self._db.write(_ADD_RUN_KEY, *key, run_id):
            return run_id
        row = self._db.row(_RUN_KEY, *key)
        return row[0] if row else run_id

    def delete(self, run_id: str) -> None:
        """Delete a finished run. Raises NotFound, and StateError while it has not ended."""
        run = self.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}")
        if not run.is_finished:
            raise StateError(
                f"run {run_id} is {run.status.value}: only a run that has ended can be deleted. Cancel it first."
            )
        for statement in _DELETE:
            self._db.write(statement, self._db.deployment, run_id)
        self._known.pop(run_id, None)

    def _claim_idempotency_key(self, runs: Sequence[Run], idempotency_key: str) -> Run | None:
        if len(runs) != 1:
            raise StateError(f"an idempotency key stands for one run, not {len(runs)}")
        deployment = self._db.deployment
        if self._db.write(_ADD_IDEMPOTENCY, deployment, idempotency_key, runs[0].run_id):
            return None
        row = self._db.row(_IDEMPOTENCY, deployment, idempotency_key)
        first = self.get(row[0]) if row else None
        if first is None:
            raise Conflict(
                f"the run that was launched under the key {idempotency_key!r} has been deleted: use another key"
            )
        return first


def _row(deployment: str, run: Run) -> tuple[Any, ...]:
    target, trigger = run.target, run.trigger
    return (
        deployment,
        run.run_id,
        run.status.value,
        target.location,
        target.job,
        trigger.kind,
        trigger.name,
        target.partition_key,
        run.backfill_id,
        run.root_run_id or run.run_id,
        run.priority,
        to_micros(run.created_at),
        encode(run),
    )


_Shape = tuple[tuple[str, int], ...]


def _shape(where: RunFilter) -> tuple[_Shape, list[Any]]:
    """The filter as (which conditions, their values): filters of one shape share a statement."""
    shape: list[tuple[str, int]] = []
    values: list[Any] = []
    if where.statuses:
        statuses = padded([status.value for status in where.statuses])
        shape.append(("statuses", len(statuses)))
        values += statuses
    for name in ("location", "job", "partition_key", "trigger_kind", "trigger_name", "backfill_id", "root_run_id"):
        value = getattr(where, name)
        if value is not None:
            shape.append((name, 1))
            values.append(value)
    if where.run_id_part is not None:
        part = where.run_id_part
        shape.append(("run_id_part", 1))
        values += [part, part + "\U0010ffff", -len(part), part]
    if where.asset_key is not None:
        shape.append(("asset_key", 1))
        values.append(str(where.asset_key))
    if where.tag is not None:
        shape.append(("tag", 1))
        values += where.tag
    for name in ("created_after", "created_before"):
        value = getattr(where, name)
        if value is not None:
            shape.append((name, 1))
            values.append(to_micros(value))
    return tuple(shape), values


def _conditions(shape: _Shape) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = equal([runs.c.deployment])
    for name, count in shape:
        if name == "statuses":
            found.append(runs.c.status.in_([param() for _ in range(count)]))
        elif name == "run_id_part":
            begins = and_(runs.c.run_id >= param(), runs.c.run_id < param())
            found.append(or_(begins, func.substr(runs.c.run_id, param()) == param()))
        elif name == "asset_key":
            found += [_RA.deployment == runs.c.deployment, _RA.run_id == runs.c.run_id, _RA.asset_key == param()]
        elif name == "tag":
            tagged = select(run_tags.c.run_id).where(
                run_tags.c.deployment == runs.c.deployment, run_tags.c.tag == param(), run_tags.c.value == param()
            )
            found.append(runs.c.run_id.in_(tagged))
        elif name == "created_after":
            found.append(runs.c.created_at >= param())
        elif name == "created_before":
            found.append(runs.c.created_at < param())
        else:
            found.append(runs.c[name] == param())
    return found


@cache
def _list_statement(shape: _Shape, after_cursor: bool) -> Statement:
    # With an asset its own index leads the search, already in the list's order.
    source = run_assets if ("asset_key", 1) in shape else runs

    def build(_: Any) -> Executable:
        conditions = _conditions(shape)
        if after_cursor:
            conditions.append(tuple_(source.c.created_at, source.c.run_id) < tuple_(param(), param()))
        newest = (source.c.created_at.desc(), source.c.run_id.desc())
        return select(runs.c.body).where(*conditions).order_by(*newest).limit(param())

    return Statement(build)


@cache
def _count_statement(shape: _Shape, by: str) -> Statement:
    column = _FACETS[by]
    # Grouping a filtered list by the bare column would tempt the planner to walk the column's index over all runs.
    grouped = column.op("||")(literal_column("''")) if shape else column
    return Statement(lambda _: select(grouped, func.count()).where(*_conditions(shape)).group_by(grouped))


@cache
def _run_keys_statement(count: int) -> Statement:
    return select_rows([run_keys.c.run_key, run_keys.c.run_id], _AUTOMATION, one_of=(run_keys.c.run_key, count))
