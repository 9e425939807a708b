"""What the run worker remembers of a run's events while it executes: data versions of assets, keys of dynamic items,
how it went.

Step workers get it with the fork, or with their work when they are fresh interpreters.
"""

from __future__ import annotations

from rostrum.model.assets import AssetKey, AssetState
from rostrum.model.events import (
    AssetMaterialized,
    CheckTarget,
    Event,
    OutputStored,
    ResourceFailed,
    StepCanceled,
    StepFailed,
)


class RunNotes:
    """Fed with every event of the run, in order."""

    __slots__ = (
        "failed_step_keys",
        "mapping_keys",
        "outputs",
        "resource_failure",
        "targets",
        "used_events",
        "versions",
        "was_canceled",
    )

    def __init__(self) -> None:
        self.versions: dict[AssetKey, str] = {}
        """Data version of each asset when it was last seen."""
        self.used_events: dict[AssetKey, str] = {}
        """Which materialisation that was: see `AssetMaterialized.input_events`."""
        self.targets: dict[AssetKey, CheckTarget] = {}
        """The same, for verdicts of checks."""
        self.mapping_keys: dict[tuple[str, str], list[str]] = {}
        """(step, output) -> keys of the items that a dynamic output has."""
        self.outputs: set[tuple[str, str]] = set()
        """(step, output) of all outputs that were produced: a fan-in leaves the others out."""
        self.failed_step_keys: list[str] = []
        self.resource_failure: ResourceFailed | None = None
        self.was_canceled = False

    def stored(self, state: AssetState) -> None:
        """Remember what was true of an asset before the run."""
        if state.data_version is not None:
            self.versions[state.asset_key] = state.data_version
        if state.last_materialization_id is not None:
            self.used_events[state.asset_key] = str(state.last_materialization_id)
        if state.last_materialized_at is not None:
            run_id, number = state.last_materialized_run_id or "", str(state.last_materialization_id or "")
            self.targets[state.asset_key] = CheckTarget(run_id, state.last_materialized_at, number)

    def note(self, event: Event) -> None:
        """Remember what matters of an event."""
        kind = type(event)
        if kind is AssetMaterialized:
            assert isinstance(event, AssetMaterialized)
            place = f"{event.run_id}/{event.stream}/{event.sequence}"
            self.targets[event.asset_key] = CheckTarget(event.run_id, event.at, place)
            if event.data_version is not None:
                self.versions[event.asset_key] = event.data_version
                self.used_events[event.asset_key] = place
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
            self.resource_failure = None if event.is_teardown else event
