"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "asset_states",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("asset_key", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "asset_key", name=op.f("pk_asset_states")),
    )
    op.create_table(
        "automation_states",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("location", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "location", "name", name=op.f("pk_automation_states")),
    )
    op.create_table(
        "backfills",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("backfill_id", KEY, nullable=False),
        sa.Column("created_at", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "backfill_id", name=op.f("pk_backfills")),
    )
    op.create_index("ix_backfills_created", "backfills", ["deployment", "created_at", "backfill_id"], unique=False)
    op.create_table(
        "check_states",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("asset_key", KEY, nullable=False),
        sa.Column("check_name", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "asset_key", "check_name", name=op.f("pk_check_states")),
    )
    op.create_table(
        "counters",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("value", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "name", name=op.f("pk_counters")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "daemons",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("loop", KEY, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "loop", "owner", name=op.f("pk_daemons")),
    )
    op.create_table(
        "dynamic_partitions",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("partition_key", KEY, nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "name", "partition_key", name=op.f("pk_dynamic_partitions")),
    )
    op.create_index(
        "ix_dynamic_partitions_position", "dynamic_partitions", ["deployment", "name", "position"], unique=False
    )
    op.create_table(
        "events",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("stream", KEY, nullable=False),
        sa.Column("sequence", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("at", BIG, autoincrement=False, nullable=False),
        sa.Column("step_key", KEY, nullable=True),
        sa.Column("asset_key", KEY, nullable=True),
        sa.Column("check_name", KEY, nullable=True),
        sa.Column("partition_key", KEY, nullable=True),
        sa.Column("evidence", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("run_id", "stream", "sequence", "deployment", name="uq_events_place"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_events_asset",
        "events",
        ["deployment", "asset_key", "id"],
        unique=False,
        sqlite_where=sa.text("asset_key IS NOT NULL"),
        postgresql_where=sa.text("asset_key IS NOT NULL"),
    )
    op.create_index("ix_events_run", "events", ["run_id", "id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("idempotency_key", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "idempotency_key", name=op.f("pk_idempotency_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("epoch", BIG, autoincrement=False, nullable=False),
        sa.Column("expires_at", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "name", name=op.f("pk_leases")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "locations",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "name", name=op.f("pk_locations")),
    )
    op.create_table(
        "manifests",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("manifest_hash", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "manifest_hash", name=op.f("pk_manifests")),
    )
    op.create_table(
        "partition_chunks",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("asset_key", KEY, nullable=False),
        sa.Column("low", BIG, autoincrement=False, nullable=False),
        sa.Column("high", BIG, autoincrement=False, nullable=False),
        sa.Column("materialized", BIG, autoincrement=False, nullable=False),
        sa.Column("failed", BIG, autoincrement=False, nullable=False),
        sa.Column("running", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "asset_key", "low", name=op.f("pk_partition_chunks")),
    )
    op.create_index(
        "ix_partition_chunks_counts",
        "partition_chunks",
        ["deployment", "asset_key", "materialized", "failed", "running"],
        unique=False,
    )
    op.create_table(
        "run_assets",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("asset_key", KEY, nullable=False),
        sa.Column("created_at", BIG, autoincrement=False, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "asset_key", "created_at", "run_id", name=op.f("pk_run_assets")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_assets_run", "run_assets", ["deployment", "run_id"], unique=False)
    op.create_table(
        "run_keys",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("location", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("run_key", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "location", "name", "run_key", name=op.f("pk_run_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_tags",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("tag", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "tag", "value", "run_id", name=op.f("pk_run_tags")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_tags_run", "run_tags", ["deployment", "run_id"], unique=False)
    op.create_table(
        "runs",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("location", KEY, nullable=False),
        sa.Column("job", KEY, nullable=False),
        sa.Column("trigger_kind", KEY, nullable=False),
        sa.Column("trigger_name", KEY, nullable=False),
        sa.Column("partition_key", KEY, nullable=True),
        sa.Column("backfill_id", KEY, nullable=True),
        sa.Column("root_run_id", KEY, nullable=False),
        sa.Column("priority", BIG, autoincrement=False, nullable=False),
        sa.Column("created_at", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "run_id", name=op.f("pk_runs")),
    )
    op.create_index(
        "ix_runs_backfill",
        "runs",
        ["deployment", "backfill_id", "created_at", "run_id"],
        unique=False,
        sqlite_where=sa.text("backfill_id IS NOT NULL"),
        postgresql_where=sa.text("backfill_id IS NOT NULL"),
    )
    op.create_index("ix_runs_created", "runs", ["deployment", "created_at", "run_id"], unique=False)
    op.create_index("ix_runs_job", "runs", ["deployment", "job", "created_at", "run_id"], unique=False)
    op.create_index(
        "ix_runs_queue",
        "runs",
        ["deployment", sa.literal_column("priority DESC"), "created_at", "run_id"],
        unique=False,
        sqlite_where=sa.text("status = 'queued'"),
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index("ix_runs_root", "runs", ["deployment", "root_run_id", "created_at", "run_id"], unique=False)
    op.create_index("ix_runs_status", "runs", ["deployment", "status", "created_at", "run_id"], unique=False)
    op.create_index(
        "ix_runs_trigger", "runs", ["deployment", "trigger_kind", "trigger_name", "created_at", "run_id"], unique=False
    )
    op.create_table(
        "settings",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "name", name=op.f("pk_settings")),
    )
    op.create_table(
        "slots",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("pool", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("step_key", KEY, nullable=False),
        sa.Column("expires_at", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "pool", "run_id", "step_key", name=op.f("pk_slots")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_slots_run", "slots", ["deployment", "run_id"], unique=False)
    op.create_table(
        "tick_marks",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("location", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("scheduled_at", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "location", "name", "scheduled_at", name=op.f("pk_tick_marks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ticks",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("tick_id", KEY, nullable=False),
        sa.Column("location", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("scheduled_at", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "tick_id", name=op.f("pk_ticks")),
    )
    op.create_index(
        "ix_ticks_key", "ticks", ["deployment", "location", "name", "scheduled_at", "tick_id"], unique=False
    )
    op.create_index("ix_ticks_scheduled", "ticks", ["deployment", "scheduled_at", "tick_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("token_id", KEY, nullable=False),
        sa.Column("secret_hash", KEY, nullable=False),
        sa.Column("user_name", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "token_id", name=op.f("pk_tokens")),
    )
    op.create_index("ix_tokens_secret", "tokens", ["deployment", "secret_hash"], unique=True)
    op.create_index("ix_tokens_user", "tokens", ["deployment", "user_name"], unique=False)
    op.create_table(
        "users",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "name", name=op.f("pk_users")),
    )
