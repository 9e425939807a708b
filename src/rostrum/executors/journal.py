"""What has become known in a run since it began, for processes that outlive the step that they were started for."""

from __future__ import annotations

from collections.abc import Sequence

from rostrum.model.events import AssetMaterialized, Event, OutputStored, encode_events
from rostrum.model.plans import Step

_MATTERS = frozenset((OutputStored, AssetMaterialized))


class Journal:
    """Events that later steps ask about, and steps that have joined. Readers remember how far they have come."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._steps: list[Step] = []

    @property
    def end(self) -> tuple[int, int]:
        """Where a reader stands that knows all."""
        return len(self._events), len(self._steps)

    @property
    def steps(self) -> Sequence[Step]:
        """Steps that have joined, or of which more became known, in order."""
        return self._steps

    def note(self, event: Event) -> None:
        """Keep an event that has been recorded, where it matters."""
        if type(event) in _MATTERS:
            self._events.append(event)

    def adopt(self, steps: Sequence[Step]) -> None:
        """Keep steps that have joined, or of which more is known."""
        self._steps.extend(steps)

    def since(self, place: tuple[int, int]) -> tuple[bytes, tuple[Step, ...]]:
        """Events (encoded) and steps after a reader's place."""
        events, steps = self._events[place[0] :], self._steps[place[1] :]
        return encode_events(events) if events else b"", tuple(steps)
