"""Alembic at work. Imported only when a database is not at the head revision."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.pool import StaticPool


class _WithinTransaction:
    """A driver connection whose transaction somebody else ends: committing or closing it does nothing."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def commit(self) -> None:
        """The caller commits."""

    def rollback(self) -> None:
        """The caller rolls back."""

    def close(self) -> None:
        """The caller closes."""


def config() -> Config:
    """Alembic's configuration: the scripts beside this file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.set_main_option("path_separator", "os")
    return made


def run(driver: sqlite3.Connection) -> None:
    """Run all outstanding migrations on a driver connection, within its open transaction."""
    engine = sa.create_engine("sqlite://", creator=lambda: _WithinTransaction(driver), poolclass=StaticPool)
    with engine.connect() as connection:
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, "head")
    engine.dispose()
