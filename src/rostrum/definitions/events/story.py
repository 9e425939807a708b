"""From the records of a run to its story, a pure function: `story(job, records) -> [RunEvent]`.

Order, for each step: STEP_START (STEP_RESTARTED for a retry), LOADED_INPUT for all inputs, STEP_INPUT for all, then
for each output STEP_OUTPUT, ASSET_MATERIALIZATION for each partition, HANDLED_OUTPUT where an IO manager stored a
value; for each verdict STEP_OUTPUT and ASSET_CHECK_EVALUATION; STEP_SUCCESS or another end. Steps that never began
tell nothing. Around them RUN_START, ENGINE_EVENT, RESOURCE_INIT_STARTED, RESOURCE_INIT_SUCCESS, LOGS_CAPTURED and
ENGINE_EVENT with the run's end. Steps in processes of their own come with STEP_WORKER_STARTING and
STEP_WORKER_STARTED, and with resources each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rostrum.definitions.events import run_events as ev
from rostrum.definitions.events.outputs import AssetCheckSeverity, AssetMaterialization, AssetObservation
from rostrum.definitions.events.types import EventType as T
from rostrum.model import events as model
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import Event
from rostrum.model.reserved_names import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    INPUT_EVENT_TAG_PREFIX,
    INPUT_VERSION_TAG_PREFIX,
    USER_VERSION_TAG,
)

_EXPECTED = "expectation"
"""Metadata of an engine message that tells the result of an expectation."""
_HERE = ("script", "cli", "local")
"""Launchers of runs in the caller's own process: they were never queued."""


def story(job: str, records: Sequence[Event]) -> list[ev.RunEvent]:
    """The story of a run, as far as its records tell it."""
    return _Story(job, records).tell()


