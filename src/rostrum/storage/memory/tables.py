"""The rows of a memory storage, as dictionaries. Indexes exist only where a linear search would hurt tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from rostrum.model.assets import AssetKey, AssetState, CheckKey, CheckState
from rostrum.model.backfills import Backfill
from rostrum.model.events import StoredEvent
from rostrum.model.leases import Lease, Slot
from rostrum.model.locations import DaemonState, LocationState
from rostrum.model.principals import Token, User
from rostrum.model.runs import Run
from rostrum.model.ticks import AutomationKey, AutomationState, Tick


@dataclass
class Tables:
    """Everything that is stored."""

    now: Callable[[], datetime]
    runs: dict[str, Run] = field(default_factory=dict)
    run_assets: dict[str, frozenset[AssetKey]] = field(default_factory=dict)
    """Assets of a run: those of its target and those that it has planned."""
    idempotency_keys: dict[str, str] = field(default_factory=dict)
    run_keys: dict[tuple[AutomationKey, str], str] = field(default_factory=dict)
    events: list[StoredEvent] = field(default_factory=list)
    """By id; ids are never given twice (`counters["event"]`)."""
    run_events: dict[str, list[StoredEvent]] = field(default_factory=dict)
    sequences: dict[tuple[str, str], dict[int, None]] = field(default_factory=dict)
    last_sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    assets: dict[AssetKey, AssetState] = field(default_factory=dict)
    checks: dict[CheckKey, CheckState] = field(default_factory=dict)
    partitions: dict[tuple[AssetKey, str], tuple[str, str, str]] = field(default_factory=dict)
    """(asset, partition) -> (status, run that is running it, status before it ran)."""
    dynamic: dict[str, list[str]] = field(default_factory=dict)
    automations: dict[AutomationKey, AutomationState] = field(default_factory=dict)
    ticks: dict[str, Tick] = field(default_factory=dict)
    tick_marks: dict[tuple[AutomationKey, datetime], None] = field(default_factory=dict)
    backfills: dict[str, Backfill] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    """A released lease keeps its row, with owner ""."""
    slots: dict[tuple[str, str, str], Slot] = field(default_factory=dict)
    locations: dict[str, LocationState] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    daemons: dict[tuple[str, str], DaemonState] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    settings: dict[str, bytes] = field(default_factory=dict)
