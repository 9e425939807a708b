"""Backfills: many partitions of a target, launched together. In this version a backfill queues one run a partition in
one transaction.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from rostrum.model.runs import RunTarget


class Backfill(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A backfill. Its progress is that of its runs (`Run.backfill_id`)."""

    backfill_id: str
    target: RunTarget
    """Without partition."""
    partition_keys: tuple[str, ...]
    created_at: datetime
    created_by: str = ""
    tags: dict[str, str] = {}
    canceled_at: datetime | None = None
