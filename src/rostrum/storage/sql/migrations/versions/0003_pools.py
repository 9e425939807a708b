"""Slots know the epoch and the event of their claim; limits of pools that are set while running; steps that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name in ("epoch", "sequence", "claimed_at"):
        op.add_column("slots", sa.Column(name, BIG, autoincrement=False, nullable=False, server_default="0"))
    op.create_table(
        "pool_limits",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("pool", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "pool", name=op.f("pk_pool_limits")),
    )
    op.create_table(
        "waiters",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("pool", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("step_key", KEY, nullable=False),
        sa.Column("run_priority", BIG, autoincrement=False, nullable=False),
        sa.Column("step_priority", BIG, autoincrement=False, nullable=False),
        sa.Column("since", BIG, autoincrement=False, nullable=False),
        sa.Column("expires_at", BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("deployment", "pool", "run_id", "step_key", name=op.f("pk_waiters")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_waiters_run", "waiters", ["deployment", "run_id"], unique=False)


def downgrade() -> None:
    op.drop_table("waiters")
    op.drop_table("pool_limits")
    for name in ("claimed_at", "sequence", "epoch"):
        op.drop_column("slots", name)
