"""Events: one flat tagged struct a kind. The struct that a step creates is the struct stored, sent and shown.

An event's place is `(run_id, stream, sequence)`: sequences count from 1 without gaps per stream, so an append can be
repeated safely and a spool resumes after any outage. Streams of a run: `control` (written by the control plane) and
`worker/<epoch>` (written by the run worker of that epoch). Events without a run have run_id "" and streams of their
own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ErrorInfo
from rostrum.model.metadata import MetadataValue
from rostrum.model.pools import taken_text

CONTROL_STREAM = "control"


def worker_stream(epoch: int) -> str:
    """Name of the stream that the run worker of `epoch` writes."""
    return f"worker/{epoch}"


def step_stream(epoch: int, file_key: str) -> str:
    """Name of the stream of a step worker that talks to the control plane itself; `file_key` names step and attempt."""
    return f"worker/{epoch}/{file_key}"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every event carries. Subclasses are the kinds; their tag is the kind's name."""

    run_id: str = ""
    stream: str = ""
    sequence: int = 0
    at: datetime
    """Aware UTC: when it happened, by the clock of the process that saw it."""
    step_key: str | None = None

    @property
    def kind(self) -> str:
        """Name of the kind, e.g. `step_started`."""
        return str(self.__struct_config__.tag)


# --- the run ---------------------------------------------------------------------------------------------------------


class RunQueued(Event, frozen=True, tag="run_queued"):
    """The run exists and waits for admission."""


class RunStarting(Event, frozen=True, tag="run_starting"):
    """The queue has admitted the run; its worker is being launched under `epoch`."""

    epoch: int
    resumes: bool = False
    """The new worker goes on where the last one, which was lost, stopped: what has succeeded is not done again."""


class RunWorkerLaunched(Event, frozen=True, tag="run_worker_launched"):
    """A launcher has started a worker."""

    epoch: int
    launcher: str
    worker: dict[str, Any]
    """The `WorkerRef` as plain data."""


class RunStarted(Event, frozen=True, tag="run_started"):
    """The worker runs and has a plan."""

    epoch: int
    step_keys: tuple[str, ...] = ()
    """All steps that this worker is to do."""
    resumed: bool = False
    """These are what was left of the run: see `RunStarting.resumes`."""
    pid: int | None = None
    host: str | None = None


class RunSucceeded(Event, frozen=True, tag="run_succeeded"):
    """All steps succeeded or were skipped."""


class RunFailed(Event, frozen=True, tag="run_failed"):
    """The run failed: a step failed, the worker died or was lost, the launch failed, or the definitions did not
    load.
    """

    reason: str
    """One of `rostrum.model.manifest.RUN_FAILURES`."""
    message: str = ""
    error: ErrorInfo | None = None
    failed_step_keys: tuple[str, ...] = ()


class RunCanceling(Event, frozen=True, tag="run_canceling"):
    """Somebody asked for the end of the run."""

    by: str = ""
    reason: str = ""
    """`timeout`: the run has taken too long, and fails; empty: it was wished for."""
    force: bool = False
    """At once: the worker is killed without being asked, and not waited for where it cannot be reached."""


class RunCanceled(Event, frozen=True, tag="run_canceled"):
    """The run has ended because it was cancelled."""


class RunDisconnected(Event, frozen=True, tag="run_disconnected"):
    """The worker is silent but not known to be dead: the run keeps status and slots."""


class RunReconnected(Event, frozen=True, tag="run_reconnected"):
    """The worker has been heard of again."""


class RunPlanned(Event, frozen=True, tag="run_planned"):
    """Assets and checks that the run intends to make: one event for all."""

    asset_keys: tuple[AssetKey, ...] = ()
    check_keys: tuple[CheckKey, ...] = ()
    partition_keys: tuple[str, ...] = ()


# --- steps -----------------------------------------------------------------------------------------------------------


class StepsMapped(Event, frozen=True, tag="steps_mapped"):
    """A step has yielded the items of its dynamic outputs: these steps, one an item, join the run."""

    step_keys: tuple[str, ...] = ()


class StepWaiting(Event, frozen=True, tag="step_waiting"):
    """The step could start and waits for something that others hold (told once, when the wait begins)."""

    reason: str
    """`pool` or `tag`."""
    name: str
    """The pool, or the tag as `key` or `key=value`."""
    limit: int
    holders: tuple[str, ...] = ()
    """Who holds it, `<run id>:<step key>`, at most ten."""

    @property
    def message(self) -> str:
        """The same in words."""
        first = f" by run {self.holders[0].replace(':', ' step ', 1)}" if self.holders else ""
        more = f" and {len(self.holders) - 1} more" if len(self.holders) > 1 else ""
        held = f"{first}{more}" if self.limit else ""
        return f"waits for {self.reason} {self.name}: {taken_text(self.limit, self.limit)}{held}"


class StepWorkerStarted(Event, frozen=True, tag="step_worker_started"):
    """A worker for the step has been started: a process, a container, a task of a cluster."""

    pid: int | None = None
    attempt: int = 1
    place: str = "process"
    """One of `rostrum.model.plans.ISOLATIONS`, or the name of the cluster (`dask`, `ray`)."""
    host: str | None = None
    worker: str | None = None
    """What the place calls it: name of the container or pod, id of the task."""


