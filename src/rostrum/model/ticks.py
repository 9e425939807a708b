"""Schedules and sensors in operation: their state and their ticks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import AssetMaterialized, AssetObserved, CheckEvaluated


class AutomationKey(msgspec.Struct, frozen=True, order=True):
    """Key of a schedule or sensor: its code location and name."""

    location: str
    name: str

    def __str__(self) -> str:
        return f"{self.location}/{self.name}"


class AutomationState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is true now of a schedule or sensor."""

    key: AutomationKey
    kind: str = "schedule"
    """`schedule` or `sensor`."""
    running: bool = False
    changed_at: datetime
    """When it was last switched on or off; ticks before a switch-on are not made up for."""
    changed_by: str = ""
    """User name, or `default` when the definition's default applied."""
    cron: tuple[str, ...] = ()
    """The cron for which `last_tick_at` holds: a changed cron never replays."""
    last_tick_at: datetime | None = None
    """Scheduled time of the last tick that was decided."""
    cursor: str | None = None


class RunRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A run that a schedule or sensor asks for."""

    run_key: str | None = None
    """Deduplication: a run with the same key of the same schedule or sensor is made once."""
    job: str | None = None
    config: dict[str, Any] = {}
    tags: dict[str, str] = {}
    partition_key: str | None = None
    asset_selection: tuple[AssetKey, ...] = ()
    check_selection: tuple[CheckKey, ...] | None = None
    """Only these checks; None: those of the selected assets."""
    stale_only: bool = False
    """Only assets whose code or upstream data has changed since they were made."""


class PartitionsChange(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Keys to add to dynamic partitions, or to remove, before the tick's runs are submitted."""

    name: str
    keys: tuple[str, ...]
    remove: bool = False


class RunReaction(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A run that a sensor of run statuses has reacted to."""

    run_id: str
    error: ErrorInfo | None = None


class TickRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Ask a code location to evaluate one tick."""

    name: str
    kind: str = "schedule"
    scheduled_at: datetime | None = None
    cursor: str | None = None
    last_tick_at: datetime | None = None
    last_run_key: str | None = None
    last_completed_at: datetime | None = None
    """When the last tick that did not fail ended."""
    switched_on_at: datetime | None = None
    """When the sensor was last switched on."""


class TickResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the user's function decided: run requests, or a reason to skip, or an error."""

    run_requests: tuple[RunRequest, ...] = ()
    skip_reason: str | None = None
    cursor: str | None = None
    """The cursor to keep; None leaves the present one."""
    error: ErrorInfo | None = None
    logs: tuple[str, ...] = ()
    partitions: tuple[PartitionsChange, ...] = ()
    reactions: tuple[RunReaction, ...] = ()
    asset_events: tuple[AssetMaterialized | AssetObserved | CheckEvaluated, ...] = ()
    """What a sensor tells of assets, outside of any run."""


class Tick(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One tick and its outcome. `(key, scheduled_at)` is unique: no tick happens twice."""

    tick_id: str
    key: AutomationKey
    scheduled_at: datetime
    status: str = "started"
    """`started`, `success` (runs requested), `skipped`, `failure`, or `missed` (the daemon was down longer than the
    catch-up limit)."""
    started_at: datetime
    ended_at: datetime | None = None
    run_ids: tuple[str, ...] = ()
    skip_reason: str | None = None
    error: ErrorInfo | None = None