class _Story:
    def __init__(self, job: str, records: Sequence[Event]) -> None:
        self._job, self._records = job, records
        self._told: list[ev.RunEvent] = []
        self._isolated = any(type(record) is model.StepWorkerStarted for record in records)
        self._captures = any(type(record) is model.LogsCaptured for record in records)
        here = (r for r in records if isinstance(r, model.RunWorkerLaunched) and r.launcher in _HERE)
        self._queued = next(here, None) is None
        self._resources_due = False
        self._unopened: set[str | None] = set()
        """Steps in processes of their own that have not told yet that their resources are set up."""
        self._plan: tuple[str, ...] = ()
        self._inputs: dict[str | None, list[model.InputLoaded]] = {}
        self._stored: dict[str | None, model.OutputStored] = {}
        self._failure: ev.RunEvent | None = None

    def tell(self) -> list[ev.RunEvent]:
        for record in self._records:
            rule = _RULES.get(type(record))
            if rule is None:
                continue
            if self._resources_due and not isinstance(record, (model.ResourcesInitialized, model.ResourceFailed)):
                self._resources(record, ())
            if record.step_key is not None:
                self._flush(record)
            rule(self, record)
        return self._told

    def add(self, kind: T, record: Event, data: Any = None, message: str = "", step_key: str | None = None) -> None:
        key = step_key if step_key is not None else record.step_key
        pid = getattr(record, "pid", None)
        self._told.append(
            ev.RunEvent(
                kind.value, self._job, event_specific_data=data, message=message, pid=pid, step_key=key, record=record
            )
        )

    def engine(self, record: Event, message: str, error: ErrorInfo | None = None, metadata: Any = None) -> None:
        self.add(T.ENGINE_EVENT, record, _engine(error, metadata), message)

    # --- what is told a record later

    def _flush(self, record: Event) -> None:
        """Tell what waited for the step's next record."""
        key = record.step_key
        loaded = self._inputs.get(key)
        if loaded and not isinstance(record, model.InputLoaded):
            del self._inputs[key]
            failed_loading = isinstance(record, (model.StepFailed, model.StepRetrying)) and (
                record.error.class_name == "LoadInputError"
            )
            for each in () if failed_loading else loaded:
                message = f'Got input "{each.input}".'
                self.add(T.STEP_INPUT, each, ev.StepInputData(input_name=each.input, type_check_data=None), message)
        stored = self._stored.get(key)
        if stored is None:
            return
        if isinstance(record, model.AssetMaterialized) and record.asset_key == stored.asset_key:
            return
        del self._stored[key]
        data = ev.HandledOutputData(
            output_name=stored.output, manager_key=stored.manager_key, metadata=dict(stored.metadata)
        )
        message = f'Handled output "{stored.output}" using IO manager "{stored.manager_key}"'
        self.add(T.HANDLED_OUTPUT, stored, data, message)

    def _resources(self, record: Event, keys: Sequence[str], error: ErrorInfo | None = None) -> None:
        """Resources are set up, or one could not be."""
        self._resources_due = False
        self._unopened.discard(record.step_key)
        only = self._plan[0] if len(self._plan) == 1 else None
        step_key = record.step_key if self._isolated else only
        named = ", ".join(keys) or "io_manager"
        if self._plan or self._isolated:
            self.add(T.RESOURCE_INIT_STARTED, record, _engine(None, None), f"Starting {named}.", step_key or "")
            if error is not None:
                self.add(T.RESOURCE_INIT_FAILURE, record, _engine(error, None), f"{named} failed.", step_key or "")
                return
            self.add(T.RESOURCE_INIT_SUCCESS, record, _engine(None, None), f"Finished {named}.", step_key or "")
        if not self._captures:
            data = ev.ComputeLogsCaptureData(
                file_key="", step_keys=list(self._plan if step_key in (None, only) else (step_key,))
            )
            self.add(T.LOGS_CAPTURED, record, data, "Started capturing logs.", "")

    # --- the run

    def run_queued(self, record: model.RunQueued) -> None:
        if self._queued:
            self.add(T.RUN_ENQUEUED, record, ev.EventData(), "The run waits in the queue.")

    def run_starting(self, record: model.RunStarting) -> None:
        if self._queued and not record.resumes:
            self.add(T.RUN_DEQUEUED, record, None, "The run has left the queue.")
            self.add(T.RUN_STARTING, record, None, "The run's worker is being launched.")

    def run_planned(self, record: model.RunPlanned) -> None:
        for key in record.asset_keys:
            for partition in record.partition_keys or (None,):
                data = ev.AssetMaterializationPlannedData(asset_key=key, partition=partition)
                self.add(T.ASSET_MATERIALIZATION_PLANNED, record, data, f"{self._job} intends to materialize {key}")
        for check in record.check_keys:
            planned = ev.AssetCheckEvaluationPlanned(asset_key=check.asset_key, check_name=check.name, partition=None)
            self.add(T.ASSET_CHECK_EVALUATION_PLANNED, record, planned, f"{self._job} intends to evaluate {check}")

    def run_started(self, record: model.RunStarted) -> None:
        if record.resumed:
            self.engine(record, f"Another run worker goes on with {len(record.step_keys)} steps.")
            return
        self._plan = record.step_keys
        self.add(T.RUN_START, record, None, f'Started execution of run for "{self._job}".')
        self.engine(record, f"Executing {len(self._plan)} steps.")
        self._resources_due = not self._isolated

    def run_succeeded(self, record: model.RunSucceeded) -> None:
        self.engine(record, "Finished steps.")
        self.add(T.RUN_SUCCESS, record, None, f'Finished execution of run for "{self._job}".')

    def run_failed(self, record: model.RunFailed) -> None:
        if record.reason != "resource_failure":
            self.engine(record, "Finished steps.")
        data = ev.JobFailureData(
            error=ev.ErrorReport.of(record.error),
            failure_reason=record.reason.upper(),
            first_step_failure_event=self._failure,
        )
        self.add(T.RUN_FAILURE, record, data, f'Execution of run for "{self._job}" failed. {record.message}')

    def run_canceling(self, record: model.RunCanceling) -> None:
        self.add(T.RUN_CANCELING, record, None, "Sending run termination request.")

    def run_canceled(self, record: model.RunCanceled) -> None:
        self.engine(record, "Finished steps.")
        self.add(T.RUN_CANCELED, record, ev.JobCanceledData(error=None), "Execution of run was canceled.")

    # --- steps

    def worker_started(self, record: model.StepWorkerStarted) -> None:
        self.add(T.STEP_WORKER_STARTING, record, _engine(None, None), "Launching subprocess.")
        self.add(T.STEP_WORKER_STARTED, record, _engine(None, None), "Executing step in subprocess.")
        self._unopened.add(record.step_key)

    def step_started(self, record: model.StepStarted) -> None:
        if record.step_key in self._unopened:
            self._resources(record, ())
        if record.attempt > 1:
            self.add(T.STEP_RESTARTED, record, None, f"Started re-execution (attempt {record.attempt}) of step.")
        else:
            self.add(T.STEP_START, record, None, f'Started execution of step "{record.step_key}".')

    def input_loaded(self, record: model.InputLoaded) -> None:
        data = ev.LoadedInputData(
            input_name=record.input,
            manager_key=record.manager_key,
            upstream_output_name=record.from_output,
            upstream_step_key=record.from_step_key,
            metadata={},
        )
        self.add(T.LOADED_INPUT, record, data, f'Loaded input "{record.input}"')
        self._inputs.setdefault(record.step_key, []).append(record)

    def output_stored(self, record: model.OutputStored) -> None:
        self._output(record, record.output, record.mapping_key, dict(record.metadata))
        if record.manager_key is not None:
            self._stored[record.step_key] = record

    def _output(self, record: Event, name: str, mapping_key: str | None, metadata: Any) -> None:
        handle = ev.StepOutputHandle(step_key=record.step_key, output_name=name, mapping_key=mapping_key)
        data = ev.StepOutputData(
            step_output_handle=handle,
            output_name=name,
            mapping_key=mapping_key,
            metadata=metadata,
            type_check_data=None,
        )
        self.add(T.STEP_OUTPUT, record, data, f'Yielded output "{name}".')

    def step_succeeded(self, record: model.StepSucceeded) -> None:
        data = ev.StepSuccessData(duration_ms=record.seconds * 1000)
        self.add(T.STEP_SUCCESS, record, data, f'Finished execution of step "{record.step_key}".')

    def step_failed(self, record: model.StepFailed) -> None:
        error = _step_error(record)
        user = None
        if record.error.class_name == "Failure" or record.metadata:
            user = ev.UserFailureData(
                label="intentional-failure", description=record.error.message, metadata=dict(record.metadata)
            )
        data = ev.StepFailureData(
            error=error, user_failure_data=user, error_source=None, error_display_string=error.to_string()
        )
        self.add(T.STEP_FAILURE, record, data, f'Execution of step "{record.step_key}" failed.')
        self._failure = self._failure or self._told[-1]

    def step_canceled(self, record: model.StepCanceled) -> None:
        error = ev.ErrorReport("ExecutionInterrupted", "the run was canceled")
        data = ev.StepFailureData(
            error=error, user_failure_data=None, error_source=None, error_display_string=error.to_string()
        )
        self.add(T.STEP_FAILURE, record, data, f'Execution of step "{record.step_key}" was interrupted.')

    def step_retrying(self, record: model.StepRetrying) -> None:
        data = ev.StepRetryData(error=_step_error(record), seconds_to_wait=record.delay_seconds)
        self.add(T.STEP_UP_FOR_RETRY, record, data, f'Execution of step "{record.step_key}" failed and is retried.')

    def step_skipped(self, record: model.StepSkipped) -> None:
        self.add(T.STEP_SKIPPED, record, None, f'Skipped step "{record.step_key}". {record.reason}'.strip())

    # --- assets, checks and the rest

    def materialized(self, record: model.AssetMaterialized) -> None:
        data = ev.StepMaterializationData(materialization=materialization_of(record), asset_lineage=[])
        self.add(T.ASSET_MATERIALIZATION, record, data, f"Materialized value {record.asset_key}.")

    def observed(self, record: model.AssetObserved) -> None:
        data = ev.AssetObservationData(asset_observation=observation_of(record))
        self.add(T.ASSET_OBSERVATION, record, data, f"Observed {record.asset_key}.")

    def evaluated(self, record: model.CheckEvaluated) -> None:
        asset, name = record.check_key.asset_key, record.check_key.name
        self._output(record, f"{asset.step_key}_{name}", None, {})
        self.add(T.ASSET_CHECK_EVALUATION, record, evaluation_of(record), f"Asset check {name!r} on {asset} evaluated.")

    def engine_message(self, record: model.EngineMessage) -> None:
        told = record.metadata.get(_EXPECTED)
        if told is not None:
            own = {name: value for name, value in record.metadata.items() if name != _EXPECTED}
            result = ev.EventData(**getattr(told, "value", {}), metadata=own)
            data = ev.StepExpectationResultData(expectation_result=result)
            self.add(T.STEP_EXPECTATION_RESULT, record, data, record.message)
        else:
            self.engine(record, record.message, record.error, dict(record.metadata))

    def logs_captured(self, record: model.LogsCaptured) -> None:
        data = ev.ComputeLogsCaptureData(file_key=record.file_key, step_keys=list(record.step_keys))
        self.add(T.LOGS_CAPTURED, record, data, "Started capturing logs.")

    def resources_ready(self, record: model.ResourcesInitialized) -> None:
        self._resources(record, record.resource_keys)

    def resource_failed(self, record: model.ResourceFailed) -> None:
        if not record.is_teardown:
            self._resources(record, (record.resource_key,), record.error)
        else:
            self.engine(record, f"{record.resource_key} could not be torn down.", record.error)

    def hook_ended(self, record: model.HookCompleted) -> None:
        kinds = {"completed": T.HOOK_COMPLETED, "skipped": T.HOOK_SKIPPED, "failed": T.HOOK_ERRORED}
        kind = kinds.get(record.outcome, T.HOOK_COMPLETED)
        data = ev.HookErroredData(error=ev.ErrorReport.of(record.error)) if kind is T.HOOK_ERRORED else None
        why = f" {record.error.message}" if kind is T.HOOK_SKIPPED and record.error is not None else ""
        self.add(kind, record, data, f'Hook "{record.hook}": {record.outcome}.{why}')


