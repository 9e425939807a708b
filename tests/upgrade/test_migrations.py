"""Migrations and the schema say the same; a start that has nothing to do loads no Alembic."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from rostrum.model.errors import ConfigError, StateError, Unavailable
from rostrum.storage.sql import SqlStorage
from rostrum.storage.sql.migrations import running
from rostrum.storage.sql.migrations.running import config
from rostrum.storage.sql.migrations.upgrade import stored_revision
from rostrum.storage.sql.schema import HEAD, for_postgresql, metadata
from rostrum.testing.clock import FakeClock


def storage_at(path: Path) -> SqlStorage:
    return SqlStorage(f"sqlite:///{path}", clock=FakeClock())


def described(path: Path) -> set[tuple[str, str, str]]:
    """Tables and indexes with their definitions; line breaks and quotes do not count."""
    driver = sqlite3.connect(path)
    rows = driver.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    driver.close()
    return {(kind, name, "".join((sql or "").replace('"', "").split())) for kind, name, sql in rows}


def test_migrations_make_the_schema(tmp_path: Path) -> None:
    """A new database, which is made in one step, is what all migrations make."""
    driver = sqlite3.connect(tmp_path / "migrated.db", isolation_level=None)
    running.run(driver)
    assert stored_revision(driver) == HEAD
    driver.close()
    created = storage_at(tmp_path / "created.db")
    created.migrate()
    created.close()
    assert described(tmp_path / "migrated.db") == described(tmp_path / "created.db")
    assert {one[1] for one in described(tmp_path / "created.db") if one[0] == "table"} >= set(metadata.tables)


def test_head_is_the_last_script() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [HEAD]


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        storage = storage_at(tmp_path / "a.db")
        storage.migrate()
        storage.migrate()
        storage.close()


def test_two_that_start_together_migrate_once(tmp_path: Path) -> None:
    storages = [storage_at(tmp_path / "a.db") for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(SqlStorage.migrate, storages))
    for storage in storages:
        with storage.begin() as session:
            assert session.events.last_id() == 0
        storage.close()


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (
            ["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('9999')"],
            "newer than",
        ),
        (["CREATE TABLE customers (name TEXT)"], "not a database of Rostrum"),
    ],
)
def test_foreign_or_newer_database_is_refused_and_left_alone(tmp_path: Path, statements: list[str], told: str) -> None:
    path = tmp_path / "a.db"
    driver = sqlite3.connect(path)
    for statement in statements:
        driver.execute(statement)
    driver.commit()
    driver.close()
    before = described(path)
    storage = storage_at(path)
    with pytest.raises(StateError, match=told):
        storage.migrate()
    storage.close()
    assert described(path) == before


def test_postgresql_has_the_same_partial_indexes() -> None:
    partial = {index.name for table in metadata.tables.values() for index in table.indexes if index.info}
    made = [str(CreateIndex(index).compile(dialect=postgresql.dialect())) for index in indexes(for_postgresql())]
    on_sqlite = {one.name for one in indexes(metadata) if one.dialect_options["sqlite"]["where"] is not None}
    assert on_sqlite == partial
    assert sum(" WHERE " in one for one in made) == len(partial) > 0


def indexes(of: sa.MetaData) -> list[sa.Index]:
    return [index for table in of.tables.values() for index in table.indexes]


@pytest.mark.parametrize("is_new", [True, False])
def test_normal_start_loads_neither_alembic_nor_postgresql(tmp_path: Path, *, is_new: bool) -> None:
    path = tmp_path / "a.db"
    if not is_new:
        storage = storage_at(path)
        storage.migrate()
        storage.close()
    script = (
        "import sys; from rostrum.storage.sql import SqlStorage; from rostrum.testing.clock import FakeClock\n"
        f"SqlStorage({f'sqlite:///{path}'!r}, clock=FakeClock()).migrate()\n"
        "assert not [name for name in sys.modules if name.startswith(('alembic', 'sqlalchemy.dialects.postgresql'))]"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_memory_and_logs_load_no_sqlalchemy() -> None:
    script = "import sys, rostrum.storage.memory, rostrum.storage.logs; assert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize("url", ["nonsense", "postgresql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_urls_that_cannot_be_served(url: str) -> None:
    with pytest.raises(ConfigError):
        SqlStorage(url, clock=FakeClock())


def test_file_that_cannot_be_opened(tmp_path: Path) -> None:
    storage = storage_at(tmp_path / "no" / "folder" / "a.db")
    with pytest.raises(Unavailable, match="cannot open"):
        storage.migrate()


def test_deployments_of_one_database_are_apart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    one, two = (SqlStorage(url, clock=FakeClock(), deployment=name) for name in ("one", "two"))
    one.migrate()
    with one.begin(write=True) as session:
        session.partitions.add_dynamic("regions", ["a"])
        session.principals.put_setting("of the organisation", b"1")
    with two.begin() as session:
        assert session.partitions.dynamic("regions") == []
        assert session.principals.setting("of the organisation") == b"1"
    one.close()
    two.close()
