"""Sensors that look at runs: at those that reached a status, or that failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, overload

from rostrum.definitions.automations.run_requests import RunReaction
from rostrum.definitions.automations.sensors import DefaultSensorStatus, SensorDefinition, SensorReturnTypesUnion
from rostrum.definitions.automations.targets import JobLike, job_of, target_name
from rostrum.definitions.automations.tick_contexts import SensorEvaluationContext, TickContext
from rostrum.definitions.automations.tick_outcomes import TickOutcome
from rostrum.definitions.broken import noting, noting_call
from rostrum.definitions.events.run_events import RunEvent
from rostrum.definitions.instance.run_instance import RunInstance
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model.errors import ArgumentError, DefinitionError, InvocationError
from rostrum.model.manifest import MonitoredJob, Source
from rostrum.model.reserved_names import PARTITION_TAG
from rostrum.model.runs import Run, RunStatus
from rostrum.planning.partition_tags import with_partition_tags

if TYPE_CHECKING:
    import logging


class RunStatusSensorContext(TickContext):
    """What the function of a sensor of run statuses gets: the run and the event that it is about."""

    __slots__ = ("dagster_event", "dagster_run", "partition_key", "sensor_name")

    def __init__(
        self,
        sensor_name: str,
        dagster_run: Run,
        dagster_event: RunEvent,
        instance: Any,
        context: SensorEvaluationContext | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        logger: logging.Logger | None = None,
        partition_key: str | None = None,
        repository_def: Any = None,
    ) -> None:
        outer = context
        super().__init__(
            instance=instance,
            instance_ref=None,
            resources=resource_defs if resource_defs is not None else (outer.resource_defs if outer else None),
            repository_def=repository_def if repository_def is not None else (outer.repository_def if outer else None),
            repository_name=outer.repository_name if outer is not None else None,
            log_key=outer.log_key if outer is not None else None,
            log=logger or (outer.log if outer is not None else None),
        )
        self.sensor_name = sensor_name
        """Name of the sensor."""
        self.dagster_run = with_partition_tags(dagster_run) if isinstance(dagster_run, Run) else dagster_run
        """The run."""
        self.dagster_event = dagster_event
        """The event with which the run reached the status."""
        self.partition_key: str | None = partition_key if partition_key is not None else _partition_key(dagster_run)
        """Partition of the run, None where it has none."""

    @property
    def run(self) -> Run:
        """The run."""
        return self.dagster_run

    @property
    def event(self) -> RunEvent:
        """The event with which the run reached the status."""
        return self.dagster_event

    def for_run_failure(self) -> RunFailureSensorContext:
        """The same as a sensor of failed runs gets it."""
        made = RunFailureSensorContext(
            self.sensor_name,
            self.dagster_run,
            self.dagster_event,
            self._instance,
            resource_defs=self.resource_defs,
            logger=self.log,
            partition_key=self.partition_key,
            repository_def=self.repository_def,
        )
        made.opened = self.opened
        return made


class RunFailureSensorContext(RunStatusSensorContext):
    """What the function of a sensor of failed runs gets."""

    __slots__ = ()

    @property
    def failure_event(self) -> RunEvent:
        """The event that tells of the run's failure."""
        return self.dagster_event

    def get_step_failure_events(self) -> Sequence[RunEvent]:
        """Events of the steps that failed, in their order."""
        finder: Any = getattr(self.instance, "get_step_failure_events", None)
        if finder is not None:
            return list(finder(self.dagster_run.run_id))
        logs: Sequence[Any] = self.instance.all_logs(self.dagster_run.run_id)
        found: list[Any] = []
        for each in logs:
            event = getattr(each, "dagster_event", each)
            if event is not None and getattr(event, "is_step_failure", False):
                found.append(event)
        return found


