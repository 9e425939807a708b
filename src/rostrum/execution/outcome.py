"""What `materialize` and `execute_in_process` return: the run, its events, and the values that its steps made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.definitions.outputs import NO_VALUE
from rostrum.model.assets import AssetKey
from rostrum.model.errors import InvocationError
from rostrum.model.events import (
    AnyEvent,
    AssetMaterialized,
    AssetObserved,
    CheckEvaluated,
    Event,
    StepFailed,
    StepRetrying,
    StepSkipped,
    StepSucceeded,
)
from rostrum.model.runs import Run, RunStatus

E = TypeVar("E", bound=Event)


class ExecutionResult:
    """A finished run that was executed in this process."""

    def __init__(
        self,
        run: Run,
        events: Sequence[AnyEvent],
        values: Mapping[tuple[str, str, str | None], Any],
        makers: Mapping[AssetKey, tuple[str, str]],
        graph_outputs: Mapping[str, tuple[str, str]],
    ) -> None:
        self._run, self._events, self._values, self._makers, self._graph_outputs = (
            run,
            events,
            values,
            makers,
            graph_outputs,
        )

    def __repr__(self) -> str:
        return f"<ExecutionResult of run {self.run_id}: {self._run.status.value}>"

    @property
    def success(self) -> bool:
        """True when all steps succeeded or were skipped."""
        return self._run.status is RunStatus.SUCCESS

    @property
    def run(self) -> Run:
        """The run after its last event."""
        return self._run

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._run.run_id

    @property
    def all_events(self) -> Sequence[AnyEvent]:
        """All events of the worker, in order."""
        return self._events

    # --- values

    def output_for_node(self, node: str, output_name: str = "result") -> Any:
        """Value of a step's output (`outer.inner` for a step in a graph); a dict by mapping key for a dynamic output.

        `NO_VALUE` for an output that passed none. Raises InvocationError when the step produced no such output.
        """
        found = {key[2]: value for key, value in self._values.items() if key[0] == node and key[1] == output_name}
        if None in found:
            return found[None]
        if found:
            return found
        if any(e.kind == "output_stored" and e.step_key == node and e.output == output_name for e in self._events):  # type: ignore[union-attr]
            return NO_VALUE
        known = ", ".join(sorted({key[0] for key in self._values})) or "none"
        raise InvocationError(
            f"step {node!r} produced no output {output_name!r} in this run; steps with values: {known}."
        )

    def output_value(self, output_name: str = "result") -> Any:
        """Value of an output of the job's graph."""
        if output_name not in self._graph_outputs:
            known = ", ".join(self._graph_outputs) or "none"
            raise InvocationError(f"the job's graph has no output {output_name!r}; it has {known}.")
        return self.output_for_node(*self._graph_outputs[output_name])

    def asset_value(self, asset_key: KeyLike) -> Any:
        """Value of an asset made in this run."""
        key = asset_key_of(asset_key)
        if key not in self._makers:
            raise InvocationError(f"asset {key} was not part of this run.")
        return self.output_for_node(*self._makers[key])

    # --- events

    def filter_events(self, wanted: Callable[[AnyEvent], bool]) -> Sequence[AnyEvent]:
        """Events that `wanted` says yes to."""
        return [event for event in self._events if wanted(event)]

    def events_for_node(self, node: str) -> Sequence[AnyEvent]:
        """Events of a step."""
        return [event for event in self._events if event.step_key == node]

    def asset_materializations_for_node(self, node: str) -> Sequence[AssetMaterialized]:
        """Materialisations by a step."""
        return [event for event in self._of(AssetMaterialized) if event.step_key == node]

    def asset_observations_for_node(self, node: str) -> Sequence[AssetObserved]:
        """Observations by a step."""
        return [event for event in self._of(AssetObserved) if event.step_key == node]

    def get_asset_materialization_events(self) -> Sequence[AssetMaterialized]:
        """All materialisations."""
        return self._of(AssetMaterialized)

    def get_asset_check_evaluations(self) -> Sequence[CheckEvaluated]:
        """All verdicts of checks."""
        return self._of(CheckEvaluated)

    def get_step_success_events(self) -> Sequence[StepSucceeded]:
        """Ends of the steps that succeeded."""
        return self._of(StepSucceeded)

    def get_step_failure_events(self) -> Sequence[StepFailed]:
        """Ends of the steps that failed."""
        return self._of(StepFailed)

    def get_step_skipped_events(self) -> Sequence[StepSkipped]:
        """Steps that were passed over."""
        return self._of(StepSkipped)

    def get_failed_step_keys(self) -> set[str]:
        """Keys of failed steps."""
        return {event.step_key or "" for event in self._of(StepFailed)}

    def failure_data_for_node(self, node: str) -> StepFailed | None:
        """How a step failed, None when it did not."""
        return next((event for event in self._of(StepFailed) if event.step_key == node), None)

    def is_node_success(self, node: str) -> bool:
        """Say whether a step succeeded."""
        return any(event.step_key == node for event in self._of(StepSucceeded))

    def is_node_failed(self, node: str) -> bool:
        """Say whether a step failed."""
        return node in self.get_failed_step_keys()

    def is_node_skipped(self, node: str) -> bool:
        """Say whether a step was passed over."""
        return any(event.step_key == node for event in self._of(StepSkipped))

    def is_node_untouched(self, node: str) -> bool:
        """Say whether a step never began: blocked by a failure upstream, or not in the run."""
        return not any(event.step_key == node and event.kind != "step_not_run" for event in self._events)

    def retry_attempts_for_node(self, node: str) -> int:
        """How often a step was tried again."""
        return sum(event.step_key == node for event in self._of(StepRetrying))

    def _of(self, kind: type[E]) -> list[E]:
        return [event for event in self._events if isinstance(event, kind)]
