"""Leases: claims that end by themselves."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Lease(msgspec.Struct, frozen=True):
    """A claim by `owner` until `expires_at` (database time). `epoch` grows at each change of owner."""

    name: str
    owner: str
    epoch: int
    expires_at: datetime