class RunStatusSensorDefinition(SensorDefinition):
    """Calls its function for each run that reaches a status, of the monitored jobs, or of all."""

    kind = "run_status"
    context_type = RunStatusSensorContext

    def __init__(
        self,
        name: str,
        run_status: Any,
        run_status_sensor_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        monitored_jobs: Sequence[Any] | None = None,
        monitor_all_code_locations: bool | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        request_job: JobLike | None = None,
        request_jobs: Sequence[JobLike] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        required_resource_keys: set[str] | None = None,
        source: Source | None = None,
    ) -> None:
        if monitor_all_code_locations and monitored_jobs:
            raise DefinitionError(f"sensor {name}: give monitored_jobs or monitor_all_code_locations, not both.")
        self.run_status = status_of(run_status)
        self.monitored_jobs = tuple(monitored_job(each, f"sensor {name}") for each in monitored_jobs or ())
        """Jobs of which runs are looked at; none: all of the location."""
        self.monitor_all_code_locations = bool(monitor_all_code_locations)
        super().__init__(
            name,
            evaluation_fn=run_status_sensor_fn,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=request_job,
            jobs=request_jobs,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            source=source or caller_source(),
        )

    def watches(self, run: Run, location: str = "") -> bool:
        """Say whether the sensor looks at this run, whose status has just become what it is."""
        if run.status is not self.run_status:
            return False
        if self.monitor_all_code_locations:
            return True
        if not self.monitored_jobs:
            return not location or run.target.location == location
        return any(
            each.job in (None, run.target.job)
            and (each.location or location or run.target.location) == run.target.location
            for each in self.monitored_jobs
        )

    def evaluate_run(self, context: RunStatusSensorContext) -> TickOutcome:
        """Decide about one run. Exceptions of the user's function pass through."""
        returned: Any = self._tick_function.call(context)
        outer = SensorEvaluationContext(instance=None, sensor_name=self.name)
        outcome = self._outcome(returned, outer)
        if not outcome.dagster_run_reactions:
            outcome.dagster_run_reactions.append(RunReaction(context.dagster_run))
        return outcome

    def evaluate_tick(self, context: SensorEvaluationContext) -> TickOutcome:
        """Decide about the runs that the control plane tells of in the context. Without one: skipped."""
        runs: Sequence[tuple[Any, Any]] = getattr(context, "runs", ())
        if not runs:
            return TickOutcome(skip_message=f"no run reached {self.run_status.value} since the last tick")
        total = TickOutcome()
        for run, event in runs:
            own = RunStatusSensorContext(self.name, run, event, context.instance, context)
            outcome = self.evaluate_run(own.for_run_failure() if self.kind == "run_failure" else own)
            total.run_requests += outcome.run_requests
            total.dagster_run_reactions += outcome.dagster_run_reactions
        return total


