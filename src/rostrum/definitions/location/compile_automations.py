"""The part of compiling that is about schedules and sensors: their names, their jobs, their resources, their nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from rostrum.definitions.automations.partitioned_schedules import PartitionedSchedule
from rostrum.definitions.automations.schedules import DefaultScheduleStatus, ScheduleDefinition
from rostrum.definitions.automations.sensors import DefaultSensorStatus, SensorDefinition
from rostrum.definitions.location.nodes import NodeWriter, cleaned, shown_metadata
from rostrum.definitions.names import nearest
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.problems import Problems
from rostrum.definitions.sources import shown
from rostrum.model import manifest as model
from rostrum.model.assets import AssetKey
from rostrum.model.errors import DefinitionError, StateError
from rostrum.model.manifest import ASSET_JOB, JobNode
from rostrum.model.partitions import PartitionsSpec
from rostrum.planning.graph import AssetGraph

DEFAULT_SENSOR = "default_automation_condition_sensor"
"""The sensor that every location has for conditions which none of its own sensors evaluates."""


class Automations:
    """Schedules and sensors of the definitions, each once."""

    def __init__(
        self, problems: Problems, schedules: Sequence[ScheduleDefinition], sensors: Sequence[SensorDefinition]
    ) -> None:
        self._problems = problems
        names: dict[str, Any] = {}
        self.schedules: dict[str, ScheduleDefinition] = {}
        self.sensors: dict[str, SensorDefinition] = {}
        for each in schedules:
            if self._is_first(names, each, "schedule"):
                self.schedules[each.name] = each
        for each in sensors:
            if self._is_first(names, each, "sensor"):
                self.sensors[each.name] = each

    def jobs(self) -> list[JobSpec]:
        """Jobs that schedules and sensors bring along."""
        found = [*self.schedules.values(), *self.sensors.values()]
        return [target for each in found for target in each.targets if isinstance(target, JobSpec)]

    def check(self, jobs: Collection[str] | None, resources: Mapping[str, Any] | None) -> None:
        """Note unknown jobs and resources. None: some that there will be are not known yet, and nothing is judged."""
        for kind, each in self._all():
            for target in each.targets:
                if jobs is not None and isinstance(target, str) and target not in jobs and target != ASSET_JOB:
                    self._problems.add(
                        each.source, f"{kind} {each.name}: there is no job {target!r}.{nearest(target, jobs)}"
                    )
            if resources is None:
                continue
            for key in sorted(each.resource_keys - resources.keys()):
                hint = nearest(key, resources) or f" Bound: {', '.join(sorted(resources)) or 'none'}."
                self._problems.add(
                    each.source, f"{kind} {each.name} needs the resource {key!r}, which is not bound.{hint}"
                )

    def resolve(self, jobs: Iterable[JobNode], partitions: Mapping[str, PartitionsSpec]) -> None:
        """Give schedules of partitioned jobs the partitions that their jobs have turned out to have."""
        nodes = {node.name: node for node in jobs}
        for name, each in self.schedules.items():
            if isinstance(each, PartitionedSchedule) and (node := nodes.get(each.job_name)) is not None:
                try:
                    spec = partitions[node.partitions] if node.partitions is not None else None
                    self.schedules[name] = each.resolved(spec)
                except DefinitionError as error:
                    self._problems.add(each.source, str(error))

    def nodes(
        self, writer: NodeWriter, graph: AssetGraph, *, judged: bool = True
    ) -> tuple[tuple[model.ScheduleNode, ...], tuple[model.SensorNode, ...]]:
        """Nodes of all. What sensors monitor is not looked for where it is not `judged`."""
        sensors = [self._sensor(writer, each, graph, judged=judged) for each in self.sensors.values()]
        covered = {key for node in sensors if node.kind == "automation" for key in node.monitored_assets}
        rest = tuple(key for key in conditioned(graph) if key not in covered)
        if rest:
            sensors.append(model.SensorNode(name=DEFAULT_SENSOR, kind="automation", monitored_assets=rest))
        return tuple(_schedule(writer, each) for each in self.schedules.values()), tuple(sensors)

    def _is_first(self, names: dict[str, Any], each: Any, kind: str) -> bool:
        other = names.setdefault(each.name, each)
        if other is each:
            return True
        of = "sensor" if isinstance(other, SensorDefinition) else "schedule"
        told = "is defined twice, also" if of == kind else f"has the name of the {of}"
        self._problems.add(each.source, f"{kind} {each.name!r} {told} at {shown(other.source)}.")
        return False

    def _all(self) -> Iterable[tuple[str, Any]]:
        yield from (("schedule", each) for each in self.schedules.values())
        yield from (("sensor", each) for each in self.sensors.values())

    def _sensor(
        self, writer: NodeWriter, each: SensorDefinition, graph: AssetGraph, *, judged: bool
    ) -> model.SensorNode:
        monitored: Any = getattr(each, "monitored_selection", None)
        keys: tuple[Any, ...] = tuple(getattr(each, "monitored_keys", ()))
        if monitored is not None and judged:
            try:
                found = monitored.resolve(graph)
                keys = tuple(key for key in graph.nodes if key in found)
            except StateError as error:
                self._problems.add(each.source, f"sensor {each.name}: {error}")
        status: Any = getattr(each, "run_status", None)
        condition: Any = getattr(each, "default_condition", None)
        return model.SensorNode(
            name=each.name,
            jobs=tuple(target if isinstance(target, str) else target.name for target in each.targets),
            interval_seconds=each.interval_seconds,
            default_running=each.default_status is DefaultSensorStatus.RUNNING,
            description=cleaned(each.description),
            tags=each.tags,
            source=writer.source(each.source),
            kind=each.kind,
            metadata=shown_metadata(each.metadata),
            owners=tuple(each.owners or ()),
            resource_keys=tuple(sorted(each.resource_keys)),
            monitored_assets=keys,
            monitored_jobs=getattr(each, "monitored_jobs", ()),
            monitors_all_locations=getattr(each, "monitor_all_code_locations", False),
            run_status=status.value if status is not None else None,
            selection=str(monitored) if monitored is not None else None,
            run_tags=getattr(each, "run_tags", {}),
            emits_backfills=getattr(each, "emit_backfills", True),
            evaluates_in_code=getattr(each, "use_user_code_server", False),
            default_condition=writer.condition_name(condition) if condition is not None else None,
        )


def conditioned(graph: AssetGraph) -> Iterable[AssetKey]:
    """Assets that have an automation condition, or a check with one."""
    for key, node in graph.nodes.items():
        if node.automation is not None or any(each.automation is not None for each in graph.checks.get(key, ())):
            yield key


def _schedule(writer: NodeWriter, each: ScheduleDefinition) -> model.ScheduleNode:
    return model.ScheduleNode(
        name=each.name,
        job=each.job_name,
        cron=each.cron,
        timezone=each.timezone,
        default_running=each.default_status is DefaultScheduleStatus.RUNNING,
        description=cleaned(each.description),
        tags=each.tags,
        config=each.run_config,
        evaluates=each.evaluates,
        source=writer.source(each.source),
        metadata=shown_metadata(each.metadata),
        owners=tuple(each.owners or ()),
        resource_keys=tuple(sorted(each.resource_keys)),
    )
