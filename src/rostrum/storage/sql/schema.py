"""Every table of the database, in one place. Portable to PostgreSQL: what only one database has is in its dialect file.

Three rules. Every table starts with `deployment`, the scope that a storage handle is bound to (principals and settings
belong to the organisation: their rows carry `ORGANISATION`). The whole value is in `body` (msgpack of the model struct,
so non-finite numbers survive and the model may grow fields without a migration); other columns exist because something
is searched, ordered or counted by them. Times are integers, microseconds since 1970 UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0003"
"""The revision of `migrations/` that this schema is, compared by plain SQL: Alembic stays out of a normal start."""

ORGANISATION = ""
"""Scope of rows that belong to no single deployment."""

_NAMES = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
}

_CONDITION = "rostrum_where"

metadata = MetaData(naming_convention=_NAMES)

KEY = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared by bytes: ids and keys, in an order that is the same in every database."""

_BIG = BigInteger().with_variant(Integer(), "sqlite")


def _key(name: str) -> Column[str]:
    return Column(name, KEY, primary_key=True, nullable=False)


def _text(name: str) -> Column[str]:
    return Column(name, KEY, nullable=False)


def _optional(name: str) -> Column[str]:
    return Column(name, KEY, nullable=True)


def _number(name: str, *, primary_key: bool = False) -> Column[int]:
    return Column(name, _BIG, primary_key=primary_key, nullable=False, autoincrement=False)


def _added(name: str) -> Column[int]:
    """A number that a later version has added: the version before inserts rows without it."""
    return Column(name, _BIG, nullable=False, server_default="0")


def _body(name: str = "body") -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _narrow(name: str, *columns: Column[str] | Column[int] | Column[bytes]) -> Table:
    """Make a table of short rows that is always read by its key: on SQLite the key is the table."""
    return Table(name, metadata, *columns, sqlite_with_rowid=False)


def _where(condition: ColumnElement[bool]) -> Any:
    """Options of an index over some rows. (`postgresql_where` given here would import that dialect at every start.)"""
    return {"sqlite_where": condition, "info": {_CONDITION: condition}}


