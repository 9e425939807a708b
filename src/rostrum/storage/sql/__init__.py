"""State in a SQL database. The only owner of SQLAlchemy Core and Alembic."""

from __future__ import annotations

from rostrum.storage.sql.storage import SqlStorage

__all__ = ["SqlStorage"]
