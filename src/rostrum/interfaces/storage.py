"""The state of the control plane. Sync, transactional; every implementation runs `testing/conformance/storage`.

`Storage.begin()` opens a transaction and gives a `Session`, a record of small tables. A session that writes holds the
writer's place on SQLite from the start (BEGIN IMMEDIATE). Leaving the context commits; an exception rolls all of it
back. Tables store and find; what follows from what is decided above (`control`). A handle is bound to its deployment
when made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.backfills import Backfill
from rostrum.model.events import AnyEvent, Event, StoredEvent
from rostrum.model.leases import Lease
from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.pools import PoolLimit, Slot, Waiter
from rostrum.model.principals import Token, User
from rostrum.model.runs import Run, RunFilter, RunPage
from rostrum.model.ticks import AutomationKey, AutomationState, Tick


class RunTable(Protocol):
    """Runs."""

    def add(self, runs: Sequence[Run], idempotency_key: str | None = None) -> list[Run]:
        """Insert new runs in bulk. With an idempotency key (one run only) the run first added under it is returned
        instead. Returns the runs as stored.
        """
        ...

    def get(self, run_id: str) -> Run | None:
        """The run, or None. In a writing session the row is locked until the end (PostgreSQL: FOR UPDATE)."""
        ...

    def put(self, run: Run) -> None:
        """Replace a run. Raises NotFound."""
        ...

    def list(self, where: RunFilter, *, limit: int = 50, cursor: str | None = None) -> RunPage:
        """Newest first (by creation, then id)."""
        ...

    def count(self, where: RunFilter, by: str) -> dict[str, int]:
        """Numbers of matching runs by `status`, `job`, `location`, `trigger_kind` or `trigger_name`."""
        ...

    def queued(self, limit: int) -> Sequence[Run]:
        """Queued runs by priority (high first), then age."""
        ...

    def in_progress(self) -> Sequence[Run]:
        """Runs in status starting, running or canceling, oldest first."""
        ...

    def tagged(self, tag: str, value: str) -> Sequence[Run]:
        """All runs with this tag, oldest first: for tags that few runs have at a time, whatever number there is of
        others.
        """
        ...

    def run_keys(self, automation: AutomationKey, keys: Iterable[str]) -> Mapping[str, str]:
        """Of these run keys those used before by the schedule or sensor, with the id of their run. Survives pruning."""
        ...

    def claim_run_key(self, automation: AutomationKey, run_key: str, run_id: str) -> str:
        """Take a run key; returns `run_id`, or the id of the run that has it already."""
        ...

    def delete(self, run_id: str) -> None:
        """Delete a finished run with its events. State tables do not change."""
        ...


class EventTable(Protocol):
    """Events."""

    def append(self, events: Sequence[Event], *, evidence: bool = False) -> Sequence[StoredEvent]:
        """Store events; those whose (run, stream, sequence) is stored already are passed over. Returns the newly stored
        ones, in order.
        """
        ...

    def last_sequence(self, run_id: str, stream: str) -> int:
        """Highest stored sequence of a stream; 0 when there is none."""
        ...

    def read(
        self, run_id: str, *, after: int = 0, limit: int = 1000, kinds: Sequence[str] = (), step_key: str | None = None
    ) -> Sequence[StoredEvent]:
        """Events of a run by id, after a cursor."""
        ...

    def read_asset(
        self,
        asset_key: AssetKey,
        *,
        kinds: Sequence[str] = (),
        before: int | None = None,
        limit: int = 100,
        partition_key: str | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of an asset (and of its checks), newest first."""
        ...

    def tail(self, after: int, limit: int = 1000) -> Sequence[StoredEvent]:
        """Events of all runs after a cursor, by id. Never passes the oldest open writing transaction."""
        ...

    def last_id(self) -> int:
        """Id of the newest event that `tail` may show; 0 when there is none."""
        ...


class AssetTable(Protocol):
    """Current state of assets and checks."""

    def get(self, keys: Iterable[AssetKey]) -> dict[AssetKey, AssetState]:
        """States of those assets that have one."""
        ...

    def all(self) -> Sequence[AssetState]:
        """All states."""
        ...

    def put(self, states: Iterable[AssetState]) -> None:
        """Insert or replace."""
        ...

    def checks(self, keys: Iterable[CheckKey] | None = None) -> dict[CheckKey, CheckState]:
        """States of these checks, or of all."""
        ...

    def put_checks(self, states: Iterable[CheckState]) -> None:
        """Insert or replace."""
        ...

    def version(self) -> int:
        """A number that grows whenever a state changes: for caches and ETags."""
        ...


