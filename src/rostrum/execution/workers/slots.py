"""The slots of one run: asks the control plane for all steps that wait, one request a pool and pause, however many
wait and however often the loop tries.
"""

from __future__ import annotations

import time

import msgspec

from rostrum.interfaces.runs import RunSession
from rostrum.model.plans import Step
from rostrum.model.pools import REFUSED, SlotAnswer, SlotWish

SEEN_SECONDS = 1.0
"""A step that is not asked for any more for so long does not count as waiting."""
MOST_OTHERS = 50
"""Steps that are told to wait beside the one that is asked for."""


class _Waiting(msgspec.Struct):
    priority: int
    since: float
    seen: float


class _Line(msgspec.Struct):
    """Steps of the run that wait for one pool."""

    waiting: dict[str, _Waiting] = {}
    refusal: SlotAnswer = REFUSED
    ask_at: float = 0.0

    def first(self, now: float) -> list[str]:
        """Keys of those that wait now, in the order in which they are to start."""
        if len(self.waiting) == 1:
            return list(self.waiting)
        fresh = {key: each for key, each in self.waiting.items() if now - each.seen < SEEN_SECONDS}
        return sorted(fresh, key=lambda key: (-fresh[key].priority, fresh[key].since))


class SlotDesk:
    """Belongs to the executing thread. Times are of the monotonic clock."""

    def __init__(self, session: RunSession) -> None:
        self._session = session
        self._lines: dict[str, _Line] = {}

    def claim(self, step: Step) -> SlotAnswer:
        """Ask for a slot of the step's pool, or repeat the last refusal while it holds good."""
        assert step.pool is not None
        line = self._lines.setdefault(step.pool, _Line())
        now = time.monotonic()
        waiting = line.waiting.get(step.key)
        if waiting is None:
            line.waiting[step.key] = _Waiting(step.priority, now, now)
        else:
            waiting.seen = now
        if now < line.ask_at:
            return line.refusal
        first = line.first(now)
        if first[0] != step.key:
            return line.refusal  # that one's turn comes in the same round
        wishes = [_wish(step.pool, key, line.waiting[key], now) for key in first[: 1 + MOST_OTHERS]]
        answer = self._session.claim_slot(wishes[0], wishes[1:])
        if answer.granted:
            del line.waiting[step.key]
        else:
            line.refusal, line.ask_at = answer, time.monotonic() + answer.retry_seconds
        return answer

    def ended(self, step: Step) -> None:
        """An attempt has ended: whoever waits here for its pool may ask at once."""
        line = self._lines.get(step.pool or "")
        if line is not None:
            line.refusal, line.ask_at = REFUSED, 0.0  # what was refused then says who had the slots: this step, too
        self._session.flush(0.0)  # no waiting: others may wait for the slot too


def _wish(pool: str, step_key: str, waiting: _Waiting, now: float) -> SlotWish:
    return SlotWish(pool, step_key, waiting.priority, now - waiting.since)
