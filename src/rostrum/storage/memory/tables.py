"""The rows of a memory storage, as dictionaries. Indexes exist only where a linear search would hurt tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.backfills import Backfill
from rostrum.model.events import StoredEvent
from rostrum.model.leases import Lease
from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.pools import PoolLimit, Slot, Waiter
from rostrum.model.principals import Token, User
from rostrum.model.runs import Run
from rostrum.model.ticks import AutomationKey, AutomationState, Tick


@dataclass
class Tables:
    """Everything that is stored."""

    now: Callable[[], datetime]
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    run_assets: dict[str, frozenset[AssetKey]] = field(default_factory=dict[str, frozenset[AssetKey]])
    """Assets of a run: those of its target and those that it has planned."""
    idempotency_keys: dict[str, str] = field(default_factory=dict[str, str])
    run_keys: dict[tuple[AutomationKey, str], str] = field(default_factory=dict[tuple[AutomationKey, str], str])
    events: list[StoredEvent] = field(default_factory=list[StoredEvent])
    """By id; ids are never given twice (`counters["event"]`)."""
    run_events: dict[str, list[StoredEvent]] = field(default_factory=dict[str, list[StoredEvent]])
    sequences: dict[tuple[str, str], dict[int, None]] = field(default_factory=dict[tuple[str, str], dict[int, None]])
    last_sequences: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    counters: dict[str, int] = field(default_factory=dict[str, int])
    assets: dict[AssetKey, AssetState] = field(default_factory=dict[AssetKey, AssetState])
    checks: dict[CheckKey, CheckState] = field(default_factory=dict[CheckKey, CheckState])
    partitions: dict[tuple[AssetKey, str], tuple[str, str, str]] = field(
        default_factory=dict[tuple[AssetKey, str], tuple[str, str, str]]
    )
    """(asset, partition) -> (status, run that is running it, status before it ran)."""
    dynamic: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    automations: dict[AutomationKey, AutomationState] = field(default_factory=dict[AutomationKey, AutomationState])
    ticks: dict[str, Tick] = field(default_factory=dict[str, Tick])
    tick_marks: dict[tuple[AutomationKey, datetime], None] = field(
        default_factory=dict[tuple[AutomationKey, datetime], None]
    )
    backfills: dict[str, Backfill] = field(default_factory=dict[str, Backfill])
    leases: dict[str, Lease] = field(default_factory=dict[str, Lease])
    """A released lease keeps its row, with owner ""."""
    slots: dict[tuple[str, str, str], Slot] = field(default_factory=dict[tuple[str, str, str], Slot])
    """By (pool, run, step); so are waiters."""
    waiters: dict[tuple[str, str, str], Waiter] = field(default_factory=dict[tuple[str, str, str], Waiter])
    pool_limits: dict[str, PoolLimit] = field(default_factory=dict[str, PoolLimit])
    locations: dict[str, LocationState] = field(default_factory=dict[str, LocationState])
    manifests: dict[str, bytes] = field(default_factory=dict[str, bytes])
    daemons: dict[tuple[str, str], DaemonState] = field(default_factory=dict[tuple[str, str], DaemonState])
    users: dict[str, User] = field(default_factory=dict[str, User])
    tokens: dict[str, Token] = field(default_factory=dict[str, Token])
    settings: dict[str, bytes] = field(default_factory=dict[str, bytes])