class PartitionTable(Protocol):
    """Status of partitions, stored in chunks, so that a million answer in tens of milliseconds and parallel writers do
    not queue on one row.

    A status is `materialized`, `failed` or `running`; a partition without one is missing.
    """

    def mark(self, asset_key: AssetKey, marks: Mapping[str, tuple[str, str]]) -> None:
        """Set partition key -> (status, run id). `("", run_id)` removes `running` of that run and brings back what was
        before.
        """
        ...

    def get(self, asset_key: AssetKey, keys: Iterable[str] | None = None) -> dict[str, str]:
        """Status by partition key, of these keys or of all that have one."""
        ...

    def counts(self, asset_key: AssetKey) -> dict[str, int]:
        """Numbers by status, from the chunks' counters."""
        ...

    def clear(self, asset_key: AssetKey) -> None:
        """Forget the statuses of all partitions of an asset."""
        ...

    def dynamic(self, name: str) -> Sequence[str]:
        """Keys of a dynamic partitions definition, in the order they were added."""
        ...

    def add_dynamic(self, name: str, keys: Sequence[str]) -> None:
        """Add keys; present ones stay where they are."""
        ...

    def delete_dynamic(self, name: str, key: str) -> None:
        """Remove a key if it is there."""
        ...


class AutomationTable(Protocol):
    """Schedules and sensors: state and ticks."""

    def states(self) -> dict[AutomationKey, AutomationState]:
        """All states."""
        ...

    def get(self, key: AutomationKey) -> AutomationState | None:
        """State, locked for writing in a writing session."""
        ...

    def put(self, state: AutomationState) -> None:
        """Insert or replace."""
        ...

    def add_tick(self, tick: Tick) -> bool:
        """Insert; False when (key, scheduled_at) exists already. That memory survives pruning of ticks."""
        ...

    def put_tick(self, tick: Tick) -> None:
        """Replace by id."""
        ...

    def ticks(
        self, key: AutomationKey | None = None, *, limit: int = 100, before: datetime | None = None
    ) -> Sequence[Tick]:
        """Ticks, newest first."""
        ...


class BackfillTable(Protocol):
    """Backfills."""

    def add(self, backfill: Backfill) -> None: ...

    def get(self, backfill_id: str) -> Backfill | None: ...

    def put(self, backfill: Backfill) -> None: ...

    def list(self, limit: int = 50) -> Sequence[Backfill]:
        """Newest first."""
        ...


