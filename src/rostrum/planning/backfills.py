"""Backfills as data: which runs a backfill asks for, and how far it is. In this version: one run a partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from rostrum.model.runs import FINISHED, RunStatus, RunTarget


class BackfillProgress(msgspec.Struct, frozen=True):
    """How far a backfill is."""

    total: int
    """Partitions."""
    by_status: dict[str, int]
    """Runs by status."""
    status: str
    """`running`, `success`, `failure` (some run failed) or `canceled` (by request, or some run was)."""

    @property
    def finished(self) -> int:
        """Runs that have ended."""
        return sum(number for status, number in self.by_status.items() if RunStatus(status) in FINISHED)


def targets(target: RunTarget, partition_keys: Sequence[str]) -> list[RunTarget]:
    """One target a partition, in the order given, each key once."""
    return [msgspec.structs.replace(target, partition_key=key) for key in dict.fromkeys(partition_keys)]


def progress(total: int, by_status: Mapping[str, int], *, canceled: bool = False) -> BackfillProgress:
    """Progress from the numbers of runs by status. Retries of single partitions do not count as runs of their own."""
    counts = dict(by_status)
    ended = sum(number for status, number in counts.items() if RunStatus(status) in FINISHED)
    if ended < sum(counts.values()):
        status = "running"
    elif counts.get(RunStatus.FAILURE.value):
        status = "failure"
    elif canceled or counts.get(RunStatus.CANCELED.value):
        status = "canceled"
    else:
        status = "success"
    return BackfillProgress(total=total, by_status=counts, status=status)