class StepStarted(Event, frozen=True, tag="step_started"):
    """The step's function is about to be called (`attempt` counts from 1)."""

    attempt: int = 1


class InputLoaded(Event, frozen=True, tag="input_loaded"):
    """An input's value has been loaded."""

    input: str
    asset_key: AssetKey | None = None
    from_step_key: str | None = None
    from_output: str = "result"
    """Output of that step."""
    seconds: float = 0.0
    manager_key: str = "io_manager"
    """IO manager that has loaded it."""


class OutputStored(Event, frozen=True, tag="output_stored"):
    """An output's value has been handled by its IO manager (or needed none)."""

    output: str = "result"
    mapping_key: str | None = None
    asset_key: AssetKey | None = None
    metadata: dict[str, MetadataValue] = {}
    seconds: float = 0.0
    manager_key: str | None = None
    """IO manager that has stored the value; None where no value was passed."""


class StepSucceeded(Event, frozen=True, tag="step_succeeded"):
    """The step ended well."""

    seconds: float = 0.0


class StepFailed(Event, frozen=True, tag="step_failed"):
    """The step ended badly and is not tried again."""

    error: ErrorInfo
    attempt: int = 1
    seconds: float = 0.0
    metadata: dict[str, MetadataValue] = {}
    """Metadata of a raised `Failure`."""
    cause: str = "user"
    """`user` (the code raised), `timeout` (it took too long), `crash` (its process died), `lost` (its machine,
    container or cluster went away)."""


class StepRetrying(Event, frozen=True, tag="step_retrying"):
    """The step failed and is tried again after `delay_seconds`."""

    error: ErrorInfo
    attempt: int
    """The attempt that failed."""
    delay_seconds: float = 0.0
    cause: str = "user"
    """As in `StepFailed`."""


class StepSkipped(Event, frozen=True, tag="step_skipped"):
    """The step does not run because an optional output upstream was not produced."""

    reason: str = ""


class StepNotRun(Event, frozen=True, tag="step_not_run"):
    """The step does not run because an upstream step failed, or the run was cancelled."""

    because: tuple[str, ...] = ()
    """Keys of the failed upstream steps."""


class StepCanceled(Event, frozen=True, tag="step_canceled"):
    """The step was interrupted because the run was cancelled."""

    seconds: float = 0.0


# --- assets and checks -----------------------------------------------------------------------------------------------


class AssetMaterialized(Event, frozen=True, tag="asset_materialized"):
    """An asset, or one partition of it, has been made."""

    asset_key: AssetKey
    partition_key: str | None = None
    description: str | None = None
    metadata: dict[str, MetadataValue] = {}
    tags: dict[str, str] = {}
    data_version: str | None = None
    code_version: str | None = None
    input_versions: dict[str, str] = {}
    """Asset key text -> data version of the upstream asset when it was used."""
    input_events: dict[str, str] = {}
    """Asset key text -> the materialisation that was used: the id of the stored event, or `run/stream/sequence` for one
    of the same run."""
    is_user_version: bool = False
    """True when user code gave the data version."""


class AssetObserved(Event, frozen=True, tag="asset_observed"):
    """Something was learned of an asset without making it."""

    asset_key: AssetKey
    partition_key: str | None = None
    description: str | None = None
    metadata: dict[str, MetadataValue] = {}
    data_version: str | None = None
    tags: dict[str, str] = {}


class CheckTarget(msgspec.Struct, frozen=True):
    """The materialisation that a verdict is about: the asset's last one when the check began."""

    run_id: str
    at: datetime
    event: str
    """As in `AssetMaterialized.input_events`."""


class CheckEvaluated(Event, frozen=True, tag="check_evaluated"):
    """A check has given its verdict."""

    check_key: CheckKey
    passed: bool
    severity: str = "error"
    blocking: bool = False
    partition_key: str | None = None
    description: str | None = None
    metadata: dict[str, MetadataValue] = {}
    target: CheckTarget | None = None


# --- telling ---------------------------------------------------------------------------------------------------------


class LogMessage(Event, frozen=True, tag="log_message"):
    """A line that user code logged through the context or a logger."""

    level: str
    """`debug`, `info`, `warning`, `error` or `critical`."""
    message: str
    logger: str = ""
    error: ErrorInfo | None = None


class EngineMessage(Event, frozen=True, tag="engine_message"):
    """Something that the engine has to say about the run."""

    message: str
    level: str = "info"
    error: ErrorInfo | None = None
    metadata: dict[str, MetadataValue] = {}


class LogsCaptured(Event, frozen=True, tag="logs_captured"):
    """From here on standard output and error of these steps go to the log files `file_key`.out and `file_key`.err."""

    file_key: str
    step_keys: tuple[str, ...] = ()
    pid: int | None = None
    attempt: int | None = None
    """Of the one step that writes them; None where several do."""


class ResourcesInitialized(Event, frozen=True, tag="resources_initialized"):
    """Resources have been set up."""

    resource_keys: tuple[str, ...]
    seconds: float = 0.0


