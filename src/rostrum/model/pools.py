"""Pools: what limits how many steps run at once in all runs together, who holds a slot, who waits for one."""

from __future__ import annotations

import msgspec


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
    """Slots of the pool; 0 also where nobody could be asked."""
    holders: tuple[str, ...] = ()
    """Who has them, `<run id>:<step key>`, at most ten."""
    retry_seconds: float = 0.25
    """The answer will be the same until then, unless the run itself frees a slot."""

    def __bool__(self) -> bool:
        """True when granted."""
        return self.granted


GRANTED = SlotAnswer(True)
REFUSED = SlotAnswer(False)
"""Nobody could be asked: the control plane is away, or the run is not this worker's any more."""
