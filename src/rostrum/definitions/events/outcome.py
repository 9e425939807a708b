"""What `materialize` and `execute_in_process` return: the run, what happened in it, and the values that its steps made.

`events` are the records as they are stored. `all_events`, and every method that speaks of events, tells the story
of the run in the vocabulary of `EventType` (see `definitions.event_story`), which is made of the records when it is
first asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

from rostrum.definitions.events.outputs import NO_VALUE, AssetMaterialization, AssetObservation
from rostrum.definitions.events.run_events import AssetCheckEvaluation, EventData, RunEvent, StepFailureData
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.model.assets import AssetKey
from rostrum.model.errors import InvariantError
from rostrum.model.events import (
    AnyEvent,
    Event,
    OutputStored,
    RunStarted,
    StepFailed,
    StepRetrying,
    StepSkipped,
    StepSucceeded,
)
from rostrum.model.manifest import JobNode
from rostrum.model.runs import Run, RunStatus

E = TypeVar("E", bound=Event)


def _no_graph(node: str, output: str) -> tuple[str, str] | None:
    del node, output


class ExecutionResult:
    """A finished run that was executed in this process."""

    def __init__(
        self,
        run: Run,
        events: Sequence[AnyEvent],
        values: Mapping[tuple[str, str, str | None], Any],
        makers: Mapping[AssetKey, tuple[str, str]],
        graph_outputs: Mapping[str, tuple[str, str]],
        job: JobNode | None = None,
        graph_makers: Callable[[str, str], tuple[str, str] | None] = _no_graph,
    ) -> None:
        self._run, self.events, self._values, self._makers, self._graph_outputs = (
            run,
            events,
            values,
            makers,
            graph_outputs,
        )
        self._job = job
        self._graph_makers = graph_makers
        """(name of a graph in the job, output) -> step and output that this is; None for what is no graph."""
        self._story: list[RunEvent] | None = None

    def __repr__(self) -> str:
        return f"<ExecutionResult of run {self.run_id}: {self._run.status.value}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing is to be let go of."""

    @property
    def success(self) -> bool:
        """True when all steps succeeded or were skipped."""
        return self._run.status is RunStatus.SUCCESS

    @property
    def run(self) -> Run:
        """The run after its last event."""
        return self._run

    @property
    def dagster_run(self) -> Run:
        """Same as `run`."""
        return self._run

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._run.run_id

    @property
    def job_def(self) -> JobNode:
        """The job, as data."""
        return self._job or JobNode(name=self._run.target.job)

    @property
    def all_events(self) -> Sequence[RunEvent]:
        """Everything that happened, in order, as `RunEvent`s."""
        if self._story is None:
            told = importlib.import_module("rostrum.definitions.events.story")  # few ask
            self._story = list(told.story(self._run.target.job, self.events))
        return self._story

    @property
    def all_node_events(self) -> Sequence[RunEvent]:
        """What happened in steps."""
        return [event for event in self.all_events if event.is_step_event]

    # --- values

    def output_for_node(self, node_str: str, output_name: str = "result") -> Any:
        """Value of an output of a step (`outer.inner` for one in a graph) or of a graph; a dict by mapping key for a
        dynamic output.

        `NO_VALUE` for an output that passed none. Raises InvariantError when the step produced no such output.
        """
        found = {key[2]: self._values[key] for key in self._values if key[:2] == (node_str, output_name)}
        if None in found:
            return found[None]
        if found:
            return found
        mapped = self._of_items(node_str, output_name)
        if mapped:
            return mapped
        if any(event.step_key == node_str and event.output == output_name for event in self._of(OutputStored)):
            return NO_VALUE
        maker = self._graph_makers(node_str, output_name)
        if maker is not None:
            return self.output_for_node(*maker)
        self._check_node(node_str)
        made = sorted({key[1] for key in self._values if key[0] == node_str})
        raise InvariantError(
            f"No outputs found for output {output_name!r} of node {node_str!r} in this run; "
            f"it made: {', '.join(made) or 'none'}."
        )

    def _of_items(self, node: str, output_name: str) -> dict[str, Any]:
        """Values of the steps that `node` stands for, by the key of the item (of all items, joined by `/`)."""
        values: dict[str, Any] = {}
        for each in self._values:
            step_key, output, mapping_key = each
            base, bracket, items = step_key.partition("[")
            if bracket and base == node and output == output_name:
                path = [*items[:-1].split("]["), *([mapping_key] if mapping_key is not None else [])]
                values["/".join(path)] = self._values[each]
        return values

    def output_value(self, output_name: str = "result") -> Any:
        """Value of an output of the job's graph."""
        if output_name not in self._graph_outputs:
            known = ", ".join(self._graph_outputs) or "none"
            raise InvariantError(
                f"No outputs found for output {output_name!r}: the job's graph has no such output; it has {known}."
            )
        return self.output_for_node(*self._graph_outputs[output_name])

    def asset_value(self, asset_key: KeyLike) -> Any:
        """Value of an asset made in this run."""
        key = asset_key_of(asset_key)
        if key not in self._makers:
            known = ", ".join(str(each) for each in self._makers) or "none"
            raise InvariantError(f"asset {key} was not part of this run; its assets: {known}.")
        return self.output_for_node(*self._makers[key])

    def _check_node(self, node: str) -> None:
        steps = next((event.step_keys for event in self._of(RunStarted)), ())
        if not any(step == node or step.startswith((f"{node}[", f"{node}.")) for step in steps):
            known = ", ".join(steps) or "none"
            raise InvariantError(f"{self._run.target.job} has no op named {node!r} in this run; it has: {known}.")

    # --- what happened

    def filter_events(self, event_filter: Callable[[RunEvent], bool]) -> Sequence[RunEvent]:
        """Events that `event_filter` says yes to."""
        return [event for event in self.all_events if event_filter(event)]

    def events_for_node(self, node_name: str) -> Sequence[RunEvent]:
        """Events of a step."""
        return [event for event in self.all_events if event.step_key == node_name and event.is_step_event]

    def compute_events_for_handle(self, handle: Any) -> Sequence[RunEvent]:
        """Events of the step at a handle."""
        return self.events_for_node(str(handle))

    def asset_materializations_for_node(self, node_name: str) -> Sequence[AssetMaterialization]:
        """`AssetMaterialization`s by a step."""
        return [event.materialization for event in self.events_for_node(node_name) if event.is_step_materialization]

    def asset_observations_for_node(self, node_name: str) -> Sequence[AssetObservation]:
        """`AssetObservation`s by a step."""
        return [seen for event in self.events_for_node(node_name) if (seen := event.asset_observation) is not None]

    def expectation_results_for_node(self, node_str: str) -> Sequence[EventData]:
        """Results of expectations that a step has told."""
        return [
            event.step_expectation_result_data.expectation_result
            for event in self.events_for_node(node_str)
            if event.is_expectation_result
        ]

    def get_asset_materialization_events(self) -> Sequence[RunEvent]:
        """All materializations, as events."""
        return self.filter_events(lambda event: event.is_step_materialization)

    def get_asset_materialization_planned_events(self) -> Sequence[RunEvent]:
        """None: what is planned is told before the run begins, in the instance's log."""
        return self.filter_events(lambda event: event.is_asset_materialization_planned)

    def get_asset_observation_events(self) -> Sequence[RunEvent]:
        """All observations, as events."""
        return self.filter_events(lambda event: event.is_asset_observation)

    def get_asset_check_evaluations(self) -> Sequence[AssetCheckEvaluation]:
        """All verdicts of checks, as `AssetCheckEvaluation`s."""
        return [event.event_specific_data for event in self.all_events if event.is_asset_check_evaluation]

    def get_step_success_events(self) -> Sequence[RunEvent]:
        """Ends of the steps that succeeded."""
        return self.filter_events(lambda event: event.is_step_success)

    def get_step_failure_events(self) -> Sequence[RunEvent]:
        """Ends of the steps that failed."""
        return self.filter_events(lambda event: event.is_step_failure)

    def get_step_skipped_events(self) -> Sequence[RunEvent]:
        """Steps that were passed over."""
        return self.filter_events(lambda event: event.is_step_skipped)

    def get_run_success_event(self) -> RunEvent:
        """The event with which the run succeeded. Raises InvariantError where it did not."""
        return self._one("is_job_success", "did not succeed")

    def get_run_failure_event(self) -> RunEvent:
        """The event with which the run failed. Raises InvariantError where it did not."""
        return self._one("is_job_failure", "did not fail")

    def get_job_success_event(self) -> RunEvent:
        """Same as `get_run_success_event`."""
        return self.get_run_success_event()

    def get_job_failure_event(self) -> RunEvent:
        """Same as `get_run_failure_event`."""
        return self.get_run_failure_event()

    def _one(self, name: str, otherwise: str) -> RunEvent:
        found = self.filter_events(lambda event: getattr(event, name))
        if not found:
            raise InvariantError(f"run {self.run_id} {otherwise}: it ended as {self._run.status.value}.")
        return found[0]

    def get_failed_step_keys(self) -> set[str]:
        """Keys of failed steps."""
        return {event.step_key or "" for event in self._of(StepFailed)}

    def failure_data_for_node(self, node_str: str) -> StepFailureData | None:
        """How a step failed (`error`, `user_failure_data`), None when it did not."""
        found = [event for event in self.get_step_failure_events() if event.step_key == node_str]
        return found[-1].event_specific_data if found else None

    def is_node_success(self, node_str: str) -> bool:
        """Say whether a step succeeded."""
        return any(event.step_key == node_str for event in self._of(StepSucceeded))

    def is_node_failed(self, node_str: str) -> bool:
        """Say whether a step failed."""
        return node_str in self.get_failed_step_keys()

    def is_node_skipped(self, node_str: str) -> bool:
        """Say whether a step was passed over."""
        return any(event.step_key == node_str for event in self._of(StepSkipped))

    def is_node_untouched(self, node_str: str) -> bool:
        """Say whether a step never began: blocked by a failure upstream, or not in the run."""
        return not any(event.step_key == node_str and event.kind != "step_not_run" for event in self.events)

    def retry_attempts_for_node(self, node_str: str) -> int:
        """How often a step was tried again."""
        return sum(event.step_key == node_str for event in self._of(StepRetrying))

    def _of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]