class ResourceFailed(Event, frozen=True, tag="resource_failed"):
    """A resource could not be set up or torn down."""

    resource_key: str
    error: ErrorInfo
    is_teardown: bool = False
    """It was in use before; what its steps have done stands."""


class HookCompleted(Event, frozen=True, tag="hook_completed"):
    """A hook ran (`outcome` is `completed`, `skipped` or `failed`)."""

    hook: str
    outcome: str = "completed"
    error: ErrorInfo | None = None
    """What it raised, or why it was skipped where that was not for how the step ended."""


class LocationUpdated(Event, frozen=True, tag="location_updated"):
    """A code location has a new active version, or failed to load one (runless)."""

    location: str
    manifest_hash: str | None = None
    error: ErrorInfo | None = None


class UnknownEvent(Event, frozen=True, tag="__unknown__"):
    """An event of a kind that this version does not know: kept raw, shown as such, never dropped."""

    unknown_kind: str
    raw: bytes
    """The encoded event as it came."""

    @property
    def kind(self) -> str:
        """The kind's name as the newer version wrote it."""
        return self.unknown_kind


AnyEvent = (
    RunQueued
    | RunStarting
    | RunWorkerLaunched
    | RunStarted
    | RunSucceeded
    | RunFailed
    | RunCanceling
    | RunCanceled
    | RunDisconnected
    | RunReconnected
    | RunPlanned
    | StepsMapped
    | StepWaiting
    | StepWorkerStarted
    | StepStarted
    | InputLoaded
    | OutputStored
    | StepSucceeded
    | StepFailed
    | StepRetrying
    | StepSkipped
    | StepNotRun
    | StepCanceled
    | AssetMaterialized
    | AssetObserved
    | CheckEvaluated
    | LogMessage
    | EngineMessage
    | LogsCaptured
    | ResourcesInitialized
    | ResourceFailed
    | HookCompleted
    | LocationUpdated
    | UnknownEvent
)

RUN_ENDS: tuple[type[Event], ...] = (RunSucceeded, RunFailed, RunCanceled)
"""Kinds that end a run."""

STEP_ENDS: tuple[type[Event], ...] = (StepSucceeded, StepFailed, StepSkipped, StepNotRun, StepCanceled)
"""Kinds that end a step."""

ATTEMPT_ENDS: tuple[type[Event], ...] = (*STEP_ENDS, StepRetrying)
"""Kinds after which a step holds no slot of its pool (a retry claims anew)."""


class StoredEvent(msgspec.Struct, frozen=True):
    """An event with its place in the store."""

    id: int
    """Position in the whole store: ids grow; a reader's cursor is the last id it has seen."""
    event: AnyEvent
    evidence: bool = False
    """True when the event came too late to change anything (after the run's end, or of a fenced epoch)."""


_ENCODER = msgspec.msgpack.Encoder()


@functools.cache
def _decoders() -> tuple[msgspec.msgpack.Decoder[AnyEvent], msgspec.msgpack.Decoder[list[AnyEvent]]]:
    """For one event and for a batch. Made at first use: reading the types of all kinds is much of `import rostrum`."""
    return msgspec.msgpack.Decoder(AnyEvent), msgspec.msgpack.Decoder(list[AnyEvent])


@functools.cache
def _raws() -> msgspec.msgpack.Decoder[list[msgspec.Raw]]:
    return msgspec.msgpack.Decoder(list[msgspec.Raw])


def encode_event(event: Event) -> bytes:
    """Encode one event (msgpack: non-finite numbers survive). An unknown event is written as it came."""
    if isinstance(event, UnknownEvent):
        return event.raw
    return _ENCODER.encode(event)


def decode_event(data: bytes) -> AnyEvent:
    """Decode one event. An unknown kind becomes an `UnknownEvent`; broken bytes raise `msgspec.DecodeError`."""
    try:
        return _decoders()[0].decode(data)
    except msgspec.ValidationError:
        return _unknown(data)


def encode_events(events: Iterable[Event]) -> bytes:
    """Encode a batch."""
    return _ENCODER.encode([msgspec.Raw(e.raw) if isinstance(e, UnknownEvent) else e for e in events])


def decode_events(data: bytes) -> Sequence[AnyEvent]:
    """Decode a batch. One unknown kind never fails its batch."""
    try:
        return _decoders()[1].decode(data)
    except msgspec.ValidationError:
        return [decode_event(bytes(raw)) for raw in _raws().decode(data)]


def _unknown(data: bytes) -> UnknownEvent:
    decoded = msgspec.msgpack.decode(data)
    fields = cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}
    if not isinstance(fields.get("kind"), str) or not isinstance(fields.get("at"), datetime):
        raise msgspec.DecodeError("an event is a map with at least `kind` (text) and `at` (timestamp)")
    return UnknownEvent(
        run_id=str(fields.get("run_id", "")),
        stream=str(fields.get("stream", "")),
        sequence=int(fields.get("sequence", 0)),
        at=fields["at"],
        step_key=fields.get("step_key"),
        unknown_kind=fields["kind"],
        raw=data,
    )
