"""Code locations in operation."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rostrum.model.errors import ErrorInfo


class LocationState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is true now of a code location: the active version, and the failed newer one beside it (law 6)."""

    name: str
    manifest_hash: str | None = None
    """Active version; None when none has ever loaded."""
    loaded_at: datetime | None = None
    error: ErrorInfo | None = None
    """Why the newest version did not load, or why the server does not answer; None when all is well."""
    error_at: datetime | None = None
    status: str = "loading"
    """`loading`, `ready`, `failed` (newest version did not load; an older one may be active) or `unreachable`."""
    fork: str = ""
    """How work is started: `fork`, or `fresh: <reason>`."""
    updated_at: datetime


class DaemonState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Heartbeat of one loop of one daemon replica."""

    loop: str
    owner: str
    heartbeat_at: datetime
    iterations: int = 0
    last_error: ErrorInfo | None = None
    last_seconds: float = 0.0
