"""Schedules: when a job is launched, and, where a function decides, with what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from types import GeneratorType
from typing import TYPE_CHECKING, Any, cast

from rostrum.definitions.broken import noting, noting_init
from rostrum.definitions.job_specs import JobSpec
from rostrum.definitions.logs import library_logger
from rostrum.definitions.names import asset_key_of, check_name, string_tags
from rostrum.definitions.run_config import RunConfig, plain_config
from rostrum.definitions.signatures import Signature
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model import ticks
from rostrum.model.errors import DefinitionError, InvocationError
from rostrum.model.manifest import Source
from rostrum.model.partitions import TimePartitions

if TYPE_CHECKING:
    import logging


class DefaultScheduleStatus(str, Enum):
    """Whether a schedule is on when it is first seen."""

    RUNNING = "running"
    STOPPED = "stopped"


class RunRequest:
    """A run that a schedule or sensor asks for. The same `run_key` asks for the same run only once."""

    __slots__ = ("node",)

    def __init__(
        self,
        run_key: str | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        asset_selection: Sequence[Any] | None = None,
        partition_key: str | None = None,
    ) -> None:
        self.node = ticks.RunRequest(
            run_key=run_key,
            job=job_name,
            config=plain_config(run_config),
            tags=string_tags(tags),
            partition_key=partition_key,
            asset_selection=tuple(asset_key_of(key) for key in asset_selection or ()),
        )

    def __repr__(self) -> str:
        return f"RunRequest({self.node!r})"


class SkipReason:
    """Why a tick asks for no run."""

    __slots__ = ("skip_message",)

    def __init__(self, skip_message: str | None = None) -> None:
        self.skip_message = skip_message or "no reason was given"


class ScheduleEvaluationContext:
    """What a schedule's function gets."""

    __slots__ = ("cursor", "log", "scheduled_execution_time")

    def __init__(
        self,
        scheduled_execution_time: datetime | None = None,
        cursor: str | None = None,
        log: logging.Logger | None = None,
    ) -> None:
        self.scheduled_execution_time = scheduled_execution_time
        """Time of the tick, aware, in the schedule's time zone."""
        self.cursor = cursor
        self.log = log or library_logger()


