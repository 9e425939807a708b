"""Manifests are stored in parts; those that were stored whole stay as they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "manifest_parts",
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("part_hash", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "part_hash", name=op.f("pk_manifest_parts")),
    )


def downgrade() -> None:
    op.drop_table("manifest_parts")
