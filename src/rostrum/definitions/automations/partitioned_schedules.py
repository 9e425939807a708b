"""The schedule of a partitioned job: a run for each partition of time once it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from rostrum.definitions.automations.run_requests import RunRequest
from rostrum.definitions.automations.schedules import DefaultScheduleStatus, ScheduleDefinition
from rostrum.definitions.automations.tick_contexts import ScheduleEvaluationContext
from rostrum.definitions.automations.tick_outcomes import TickOutcome
from rostrum.definitions.broken import noting_call
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.sources import caller_source
from rostrum.model.errors import DefinitionError, InvariantError
from rostrum.model.manifest import ScheduleNode
from rostrum.model.partitions import DynamicPartitions, MultiPartitions, PartitionsSpec, TimePartitions
from rostrum.model.reserved_names import PARTITION_TAG, SCHEDULE_TAG
from rostrum.planning.schedules import default_requests

_PLACE = {"minute_of_hour": 0, "hour_of_day": 1, "day_of_month": 2, "day_of_week": 4}


class PartitionedSchedule(ScheduleDefinition):
    """Ticks when a partition of its job has ended, and asks for that one; for a job without time in its partitions it
    ticks by its own cron and asks for all of them.

    The partitions of a job of assets are those of its assets: `resolved` is called when they are known.
    """

    __slots__ = ("offsets", "spec")

    offsets: Mapping[str, int]
    """What the user said of `minute_of_hour`, `hour_of_day`, `day_of_week`, `day_of_month`."""
    spec: PartitionsSpec | None
    """Partitions of the job, None while they are not known."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The requests of a tick: one, or a list."""
        context = args[0] if args else kwargs.get("context")
        if not isinstance(context, ScheduleEvaluationContext):
            raise InvariantError(f"schedule {self.name} wants a context of build_schedule_context().")
        requests = self.evaluate_tick(context).run_requests
        return requests[0] if len(requests) == 1 else requests

    @property
    def evaluates(self) -> bool:
        """True where the config of a run depends on its partition, which user code decides."""
        return self.has_job and getattr(self.job, "partitioned_config", None) is not None

    def resolved(self, spec: PartitionsSpec | None) -> ScheduleDefinition:
        """This schedule for a job of these partitions. Raises DefinitionError for a job without any."""
        if self.spec is not None:
            return self
        cron, timezone = _cron(self.job_name, spec, self.offsets, None, None)
        job: Any = self.target
        made = PartitionedSchedule(
            self.name,
            cron_schedule=cron,
            job=job,
            tags=self.tags,
            description=self.description,
            execution_timezone=timezone,
            default_status=self.default_status,
            metadata=self.metadata,
            owners=self.owners,
            source=self.source,
        )
        made.offsets, made.spec = self.offsets, spec
        return made

    def evaluate_tick(self, context: ScheduleEvaluationContext) -> TickOutcome:
        """A request for each partition that is due at the tick."""
        if self.spec is None:
            raise InvariantError(
                f"schedule {self.name}: the partitions of job {self.job_name!r} are known when it is part of "
                "Definitions; take the schedule from there."
            )
        node = ScheduleNode(name=self.name, job=self.job_name, cron=self.cron, timezone=self.timezone)
        dynamic = context.instance.get_dynamic_partitions if _is_dynamic(self.spec) else None
        at = context.scheduled_execution_time
        found = default_requests(node, at if at.tzinfo is not None else at.replace(tzinfo=UTC), self.spec, dynamic)
        if not found:
            return TickOutcome(skip_message=f"there is no partition of job {self.job_name!r} yet.")
        return TickOutcome([self._request(each.partition_key or "") for each in found])

    def _request(self, key: str) -> RunRequest:
        tags = {**self.tags, PARTITION_TAG: key, SCHEDULE_TAG: self.name}
        config: Any = None
        partitioned: Any = getattr(self.job, "partitioned_config", None) if self.has_job else None
        if partitioned is not None:
            config = partitioned.get_run_config_for_partition_key(key)
        return RunRequest(run_key=key, job_name=self.job_name, partition_key=key, tags=tags, run_config=config)


