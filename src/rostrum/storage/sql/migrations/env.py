"""Alembic's entry: migrates the connection that `upgrade.py` hands over, within its transaction."""

from __future__ import annotations

from alembic import context

from rostrum.storage.sql.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