class ScheduleDefinition:
    """Launches a job at the ticks of one or more cron expressions. Checked when it is put into `Definitions`."""

    __slots__ = (
        "cron_schedule",
        "default_status",
        "description",
        "execution_timezone",
        "function",
        "job",
        "name",
        "run_config",
        "source",
        "tags",
    )

    @noting_init
    def __init__(
        self,
        name: str | None = None,
        *,
        cron_schedule: str | Sequence[str],
        job: JobSpec | None = None,
        job_name: str | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        execution_timezone: str | None = None,
        default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
        execution_fn: Callable[..., Any] | None = None,
        source: Source | None = None,
    ) -> None:
        if (job is None) == (job_name is None):
            raise DefinitionError("a schedule needs a job: give job or job_name.")
        self.job: JobSpec | str = job if job is not None else job_name or ""
        self.name = check_name(name or f"{self.job_name}_schedule", "schedule")
        self.cron_schedule: tuple[str, ...] = (
            (cron_schedule,) if isinstance(cron_schedule, str) else tuple(cron_schedule)
        )
        self.run_config, self.tags = plain_config(run_config), string_tags(tags)
        self.description, self.execution_timezone = description, execution_timezone or "UTC"
        self.default_status = DefaultScheduleStatus(default_status)
        self.function = execution_fn
        """The user's function, None where every tick is one run."""
        self.source = source or caller_source()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        if self.function is None:
            raise InvocationError(f"schedule {self.name} has no function to call.")
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<schedule {self.name}>"

    @property
    def job_name(self) -> str:
        """Name of the job."""
        return self.job if isinstance(self.job, str) else self.job.name

    def evaluate(
        self, context: ScheduleEvaluationContext, resources: Mapping[str, Any] | None = None
    ) -> ticks.TickResult:
        """Decide one tick. Exceptions of the user's function pass through; a result of another type raises
        InvocationError.
        """
        if self.function is None:
            return ticks.TickResult(
                run_requests=(ticks.RunRequest(job=self.job_name, config=self.run_config, tags=self.tags),)
            )
        names = Signature(self.function).names
        arguments: dict[str, Any] = {}
        for position, name in enumerate(names):
            if position == 0 and name not in (resources or {}):
                arguments[name] = context
            elif name in (resources or {}):
                arguments[name] = (resources or {})[name]
            else:
                raise InvocationError(
                    f"schedule {self.name}: there is no resource {name!r} for the parameter of that name."
                )
        return self._result(self.function(**arguments))

    def _result(self, returned: Any) -> ticks.TickResult:
        if isinstance(returned, GeneratorType):
            returned = list(cast("Iterable[Any]", returned))
        if returned is None or (isinstance(returned, (list, tuple)) and not returned):
            return ticks.TickResult(skip_reason="the schedule's function returned nothing")
        if isinstance(returned, SkipReason):
            return ticks.TickResult(skip_reason=returned.skip_message)
        if isinstance(returned, (Mapping, RunConfig)):
            request = ticks.RunRequest(
                job=self.job_name, config=plain_config(cast("Mapping[str, Any]", returned)), tags=self.tags
            )
            return ticks.TickResult(run_requests=(request,))
        found = cast("Iterable[Any]", returned if isinstance(returned, (list, tuple)) else (returned,))
        requests: list[ticks.RunRequest] = []
        for each in found:
            if isinstance(each, SkipReason):
                return ticks.TickResult(skip_reason=each.skip_message)
            if not isinstance(each, RunRequest):
                raise InvocationError(
                    f"schedule {self.name} returned a {type(each).__name__}; it returns RunRequest, a list of them, "
                    "SkipReason or None."
                )
            node = each.node
            requests.append(
                ticks.RunRequest(
                    run_key=node.run_key,
                    job=node.job or self.job_name,
                    config=node.config or self.run_config,
                    tags={**self.tags, **node.tags},
                    partition_key=node.partition_key,
                    asset_selection=node.asset_selection,
                )
            )
        return ticks.TickResult(run_requests=tuple(requests))


def schedule(
    cron_schedule: str | Sequence[str],
    *,
    job: JobSpec | None = None,
    job_name: str | None = None,
    name: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    execution_timezone: str | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
) -> Callable[[Callable[..., Any]], ScheduleDefinition]:
    """Make a schedule of a function that decides at each tick: it returns run config, RunRequest(s), SkipReason or
    None.
    """

    @noting(ScheduleDefinition)
    def decorate(function: Callable[..., Any]) -> ScheduleDefinition:
        return ScheduleDefinition(
            name or function.__name__,
            cron_schedule=cron_schedule,
            job=job,
            job_name=job_name,
            tags=tags,
            description=description or function.__doc__,
            execution_timezone=execution_timezone,
            default_status=default_status,
            execution_fn=function,
            source=function_source(function),
        )

    return decorate


def build_schedule_from_partitioned_job(
    job: JobSpec,
    *,
    name: str | None = None,
    description: str | None = None,
    minute_of_hour: int | None = None,
    hour_of_day: int | None = None,
    day_of_week: int | None = None,
    day_of_month: int | None = None,
    tags: Mapping[str, Any] | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
) -> ScheduleDefinition:
    """A schedule that runs a job of time partitions when one has ended, for that partition. The job must name its
    `partitions_def`.
    """
    definition = job.partitions_def
    if definition is None or not isinstance(definition.spec, TimePartitions):
        raise DefinitionError(f"build_schedule_from_partitioned_job: give job {job.name!r} a partitions_def of time.")
    fields = definition.spec.cron.split()
    given = (minute_of_hour, hour_of_day, day_of_month, None, day_of_week)
    for position, value in enumerate(given):
        if value is not None:
            if fields[position] == "*":
                raise DefinitionError(
                    f"build_schedule_from_partitioned_job: the partitions' cron {definition.spec.cron!r} leaves no "
                    "place for that offset."
                )
            fields[position] = str(value)
    return ScheduleDefinition(
        name,
        cron_schedule=" ".join(fields),
        job=job,
        description=description,
        tags=tags,
        execution_timezone=definition.spec.timezone,
        default_status=default_status,
        source=caller_source(),
    )
