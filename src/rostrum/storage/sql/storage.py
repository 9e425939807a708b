"""`SqlStorage`: connections and transactions. What the tables do is in the files beside it.

One writer connection a process, guarded by a lock; reading sessions take connections of their own and never wait for
it. `Session.now()` is the time of the clock that was handed in: SQLite's database is on this host, so its time is the
host's, and tests can turn it. (PostgreSQL will answer from the server.)
"""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.storage import Session
from rostrum.model.errors import ConfigError
from rostrum.storage.sql import sqlite
from rostrum.storage.sql.assets import SqlAssets
from rostrum.storage.sql.automations import SqlAutomations
from rostrum.storage.sql.backfills import SqlBackfills
from rostrum.storage.sql.events import SqlEvents
from rostrum.storage.sql.leases import SqlLeases
from rostrum.storage.sql.locations import SqlLocations
from rostrum.storage.sql.migrations.upgrade import upgrade
from rostrum.storage.sql.partitions import SqlPartitions
from rostrum.storage.sql.pools import SqlPools
from rostrum.storage.sql.principals import SqlPrincipals
from rostrum.storage.sql.runs import SqlRuns
from rostrum.storage.sql.statements import Connection


class SqlStorage:
    """State in a SQL database. Call `migrate()` once before the first session.

    `url` is of SQLAlchemy's form, e.g. `sqlite:////var/lib/rostrum/rostrum.db`; `deployment` is the scope of
    all rows; who waits longer than `patience_seconds` for the writer's place gets Unavailable.
    """

    def __init__(self, url: str, *, clock: Clock, deployment: str = "default", patience_seconds: float = 30.0) -> None:
        self._connections = sqlite.Connections(_sqlite_path(url))
        self._patience_seconds = patience_seconds
        self._dialect = sqlite.SqliteDialect()
        self._clock = clock
        self._deployment = deployment

    def with_patience(self, seconds: float) -> Self:
        """The same storage, with the same connections, for callers who rather hear soon that they cannot write."""
        made = copy.copy(self)
        made._patience_seconds = seconds  # noqa: SLF001 - our own
        return made

    def migrate(self) -> None:
        """Create the tables or bring them up to this version. Raises StateError for a database newer than the code."""
        driver = self._connections.begin_writing(self._patience_seconds)
        done = False
        try:
            upgrade(driver, str(self._connections.path))
            done = True
        except sqlite3.Error as failure:
            _raise_translated(failure, self._connections.path)
            raise
        finally:
            self._connections.end_writing(driver, commit=done)

    def begin(self, *, write: bool = False) -> AbstractContextManager[Session]:
        """Open a transaction (see the seam)."""
        return _Transaction(self._connections, self._session, self._patience_seconds if write else None)

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def _session(self, driver: sqlite3.Connection, writes: bool) -> SqlSession:
        return SqlSession(Connection(driver, self._dialect, self._deployment, writes=writes), self._clock)


class SqlSession:
    """One transaction."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self.runs = SqlRuns(connection)
        self.events = SqlEvents(connection)
        self.assets = SqlAssets(connection)
        self.partitions = SqlPartitions(connection)
        self.automations = SqlAutomations(connection)
        self.backfills = SqlBackfills(connection)
        self.leases = SqlLeases(connection, clock.now)
        self.pools = SqlPools(connection, clock.now)
        self.locations = SqlLocations(connection)
        self.principals = SqlPrincipals(connection)

    def now(self) -> datetime:
        """Database time."""
        return self._clock.now()

    def end(self) -> None:
        """Make every further use an error."""
        self._connection.end()


class _Transaction:
    """A transaction as a context manager: commits, or rolls back on an exception; errors of the driver become ours."""

    __slots__ = ("_connections", "_driver", "_make", "_patience_seconds", "_session")

    def __init__(
        self,
        connections: sqlite.Connections,
        make: Callable[[sqlite3.Connection, bool], SqlSession],
        patience_seconds: float | None,
    ) -> None:
        self._connections = connections
        self._make = make
        self._patience_seconds = patience_seconds

    def __enter__(self) -> SqlSession:
        writes = self._patience_seconds is not None
        if self._patience_seconds is not None:
            self._driver = self._connections.begin_writing(self._patience_seconds)
        else:
            self._driver = self._connections.begin_reading()
        self._session = self._make(self._driver, writes)
        return self._session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.end()
        try:
            if self._patience_seconds is not None:
                self._connections.end_writing(self._driver, commit=error is None)
            else:
                self._connections.end_reading(self._driver)
        except sqlite3.Error as failure:
            _raise_translated(failure, self._connections.path)
            raise
        _raise_translated(error, self._connections.path)


def _raise_translated(error: BaseException | None, path: Path) -> None:
    translated = None if error is None else sqlite.translated(error, path)
    if translated is not None:
        raise translated from error


def _sqlite_path(url: str) -> Path:
    try:
        parsed: Any = make_url(url)
    except ArgumentError as error:
        raise ConfigError(f"{url!r} is not a database URL. Write e.g. sqlite:////absolute/path/rostrum.db") from error
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(
            f"{parsed.get_backend_name()} is not supported in this version: use sqlite:////absolute/path/rostrum.db"
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError(
            "SQLite needs a file: connections cannot share its memory databases. Use the memory storage instead."
        )
    return Path(parsed.database)