def materialization_of(record: model.AssetMaterialized) -> AssetMaterialization:
    """What user code would have logged to say the same. Versions are tags."""
    made = AssetMaterialization(record.asset_key, record.description, None, record.partition_key, record.tags)
    made.metadata = dict(record.metadata)
    tags = made.tags or {}
    if record.data_version is not None:
        tags[DATA_VERSION_TAG] = record.data_version
    if record.code_version is not None:
        tags[CODE_VERSION_TAG] = record.code_version
    for key, version in record.input_versions.items():
        tags[f"{INPUT_VERSION_TAG_PREFIX}{key}"] = version
    for key, event in record.input_events.items():
        tags[f"{INPUT_EVENT_TAG_PREFIX}{key}"] = str(event)
    if record.is_user_version:
        tags[USER_VERSION_TAG] = "true"
    made.tags = tags
    return made


def observation_of(record: model.AssetObserved) -> AssetObservation:
    """What user code would have logged to say the same."""
    tags = {DATA_VERSION_TAG: record.data_version} if record.data_version is not None else {}
    made = AssetObservation(record.asset_key, record.description, None, record.partition_key, tags)
    made.metadata = dict(record.metadata)
    return made


def evaluation_of(record: model.CheckEvaluated) -> ev.AssetCheckEvaluation:
    """The verdict."""
    key = record.check_key
    return ev.AssetCheckEvaluation(
        key.asset_key,
        key.name,
        record.passed,
        record.metadata,
        ev.CheckedMaterialization.of(record.target),
        severity=AssetCheckSeverity(record.severity),
        description=record.description,
        blocking=record.blocking,
        partition=record.partition_key,
    )


