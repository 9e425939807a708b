"""What the run worker remembers of a run's events while it executes: data versions of assets, keys of dynamic items,
how it went.

Step workers get it with the fork, or with their work when they are fresh interpreters.
"""

from __future__ import annotations

from rostrum.model.assets import AssetKey
from rostrum.model.events import AssetMaterialized, Event, OutputStored, ResourceFailed, StepCanceled, StepFailed


class RunNotes:
    """Fed with every event of the run, in order."""

    __slots__ = ("failed_step_keys", "mapping_keys", "outputs", "resource_failure", "versions", "was_canceled")

    def __init__(self) -> None:
        self.versions: dict[AssetKey, str] = {}
        """Data version of each asset when it was last seen."""
        self.mapping_keys: dict[tuple[str, str], list[str]] = {}
        """(step, output) -> keys of the items that a dynamic output has."""
        self.outputs: set[tuple[str, str]] = set()
        """(step, output) of all outputs that were produced: a fan-in leaves the others out."""
        self.failed_step_keys: list[str] = []
        self.resource_failure: ResourceFailed | None = None
        self.was_canceled = False

    def note(self, event: Event) -> None:
        """Remember what matters of an event."""
        kind = type(event)
        if kind is AssetMaterialized:
            assert isinstance(event, AssetMaterialized)
            if event.data_version is not None:
                self.versions[event.asset_key] = event.data_version
        elif kind is OutputStored:
            assert isinstance(event, OutputStored)
            place = (event.step_key or "", event.output)
            self.outputs.add(place)
            if event.mapping_key is not None:
                self.mapping_keys.setdefault(place, []).append(event.mapping_key)
        elif kind is StepFailed:
            self.failed_step_keys.append(event.step_key or "")
        elif kind is StepCanceled:
            self.was_canceled = True
        elif kind is ResourceFailed and self.resource_failure is None:
            assert isinstance(event, ResourceFailed)
            self.resource_failure = event
