"""What only SQLite has: connections, pragmas, how a transaction takes the writer's place, event ids.

WAL with synchronous NORMAL: a crash of the machine may lose the last commits but never corrupts, and a commit costs no
fsync. Readers never wait for the writer. Between processes the writer's place is taken by BEGIN IMMEDIATE with short
retries of our own behind a turnstile: SQLite's busy handler sleeps up to 100 ms and knows no order, so that a busy
process would starve the others.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import Dialect as CoreDialect

from rostrum.model.errors import Conflict, InvocationError, RostrumError, Unavailable
from rostrum.storage.sql.statements import Statement
from rostrum.storage.turns import Turns, Turnstile

_IDLE_READERS = 8

_NEVER = threading.Event()
"""Waiting for it is a pause of real time, which is what another process's transaction takes."""

_OPENING_SECONDS = 10.0
_CLOSING_SECONDS = 30.0
_LOOK_SECONDS = 1.0
"""How often it is looked whether the file is still the one that is open."""
_SHORTEST_PAUSE = 0.0002
_LONGEST_PAUSE = 0.001

_LAST_EVENT_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"


class SqliteDialect:
    """SQLite as a `Dialect`."""

    def __init__(self) -> None:
        self.core: CoreDialect = sqlite.dialect(paramstyle="qmark")
        self.texts: dict[Statement, tuple[str, tuple[Any, ...] | None]] = {}

    def insert(self, table: Table) -> Any:
        """INSERT that knows ON CONFLICT."""
        return sqlite.insert(table)

    def first_event_id(self, driver: Any, count: int) -> int:
        """The next id; the transaction is the only writer, so those after it are free too. (AUTOINCREMENT keeps it.)"""
        row = driver.execute(_LAST_EVENT_ID).fetchone()
        return (row[0] if row else 0) + 1

    def serialize(self, driver: Any, name: str) -> None:
        """Do nothing: a writing transaction is alone."""


class Connections:
    """The connections of a process to one file: a writer behind a lock, and readers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turns = Turns()
        self._turnstile = Turnstile(path.with_name(path.name + "-turn"))
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []
        self._closed = False
        self._identity: tuple[int, int] | None = None
        self._looked_at = 0.0

    def begin_writing(self, patience_seconds: float) -> sqlite3.Connection:
        """Take the process's writer and the database's writer's place. Give it back with `end_writing`."""
        if self._turns.is_mine:
            raise InvocationError("a writing session is open in this thread already: sessions do not nest")
        if not self._turns.acquire(patience_seconds):
            raise Unavailable(
                f"another thread has been writing to {self.path} for {patience_seconds:g} s; trying again is safe"
            )
        try:
            self._require_open()
            if self._writer is None:
                self._writer = self._open(reads_only=False)
            _begin_immediate(self._writer, self._turnstile, self.path, patience_seconds)
        except BaseException:
            self._turns.release()
            raise
        return self._writer

    def end_writing(self, driver: sqlite3.Connection, *, commit: bool) -> None:
        """Commit or roll back, and let the next one write."""
        try:
            if commit:
                driver.execute("COMMIT")
        finally:
            _roll_back(driver)
            self._turns.release()

    def begin_reading(self) -> sqlite3.Connection:
        """Take a reader in a transaction of its own: from its first read on it sees one snapshot."""
        self._require_open()
        try:
            driver = self._readers.pop()
        except IndexError:
            driver = self._open(reads_only=True)
        driver.execute("BEGIN")
        return driver

    def end_reading(self, driver: sqlite3.Connection) -> None:
        """Give a reader back."""
        _roll_back(driver)
        if self._closed or len(self._readers) >= _IDLE_READERS:
            driver.close()
        else:
            self._readers.append(driver)

    def close(self) -> None:
        """Close all connections; waits for a transaction that writes."""
        if self._turns.is_mine:
            raise InvocationError("close the storage after the writing session, not within it")
        self._closed = True
        self._turns.acquire(_CLOSING_SECONDS)
        readers, self._readers = self._readers, []
        writer, self._writer = self._writer, None
        self._turns.release()
        self._turnstile.close()
        for driver in [*readers, *([writer] if writer else [])]:
            driver.close()

    def _open(self, *, reads_only: bool) -> sqlite3.Connection:
        if self._identity is not None:
            self._require_same_file()  # SQLite would make a new one and write there
        driver = _connect(self.path, reads_only=reads_only)
        if self._identity is None:
            self._identity = _identity(self.path)
        return driver

    def _require_open(self) -> None:
        """Raise Unavailable after `close`, or when the file is no longer the one that is open."""
        if self._closed:
            raise Unavailable(f"the storage {self.path} has been closed")
        now = time.monotonic()
        if self._identity is not None and now - self._looked_at >= _LOOK_SECONDS:
            self._require_same_file()
            self._looked_at = now

    def _require_same_file(self) -> None:
        if _identity(self.path) != self._identity:
            raise Unavailable(
                f"the database file {self.path} was deleted or replaced while this process has it open: what is "
                "written now would be lost. Put the file back, or stop all Rostrum processes of this home and start "
                "them again."
            )


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path, *, reads_only: bool) -> sqlite3.Connection:
    driver: sqlite3.Connection | None = None
    try:
        driver = sqlite3.connect(
            path, timeout=_OPENING_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=400
        )
        _use_wal(driver)
        driver.execute("PRAGMA synchronous = NORMAL")
        driver.execute("PRAGMA temp_store = MEMORY")
        driver.execute("PRAGMA mmap_size = 268435456")
        if reads_only:
            driver.execute("PRAGMA query_only = 1")
            driver.execute("PRAGMA cache_size = -8000")
        else:
            driver.execute("PRAGMA cache_size = -32000")
            # A checkpoint is the only fsync that is left: fewer and larger ones.
            driver.execute("PRAGMA wal_autocheckpoint = 4000")
            driver.execute("PRAGMA busy_timeout = 0")
    except sqlite3.Error as error:
        if driver is not None:
            driver.close()
        if _is_damaged(error):
            raise _damaged(error, path) from error
        raise Unavailable(
            f"cannot open the database {path}: {error}. Check that the folder exists and may be written."
        ) from error
    return driver