class LeaseTable(Protocol):
    """Leases, by database time."""

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take the lease if it is free, expired or ours (then it is renewed, same epoch). None when another holds
        it.
        """
        ...

    def release(self, name: str, owner: str) -> None:
        """Give it up if it is ours."""
        ...

    def drop(self, name: str, owner: str) -> None:
        """Give it up if it is ours, and forget it: its epoch begins anew. For names that are not used again."""
        ...

    def lock(self, name: str) -> None:
        """Have others that ask for the same wait for the end of this writing transaction: nobody holds anything
        afterwards, so that no death of a process leaves it held.
        """
        ...

    def all(self) -> Sequence[Lease]:
        """Leases that have an owner, expired ones too, by name."""
        ...


class PoolTable(Protocol):
    """Pools: limits that were set while running, slots that steps hold, steps that wait for one."""

    def lock(self, pool: str) -> None:
        """Let only one transaction at a time go on with this pool: before deciding about a claim."""
        ...

    def limits(self) -> Sequence[PoolLimit]:
        """Limits that were set, by name of the pool."""
        ...

    def put_limit(self, limit: PoolLimit) -> None:
        """Insert or replace."""
        ...

    def delete_limit(self, pool: str) -> None:
        """Forget the limit that was set. No error when there is none."""
        ...

    def slots(self, pool: str | None = None) -> Sequence[Slot]:
        """Slots by pool and time of the claim."""
        ...

    def put_slot(self, slot: Slot) -> None:
        """Insert, or replace that of the same pool, run and step."""
        ...

    def waiters(self, pool: str | None = None, run_id: str | None = None) -> Sequence[Waiter]:
        """Who waits by pool and turn (`Waiter.turn`), expired ones too; of one run only together with the pool."""
        ...

    def put_waiters(self, waiters: Sequence[Waiter]) -> None:
        """Insert, or replace those of the same pool, run and step."""
        ...

    def ahead(self, waiter: Waiter) -> int:
        """How many unexpired waiters of *other* runs have their turn before this one, which need not be stored. (Which
        of its steps goes first is the run's own affair.)
        """
        ...

    def release(self, run_id: str, step_key: str | None = None) -> None:
        """Free the slots of a run, or of one of its steps, and take it out of every line."""
        ...

    def prune(self, pool: str) -> int:
        """Remove slots and waiters of runs that are not in progress or do not exist; returns how many. There are none,
        unless something went wrong: a slot must not outlive its run whatever happens.
        """
        ...


class LocationTable(Protocol):
    """Code locations, their manifests, and the heartbeats of daemon loops."""

    def states(self) -> Sequence[LocationState]:
        """All locations by name."""
        ...

    def put(self, state: LocationState) -> None:
        """Insert the location's state, or replace it whole."""
        ...

    def delete(self, name: str) -> None:
        """Forget a location; its manifests stay. No error when there is none of that name."""
        ...

    def put_manifest(self, manifest_hash: str, data: bytes) -> None:
        """Store an encoded manifest (compressed by the store) unless it is there."""
        ...

    def manifest(self, manifest_hash: str) -> bytes | None:
        """The encoded manifest."""
        ...

    def daemons(self) -> Sequence[DaemonState]:
        """The last heartbeat of each loop of each daemon, by loop and owner."""
        ...

    def put_daemon(self, state: DaemonState) -> None:
        """Insert or replace the heartbeat of one loop of one owner."""
        ...


class PrincipalTable(Protocol):
    """Users, tokens, and small settings."""

    def user(self, name: str) -> User | None:
        """The user of that name, or None."""
        ...

    def users(self) -> Sequence[User]:
        """All users by name."""
        ...

    def put_user(self, user: User) -> None:
        """Insert the user, or replace the one of that name."""
        ...

    def token(self, secret_hash: str) -> Token | None:
        """The token whose secret has this hash, or None; expiry is the caller's to judge."""
        ...

    def tokens(self, user: str | None = None) -> Sequence[Token]:
        """Tokens of the user, or all, by id."""
        ...

    def put_token(self, token: Token) -> None:
        """Insert the token, or replace the one of that id."""
        ...

    def delete_token(self, token_id: str) -> None:
        """Revoke a token. No error when there is none of that id."""
        ...

    def setting(self, name: str) -> bytes | None:
        """Value of the setting, or None."""
        ...

    def put_setting(self, name: str, value: bytes) -> None:
        """Insert or replace a setting."""
        ...

    def add_setting(self, name: str, value: bytes) -> bytes:
        """Store unless present; returns what is stored (used for secrets generated once an installation)."""
        ...


class Session(Protocol):
    """One transaction."""

    @property
    def runs(self) -> RunTable:
        """Runs and their tags."""
        ...

    @property
    def events(self) -> EventTable:
        """Events of runs, and those without a run."""
        ...

    @property
    def assets(self) -> AssetTable:
        """What has been learned of assets, partitions and checks."""
        ...

    @property
    def partitions(self) -> PartitionTable:
        """Status of partitions, and the keys of dynamic ones."""
        ...

    @property
    def automations(self) -> AutomationTable:
        """State and ticks of schedules and sensors."""
        ...

    @property
    def backfills(self) -> BackfillTable:
        """Backfills and their runs."""
        ...

    @property
    def leases(self) -> LeaseTable:
        """Who does what alone."""
        ...

    @property
    def pools(self) -> PoolTable:
        """Limits, slots and waiters of pools."""
        ...

    @property
    def locations(self) -> LocationTable:
        """Code locations, manifests, heartbeats of daemon loops."""
        ...

    @property
    def principals(self) -> PrincipalTable:
        """Users, tokens and settings."""
        ...

    def now(self) -> datetime:
        """Database time, aware UTC."""
        ...


class Storage(Protocol):
    """A handle on the state of one deployment."""

    def begin(self, *, write: bool = False) -> AbstractContextManager[Session]:
        """Open a transaction. Reading sessions see one consistent snapshot. May block for the writer's place; raises
        Unavailable when the database is away.
        """
        ...

    def close(self) -> None:
        """Give back all connections."""
        ...


__all__ = ["AnyEvent", "Session", "Storage"]
