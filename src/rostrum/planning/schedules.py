"""Which ticks of a schedule are due: a pure decision, `due(state, node, now)`.

A tick is identified by its scheduled time. Only ticks after the schedule was switched on count, and only those of the
cron that was in force: a changed cron (or time zone) starts afresh from the moment the change is noticed. After a pause
of the daemon the most recent `max_catchup` ticks are made up for; the older ones are recorded as missed, never dropped.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from rostrum.model.manifest import Manifest, ScheduleNode
from rostrum.model.partitions import (
    DynamicPartitions,
    MultiPartitions,
    PartitionsSpec,
    StaticPartitions,
    TimePartitions,
)
from rostrum.model.reserved_names import SCHEDULE_TAG
from rostrum.model.ticks import AutomationState, RunRequest
from rostrum.planning import cron
from rostrum.planning.partitions import DynamicKeys, partitions_of

DimensionSpec = StaticPartitions | TimePartitions | DynamicPartitions
MAX_MISSED = 100
"""How many missed ticks are recorded one by one; the oldest of them says how many came before."""


class DueTick(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tick to decide."""

    scheduled_at: datetime
    missed: bool = False
    """Recorded only: the daemon was away for longer than the catch-up limit."""
    reason: str = ""


class DueTicks(msgspec.Struct, frozen=True):
    """Ticks to make, oldest first, and when to look again."""

    ticks: tuple[DueTick, ...]
    next_at: datetime | None
    """Scheduled time of the next tick that is not yet due; None when there is none or the schedule is off."""
    rebased: AutomationState | None = None
    """The state to store before anything else: the cron has changed, and earlier ticks of it are none."""


def identity(node: ScheduleNode) -> tuple[str, ...]:
    """What `AutomationState.cron` holds for the schedule: its cron expressions, and the time zone unless it is UTC."""
    return node.cron if node.timezone == "UTC" else (*node.cron, f"TZ={node.timezone}")


def default_catchup(node: ScheduleNode, manifest: Manifest) -> int:
    """How many late ticks are made up for: five where each makes another partition, else only the last one."""
    partitioned = any(job.name == node.job and job.partitions is not None for job in manifest.jobs)
    return 5 if partitioned else 1


def due(state: AutomationState, node: ScheduleNode, now: datetime, *, max_catchup: int = 1) -> DueTicks:
    """Ticks in (last tick or switch-on, now], split into those to evaluate and those missed."""
    if not state.running:
        return DueTicks((), None)
    rebased = None
    if state.cron != identity(node):
        # Never seen with any cron: ticks since the switch-on count. Seen with another: that one's history says nothing.
        base = state.last_tick_at if not state.cron else now
        rebased = msgspec.structs.replace(state, cron=identity(node), last_tick_at=base)
    current = rebased or state
    after = max(current.changed_at, current.last_tick_at or current.changed_at)
    times = _times(node, after, now, keep=max(max_catchup, 0) + MAX_MISSED)
    late = len(times.kept) - max(max_catchup, 0)
    ticks = tuple(
        DueTick(at, missed=index < late, reason=_reason(index, times.dropped) if index < late else "")
        for index, at in enumerate(times.kept)
    )
    return DueTicks(ticks, cron.next_tick(node.cron, node.timezone, max(now, after)), rebased)


def default_requests(
    node: ScheduleNode, scheduled_at: datetime, spec: PartitionsSpec | None = None, dynamic: DynamicKeys | None = None
) -> tuple[RunRequest, ...]:
    """The runs that a tick of a schedule without a function of the user's asks for.

    One; for a job with time partitions one for the last partition that is complete at the scheduled time (in each of
    the other dimensions, where there are several); with other partitions one for each.
    """
    request = RunRequest(job=node.job, config=node.config, tags={**node.tags, SCHEDULE_TAG: node.name})
    if spec is None:
        return (request,)
    if isinstance(spec, MultiPartitions):
        spec = _at_last_window(spec, scheduled_at)
        if spec is None:
            return ()
    source = partitions_of(spec, dynamic)
    if isinstance(spec, TimePartitions):
        last = source.last(scheduled_at)
        keys = [last] if last is not None else []
    else:
        keys = list(source.keys(scheduled_at))
    return tuple(msgspec.structs.replace(request, partition_key=key) for key in keys)


def _at_last_window(spec: MultiPartitions, at: datetime) -> MultiPartitions | None:
    """The same with each dimension of time reduced to its last complete window; None where there is none yet."""
    dimensions: list[tuple[str, DimensionSpec]] = []
    for name, dimension in spec.dimensions:
        last = partitions_of(dimension).last(at) if isinstance(dimension, TimePartitions) else None
        if last is not None:
            dimensions.append((name, StaticPartitions((last,))))
        elif isinstance(dimension, TimePartitions):
            return None
        else:
            dimensions.append((name, dimension))
    return MultiPartitions(tuple(dimensions))


class _Times(msgspec.Struct):
    kept: list[datetime]
    dropped: int


def _times(node: ScheduleNode, after: datetime, until: datetime, keep: int) -> _Times:
    """The last `keep` ticks in (after, until]; ticks older than a year are not even counted."""
    kept: list[datetime] = []
    dropped = 0
    for at in cron.ticks_between(node.cron, node.timezone, max(after, until - timedelta(days=366)), until):
        kept.append(at)
        if len(kept) > 2 * keep:
            dropped += len(kept) - keep
            del kept[:-keep]
    dropped += max(0, len(kept) - keep)
    return _Times(kept[-keep:], dropped)


def _reason(index: int, dropped: int) -> str:
    text = "could not be made in time (the daemon or the code location was away, or an earlier tick took too long)"
    return f"{text}; {dropped} earlier ones were missed too" if index == 0 and dropped else text
