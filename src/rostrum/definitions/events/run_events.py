"""`RunEvent`: one step of the story of a run, as sensors, tests and libraries read it (`result.all_events`,
`instance.all_logs(...)`).

The records that are stored (`model.events`) say more with fewer events: storing an output is one record. The story
tells it in the finer vocabulary of `EventType`; `event_story` makes it of the records, and nothing stores it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar, overload

from rostrum.definitions.events.outputs import AssetMaterialization, AssetObservation
from rostrum.definitions.events.types import EventType
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ErrorInfo, InvariantError
from rostrum.model.events import CheckTarget, Event
from rostrum.model.metadata import MetadataValue

V = TypeVar("V")


class ErrorReport:
    """An error of an event: class name, message, and what caused it."""

    __slots__ = ("cause", "cls_name", "info", "message", "stack")

    def __init__(self, cls_name: str, message: str, cause: ErrorReport | None = None, info: ErrorInfo | None = None):
        self.cls_name, self.message, self.cause = cls_name, message, cause
        self.info = info
        """The error as it is stored: its first line, frames with their source, the user's own marked."""
        frames = info.frames if info is not None else ()
        self.stack = [f'  File "{frame.file}", line {frame.line}, in {frame.function}\n' for frame in frames]

    @property
    def context(self) -> None:
        """None: only causes are kept."""
        return None

    def to_string(self) -> str:
        """The error with its stack and its causes."""
        text = f"{self.cls_name}: {self.message}\n"
        if self.stack:
            text += "\nStack Trace:\n" + "".join(self.stack)
        for place, each in enumerate(self.info.group if self.info is not None else (), start=1):
            text += f"\nException {place} of the group:\n{ErrorReport.told(each)}"
        return text + (f"\nThe above exception was caused by:\n{self.cause.to_string()}" if self.cause else "")

    def __str__(self) -> str:
        return self.to_string()

    @staticmethod
    def told(info: ErrorInfo) -> str:
        """An error as it is stored, as text."""
        return str(ErrorReport.of(info))

    @staticmethod
    def of(info: ErrorInfo | None) -> ErrorReport | None:
        """The report of an error as it is stored."""
        if info is None:
            return None
        return ErrorReport(info.class_name, info.message, ErrorReport.of(info.cause), info)


