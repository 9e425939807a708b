"""From all definitions of a location to a validated manifest with its live parts. All mistakes are told at once.

The rules: keys and names are unique; arguments of assets name assets that exist (a key in `deps` alone may be
unknown: it becomes an
external asset); resources that are asked for are bound; nothing depends on itself in a circle; cron, zones, groups,
owners and tags
are well formed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.definitions.annotations import schema_of_config
from rostrum.definitions.assets import AssetsDefinition, AssetSpec
from rostrum.definitions.bindings import check_bindings
from rostrum.definitions.check_specs import AssetCheckSpec
from rostrum.definitions.checks import AssetChecksDefinition
from rostrum.definitions.graphs import GraphDefinition
from rostrum.definitions.job_specs import JobSpec
from rostrum.definitions.live import ExecutorDefinition, Resolved
from rostrum.definitions.names import check_segment, group_problem, nearest, owner_problem, tag_problem
from rostrum.definitions.nodes import NodeWriter, shown_metadata
from rostrum.definitions.ops import OpDefinition
from rostrum.definitions.partitions import PartitionsDefinition
from rostrum.definitions.problems import Problems
from rostrum.definitions.schedules import ScheduleDefinition
from rostrum.definitions.signatures import MISSING
from rostrum.definitions.sources import shown
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import DefinitionError, StateError
from rostrum.model.manifest import ASSET_JOB, AssetNode, CheckNode, JobNode, Manifest, OpNode, Source
from rostrum.planning import cron
from rostrum.planning.graph import AssetGraph


class Collected:
    """Everything that a `Definitions` holds."""

    __slots__ = ("assets", "checks", "executor", "jobs", "loggers", "metadata", "resources", "schedules")

    def __init__(
        self,
        assets: Sequence[AssetsDefinition | AssetSpec],
        checks: Sequence[AssetChecksDefinition],
        jobs: Sequence[JobSpec],
        schedules: Sequence[ScheduleDefinition],
        resources: Mapping[str, Any],
        executor: ExecutorDefinition | None,
        loggers: Mapping[str, Any],
        metadata: Mapping[str, Any],
    ) -> None:
        self.assets, self.checks, self.jobs, self.schedules = assets, checks, jobs, schedules
        self.resources, self.executor, self.loggers, self.metadata = resources, executor, loggers, metadata


def compile_definitions(collected: Collected) -> Resolved:
    """Validate and compile. Raises DefinitionError that lists all mistakes with file and line."""
    return _Compiler(collected).compile()


class _Compiler:
    def __init__(self, collected: Collected) -> None:
        self._collected = collected
        self._problems = Problems()
        self._writer = NodeWriter()
        self._assets: dict[AssetKey, AssetNode] = {}
        self._sources: dict[AssetKey, Source | None] = {}
        self._checks: dict[CheckKey, CheckNode] = {}
        self._ops: dict[str, OpDefinition] = {}
        self._op_nodes: dict[str, OpNode] = {}
        self._graphs: dict[str, GraphDefinition] = {}
        self._jobs: dict[str, JobSpec] = {}
        self._partitions: dict[AssetKey, PartitionsDefinition | None] = {}
        self._groups_checked: set[str] = set()

    def compile(self) -> Resolved:
        collected, writer = self._collected, self._writer
        self._add_assets()
        self._add_checks()
        self._add_missing_assets()
        self._add_jobs()
        schedules = self._schedules()
        check_bindings(self._problems, collected.resources, self._ops.values(), self._jobs.values())
        graph = AssetGraph(Manifest(assets=tuple(self._assets.values()), checks=tuple(self._checks.values())))
        self._check_circles(graph)
        jobs = tuple(self._job_node(job, graph) for job in self._jobs.values())
        self._problems.raise_if_any()
        manifest = Manifest(
            assets=tuple(self._assets.values()),
            checks=tuple(self._checks.values()),
            ops=tuple(self._op_nodes.values()),
            graphs=tuple(writer.graph(each) for each in self._graphs.values()),
            jobs=jobs,
            schedules=tuple(writer.schedule(each) for each in schedules.values()),
            resources=tuple(writer.resource(key, value) for key, value in sorted(collected.resources.items())),
            partitions=writer.partitions,
            executor=collected.executor.name if collected.executor is not None else None,
            metadata=shown_metadata(collected.metadata),
        )
        return Resolved(
            manifest,
            self._ops,
            dict(collected.resources),
            executor=collected.executor,
            executors={job.name: job.executor_def for job in self._jobs.values() if job.executor_def is not None},
            job_resources={job.name: job.resource_defs for job in self._jobs.values() if job.resource_defs},
            schedules=schedules,
            loggers=dict(collected.loggers),
        )

    # --- assets and checks

    def _add_assets(self) -> None:
        seen: set[int] = set()
        for each in self._collected.assets:
            if id(each) in seen:
                continue
            seen.add(id(each))
            if isinstance(each, AssetSpec):
                self._add_asset(each, None, {})
                continue
            outputs = {output.asset_key: output for output in each.op.outputs.values()}
            for spec in each.specs:
                self._add_asset(spec, each, outputs)
            if self._add_op(each.op):
                for check in each.check_specs:
                    self._add_check(check, each.op)

    def _add_asset(self, spec: AssetSpec, definition: AssetsDefinition | None, outputs: Mapping[Any, Any]) -> None:
        key = spec.key
        if key in self._assets:
            self._problems.add(spec.source, f"asset {key} is defined twice, also at {shown(self._sources[key])}.")
            return
        self._sources[key] = spec.source
        self._check_spec(spec)
        self._assets[key] = self._writer.asset(spec, definition, outputs.get(key))
        self._partitions[key] = spec.partitions_def

    def _check_spec(self, spec: AssetSpec) -> None:
        found: list[str | None] = []
        if definition_key := [segment for segment in spec.key.parts if not segment.replace("_", "").isalnum()]:
            try:
                for segment in definition_key:
                    check_segment(segment)
            except DefinitionError as error:
                found.append(str(error))
        if not spec.key.parts:
            found.append("the key has no segments.")
        if spec.group_name is not None and spec.group_name not in self._groups_checked:
            problem = group_problem(spec.group_name)
            if problem is None:
                self._groups_checked.add(spec.group_name)
            found.append(problem)
        found.extend(owner_problem(owner) for owner in spec.owners)
        found.extend(tag_problem(key, value) for key, value in spec.tags.items())
        found.extend(None if isinstance(kind, str) else f"kind {kind!r} is not text." for kind in spec.kinds)
        for problem in found:
            if problem is not None:
                self._problems.add(spec.source, f"asset {spec.key}: {problem}")

    def _add_checks(self) -> None:
        seen: set[int] = set()
        for each in self._collected.checks:
            if id(each) in seen:
                continue
            seen.add(id(each))
            if self._add_op(each.op):
                for spec in each.specs:
                    self._add_check(spec, each.op)

    def _add_check(self, spec: AssetCheckSpec, op: OpDefinition) -> None:
        if spec.key in self._checks:
            other = self._checks[spec.key]
            self._problems.add(op.source, f"check {spec.key} is defined twice, also at {shown(other.source)}.")
            return
        self._checks[spec.key] = self._writer.check(spec, op, self._partitions.get(spec.asset_key))

    def _add_op(self, op: OpDefinition) -> bool:
        other = self._ops.get(op.name)
        if other is not None:
            if other is op:
                return True
            # Two assets of one key are told as such.
            made = {output.asset_key for output in op.outputs.values()} & {
                output.asset_key for output in other.outputs.values()
            } - {None}
            if not made:
                self._problems.add(
                    op.source,
                    f"{op.kind} {op.name!r} has the name of the {other.kind} at {shown(other.source)}; rename one.",
                )
            return False
        self._ops[op.name] = op
        self._op_nodes[op.name] = self._writer.op(op)
        if op.signature.config is not None:
            annotation = op.config_type
            if annotation is MISSING:
                self._problems.add(
                    op.source,
                    f"{op.kind} {op.name}: the parameter `config` needs an annotation: a Config class or a plain type.",
                )
            elif schema_of_config(annotation) is None:
                self._problems.add(
                    op.source,
                    f"{op.kind} {op.name}: {annotation!r} cannot be config; use a subclass of Config or a plain type.",
                )
        return True

    def _add_missing_assets(self) -> None:
        """Unknown assets: an error for arguments (their value could never be loaded), external assets for the rest."""
        known = self._assets
        missing: dict[AssetKey, None] = {}
        for op in self._ops.values():
            for item in op.inputs.values():
                key = item.asset_key
                if key is None or key in known:
                    continue
                if item.nothing:
                    missing[key] = None
                    continue
                hint = (
                    nearest(str(key), map(str, known))
                    or " Name it in deps to depend on it without loading it, or add AssetSpec for it."
                )
                self._problems.add(
                    op.source,
                    f"{op.kind} {op.name}: the argument {item.name!r} loads the asset {str(key)!r}, which does not "
                    f"exist.{hint}",
                )
        for node in known.values():
            for dep in node.deps:
                if dep.asset_key not in known:
                    missing[dep.asset_key] = None
        for check in self._checks:
            if check.asset_key not in known:
                missing[check.asset_key] = None
        for key in missing:
            known[key] = AssetNode(key=key)

    def _check_circles(self, graph: AssetGraph) -> None:
        try:
            graph.ordered()
        except DefinitionError as error:
            key = (graph.cycle() or [None])[0]
            self._problems.add(self._sources.get(key) if key is not None else None, str(error) + ".")

    # --- jobs

    def _add_jobs(self) -> None:
        scheduled = [each.job for each in self._collected.schedules if isinstance(each.job, JobSpec)]
        for job in [*self._collected.jobs, *scheduled]:
            other = self._jobs.get(job.name)
            if other is job:
                continue
            if other is not None or job.name == ASSET_JOB:
                place = f", also at {shown(other.source)}" if other is not None else ""
                self._problems.add(job.source, f"job {job.name!r} is defined twice{place}.")
                continue
            self._jobs[job.name] = job
            if job.graph is not None:
                self._add_graph(job.graph)

    def _add_graph(self, graph: GraphDefinition) -> None:
        other = self._graphs.get(graph.name)
        if other is graph:
            return
        if other is not None:
            self._problems.add(
                graph.source,
                f"graph {graph.name!r} has the name of another graph at {shown(other.source)}; rename one.",
            )
            return
        self._graphs[graph.name] = graph
        for definition in graph.definitions.values():
            if isinstance(definition, GraphDefinition):
                self._add_graph(definition)
            elif any(output.dynamic for output in definition.outputs.values()):
                self._problems.add(
                    definition.source, f"op {definition.name}: dynamic outputs are not supported in this version."
                )
            else:
                self._add_op(definition)

    def _job_node(self, job: JobSpec, graph: AssetGraph) -> JobNode:
        if job.selection is None:
            return self._writer.job(job, (), (), job.partitions_def)
        try:
            keys = job.selection.resolve(graph)
            checks = job.selection.resolve_checks(graph)
        except StateError as error:
            self._problems.add(job.source, f"job {job.name}: {error}")
            return self._writer.job(job, (), (), None)
        assets = tuple(key for key in self._assets if key in keys and self._assets[key].op is not None)
        chosen = tuple(key for key in self._checks if key in checks)
        partitions: PartitionsDefinition | str | None = job.partitions_def
        if partitions is None:
            names = {self._assets[key].partitions for key in assets} - {None}
            partitions = names.pop() if len(names) == 1 else None
        return self._writer.job(job, assets, chosen, partitions)

    def _schedules(self) -> dict[str, ScheduleDefinition]:
        found: dict[str, ScheduleDefinition] = {}
        for each in self._collected.schedules:
            other = found.get(each.name)
            if other is each:
                continue
            if other is not None:
                self._problems.add(
                    each.source, f"schedule {each.name!r} is defined twice, also at {shown(other.source)}."
                )
                continue
            found[each.name] = each
            if each.job_name not in self._jobs and each.job_name != ASSET_JOB:
                self._problems.add(
                    each.source,
                    f"schedule {each.name}: there is no job {each.job_name!r}.{nearest(each.job_name, self._jobs)}",
                )
            try:
                cron.validate(each.cron_schedule, each.execution_timezone)
            except DefinitionError as error:
                self._problems.add(each.source, f"schedule {each.name}: {error}")
        return found