class RunFailureSensorDefinition(RunStatusSensorDefinition):
    """Calls its function for each run that fails."""

    kind = "run_failure"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function: a context as first argument, resources by name."""
        if args and type(args[0]) is RunStatusSensorContext:
            args = (args[0].for_run_failure(), *args[1:])
        return super().__call__(*args, **kwargs)


@noting_call(RunStatusSensorDefinition)
def run_status_sensor(
    run_status: Enum,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    job_selection: Sequence[Any] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: JobLike | None = None,
    request_jobs: Sequence[JobLike] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    required_resource_keys: set[str] | None = None,
) -> Callable[[Callable[..., SensorReturnTypesUnion]], RunStatusSensorDefinition]:
    """Make a sensor of a function that is called for each run that reaches `run_status`.

    It takes a RunStatusSensorContext and resources, and may return what any sensor returns. `request_job` and
    `request_jobs` are what its run requests launch. (`job_selection` and `monitor_all_repositories` are older names of
    `monitored_jobs` and `monitor_all_code_locations`.)
    """

    @noting(RunStatusSensorDefinition)
    def decorate(function: Callable[..., Any]) -> RunStatusSensorDefinition:
        return RunStatusSensorDefinition(
            name or function.__name__,
            run_status,
            function,
            minimum_interval_seconds,
            description or function.__doc__,
            monitored_jobs if monitored_jobs is not None else job_selection,
            monitor_all_code_locations or monitor_all_repositories,
            default_status,
            request_job,
            request_jobs,
            tags,
            metadata,
            required_resource_keys,
            function_source(function),
        )

    return decorate


@overload
def run_failure_sensor(name: Callable[..., SensorReturnTypesUnion]) -> RunStatusSensorDefinition: ...
@overload
def run_failure_sensor(
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    job_selection: Sequence[Any] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: JobLike | None = None,
    request_jobs: Sequence[JobLike] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    required_resource_keys: set[str] | None = None,
) -> Callable[[Callable[..., SensorReturnTypesUnion]], RunStatusSensorDefinition]: ...
@noting_call(RunStatusSensorDefinition)
def run_failure_sensor(
    name: Callable[..., Any] | str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    job_selection: Sequence[Any] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: JobLike | None = None,
    request_jobs: Sequence[JobLike] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    required_resource_keys: set[str] | None = None,
) -> Any:
    """Make a sensor of a function that is called for each run that fails. Bare or called; else as
    `run_status_sensor`.
    """

    @noting(RunFailureSensorDefinition)
    def decorate(function: Callable[..., Any]) -> RunFailureSensorDefinition:
        return RunFailureSensorDefinition(
            name if isinstance(name, str) else function.__name__,
            RunStatus.FAILURE,
            function,
            minimum_interval_seconds,
            description or function.__doc__,
            monitored_jobs if monitored_jobs is not None else job_selection,
            monitor_all_code_locations or monitor_all_repositories,
            default_status,
            request_job,
            request_jobs,
            tags,
            metadata,
            required_resource_keys,
            function_source(function),
        )

    if name is not None and not isinstance(name, str):
        return decorate(name)
    return decorate


def build_run_status_sensor_context(
    sensor_name: str,
    dagster_event: RunEvent,
    dagster_instance: RunInstance,
    dagster_run: Run,
    context: SensorEvaluationContext | None = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    *,
    repository_def: Any = None,
) -> RunStatusSensorContext:
    """Context of a sensor of run statuses, for tests: of a run that has been executed and its last event."""
    return RunStatusSensorContext(
        sensor_name,
        dagster_run,
        dagster_event,
        dagster_instance,
        context,
        resources,
        None,
        partition_key,
        repository_def,
    )


_STATUSES = {"STARTED": "running", "NOT_STARTED": "queued", "MANAGED": "queued"}


def status_of(value: Any) -> RunStatus:
    """A status of runs, by itself, by name, or as another library's enum of the same names."""
    if isinstance(value, RunStatus):
        return value
    text = str(getattr(value, "value", value))
    try:
        return RunStatus(_STATUSES.get(text.upper(), text.lower()))
    except ValueError:
        raise ArgumentError(
            f"{value!r} is not a status of runs: {', '.join(status.value for status in RunStatus)}."
        ) from None


def monitored_job(value: Any, what: str) -> MonitoredJob:
    """What is monitored: a job of this location, or one of another (something with a job and a location name)."""
    location: Any = getattr(value, "location_name", None)
    if location is not None and not isinstance(value, JobSpec):
        return MonitoredJob(job=getattr(value, "job_name", None), location=location)
    if isinstance(value, str):
        raise InvocationError(f"{what}: monitored_jobs takes jobs, not the text {value!r}.")
    return MonitoredJob(job=target_name(job_of(value, what)))


def _partition_key(run: Any) -> str | None:
    target = getattr(run, "target", None)
    if target is not None and getattr(target, "partition_key", None) is not None:
        return str(target.partition_key)
    tags: Mapping[str, str] = getattr(run, "tags", None) or {}
    return tags.get(PARTITION_TAG)
