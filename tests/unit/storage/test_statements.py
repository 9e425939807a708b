"""Statements are portable: each compiles for PostgreSQL too, with all its parameters in places."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import rostrum.storage.sql as package
from rostrum.storage.sql import events, runs, statements
from rostrum.storage.sql.schema import metadata
from rostrum.storage.sql.sqlite import SqliteDialect
from rostrum.storage.sql.statements import Statement, in_portions, padded


class PostgresDialect:
    def __init__(self) -> None:
        self.core = postgresql.dialect(paramstyle="format")
        self.texts: dict[Statement, tuple[str, tuple[Any, ...] | None]] = {}

    def insert(self, table: Table) -> Any:
        return postgresql.insert(table)

    def first_event_id(self, driver: Any, count: int) -> int:
        raise NotImplementedError

    def serialize(self, driver: Any, name: str) -> None:
        raise NotImplementedError


def all_statements() -> Iterator[tuple[str, Statement]]:
    for module in pkgutil.iter_modules(package.__path__):
        names = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        for name, value in names.items():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Statement):
                    yield f"{module.name}.{name}", one
    shape = (("statuses", 2), ("job", 1), ("run_id_part", 1), ("asset_key", 1), ("tag", 1), ("created_after", 1))
    yield "runs by filter", runs._list_statement(shape, True)
    yield "runs counted", runs._count_statement(shape, "status")
    yield "events of a run", events._read_statement(2, True)
    yield "events of an asset", events._asset_statement(2, True, True)


STATEMENTS = dict(all_statements())


def test_there_are_statements() -> None:
    assert len(STATEMENTS) > 60


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_statement_is_portable(name: str) -> None:
    statement = STATEMENTS[name]
    sqlite_text, sqlite_places = statement.compile(SqliteDialect())
    postgres_text, postgres_places = statement.compile(PostgresDialect())
    assert "RETURNING" not in sqlite_text
    assert open_places(sqlite_text, "?", sqlite_places) == open_places(postgres_text, "%s", postgres_places)


def open_places(text: str, mark: str, places: tuple[Any, ...] | None) -> int:
    """How many values the caller gives. (SQLite writes an OFFSET 0 of its own beside each LIMIT.)"""
    assert places is None or text.count(mark) == len(places)
    return text.count(mark) if places is None else places.count(statements._OPEN)


def test_schema_is_portable() -> None:
    dialect: Any = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        assert next(iter(table.columns)).name == "deployment"
        for index in table.indexes:
            assert "CREATE" in str(CreateIndex(index).compile(dialect=dialect))


def test_lists_of_all_lengths_share_statements() -> None:
    assert [len(padded(range(count))) for count in (1, 2, 3, 5, 200, 256)] == [1, 2, 4, 8, 256, 256]
    assert list(padded([1, 2, 3])) == [1, 2, 3, 3]
    assert [len(portion) for portion in in_portions(range(600))] == [256, 256, 88]
    assert list(in_portions([])) == []
