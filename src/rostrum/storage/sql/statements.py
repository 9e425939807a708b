"""Statements of SQLAlchemy Core, compiled once a dialect and run by the driver itself.

Core makes them portable; going through its `Connection` for each would cost more than the database does (2 500 single
inserts a second against 17 000). So a `Statement` is built from Core once, its text is kept, and `Connection` hands
text and positional values to the DB-API driver, in the order in which the parameters stand in the text.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import BindParameter, Column, ColumnElement, Table, bindparam, delete, select, update
from sqlalchemy.engine.interfaces import Dialect as CoreDialect
from sqlalchemy.sql import Executable
from sqlalchemy.sql.compiler import SQLCompiler

from rostrum.model.errors import InvocationError

Row = tuple[Any, ...]

_names = itertools.count()


class Dialect(Protocol):
    """What differs between databases. One instance a storage."""

    core: CoreDialect
    texts: dict[Statement, tuple[str, tuple[Any, ...] | None]]

    def insert(self, table: Table) -> Any:
        """The dialect's INSERT, which knows ON CONFLICT."""
        ...

    def first_event_id(self, driver: Any, count: int) -> int:
        """Take `count` event ids in a row; returns the first."""
        ...

    def serialize(self, driver: Any, name: str) -> None:
        """Let only one transaction at a time go on from here for this name (where writers run side by side)."""
        ...


def param() -> BindParameter[Any]:
    """A parameter without a name: its place in the text tells which value it takes."""
    return bindparam(f"p{next(_names)}")


class Statement:
    """A statement that is compiled at its first use. Keep it in a constant or a cache: never build one a call."""

    __slots__ = ("_build",)

    def __init__(self, build: Callable[[Dialect], Executable]) -> None:
        self._build = build

    def compile(self, dialect: Dialect) -> tuple[str, tuple[Any, ...] | None]:
        """Text and the values of its places: `_OPEN` is the caller's, None instead of all says that all are."""
        compiled: Any = self._build(dialect).compile(dialect=dialect.core)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        names: Sequence[str] = compiled.positiontup or ()
        places = tuple(
            _OPEN if compiled.binds[name].required else compiled.binds[name].effective_value for name in names
        )
        result = (str(compiled), None if all(place is _OPEN for place in places) else places)
        dialect.texts[self] = result
        return result


_OPEN: Any = object()


def insert_row(table: Table, *, ignore: bool = False) -> Statement:
    """INSERT of all columns in the table's order; with `ignore` a row whose key is there already is passed over."""

    def build(dialect: Dialect) -> Executable:
        statement = dialect.insert(table).values({column.name: param() for column in table.columns})
        return statement.on_conflict_do_nothing() if ignore else statement

    return Statement(build)


def upsert_row(table: Table) -> Statement:
    """INSERT of all columns in the table's order, replacing the row of the same primary key."""

    def build(dialect: Dialect) -> Executable:
        statement = dialect.insert(table).values({column.name: param() for column in table.columns})
        changes = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
        return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)

    return Statement(build)


def update_row(table: Table, columns: Sequence[Column[Any]], by: Sequence[Column[Any]]) -> Statement:
    """UPDATE of `columns` (in the table's order), then the values of `by`."""
    return Statement(lambda _: update(table).values({c.name: param() for c in columns}).where(*equal(by)))


def delete_rows(table: Table, by: Sequence[Column[Any]]) -> Statement:
    """DELETE where all of `by` are equal to the values."""
    return Statement(lambda _: delete(table).where(*equal(by)))


def select_rows(
    columns: Sequence[Column[Any]],
    by: Sequence[Column[Any]],
    order: Sequence[ColumnElement[Any]] = (),
    *,
    lock: bool = False,
    one_of: tuple[Column[Any], int] | None = None,
) -> Statement:
    """SELECT where all of `by` are equal to the values, then `one_of`'s column is one of that many values."""

    def build(_: Dialect) -> Executable:
        statement = select(*columns).where(*equal(by)).order_by(*order)
        if one_of is not None:
            column, count = one_of
            statement = statement.where(column.in_([param() for _ in range(count)]))
        return statement.with_for_update() if lock else statement

    return Statement(build)


def equal(columns: Sequence[Column[Any]]) -> list[ColumnElement[bool]]:
    """Conditions: each column equals a parameter."""
    return [column == param() for column in columns]


def padded(values: Sequence[Any]) -> Sequence[Any]:
    """Repeat the last value up to a power of two, so that IN lists of all lengths share few statement texts."""
    size = 1 << (len(values) - 1).bit_length() if values else 1
    return [*values, *([values[-1]] * (size - len(values)))]


def in_portions(values: Iterable[Any], size: int = 256) -> Iterable[list[Any]]:
    """Cut a long IN list into pieces that every database takes."""
    items = list(values)
    for start in range(0, len(items), size):
        yield items[start : start + size]


class Connection:
    """A driver connection in one transaction, bound to a deployment. Used after its end it raises InvocationError."""

    __slots__ = ("_texts", "deployment", "dialect", "driver", "writes")

    def __init__(self, driver: Any, dialect: Dialect, deployment: str, *, writes: bool) -> None:
        self.driver = driver
        self.dialect = dialect
        self.deployment = deployment
        self.writes = writes
        self._texts = dialect.texts

    def rows(self, statement: Statement, *values: Any) -> list[Row]:
        """All rows of a query."""
        return self._execute(statement, values).fetchall()

    def row(self, statement: Statement, *values: Any) -> Row | None:
        """The first row of a query."""
        return self._execute(statement, values).fetchone()

    def write(self, statement: Statement, *values: Any) -> int:
        """Change rows; returns how many."""
        self.require_writing()
        return self._execute(statement, values).rowcount

    def write_many(self, statement: Statement, rows: Sequence[Row]) -> None:
        """Run one statement for many rows. Statements with constants are not for this."""
        self.require_writing()
        text, places = self._texts.get(statement) or statement.compile(self.dialect)
        assert places is None, text
        self.driver.executemany(text, rows)

    def require_writing(self) -> None:
        """Raise unless this is a writing transaction."""
        if not self.writes:
            raise InvocationError("this session only reads: open it with begin(write=True) to change something")

    def end(self) -> None:
        """Forget the driver: a session that is used after its end must not run outside a transaction."""
        self.driver = _ENDED

    def _execute(self, statement: Statement, values: Row) -> Any:
        text, places = self._texts.get(statement) or statement.compile(self.dialect)
        if places is not None:
            given = iter(values)
            values = tuple(next(given) if place is _OPEN else place for place in places)
        return self.driver.execute(text, values)


class _Ended:
    def __getattr__(self, name: str) -> Any:
        raise InvocationError("this storage session has ended: use it within its `with` block")


_ENDED = _Ended()
