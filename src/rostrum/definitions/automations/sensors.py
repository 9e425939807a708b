"""Sensors: a function that looks for something new at an interval, and asks for runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from rostrum.definitions.assets.selection import AssetSelection, SelectionLike
from rostrum.definitions.automations.run_requests import RunReaction, RunRequest, SensorResult, SkipReason
from rostrum.definitions.automations.targets import (
    ANONYMOUS,
    JobLike,
    Target,
    TargetLike,
    job_of,
    target_name,
    targets_of,
)
from rostrum.definitions.automations.tick_contexts import SensorEvaluationContext, TickFunction
from rostrum.definitions.automations.tick_outcomes import EMPTY_SENSOR, Returned, TickOutcome, with_tags
from rostrum.definitions.broken import noting, noting_call, noting_init
from rostrum.definitions.names import check_name, nearest, owner_problem, string_tags
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model import ticks
from rostrum.model.errors import ArgumentError, DefinitionError, InvariantError, InvocationError
from rostrum.model.manifest import ASSET_JOB, Source, own_job_name
from rostrum.model.reserved_names import SENSOR_TAG

DEFAULT_INTERVAL_SECONDS = 30
RETURNED = (RunRequest, SkipReason, SensorResult, RunReaction)


SensorReturnTypesUnion = (
    Iterator[SkipReason | RunRequest | RunReaction | SensorResult]
    | Sequence[RunRequest]
    | SkipReason
    | RunRequest
    | RunReaction
    | SensorResult
    | None
)
"""What the function of a sensor returns."""


class DefaultSensorStatus(str, Enum):
    """Whether a sensor is on when it is first seen."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class SensorType(str, Enum):
    """What a sensor looks at."""

    STANDARD = "STANDARD"
    RUN_STATUS = "RUN_STATUS"
    ASSET = "ASSET"
    MULTI_ASSET = "MULTI_ASSET"
    FRESHNESS_POLICY = "FRESHNESS_POLICY"
    AUTO_MATERIALIZE = "AUTO_MATERIALIZE"
    AUTOMATION = "AUTOMATION"
    UNKNOWN = "UNKNOWN"


