"""Leases and slots: claims that end by themselves."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Lease(msgspec.Struct, frozen=True):
    """A claim by `owner` until `expires_at` (database time). `epoch` grows at each change of owner."""

    name: str
    owner: str
    epoch: int
    expires_at: datetime


class Slot(msgspec.Struct, frozen=True):
    """A claimed slot of a pool; freed by release, by the end of the run, or by expiry."""

    pool: str
    run_id: str
    step_key: str
    expires_at: datetime
