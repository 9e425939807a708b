"""Bring a database to the schema of this version.

The stored revision is compared by plain SQL, and a new database is made from the schema itself; Alembic (575 ms of
import) is loaded only when there is an old one to bring up. The caller holds the writer's place, so two processes that
start together migrate once, and a failed migration leaves nothing. Revisions are numbered 0001, 0002, ...: one with a
higher number than ours was written by a newer version.
"""

from __future__ import annotations

import importlib
import sqlite3

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from rostrum.model.errors import StateError
from rostrum.storage.sql.schema import HEAD, metadata

_VERSION_TABLE = (
    "CREATE TABLE alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""As Alembic makes it."""


def upgrade(driver: sqlite3.Connection, database: str) -> None:
    """Migrate within the open transaction. Raises StateError for a database newer than the code, or not ours."""
    revision = stored_revision(driver)
    if revision == HEAD:
        return
    if revision is None and _has_tables(driver):
        raise StateError(
            f"the database {database} holds tables but no schema revision: it is not a database of Rostrum. "
            "Choose another file."
        )
    if revision is not None and revision > HEAD:
        raise StateError(
            f"the database {database} has schema revision {revision}, newer than this version of Rostrum "
            f"knows ({HEAD}). Install the version that wrote it, or a later one."
        )
    if revision is None:
        _create(driver)
    else:
        importlib.import_module("rostrum.storage.sql.migrations.running").run(driver)


def _create(driver: sqlite3.Connection) -> None:
    """What all migrations together make, in one step (a test compares the two)."""
    dialect = sqlite.dialect()
    for table in metadata.sorted_tables:
        driver.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            driver.execute(str(CreateIndex(index).compile(dialect=dialect)))
    driver.execute(_VERSION_TABLE)
    driver.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))


def stored_revision(driver: sqlite3.Connection) -> str | None:
    """The revision that the database has, None when it has none."""
    try:
        row = driver.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return row[0] if row else None


def _has_tables(driver: sqlite3.Connection) -> bool:
    return driver.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0] > 0
