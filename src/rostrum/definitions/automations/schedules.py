"""Schedules: when a job is launched, and, where a function decides, with what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, cast

from rostrum.definitions.automations.run_requests import RunRequest, SkipReason
from rostrum.definitions.automations.targets import ANONYMOUS, JobLike, Target, TargetLike, target_name, targets_of
from rostrum.definitions.automations.tick_contexts import ScheduleEvaluationContext, TickFunction
from rostrum.definitions.automations.tick_outcomes import EMPTY_SCHEDULE, Returned, TickOutcome, with_tags
from rostrum.definitions.broken import is_collecting, note, noting, noting_call, noting_init
from rostrum.definitions.config.run_config import RunConfig, plain_config
from rostrum.definitions.names import check_name, owner_problem, string_tags
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.sources import caller_source, function_source, shown
from rostrum.model import ticks
from rostrum.model.errors import ArgumentError, DefinitionError, InvocationError
from rostrum.model.manifest import Source
from rostrum.model.reserved_names import SCHEDULE_TAG
from rostrum.planning import cron


class DefaultScheduleStatus(str, Enum):
    """Whether a schedule is on when it is first seen."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


ScheduleReturn = (
    RunRequest
    | SkipReason
    | RunConfig
    | Mapping[str, Any]
    | Sequence[RunRequest]
    | Iterator[RunRequest | SkipReason]
    | None
)
"""What the function of a schedule returns; a mapping is run config."""


