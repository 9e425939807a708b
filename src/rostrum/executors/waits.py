"""Tells of each wait of a step once: when it begins."""

from __future__ import annotations

from rostrum.interfaces.execution import RunHost
from rostrum.model.events import StepWaiting
from rostrum.model.plans import Step
from rostrum.model.pools import SlotAnswer


class Waits:
    """Remembers whose wait has been told."""

    def __init__(self, host: RunHost) -> None:
        self._host = host
        self._told: set[str] = set()

    def for_pool(self, step: Step, answer: SlotAnswer) -> None:
        """The step was refused a slot of its pool."""
        if answer.limit >= 0:  # else the control plane is away, which is no wait for others
            self._tell(step, "pool", step.pool or "", answer.limit, answer.holders)

    def for_tag(self, step: Step, name: str, limit: int) -> None:
        """The step's tag, `key` or `key=value`, has as many running steps as it may."""
        self._tell(step, "tag", name, limit, ())

    def over(self, step: Step) -> None:
        """The step starts: its next wait is another one."""
        self._told.discard(step.key)

    def _tell(self, step: Step, reason: str, name: str, limit: int, holders: tuple[str, ...]) -> None:
        if step.key not in self._told:
            self._told.add(step.key)
            at = self._host.clock.now()
            self._host.record(
                StepWaiting(at=at, step_key=step.key, reason=reason, name=name, limit=limit, holders=holders)
            )
