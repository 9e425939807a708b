"""Pools: what limits how many steps run at once in all runs together, who holds a slot, who waits for one."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot of a pool in a step's hands: from the claim until the attempt, the epoch or the run ends."""

    pool: str
    run_id: str
    step_key: str
    epoch: int
    """Of the run when it was claimed; 0 where an older version did."""
    sequence: int = 0
    """Last event of the run worker before the claim: an end that the worker told before is not this attempt's."""
    claimed_at: datetime


class Waiter(msgspec.Struct, frozen=True, kw_only=True):
    """A step that could start, were there a free slot."""

    pool: str
    run_id: str
    step_key: str
    run_priority: int = 0
    step_priority: int = 0
    since: datetime
    expires_at: datetime
    """Who has not asked again by then has lost interest: others pass."""

    @property
    def turn(self) -> tuple[int, int, datetime, str, str]:
        """Sorts waiters: priority of the run, that of the step, then age."""
        return (-self.run_priority, -self.step_priority, self.since, self.run_id, self.step_key)


class PoolLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that was set while running; it wins over the settings file."""

    pool: str
    limit: int
    set_at: datetime
    set_by: str = ""


def taken_text(taken: int, limit: int | None) -> str:
    """How full a pool is, in words: `1 of 2 taken`."""
    if limit == 0:
        return "nobody is let in (limit 0)"
    return f"{taken} taken" if limit is None else f"{taken} of {limit} taken"


class SlotWish(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step that wants a slot of a pool."""

    pool: str
    step_key: str
    priority: int = 0
    """Of the step in its run; that of the run comes first."""
    waited_seconds: float = 0.0
    """How long the step has been ready to start."""


class SlotAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a step has a slot now; if not, why, and when asking again makes sense."""

    granted: bool
    limit: int = 0
    """Slots of the pool; -1 where nobody could be asked."""
    holders: tuple[str, ...] = ()
    """Who has them, `<run id>:<step key>`, at most ten."""
    retry_seconds: float = 0.25
    """The answer will be the same until then, unless the run itself frees a slot."""

    def __bool__(self) -> bool:
        """True when granted."""
        return self.granted


GRANTED = SlotAnswer(True)
REFUSED = SlotAnswer(False, limit=-1, retry_seconds=1.0)
"""Nobody could be asked: the control plane is away, or the run is not this worker's any more."""