def _step_waiting(story: _Story, record: model.StepWaiting) -> None:
    message = f"Step blocked by limit for {record.reason} {record.name}"
    story.add(T.ENGINE_EVENT, record, _engine(None, None), message)


def _engine(error: ErrorInfo | None, metadata: Any) -> ev.EngineEventData:
    return ev.EngineEventData(
        metadata=metadata or {}, error=ev.ErrorReport.of(error), marker_start=None, marker_end=None
    )


def _step_error(record: model.StepFailed | model.StepRetrying) -> ev.ErrorReport:
    """The error of the step, with what user code raised as its cause."""
    report = ev.ErrorReport.of(record.error)
    assert report is not None
    if report.cause is not None and report.cls_name.endswith("Error") and not record.error.frames:
        return report  # told with its place already: LoadInputError and the like
    return ev.ErrorReport("StepError", f'Error occurred while executing op "{record.step_key}":', report)


_RULES: dict[type[Event], Callable[[_Story, Any], None]] = {
    model.RunQueued: _Story.run_queued,
    model.RunStarting: _Story.run_starting,
    model.RunPlanned: _Story.run_planned,
    model.RunStarted: _Story.run_started,
    model.RunSucceeded: _Story.run_succeeded,
    model.RunFailed: _Story.run_failed,
    model.RunCanceling: _Story.run_canceling,
    model.RunCanceled: _Story.run_canceled,
    model.StepWaiting: _step_waiting,
    model.StepWorkerStarted: _Story.worker_started,
    model.StepStarted: _Story.step_started,
    model.InputLoaded: _Story.input_loaded,
    model.OutputStored: _Story.output_stored,
    model.StepSucceeded: _Story.step_succeeded,
    model.StepFailed: _Story.step_failed,
    model.StepCanceled: _Story.step_canceled,
    model.StepRetrying: _Story.step_retrying,
    model.StepSkipped: _Story.step_skipped,
    model.AssetMaterialized: _Story.materialized,
    model.AssetObserved: _Story.observed,
    model.CheckEvaluated: _Story.evaluated,
    model.EngineMessage: _Story.engine_message,
    model.LogsCaptured: _Story.logs_captured,
    model.ResourcesInitialized: _Story.resources_ready,
    model.ResourceFailed: _Story.resource_failed,
    model.HookCompleted: _Story.hook_ended,
}