@noting_call(ScheduleDefinition, decorates=False)
def build_schedule_from_partitioned_job(
    job: JobSpec,
    description: str | None = None,
    name: str | None = None,
    minute_of_hour: int | None = None,
    hour_of_day: int | None = None,
    day_of_week: int | None = None,
    day_of_month: int | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    tags: Mapping[str, Any] | None = None,
    cron_schedule: str | None = None,
    execution_timezone: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
) -> ScheduleDefinition:
    """A schedule that runs a partitioned job: for partitions of time once each has ended, `minute_of_hour` to
    `day_of_month` after its end; for others, all of them at each tick of `cron_schedule`.

    A job of assets need not name its partitions: they are taken from its assets when all definitions are known.
    """
    given = {
        "minute_of_hour": minute_of_hour,
        "hour_of_day": hour_of_day,
        "day_of_week": day_of_week,
        "day_of_month": day_of_month,
    }
    offsets = {key: value for key, value in given.items() if value is not None}
    definition = job.partitions_def
    spec: PartitionsSpec | None = definition.spec if definition is not None else None
    if spec is None and job.selection is None:
        raise DefinitionError(
            f"build_schedule_from_partitioned_job: job {job.name!r} has no partitions; give it a partitions_def."
        )
    if spec is not None:
        cron, timezone = _cron(job.name, spec, offsets, cron_schedule, execution_timezone)
    else:
        cron, timezone = cron_schedule or "@daily", execution_timezone
    made = PartitionedSchedule(
        name,
        cron_schedule=cron,
        job=job,
        description=description,
        tags=tags,
        execution_timezone=timezone,
        default_status=default_status,
        metadata=metadata,
        owners=owners,
        source=caller_source(),
    )
    made.offsets, made.spec = offsets, spec
    return made


def _cron(
    job: str, spec: PartitionsSpec | None, offsets: Mapping[str, int], given: str | None, timezone: str | None
) -> tuple[str, str | None]:
    """When to tick, and in which time zone."""
    what = "build_schedule_from_partitioned_job"
    timed = _time_of(spec)
    if spec is None:
        raise DefinitionError(f"{what}: job {job!r} has no partitions: neither it nor its assets name any.")
    if timed is None:
        if given is None:
            raise DefinitionError(
                f"{what}: the partitions of job {job!r} are not of time, so nothing says when to run: give "
                "cron_schedule."
            )
        if offsets:
            raise DefinitionError(f"{what}: with cron_schedule, {', '.join(offsets)} say nothing.")
        return given, timezone
    if given is not None or timezone is not None:
        raise DefinitionError(
            f"{what}: the partitions of job {job!r} say when to run ({timed.cron!r}, {timed.timezone}): "
            "cron_schedule and execution_timezone are for partitions without time. Use hour_of_day and the like."
        )
    fields = timed.cron.split()
    for key, value in offsets.items():
        if fields[_PLACE[key]] == "*":
            raise DefinitionError(f"{what}: the partitions' cron {timed.cron!r} leaves no place for {key}.")
        fields[_PLACE[key]] = str(value)
    return " ".join(fields), timed.timezone


def _time_of(spec: PartitionsSpec | None) -> TimePartitions | None:
    if isinstance(spec, TimePartitions):
        return spec
    if isinstance(spec, MultiPartitions):
        return next((each for _, each in spec.dimensions if isinstance(each, TimePartitions)), None)
    return None


def _is_dynamic(spec: PartitionsSpec) -> bool:
    if isinstance(spec, MultiPartitions):
        return any(isinstance(each, DynamicPartitions) for _, each in spec.dimensions)
    return isinstance(spec, DynamicPartitions)
