"""Which queued runs may start now: a pure decision, `admit(snapshot, now)`.

Order is priority (high first), then age. A run that a tag limit or a pool holds back never holds back those behind it.
Why a run waits is told as data (law 10), so that screens can say it.

Pools of steps (granularity `op`) hold a run back only while it could do nothing at all: each of its first steps needs a
slot, and no pool of these has one left. Pools of runs (`run`) count the runs in progress that hold a step of the pool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from rostrum.model.pools import taken_text
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.pools import RUN, PoolRules


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
    pools: PoolRules = PoolRules()


class QueueHold(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody has switched the queue off: nothing starts until it is switched on again."""

    by: str = ""
    at: datetime


class PoolUse(msgspec.Struct, frozen=True):
    """What goes on in a pool of steps."""

    holders: tuple[tuple[str, str], ...] = ()
    """(run, step) of each slot that is taken."""
    waiting: frozenset[str] = frozenset()
    """Runs with steps in line."""


class QueueSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the decision needs to know."""

    queued: Sequence[Run]
    in_progress: Sequence[Run]
    limits: QueueLimits = QueueLimits()
    """With the limits of pools that were set while running."""
    hold: QueueHold | None = None
    pools: Mapping[str, PoolUse] = {}
    """By name, of pools in which anything goes on."""


_HOLD = "waits because the queue is on hold: the limit of runs in progress is 0"


class WaitReason(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why a queued run does not start yet."""

    kind: str
    """`hold` (the queue is switched off), `slots` (all are taken), `tag` (a tag limit is reached) or `pool` (all slots
    of a pool are taken, or spoken for by runs that have started)."""
    limit: int = 0
    in_progress: int = 0
    group: str = ""
    """For `tag`: the tag, `key` or `key=value`; for `pool` its name."""
    by: str = ""
    """For `hold`: who has switched the queue off; empty: the settings file says so."""
    holders: tuple[str, ...] = ()
    """For `pool`: who is in it, `<run id>:<step key>` or `<run id>`, at most ten."""

    @property
    def message(self) -> str:
        """The reason in words."""
        if self.kind == "hold":
            return f"waits because {self.by} has put the queue on hold" if self.by else _HOLD
        if self.kind == "pool":
            more = self.in_progress - self.limit
            others = f", {more} more on the way" if more > 0 else ""
            if self.limit == 0:
                return f"waits for pool {self.group}: {taken_text(0, 0)}"
            return f"waits for pool {self.group}: {taken_text(min(self.in_progress, self.limit), self.limit)}{others}"
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
    pools = _PoolCounts(snapshot)
    held = WaitReason(kind="hold", by=snapshot.hold.by or "somebody") if snapshot.hold is not None else None
    admitted: list[str] = []
    reasons: dict[str, WaitReason] = {}
    for run in order(snapshot.queued):
        reason = (
            held
            or _slots(limits.max_concurrent_runs, running)
            or _tags(limits.tag_limits, run, groups)
            or pools.reason(run)
        )
        if reason is not None:
            reasons[run.run_id] = reason
            continue
        admitted.append(run.run_id)
        running += 1
        groups.update(_groups(limits.tag_limits, run))
        pools.admit(run)
    return QueueDecision(admitted=tuple(admitted), reasons=reasons)


class _PoolCounts:
    """Who is in each pool, or on the way to it."""

    def __init__(self, snapshot: QueueSnapshot) -> None:
        self._rules = snapshot.limits.pools
        self._by_run = self._rules.granularity == RUN
        self._in: dict[str, list[str]] = {}
        for run in snapshot.in_progress:
            for pool in run.pools if self._by_run else _on_the_way(run, snapshot.pools):
                self._in.setdefault(pool, []).append(run.run_id)
        if not self._by_run:
            for pool, use in snapshot.pools.items():
                told = [f"{run_id}:{step_key}" for run_id, step_key in use.holders]
                self._in[pool] = [*told, *self._in.get(pool, ())]

    def reason(self, run: Run) -> WaitReason | None:
        """Why the run cannot start; None where it can."""
        if self._by_run:
            return next((full for pool in run.pools if (full := self._full(pool, 0)) is not None), None)
        found = [self._full(pool, self._rules.run_buffer) for pool in run.first_pools]
        return found[0] if found and None not in found else None

    def admit(self, run: Run) -> None:
        """The run starts."""
        for pool in run.pools if self._by_run else run.first_pools:
            self._in.setdefault(pool, []).append(run.run_id)

    def _full(self, pool: str, buffer: int) -> WaitReason | None:
        limit, inside = self._rules.limit(pool), self._in.get(pool, ())
        if limit is None or len(inside) < limit + buffer:
            return None
        return WaitReason(kind="pool", group=pool, limit=limit, in_progress=len(inside), holders=tuple(inside[:10]))


def _on_the_way(run: Run, pools: Mapping[str, PoolUse]) -> list[str]:
    """Pools that a run in progress begins with and holds no slot of, but waits for or is about to ask for."""
    if not run.first_pools:
        return []
    begins = run.status is not RunStatus.CANCELING and run.steps_done == 0
    if begins and any(run.run_id == holder for use in pools.values() for holder, _ in use.holders):
        begins = False  # it has asked
    uses = {pool: pools.get(pool, PoolUse()) for pool in run.first_pools}
    return [
        pool
        for pool, use in uses.items()
        if all(run.run_id != holder for holder, _ in use.holders) and (begins or run.run_id in use.waiting)
    ]


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