class SensorDefinition:
    """Evaluates `evaluation_fn` every `minimum_interval_seconds` (30 where it is None). It returns or yields run
    requests, a SensorResult, a SkipReason, or nothing.
    """

    __slots__ = (
        "__dict__",
        "_name",
        "default_status",
        "description",
        "function",
        "metadata",
        "minimum_interval_seconds",
        "owners",
        "required_resource_keys",
        "source",
        "tags",
        "targets",
    )
    kind = "standard"
    """`standard`, `asset`, `multi_asset`, `run_status`, `run_failure` or `automation`."""
    context_type: type = SensorEvaluationContext
    _events = 0

    @noting_init
    def __init__(
        self,
        name: str | None = None,
        *,
        evaluation_fn: Callable[..., Any] | None = None,
        job_name: str | None = None,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: JobLike | None = None,
        jobs: Sequence[JobLike] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        asset_selection: SelectionLike | None = None,
        required_resource_keys: set[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        target: TargetLike | None = None,
        owners: Sequence[str] | None = None,
        source: Source | None = None,
    ) -> None:
        if evaluation_fn is None:
            raise DefinitionError(f"sensor {name or ''} needs an evaluation_fn.")
        self._name = check_name(name or getattr(evaluation_fn, "__name__", "sensor"), "sensor")
        what = f"sensor {self._name}"
        self.targets: tuple[Target, ...] = targets_of(
            what, self._name, job=job, jobs=jobs, job_name=job_name, target=target, asset_selection=asset_selection
        )
        """Jobs, by themselves or by name."""
        self.function = evaluation_fn
        """The user's function."""
        if minimum_interval_seconds is not None and not (
            isinstance(minimum_interval_seconds, (int, float)) and minimum_interval_seconds >= 0
        ):
            raise DefinitionError(f"{what}: minimum_interval_seconds is a number of seconds from 0.")
        self.minimum_interval_seconds = minimum_interval_seconds
        self.description, self.default_status = description, DefaultSensorStatus(default_status)
        self.required_resource_keys: set[str] = set(required_resource_keys or ())
        self.tags, self.metadata = string_tags(tags), dict(metadata or {})
        self.owners = list(owners) if owners is not None else None
        for owner in self.owners or ():
            if problem := owner_problem(owner):
                raise DefinitionError(f"{what}: {problem}")
        self.source = source or caller_source()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function: a context as first argument, resources by name."""
        return self._tick_function.invoke(self.context_type, args, kwargs)

    def __repr__(self) -> str:
        return f"<sensor {self._name}>"

    # --- what it is

    @property
    def name(self) -> str:
        """Name, unique among the sensors of a location."""
        return self._name

    @property
    def sensor_type(self) -> SensorType:
        """What the sensor looks at."""
        return SensorType.RUN_STATUS if self.kind == "run_failure" else SensorType(self.kind.upper())

    @property
    def jobs(self) -> list[JobSpec]:
        """Jobs that it may launch. Raises DefinitionError where only names were given."""
        named = [each for each in self.targets if isinstance(each, str)]
        if named or not self.targets:
            raise DefinitionError(f"sensor {self._name} holds no job: it has {named or 'no target'}.")
        return [each for each in self.targets if not isinstance(each, str)]

    @property
    def job(self) -> JobSpec:
        """The only job. Raises DefinitionError where there is none or there are several."""
        if len(self.targets) != 1:
            raise DefinitionError(f"sensor {self._name} has {len(self.targets)} jobs: use jobs.")
        return self.jobs[0]

    @property
    def job_name(self) -> str | None:
        """Name of the only job, None where there is none. Raises InvocationError where there are several."""
        if len(self.targets) > 1:
            raise InvocationError(f"sensor {self._name} has {len(self.targets)} jobs: use jobs.")
        return target_name(self.targets[0]) if self.targets else None

    @property
    def has_jobs(self) -> bool:
        """True where it holds jobs, not only names."""
        return bool(self.targets) and not any(isinstance(each, str) for each in self.targets)

    @property
    def has_anonymous_job(self) -> bool:
        """True where a job was made for the selection of assets that was its target."""
        return any(target_name(each).startswith(ANONYMOUS) for each in self.targets)

    @property
    def asset_selection(self) -> AssetSelection | None:
        """The selection of assets that is its target."""
        if self.has_anonymous_job and not isinstance(self.targets[0], str):
            return self.targets[0].selection
        return None

    @property
    def interval_seconds(self) -> float:
        """Seconds between two evaluations."""
        given = self.minimum_interval_seconds
        return float(DEFAULT_INTERVAL_SECONDS if given is None else given)

    @property
    def resource_keys(self) -> frozenset[str]:
        """Resources that the function may use."""
        return self._tick_function.resource_keys

    @property
    def _tick_function(self) -> TickFunction:
        return TickFunction(self.function, f"sensor {self._name}", self.required_resource_keys, self._events)

    # --- copies

    def with_updated_job(self, new_job: JobLike) -> SensorDefinition:
        """The same sensor with another job."""
        return self.with_updated_jobs([new_job])

    def with_updated_jobs(self, new_jobs: Sequence[JobLike]) -> SensorDefinition:
        """The same sensor with other jobs."""
        return self.with_attributes(jobs=new_jobs)

    def with_attributes(
        self, *, jobs: Sequence[JobLike] | None = None, metadata: Mapping[str, Any] | None = None
    ) -> SensorDefinition:
        """The same sensor with other jobs or other metadata."""
        import copy  # rare

        made = copy.copy(self)
        if jobs is not None:
            made.targets = tuple(job_of(each, f"sensor {self._name}") for each in jobs)
        if metadata is not None:
            made.metadata = dict(metadata)
        return made

    # --- one evaluation

    def evaluate_tick(self, context: SensorEvaluationContext) -> TickOutcome:
        """Decide one tick. Exceptions of the user's function pass through; InvocationError or ArgumentError for a
        result that a sensor does not return.
        """
        return self._outcome(self._tick_function.call(context), context)

    def evaluate(self, context: SensorEvaluationContext) -> ticks.TickResult:
        """As `evaluate_tick`, as data."""
        return self.evaluate_tick(context).result()

    def _outcome(self, returned: Any, context: SensorEvaluationContext) -> TickOutcome:
        found = Returned(f"sensor {self._name}", returned, RETURNED)
        cursor = context.cursor
        result = found.result or SensorResult(run_requests=found.requests or None, skip_reason=found.skip)
        if result.cursor is not None:
            if context.cursor_updated:
                raise InvariantError(
                    f"sensor {self._name} set the cursor twice: by context.update_cursor and in its SensorResult."
                )
            cursor = result.cursor
        requests = [self._targeted(each) for each in result.run_requests or ()]
        skip = result.skip_reason.skip_message if isinstance(result.skip_reason, SkipReason) else None
        if not requests and skip is None and found.result is None and not found.reactions:
            skip = EMPTY_SENSOR if found.skip is None else None
        return TickOutcome(
            requests,
            skip,
            cursor,
            result.dynamic_partitions_requests,
            result.asset_events,
            found.reactions,
        )

    def _targeted(self, request: RunRequest) -> RunRequest:
        names = [target_name(each) for each in self.targets]
        job = own_job_name(request.job_name) if request.job_name is not None else None
        if job is None:
            if len(names) > 1:
                raise InvariantError(
                    f"sensor {self._name} has several jobs ({', '.join(names)}): give job_name to RunRequest."
                )
            if not names and not request.entity_keys:
                raise InvariantError(
                    f"sensor {self._name} returned a RunRequest but has no target: give job, jobs, job_name, target or "
                    "asset_selection to the sensor, or asset_selection to RunRequest."
                )
            job = names[0] if names else ASSET_JOB
        elif names and job not in names:
            raise InvariantError(
                f"sensor {self._name} returned a RunRequest for job {job!r}, which is none of its targets "
                f"({', '.join(names)}).{nearest(job, names)}"
            )
        return with_tags(request.with_replaced_attrs(job_name=job), {SENSOR_TAG: self._name})


@noting_call(SensorDefinition)
def sensor(
    job_name: str | None = None,
    *,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: JobLike | None = None,
    jobs: Sequence[JobLike] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    asset_selection: SelectionLike | None = None,
    required_resource_keys: set[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    target: TargetLike | None = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., SensorReturnTypesUnion]], SensorDefinition]:
    """Make a sensor of a function that is evaluated at an interval.

    It takes a `SensorEvaluationContext` and resources, and returns or yields RunRequest, SkipReason, SensorResult or
    None. What it launches is one of `job`, `jobs`, `job_name`, `target` and `asset_selection`.
    """
    if callable(job_name):
        raise ArgumentError("@sensor is called: write @sensor(job=...) above the function.")

    @noting(SensorDefinition, name, brings=(job, *(jobs or ()), target))
    def decorate(function: Callable[..., Any]) -> SensorDefinition:
        return SensorDefinition(
            name or function.__name__,
            evaluation_fn=function,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description or function.__doc__,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=asset_selection,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            target=target,
            owners=owners,
            source=function_source(function),
        )

    return decorate