def _use_wal(driver: sqlite3.Connection) -> None:
    """Switch to WAL. While another process does the same to a new file, SQLite answers `locked` without waiting."""
    patience_ends = time.monotonic() + _OPENING_SECONDS
    while True:
        try:
            driver.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > patience_ends:
                raise
            _NEVER.wait(_LONGEST_PAUSE)
        else:
            return


def _begin_immediate(driver: sqlite3.Connection, turnstile: Turnstile, path: Path, patience_seconds: float) -> None:
    """Pass the turnstile, then wait within it for the writer's place: whoever has just written queues behind us."""
    patience_ends = time.monotonic() + patience_seconds
    pause = _SHORTEST_PAUSE
    passed = False
    try:
        while True:
            passed = passed or turnstile.enter()
            if passed and _took_place(driver, path):
                return
            if time.monotonic() > patience_ends:
                raise Unavailable(
                    f"another process has been writing to {path} for {patience_seconds:g} s; trying again is safe"
                )
            _NEVER.wait(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
    finally:
        if passed:
            turnstile.leave()


def _took_place(driver: sqlite3.Connection, path: Path) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.DatabaseError as error:
        if _is_damaged(error):
            raise _damaged(error, path) from error
        if not _is_busy(error):
            raise Unavailable(f"cannot write to the database {path}: {error}") from error
        return False
    return True


def _roll_back(driver: sqlite3.Connection) -> None:
    if driver.in_transaction:
        driver.execute("ROLLBACK")


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _is_damaged(error: BaseException) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _damaged(error: BaseException, path: Path) -> Unavailable:
    return Unavailable(
        f"the database file {path} is damaged ({error}). Stop all Rostrum processes of this home and restore the file "
        "from a backup."
    )


def translated(error: BaseException, path: Path) -> RostrumError | None:
    """The error of ours that a driver error means, if it is one."""
    if _is_damaged(error):
        return _damaged(error, path)
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(f"a row of this key exists already: {error}")
    if isinstance(error, sqlite3.OperationalError):
        return Unavailable(f"the database {path} failed: {error}")
    return None
