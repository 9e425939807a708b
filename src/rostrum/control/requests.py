"""What asks for a run."""

from __future__ import annotations

from typing import Any

import msgspec

from rostrum.model.runs import RunTarget, Trigger


class SubmitRequest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Ask for a run."""

    target: RunTarget
    config: dict[str, Any] = {}
    """Merged over the job's default config."""
    tags: dict[str, str] = {}
    """Merged over the job's tags."""
    priority: int = 0
    trigger: Trigger = Trigger()
    parent_run_id: str | None = None
    root_run_id: str | None = None
    backfill_id: str | None = None
    output_origins: dict[str, str] = {}
    """See `Run.output_origins`."""
    idempotency_key: str | None = None
    """Repeating a request under the same key gives the run that was made first."""
    run_id: str | None = None
    """None: a fresh one."""
    user_retries: int = 0
    """See `Run.user_retries`."""
    infrastructure_retries: int = 0
    """See `Run.infrastructure_retries`."""
