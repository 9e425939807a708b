"""Which queued runs may start now: a pure decision, `admit(snapshot, now)`.

Order is priority (high first), then age. A run that a tag limit holds back never holds back those behind it. Why a run
waits is told as data (law 10), so that screens can say it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from rostrum.model.runs import Run


class TagLimit(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How many runs with a tag may be in progress at once."""

    key: str
    value: str | None = None
    """Only runs whose tag has this value; None: any value."""
    limit: int
    per_value: bool = False
    """The limit holds for each value of the tag by itself (`value` is None)."""

    def group(self, run: Run) -> str | None:
        """Name of the group of runs that shares the limit with `run`; None where the limit does not concern it."""
        value = run.tags.get(self.key)
        if value is None or (self.value is not None and value != self.value):
            return None
        return f"{self.key}={value}" if self.per_value or self.value is not None else self.key


class QueueLimits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Limits of the queue."""

    max_concurrent_runs: int = 10
    """Runs in progress at once; -1: no limit, 0: the queue holds everything."""
    tag_limits: tuple[TagLimit, ...] = ()


class QueueSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the decision needs to know."""

    queued: Sequence[Run]
    in_progress: Sequence[Run]
    limits: QueueLimits = QueueLimits()


class WaitReason(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why a queued run does not start yet."""

    kind: str
    """`hold` (the queue is switched off), `slots` (all are taken) or `tag` (a tag limit is reached)."""
    limit: int = 0
    in_progress: int = 0
    group: str = ""
    """For `tag`: the tag, `key` or `key=value`."""

    @property
    def message(self) -> str:
        """The reason in words."""
        if self.kind == "hold":
            return "waits because the queue is on hold: the limit of runs in progress is 0"
        if self.kind == "tag":
            return f"waits for tag {self.group}: {self.in_progress} of {self.limit} runs in progress"
        return f"waits for a free slot: {self.in_progress} of {self.limit} runs in progress"


class QueueDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Runs to start now, in order, and why each of the others waits."""

    admitted: tuple[str, ...] = ()
    reasons: dict[str, WaitReason] = {}


def order(runs: Iterable[Run]) -> list[Run]:
    """Runs by priority (high first), then age, then id."""
    return sorted(runs, key=lambda run: (-run.priority, run.created_at, run.run_id))


def admit(snapshot: QueueSnapshot, now: datetime) -> QueueDecision:  # noqa: ARG001 - decisions are functions of a snapshot and a time
    """Decide which queued runs start. Never more than the limits leave room for, counting what is in progress."""
    limits = snapshot.limits
    running = len(snapshot.in_progress)
    groups: Counter[str] = Counter()
    for run in snapshot.in_progress:
        groups.update(_groups(limits.tag_limits, run))
    admitted: list[str] = []
    reasons: dict[str, WaitReason] = {}
    for run in order(snapshot.queued):
        reason = _slots(limits.max_concurrent_runs, running) or _tags(limits.tag_limits, run, groups)
        if reason is not None:
            reasons[run.run_id] = reason
            continue
        admitted.append(run.run_id)
        running += 1
        groups.update(_groups(limits.tag_limits, run))
    return QueueDecision(admitted=tuple(admitted), reasons=reasons)


def _slots(limit: int, running: int) -> WaitReason | None:
    if limit == 0:
        return WaitReason(kind="hold")
    if 0 < limit <= running:
        return WaitReason(kind="slots", limit=limit, in_progress=running)
    return None


def _tags(limits: Sequence[TagLimit], run: Run, groups: Counter[str]) -> WaitReason | None:
    for number, limit in enumerate(limits):
        group = limit.group(run)
        if group is not None and groups[f"{number}:{group}"] >= limit.limit:
            return WaitReason(kind="tag", limit=limit.limit, in_progress=groups[f"{number}:{group}"], group=group)
    return None


def _groups(limits: Sequence[TagLimit], run: Run) -> list[str]:
    # The number keeps two limits of the same tag apart (a limit for all values beside one for each).
    return [f"{number}:{group}" for number, limit in enumerate(limits) if (group := limit.group(run)) is not None]