def for_postgresql() -> MetaData:
    """The metadata with what PostgreSQL's tables and indexes have beside. Imports its dialect."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if _CONDITION in index.info:
                index.dialect_options["postgresql"]["where"] = index.info[_CONDITION]
    return metadata


runs = Table(
    "runs",
    metadata,
    _key("deployment"),
    _key("run_id"),
    _text("status"),
    _text("location"),
    _text("job"),
    _text("trigger_kind"),
    _text("trigger_name"),
    _optional("partition_key"),
    _optional("backfill_id"),
    _text("root_run_id"),
    _number("priority"),
    _number("created_at"),
    _body(),
)
Index("ix_runs_created", runs.c.deployment, runs.c.created_at, runs.c.run_id)
Index("ix_runs_status", runs.c.deployment, runs.c.status, runs.c.created_at, runs.c.run_id)
Index("ix_runs_job", runs.c.deployment, runs.c.job, runs.c.created_at, runs.c.run_id)
Index(
    "ix_runs_trigger",
    runs.c.deployment,
    runs.c.trigger_kind,
    runs.c.trigger_name,
    runs.c.created_at,
    runs.c.run_id,
)
Index("ix_runs_root", runs.c.deployment, runs.c.root_run_id, runs.c.created_at, runs.c.run_id)
Index(
    "ix_runs_backfill",
    runs.c.deployment,
    runs.c.backfill_id,
    runs.c.created_at,
    runs.c.run_id,
    **_where(runs.c.backfill_id.is_not(None)),
)
Index(
    "ix_runs_queue",
    runs.c.deployment,
    runs.c.priority.desc(),
    runs.c.created_at,
    runs.c.run_id,
    **_where(runs.c.status == "queued"),
)

# In the order of a list of runs, so that a page of an asset's runs reads no more than the page.
run_assets = _narrow(
    "run_assets", _key("deployment"), _key("asset_key"), _number("created_at", primary_key=True), _key("run_id")
)
Index("ix_run_assets_run", run_assets.c.deployment, run_assets.c.run_id)

run_tags = _narrow("run_tags", _key("deployment"), _key("tag"), _key("value"), _key("run_id"))
Index("ix_run_tags_run", run_tags.c.deployment, run_tags.c.run_id)

idempotency_keys = _narrow("idempotency_keys", _key("deployment"), _key("idempotency_key"), _text("run_id"))

run_keys = _narrow("run_keys", _key("deployment"), _key("location"), _key("name"), _key("run_key"), _text("run_id"))

events = Table(
    "events",
    metadata,
    _text("deployment"),
    # Ids are never given twice, also after the newest events were deleted: readers' cursors rely on it.
    Column("id", _BIG, primary_key=True, autoincrement=True),
    _text("run_id"),
    _text("stream"),
    _number("sequence"),
    _text("kind"),
    _number("at"),
    _optional("step_key"),
    _optional("asset_key"),
    _optional("check_name"),
    _optional("partition_key"),
    _number("evidence"),
    _body(),
    # Run ids are unique everywhere, so they lead: the deployment only keeps apart the events that have no run.
    UniqueConstraint("run_id", "stream", "sequence", "deployment", name="uq_events_place"),
    sqlite_autoincrement=True,
)
Index("ix_events_run", events.c.run_id, events.c.id)
Index(
    "ix_events_asset",
    events.c.deployment,
    events.c.asset_key,
    events.c.id,
    **_where(events.c.asset_key.is_not(None)),
)

asset_states = Table("asset_states", metadata, _key("deployment"), _key("asset_key"), _body())

check_states = Table("check_states", metadata, _key("deployment"), _key("asset_key"), _key("check_name"), _body())

counters = _narrow("counters", _key("deployment"), _key("name"), _number("value"))

partition_chunks = Table(
    "partition_chunks",
    metadata,
    _key("deployment"),
    _key("asset_key"),
    _number("low", primary_key=True),
    _number("high"),
    _number("materialized"),
    _number("failed"),
    _number("running"),
    _body(),
)
Index(
    "ix_partition_chunks_counts",
    partition_chunks.c.deployment,
    partition_chunks.c.asset_key,
    partition_chunks.c.materialized,
    partition_chunks.c.failed,
    partition_chunks.c.running,
)

dynamic_partitions = Table(
    "dynamic_partitions", metadata, _key("deployment"), _key("name"), _key("partition_key"), _number("position")
)
Index(
    "ix_dynamic_partitions_position",
    dynamic_partitions.c.deployment,
    dynamic_partitions.c.name,
    dynamic_partitions.c.position,
)

automation_states = Table("automation_states", metadata, _key("deployment"), _key("location"), _key("name"), _body())

ticks = Table(
    "ticks",
    metadata,
    _key("deployment"),
    _key("tick_id"),
    _text("location"),
    _text("name"),
    _number("scheduled_at"),
    _body(),
)
Index("ix_ticks_key", ticks.c.deployment, ticks.c.location, ticks.c.name, ticks.c.scheduled_at, ticks.c.tick_id)
Index("ix_ticks_scheduled", ticks.c.deployment, ticks.c.scheduled_at, ticks.c.tick_id)

tick_marks = _narrow(
    "tick_marks", _key("deployment"), _key("location"), _key("name"), _number("scheduled_at", primary_key=True)
)

backfills = Table("backfills", metadata, _key("deployment"), _key("backfill_id"), _number("created_at"), _body())
Index("ix_backfills_created", backfills.c.deployment, backfills.c.created_at, backfills.c.backfill_id)

leases = _narrow("leases", _key("deployment"), _key("name"), _text("owner"), _number("epoch"), _number("expires_at"))

slots = _narrow(
    "slots",
    _key("deployment"),
    _key("pool"),
    _key("run_id"),
    _key("step_key"),
    _number("expires_at"),  # read by the version before only
    _added("epoch"),
    _added("sequence"),
    _added("claimed_at"),
)
Index("ix_slots_run", slots.c.deployment, slots.c.run_id)

waiters = _narrow(
    "waiters",
    _key("deployment"),
    _key("pool"),
    _key("run_id"),
    _key("step_key"),
    _number("run_priority"),
    _number("step_priority"),
    _number("since"),
    _number("expires_at"),
)
Index("ix_waiters_run", waiters.c.deployment, waiters.c.run_id)

pool_limits = Table("pool_limits", metadata, _key("deployment"), _key("pool"), _body())

locations = Table("locations", metadata, _key("deployment"), _key("name"), _body())

manifests = Table("manifests", metadata, _key("deployment"), _key("manifest_hash"), _body())

manifest_parts = Table("manifest_parts", metadata, _key("deployment"), _key("part_hash"), _body())

daemons = Table("daemons", metadata, _key("deployment"), _key("loop"), _key("owner"), _body())

users = Table("users", metadata, _key("deployment"), _key("name"), _body())

tokens = Table(
    "tokens", metadata, _key("deployment"), _key("token_id"), _text("secret_hash"), _text("user_name"), _body()
)
Index("ix_tokens_secret", tokens.c.deployment, tokens.c.secret_hash, unique=True)
Index("ix_tokens_user", tokens.c.deployment, tokens.c.user_name)

settings = Table("settings", metadata, _key("deployment"), _key("name"), _body())