class EventData:
    """What an event has beside its type: the fields depend on the type."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {', '.join(self.__dict__) or 'nothing'}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = object.__hash__


class StepOutputHandle(EventData):
    """Which output: `step_key`, `output_name`, `mapping_key`."""

    step_key: str
    output_name: str
    mapping_key: str | None


class StepOutputData(EventData):
    """`step_output_handle`, `output_name`, `mapping_key`, `metadata`."""

    step_output_handle: StepOutputHandle
    output_name: str
    mapping_key: str | None
    metadata: Mapping[str, MetadataValue]


class StepInputData(EventData):
    """`input_name`."""

    input_name: str


class StepSuccessData(EventData):
    """`duration_ms`."""

    duration_ms: float


class StepFailureData(EventData):
    """`error` (with the user's as its `cause`), `user_failure_data` (of a raised Failure), `error_display_string`."""

    error: ErrorReport
    user_failure_data: UserFailureData | None
    error_display_string: str


class UserFailureData(EventData):
    """`label`, `description`, `metadata` of a raised Failure."""

    label: str
    description: str | None
    metadata: Mapping[str, MetadataValue]


class StepRetryData(EventData):
    """`error`, `seconds_to_wait`."""

    error: ErrorReport
    seconds_to_wait: float


class StepMaterializationData(EventData):
    """`materialization`, `asset_lineage`."""

    materialization: AssetMaterialization
    asset_lineage: Sequence[Any]


class AssetObservationData(EventData):
    """`asset_observation`."""

    asset_observation: AssetObservation


class AssetMaterializationPlannedData(EventData):
    """`asset_key`, `partition`."""

    asset_key: AssetKey
    partition: str | None


class AssetCheckEvaluationPlanned(EventData):
    """`asset_key`, `check_name`."""

    asset_key: AssetKey
    check_name: str
    partition: str | None


class StepExpectationResultData(EventData):
    """`expectation_result`."""


class LoadedInputData(EventData):
    """`input_name`, `manager_key`, `upstream_output_name`, `upstream_step_key`, `metadata`."""

    input_name: str
    manager_key: str
    upstream_output_name: str | None
    upstream_step_key: str | None
    metadata: Mapping[str, MetadataValue]


class HandledOutputData(EventData):
    """`output_name`, `manager_key`, `metadata`."""

    output_name: str
    manager_key: str
    metadata: Mapping[str, MetadataValue]


class EngineEventData(EventData):
    """`metadata`, `error`."""

    metadata: Mapping[str, MetadataValue]
    error: ErrorReport | None


class JobFailureData(EventData):
    """`error`, `failure_reason`, `first_step_failure_event`."""

    error: ErrorReport | None
    failure_reason: str
    first_step_failure_event: RunEvent | None


class JobCanceledData(EventData):
    """`error`."""

    error: ErrorReport | None


class ComputeLogsCaptureData(EventData):
    """`file_key`, `step_keys`."""

    file_key: str
    step_keys: Sequence[str]


class HookErroredData(EventData):
    """`error`."""

    error: ErrorReport | None


class CheckedMaterialization(NamedTuple):
    """The materialization that a verdict is about."""

    storage_id: int
    run_id: str
    timestamp: float
    """Seconds since 1970."""

    @staticmethod
    def of(target: CheckTarget | None) -> CheckedMaterialization | None:
        """Of the event's field; None where the asset was never made."""
        if target is None:
            return None
        number = target.event.rpartition("/")[2]
        return CheckedMaterialization(int(number) if number.isdigit() else 0, target.run_id, target.at.timestamp())


class AssetCheckEvaluation:
    """A verdict of a check, as it was recorded."""

    __slots__ = (
        "asset_key",
        "blocking",
        "check_name",
        "description",
        "metadata",
        "partition",
        "passed",
        "severity",
        "target_materialization_data",
    )

    def __init__(
        self,
        asset_key: AssetKey,
        check_name: str,
        passed: bool,
        metadata: Mapping[str, MetadataValue] | None = None,
        target_materialization_data: CheckedMaterialization | None = None,
        severity: Any = None,
        description: str | None = None,
        blocking: bool | None = None,
        partition: str | None = None,
    ) -> None:
        self.asset_key, self.check_name, self.passed = asset_key, check_name, passed
        self.metadata = dict(metadata or {})
        self.target_materialization_data = target_materialization_data
        self.severity, self.description = severity, description
        self.blocking, self.partition = blocking, partition

    def __repr__(self) -> str:
        return f"AssetCheckEvaluation({self.asset_check_key}, passed={self.passed})"

    @property
    def asset_check_key(self) -> CheckKey:
        """Key of the check."""
        return CheckKey(self.asset_key, self.check_name)

    @property
    def check_key(self) -> CheckKey:
        """Key of the check."""
        return self.asset_check_key

    def with_metadata(self, metadata: Mapping[str, MetadataValue]) -> AssetCheckEvaluation:
        """The same with other metadata."""
        made = AssetCheckEvaluation(self.asset_key, self.check_name, self.passed, metadata)
        for name in ("target_materialization_data", "severity", "description", "blocking", "partition"):
            setattr(made, name, getattr(self, name))
        return made


class _Told(property, Generic[V]):
    """A property whose type checkers know: that of a bare `property` is lost in a call."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type, /) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type | None = None, /) -> V: ...
        def __get__(self, instance: object, owner: type | None = None, /) -> Any: ...


def _is(kind: EventType, text: str) -> _Told[bool]:
    return _Told(lambda event: event.event_type_value == kind.value, doc=text)


def _data(_made: type[V], *kinds: EventType) -> _Told[V]:
    wanted = frozenset(kind.value for kind in kinds)

    def get(event: RunEvent) -> Any:
        if event.event_type_value not in wanted:
            raise InvariantError(f"{event.event_type_value} has no such data: it is of {', '.join(sorted(wanted))}.")
        return event.event_specific_data

    return _Told(get, doc=f"Data of {' and '.join(sorted(wanted))}; raises InvariantError for other events.")


T = EventType
_STEP_TYPES = frozenset(
    kind.value
    for kind in EventType
    if kind.name.startswith(("STEP_", "HOOK_"))
    or kind
    in (T.ASSET_MATERIALIZATION, T.ASSET_OBSERVATION, T.ASSET_CHECK_EVALUATION, T.LOADED_INPUT, T.HANDLED_OUTPUT)
)
_HOOK_TYPES = frozenset((T.HOOK_COMPLETED.value, T.HOOK_ERRORED.value, T.HOOK_SKIPPED.value))
_JOB_TYPES = frozenset(kind.value for kind in EventType if kind.name.startswith("RUN_"))
_FAILURES = frozenset((T.STEP_FAILURE.value, T.RUN_FAILURE.value, T.RUN_CANCELED.value))


class RunEvent:
    """One event of a run's story."""

    __slots__ = (
        "event_specific_data",
        "event_type_value",
        "job_name",
        "logging_tags",
        "message",
        "node_handle",
        "pid",
        "record",
        "step_handle",
        "step_key",
        "step_kind_value",
    )

    def __init__(
        self,
        event_type_value: str,
        job_name: str,
        step_handle: Any = None,
        node_handle: Any = None,
        step_kind_value: str | None = None,
        logging_tags: Mapping[str, str] | None = None,
        event_specific_data: Any = None,
        message: str | None = None,
        pid: int | None = None,
        step_key: str | None = None,
        record: Event | None = None,
    ) -> None:
        self.event_type_value = str(getattr(event_type_value, "value", event_type_value))
        self.job_name, self.step_handle, self.node_handle = job_name, step_handle, node_handle
        self.step_kind_value = step_kind_value if step_kind_value is not None else ("COMPUTE" if step_key else None)
        self.logging_tags = dict(logging_tags or {})
        self.event_specific_data, self.message = event_specific_data, message
        self.pid, self.step_key = pid, step_key or None
        self.record = record
        """The stored event that this one tells of."""

    def __repr__(self) -> str:
        return f"<{self.event_type_value}{f' of {self.step_key}' if self.step_key else ''}>"

    @property
    def event_type(self) -> EventType:
        """Type."""
        return EventType(self.event_type_value)

    @property
    def kind(self) -> str:
        """Kind of the stored event."""
        return self.record.kind if self.record is not None else ""

    @property
    def node_name(self) -> str | None:
        """Name of the step's op."""
        return self.step_key.split("[", 1)[0].rsplit(".", 1)[-1] if self.step_key else None

    @property
    def step_kind(self) -> str | None:
        """Same as `step_kind_value`."""
        return self.step_kind_value

    @property
    def is_step_event(self) -> bool:
        """Whether it tells of a step."""
        return self.event_type_value in _STEP_TYPES

    @property
    def is_hook_event(self) -> bool:
        """Whether it tells of a hook."""
        return self.event_type_value in _HOOK_TYPES

    @property
    def is_job_event(self) -> bool:
        """Whether it tells of the run as a whole."""
        return self.event_type_value in _JOB_TYPES

    @property
    def is_alert_event(self) -> bool:
        """Whether it tells of an alert."""
        return self.event_type_value.startswith("ALERT_")

    @property
    def is_failure(self) -> bool:
        """Whether a step or the run failed."""
        return self.event_type_value in _FAILURES

    is_step_start = _is(T.STEP_START, "Whether a step began.")
    is_step_success = _is(T.STEP_SUCCESS, "Whether a step succeeded.")
    is_step_failure = _is(T.STEP_FAILURE, "Whether a step failed.")
    is_step_skipped = _is(T.STEP_SKIPPED, "Whether a step was passed over.")
    is_step_up_for_retry = _is(T.STEP_UP_FOR_RETRY, "Whether a step failed and is tried again.")
    is_step_restarted = _is(T.STEP_RESTARTED, "Whether a step is tried again now.")
    is_successful_output = _is(T.STEP_OUTPUT, "Whether an output was made.")
    is_step_materialization = _is(T.ASSET_MATERIALIZATION, "Whether an asset was made.")
    is_asset_observation = _is(T.ASSET_OBSERVATION, "Whether an asset was observed.")
    is_asset_check_evaluation = _is(T.ASSET_CHECK_EVALUATION, "Whether a check was evaluated.")
    is_asset_materialization_planned = _is(T.ASSET_MATERIALIZATION_PLANNED, "Whether an asset is to be made.")
    is_asset_failed_to_materialize = _is(T.ASSET_FAILED_TO_MATERIALIZE, "Whether an asset could not be made.")
    is_expectation_result = _is(T.STEP_EXPECTATION_RESULT, "Whether it is the result of an expectation.")
    is_loaded_input = _is(T.LOADED_INPUT, "Whether an input was loaded.")
    is_handled_output = _is(T.HANDLED_OUTPUT, "Whether an output was stored.")
    is_engine_event = _is(T.ENGINE_EVENT, "Whether the engine tells something.")
    is_resource_init_failure = _is(T.RESOURCE_INIT_FAILURE, "Whether a resource could not be set up.")
    is_job_success = _is(T.RUN_SUCCESS, "Whether the run succeeded.")
    is_job_failure = _is(T.RUN_FAILURE, "Whether the run failed.")
    is_run_failure = _is(T.RUN_FAILURE, "Whether the run failed.")

    step_output_data = _data(StepOutputData, T.STEP_OUTPUT)
    step_input_data = _data(StepInputData, T.STEP_INPUT)
    step_success_data = _data(StepSuccessData, T.STEP_SUCCESS)
    step_failure_data = _data(StepFailureData, T.STEP_FAILURE)
    step_retry_data = _data(StepRetryData, T.STEP_UP_FOR_RETRY)
    step_materialization_data = _data(StepMaterializationData, T.ASSET_MATERIALIZATION)
    asset_observation_data = _data(AssetObservationData, T.ASSET_OBSERVATION)
    asset_check_evaluation_data = _data(AssetCheckEvaluation, T.ASSET_CHECK_EVALUATION)
    asset_check_planned_data = _data(AssetCheckEvaluationPlanned, T.ASSET_CHECK_EVALUATION_PLANNED)
    asset_materialization_planned_data = _data(AssetMaterializationPlannedData, T.ASSET_MATERIALIZATION_PLANNED)
    asset_failed_to_materialize_data = _data(EventData, T.ASSET_FAILED_TO_MATERIALIZE)
    asset_freshness_state_change_data = _data(EventData, T.FRESHNESS_STATE_CHANGE)
    asset_health_changed_data = _data(EventData, T.ASSET_HEALTH_CHANGED)
    asset_wiped_data = _data(EventData, T.ASSET_WIPED)
    code_location_updated_data = _data(EventData, T.CODE_LOCATION_UPDATED)
    step_expectation_result_data = _data(StepExpectationResultData, T.STEP_EXPECTATION_RESULT)
    engine_event_data = _data(
        EngineEventData,
        T.ENGINE_EVENT,
        T.STEP_WORKER_STARTING,
        T.STEP_WORKER_STARTED,
        T.RESOURCE_INIT_STARTED,
        T.RESOURCE_INIT_SUCCESS,
        T.RESOURCE_INIT_FAILURE,
    )
    job_failure_data = _data(JobFailureData, T.RUN_FAILURE)
    job_canceled_data = _data(JobCanceledData, T.RUN_CANCELED)
    run_enqueued_data = _data(EventData, T.RUN_ENQUEUED)
    hook_completed_data = _data(EventData, T.HOOK_COMPLETED)
    hook_errored_data = _data(HookErroredData, T.HOOK_ERRORED)
    hook_skipped_data = _data(EventData, T.HOOK_SKIPPED)
    logs_captured_data = _data(ComputeLogsCaptureData, T.LOGS_CAPTURED)

    @property
    def materialization(self) -> AssetMaterialization:
        """The AssetMaterialization; raises InvariantError for other events."""
        return self.step_materialization_data.materialization

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """The AssetMaterialization, None for other events."""
        return self.materialization if self.is_step_materialization else None

    @property
    def asset_observation(self) -> AssetObservation | None:
        """The AssetObservation, None for other events."""
        return self.asset_observation_data.asset_observation if self.is_asset_observation else None

    @property
    def asset_check_evaluation(self) -> AssetCheckEvaluation | None:
        """The verdict of a check, None for other events."""
        return self.event_specific_data if self.is_asset_check_evaluation else None

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that the event is about, None where it is about none."""
        about = self.asset_materialization or self.asset_observation or self.event_specific_data
        return getattr(about, "asset_key", None)

    @property
    def partition(self) -> str | None:
        """The partition that the event is about."""
        about = self.asset_materialization or self.asset_observation or self.event_specific_data
        return getattr(about, "partition", None)

    @property
    def partitions_subset(self) -> None:
        """None: there is one event a partition."""
        return None