class ScheduleDefinition:
    """Launches a job at the ticks of one or more cron expressions. Checked where it is made.

    Without a function each tick is one run, with `run_config` (or what `run_config_fn` returns) and `tags` (or
    `tags_fn`), unless `should_execute` says no. `execution_fn` decides all of that by itself.
    """

    __slots__ = (
        "_name",
        "_run_config_fn",
        "_should_execute",
        "_tags_fn",
        "cron_schedule",
        "default_status",
        "description",
        "environment_vars",
        "execution_timezone",
        "function",
        "metadata",
        "owners",
        "required_resource_keys",
        "run_config",
        "source",
        "tags",
        "targets",
    )

    @noting_init
    def __init__(
        self,
        name: str | None = None,
        *,
        cron_schedule: str | Sequence[str] | None = None,
        job_name: str | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        run_config_fn: Callable[[ScheduleEvaluationContext], Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        tags_fn: Callable[[ScheduleEvaluationContext], Mapping[str, str] | None] | None = None,
        metadata: Mapping[str, Any] | None = None,
        should_execute: Callable[[ScheduleEvaluationContext], bool] | None = None,
        environment_vars: Mapping[str, str] | None = None,
        execution_timezone: str | None = None,
        execution_fn: Callable[..., Any] | None = None,
        description: str | None = None,
        job: JobLike | None = None,
        default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
        required_resource_keys: set[str] | None = None,
        target: TargetLike | None = None,
        owners: Sequence[str] | None = None,
        source: Source | None = None,
    ) -> None:
        self.targets: tuple[Target, ...] = targets_of(
            "a schedule" if name is None else f"schedule {name}", name, job=job, job_name=job_name, target=target
        )
        """The job, by itself or by name."""
        if not self.targets:
            raise DefinitionError("a schedule needs a job: give job, job_name or target.")
        self._name = check_name(name or f"{self.job_name}_schedule", "schedule")
        if not cron_schedule:
            raise DefinitionError(f"schedule {self.name} needs a cron_schedule, for example '0 6 * * *' or '@daily'.")
        self.cron_schedule: str | Sequence[str] = cron_schedule
        self.execution_timezone = execution_timezone
        try:
            cron.validate(self.cron, self.timezone)
        except DefinitionError as error:
            wrong = DefinitionError(f"schedule {self.name}: {error}")
            if not is_collecting():
                raise wrong from None
            note(DefinitionError(f"{shown(source or caller_source())}: {wrong}"))
        _one_of(self.name, "run_config", run_config, run_config_fn)
        _one_of(self.name, "tags", tags, tags_fn)
        if execution_fn is not None and (
            run_config_fn is not None or tags_fn is not None or should_execute is not None
        ):
            raise DefinitionError(
                f"schedule {self.name}: execution_fn decides alone; do not give run_config_fn, tags_fn or "
                "should_execute beside it."
            )
        self.run_config, self.tags = plain_config(run_config), string_tags(tags)
        self._run_config_fn, self._tags_fn, self._should_execute = run_config_fn, tags_fn, should_execute
        self.function = execution_fn
        """The user's function, None where every tick is one run."""
        self.required_resource_keys: set[str] = set(required_resource_keys or ())
        self.default_status = DefaultScheduleStatus(default_status)
        self.description, self.environment_vars = description, dict(environment_vars or {})
        self.metadata, self.owners = dict(metadata or {}), list(owners) if owners is not None else None
        for owner in self.owners or ():
            if problem := owner_problem(owner):
                raise DefinitionError(f"schedule {self.name}: {problem}")
        self.source = source or caller_source()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, with a context of `build_schedule_context` and resources by name."""
        if self.function is None:
            raise InvocationError(f"schedule {self.name} has no function to call: it was not made by a decorator.")
        return self._tick_function(self.function).invoke(ScheduleEvaluationContext, args, kwargs)

    def __repr__(self) -> str:
        return f"<schedule {self.name}>"

    @property
    def name(self) -> str:
        """Name, unique among the schedules of a location."""
        return self._name

    @property
    def cron(self) -> tuple[str, ...]:
        """Cron expressions."""
        return (self.cron_schedule,) if isinstance(self.cron_schedule, str) else tuple(self.cron_schedule)

    @property
    def timezone(self) -> str:
        """Time zone in which the cron expressions are read."""
        return self.execution_timezone or "UTC"

    @property
    def target(self) -> Target:
        """The job, or its name."""
        return self.targets[0]

    @property
    def job(self) -> JobSpec:
        """The job. Raises DefinitionError where only its name was given."""
        if isinstance(self.target, str):
            raise DefinitionError(f"schedule {self.name} knows only the name of its job, {self.target!r}.")
        return self.target

    @property
    def has_job(self) -> bool:
        """True where the job itself was given, not only its name."""
        return not isinstance(self.target, str)

    @property
    def has_anonymous_job(self) -> bool:
        """True where a job was made for the selection of assets that was its target."""
        return self.job_name.startswith(ANONYMOUS)

    @property
    def job_name(self) -> str:
        """Name of the job."""
        return target_name(self.targets[0])

    @property
    def evaluates(self) -> bool:
        """True where user code decides at each tick."""
        return any(
            each is not None for each in (self.function, self._run_config_fn, self._tags_fn, self._should_execute)
        )

    @property
    def resource_keys(self) -> frozenset[str]:
        """Resources that the function may use."""
        return self._tick_function(self.function).resource_keys if self.function is not None else frozenset()

    def with_updated_job(self, new_job: JobLike) -> ScheduleDefinition:
        """The same schedule of another job."""
        return self._copied(job=new_job)

    def with_attributes(
        self, *, job: JobLike | None = None, metadata: Mapping[str, Any] | None = None
    ) -> ScheduleDefinition:
        """The same schedule with another job or other metadata."""
        return self._copied(job=job, metadata=metadata)

    def evaluate_tick(self, context: ScheduleEvaluationContext) -> TickOutcome:
        """Decide one tick. Exceptions of the user's function pass through; InvocationError for a result of a type
        that a schedule does not return.
        """
        if self._should_execute is not None and not self._should_execute(context):
            return TickOutcome(skip_message=f"should_execute function for {self.name} returned false.")
        tags = string_tags(self._tags_fn(context)) if self._tags_fn is not None else self.tags
        tags = {**tags, SCHEDULE_TAG: self.name}
        if self.function is None:
            config: Any = self._run_config_fn(context) if self._run_config_fn is not None else self.run_config
            return TickOutcome([RunRequest(run_config=config, job_name=self.job_name, tags=tags)])
        returned: Any = self._tick_function(self.function).call(context)
        if isinstance(returned, (Mapping, RunConfig)):
            if not returned:
                return TickOutcome(skip_message=EMPTY_SCHEDULE)
            returned = RunRequest(run_config=cast("Mapping[str, Any]", returned))
        found = Returned(f"schedule {self.name}", returned, (RunRequest, SkipReason))
        if found.skip is not None:
            return TickOutcome(skip_message=found.skip.skip_message)
        if not found.requests:
            return TickOutcome(skip_message=EMPTY_SCHEDULE)
        return TickOutcome(
            [
                with_tags(
                    request.with_replaced_attrs(
                        job_name=request.job_name or self.job_name,
                        run_config=request.run_config or self.run_config,
                    ),
                    tags,
                )
                for request in found.requests
            ]
        )

    def evaluate(self, context: ScheduleEvaluationContext) -> ticks.TickResult:
        """As `evaluate_tick`, as data."""
        return self.evaluate_tick(context).result()

    def _deciding(self, tags_fn: Any, should_execute: Any) -> ScheduleDefinition:
        """Asked before the function (`should_execute`) and after it (`tags_fn`): what the decorator takes beside it."""
        self._tags_fn, self._should_execute = tags_fn, should_execute
        return self

    def _tick_function(self, function: Callable[..., Any]) -> TickFunction:
        return TickFunction(function, f"schedule {self.name}", self.required_resource_keys)

    def _copied(self, **changes: Any) -> ScheduleDefinition:
        given = {key: value for key, value in changes.items() if value is not None}
        target = self.target
        where: dict[str, Any] = {"job_name": target} if isinstance(target, str) else {"job": target}
        if "job" in given:
            where = {"job": given["job"]}
        decides = self.function is not None
        made = ScheduleDefinition(
            self.name,
            cron_schedule=self.cron_schedule,
            run_config=self.run_config if self._run_config_fn is None else None,
            run_config_fn=self._run_config_fn,
            tags=self.tags if self._tags_fn is None else None,
            tags_fn=None if decides else self._tags_fn,
            metadata=given.get("metadata", self.metadata),
            should_execute=None if decides else self._should_execute,
            environment_vars=self.environment_vars,
            execution_timezone=self.execution_timezone,
            execution_fn=self.function,
            description=self.description,
            default_status=self.default_status,
            required_resource_keys=self.required_resource_keys,
            owners=self.owners,
            source=self.source,
            **where,
        )
        return made._deciding(self._tags_fn, self._should_execute)


def _one_of(name: str, what: str, value: Any, function: Any) -> None:
    if value is not None and function is not None:
        raise DefinitionError(f"schedule {name}: give {what} or {what}_fn, not both.")


@noting_call(ScheduleDefinition)
def schedule(
    cron_schedule: str | Sequence[str],
    *,
    job_name: str | None = None,
    name: str | None = None,
    tags: Mapping[str, Any] | None = None,
    tags_fn: Callable[[ScheduleEvaluationContext], Mapping[str, str] | None] | None = None,
    metadata: Mapping[str, Any] | None = None,
    should_execute: Callable[[ScheduleEvaluationContext], bool] | None = None,
    environment_vars: Mapping[str, str] | None = None,
    execution_timezone: str | None = None,
    description: str | None = None,
    job: JobLike | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    required_resource_keys: set[str] | None = None,
    target: TargetLike | None = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., ScheduleReturn]], ScheduleDefinition]:
    """Make a schedule of a function that decides at each tick: it returns run config, RunRequest(s), SkipReason or
    None. `should_execute` is asked before it; `tags_fn` gives tags to its runs.
    """
    if callable(cron_schedule):
        raise ArgumentError("@schedule needs a cron_schedule: write @schedule('0 6 * * *', job=...).")

    @noting(ScheduleDefinition, name, brings=(job, target))
    def decorate(function: Callable[..., Any]) -> ScheduleDefinition:
        made = ScheduleDefinition(
            name or function.__name__,
            cron_schedule=cron_schedule,
            job=job,
            job_name=job_name,
            target=target,
            tags=tags,
            metadata=metadata,
            description=description or function.__doc__,
            execution_timezone=execution_timezone,
            environment_vars=environment_vars,
            default_status=default_status,
            execution_fn=function,
            required_resource_keys=required_resource_keys,
            owners=owners,
            source=function_source(function),
        )
        return made._deciding(tags_fn, should_execute)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - our own

    if tags is not None and tags_fn is not None:
        raise DefinitionError("@schedule: give tags or tags_fn, not both.")
    return decorate
