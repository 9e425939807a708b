"""The busy queries find their rows by an index, also in a database that has no statistics."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.schema import CreateIndex, CreateTable

from rostrum.storage.sql import events, partitions, runs
from rostrum.storage.sql.schema import metadata
from rostrum.storage.sql.sqlite import SqliteDialect
from rostrum.storage.sql.statements import Statement


def listed(*names: str, statuses: int = 0) -> Statement:
    shape = (*((("statuses", statuses),) if statuses else ()), *((name, 1) for name in names))
    return runs._list_statement(shape, True)


CASES = {
    "newest runs": (listed(), "ix_runs_created"),
    "by status": (listed(statuses=1), "ix_runs_status"),
    "by job": (listed("job"), "ix_runs_job"),
    "of a schedule": (listed("trigger_kind", "trigger_name"), "ix_runs_trigger"),
    "of a backfill": (listed("backfill_id"), "ix_runs_backfill"),
    "of a family": (listed("root_run_id"), "ix_runs_root"),
    "of an asset": (listed("asset_key"), "run_assets USING PRIMARY KEY"),
    "all by status": (runs._count_statement((), "status"), "COVERING INDEX ix_runs_status"),
    "queue": (runs._QUEUED, "ix_runs_queue"),
    "in progress": (runs._IN_PROGRESS, "ix_runs_status"),
    "events of a run": (events._read_statement(2, True), "ix_events_run"),
    "events of an asset": (events._asset_statement(2, True, True), "ix_events_asset"),
    "tail": (events._TAIL, "INTEGER PRIMARY KEY"),
    "place of an event": (events._PRESENT, "COVERING INDEX"),
    "partition counts": (partitions._COUNTS, "COVERING INDEX ix_partition_chunks_counts"),
    "a chunk": (partitions._HOLDING, "INDEX"),
}


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    driver = sqlite3.connect(":memory:")
    dialect = SqliteDialect().core
    for table in metadata.sorted_tables:
        driver.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in table.indexes:
            driver.execute(str(CreateIndex(index).compile(dialect=dialect)))
    return driver


@pytest.mark.parametrize("name", CASES)
def test_query_uses_its_index_and_sorts_nothing(database: sqlite3.Connection, name: str) -> None:
    statement, index = CASES[name]
    text, _ = statement.compile(SqliteDialect())
    plan = "; ".join(row[3] for row in database.execute("EXPLAIN QUERY PLAN " + text, [1] * text.count("?")))
    assert index in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_counts_of_a_backfill_read_only_its_runs(database: sqlite3.Connection) -> None:
    text, _ = runs._count_statement((("backfill_id", 1),), "status").compile(SqliteDialect())
    plan = str(database.execute("EXPLAIN QUERY PLAN " + text, [1] * text.count("?")).fetchall())
    assert "ix_runs_backfill" in plan
