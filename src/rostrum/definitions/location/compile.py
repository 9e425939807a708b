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

from rostrum.definitions.assets.definition import AssetsDefinition, AssetSpec
from rostrum.definitions.automations.schedules import ScheduleDefinition
from rostrum.definitions.automations.sensors import SensorDefinition
from rostrum.definitions.broken import is_broken
from rostrum.definitions.checks.definition import AssetChecksDefinition
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.location.compile_automations import Automations
from rostrum.definitions.location.live import ExecutorDefinition, Resolved
from rostrum.definitions.location.nodes import NodeWriter, shown_metadata
from rostrum.definitions.location.relatives import with_relatives
from rostrum.definitions.names import check_segment, group_problem, nearest, owner_problem, tag_problem
from rostrum.definitions.ops.executors import check_executors
from rostrum.definitions.ops.graphs import GraphDefinition
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.problems import Problems
from rostrum.definitions.resources.bindings import check_bindings, check_hooks
from rostrum.definitions.sources import shown
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import DefinitionError, StateError
from rostrum.model.manifest import (
    ASSET_JOB,
    AssetNode,
    CheckNode,
    GraphNode,
    JobNode,
    Manifest,
    OpNode,
    ScheduleNode,
    SensorNode,
    Source,
)
from rostrum.planning.collector import seldom_collecting
from rostrum.planning.graph import AssetGraph, require_whole, runnable, told_circle

_MEANT_CONTEXT = {"ctx", "_ctx", "_context", "ctxt"}
_CONTEXT_HINT = " The argument that takes the context is called `context`."


class Missing:
    """What a load lacks because it could not be made, and was told: what depends on it is not judged."""

    __slots__ = ("all_assets", "all_jobs", "anything", "assets", "jobs", "resources")

    def __init__(self) -> None:
        self.assets: set[AssetKey] = set()
        self.jobs: set[str] = set()
        self.all_assets = self.all_jobs = False
        """There are some whose names are not known."""
        self.resources = False
        """Some resources."""
        self.anything = False


class Collected:
    """Everything that a `Definitions` holds."""

    __slots__ = ("assets", "checks", "executor", "jobs", "loggers", "metadata", "resources", "schedules", "sensors")

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
        sensors: Sequence[SensorDefinition] = (),
    ) -> None:
        self.assets, self.checks, self.jobs, self.schedules = assets, checks, jobs, schedules
        self.sensors = sensors
        self.resources, self.executor, self.loggers, self.metadata = resources, executor, loggers, metadata


def compile_definitions(collected: Collected) -> Resolved:
    """Validate and compile. Raises DefinitionError that lists all mistakes with file and line."""
    with seldom_collecting():
        return _Compiler(collected).compile()


def compile_a_part(collected: Collected) -> Resolved:
    """As `compile_definitions`, for definitions that others will complete: their resources may be elsewhere."""
    missing = Missing()
    missing.resources = missing.all_assets = True
    with seldom_collecting():
        return _Compiler(collected, missing).compile()


def mistakes_beside(collected: Collected, missing: Missing) -> None:
    """Raise DefinitionError that lists those mistakes that are ones whatever is missing: for a load in which some
    definitions could not be made, and so are left out here.
    """
    _Compiler(collected, missing).judge()


class _Compiler:
    def __init__(self, collected: Collected, missing: Missing | None = None) -> None:
        self._collected, self._missing = collected, missing or Missing()
        self._problems = Problems()
        self._given = collected.assets
        self._automations = Automations(self._problems, collected.schedules, collected.sensors)
        self._writer = NodeWriter()
        self._assets: dict[AssetKey, AssetNode] = {}
        self._sources: dict[AssetKey, Source | None] = {}
        self._checks: dict[CheckKey, CheckNode] = {}
        self._check_specs: dict[CheckKey, AssetCheckSpec] = {}
        self._ops: dict[str, OpDefinition] = {}
        self._op_nodes: dict[str, OpNode] = {}
        self._graphs: dict[str, GraphDefinition] = {}
        self._jobs: dict[str, JobSpec] = {}
        self._partitions: dict[AssetKey, PartitionsDefinition | None] = {}
        self._groups_checked: set[str] = set()
        self._resources: dict[str, Any] = dict(collected.resources)
        """Bound for the location, and brought along by assets."""

    def judge(
        self,
    ) -> tuple[tuple[JobNode, ...], tuple[ScheduleNode, ...], tuple[SensorNode, ...], tuple[GraphNode, ...]]:
        """Raise DefinitionError that lists all mistakes; else give the nodes that are made last."""
        collected, writer, missing = self._collected, self._writer, self._missing
        self._add_assets()
        self._add_checks()
        self._add_missing_assets()
        self._add_jobs()
        if not missing.resources:
            check_bindings(self._problems, self._resources, self._ops.values(), self._jobs.values())
        graph = AssetGraph(Manifest(assets=tuple(self._assets.values()), checks=tuple(self._checks.values())))
        self._check_circles(graph)
        jobs = tuple(self._job_node(job, graph) for job in self._jobs.values())
        known_jobs = None if missing.all_jobs else self._jobs.keys() | missing.jobs
        self._automations.check(known_jobs, None if missing.resources else collected.resources)
        if not missing.anything:
            self._automations.resolve(jobs, writer.partitions)
        schedules, sensors = self._automations.nodes(writer, graph, judged=not missing.all_assets)
        graphs = tuple(writer.graph(each) for each in self._graphs.values())
        if not missing.resources:
            check_hooks(self._problems, self._resources, writer.hooks.values(), self._jobs.values())
        own = {job.name: (job.executor_def, job.source) for job in self._jobs.values() if job.executor_def is not None}
        check_executors(self._problems, collected.executor, own)
        self._problems.raise_if_any()
        return jobs, schedules, sensors, graphs

    def compile(self) -> Resolved:
        """Judge, and put all together."""
        collected, writer = self._collected, self._writer
        jobs, schedules, sensors, graphs = self.judge()
        manifest = Manifest(
            assets=tuple(self._assets.values()),
            checks=tuple(self._checks.values()),
            ops=tuple(self._op_nodes.values()),
            graphs=graphs,
            jobs=jobs,
            schedules=schedules,
            sensors=sensors,
            resources=tuple(writer.resource(key, value) for key, value in sorted(self._resources.items())),
            partitions=writer.partitions,
            conditions=writer.conditions,
            executor=collected.executor.name if collected.executor is not None else None,
            metadata=shown_metadata(collected.metadata),
        )
        return Resolved(
            manifest,
            self._ops,
            self._resources,
            executor=collected.executor,
            executors={job.name: job.executor_def for job in self._jobs.values() if job.executor_def is not None},
            job_resources={job.name: job.resource_defs for job in self._jobs.values() if job.resource_defs},
            schedules=self._automations.schedules,
            sensors=self._automations.sensors,
            loggers=dict(collected.loggers),
            jobs=dict(self._jobs),
            graph_configs={graph.name: graph.config for graph in self._graphs.values() if graph.config is not None},
            hooks=writer.hooks,
            assets_defs=self._given,
            check_specs=self._check_specs,
        )

    # --- assets and checks

    def _add_assets(self) -> None:
        seen: set[int] = set()
        self._given = with_relatives(self._collected.assets)
        for each in self._given:
            if id(each) in seen:
                continue
            seen.add(id(each))
            if isinstance(each, AssetSpec):
                self._add_asset(each, None, {})
                continue
            if each.resource_defs:
                self._bind(each)
            if each.op is None:
                for spec in each.specs:
                    self._add_asset(spec, None, {})
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
            also = f"asset {key} is defined twice, also at {shown(self._sources[key])}."
            self._problems.add(spec.source, f"Duplicate asset key: {key!r}: {also}")
            return
        self._sources[key] = spec.source
        self._check_spec(spec)
        self._assets[key] = self._writer.asset(spec, definition, outputs.get(key))
        self._partitions[key] = spec.partitions_def

    def _bind(self, definition: AssetsDefinition) -> None:
        """Take the resources that an asset brings along. One key means one resource everywhere."""
        for key, value in definition.resource_defs.items():
            known = self._resources.setdefault(key, value)
            if known is not value and not (is_broken(known) or is_broken(value)) and known != value:
                of = (
                    f"asset {definition.specs[0].key}" if definition.specs else f"check {definition.check_specs[0].key}"
                )
                self._problems.add(
                    definition.specs[0].source if definition.specs else definition.op.source,
                    f"{of}: its resource {key!r} is another one than that bound elsewhere "
                    "under this key; give one of them another key.",
                )

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
            if each.resource_defs:
                self._bind(each)
            if self._add_op(each.op):
                for spec in each.check_specs:
                    self._add_check(spec, each.op)

    def _add_check(self, spec: AssetCheckSpec, op: OpDefinition) -> None:
        if spec.key in self._checks:
            other = self._checks[spec.key]
            also = f"check {spec.key} is defined twice, also at {shown(other.source)}."
            self._problems.add(op.source, f"Duplicate asset check key: {also}")
            return
        partitions = spec.partitions_def or self._partitions.get(spec.asset_key)
        self._checks[spec.key] = self._writer.check(spec, op, partitions)
        self._check_specs[spec.key] = spec

    def _add_op(self, op: OpDefinition) -> bool:
        other = self._ops.get(op.name)
        if other is not None:
            if other is op:
                return True
            # Two assets of one key are told as such.
            made = {output.asset_key for output in op.outputs.values()} & {
                output.asset_key for output in other.outputs.values()
            } - {None}
            judged = {output.check_key for output in op.outputs.values()} & {
                output.check_key for output in other.outputs.values()
            } - {None}
            if judged:
                keys = ", ".join(sorted(map(str, judged)))
                also = f"check {keys} is defined twice, also at {shown(other.source)}."
                self._problems.add(op.source, f"Duplicate asset check key: {also}")
            elif not made:
                self._problems.add(
                    op.source,
                    f"conflicting definitions: {op.kind} {op.name!r} has the name of the {other.kind} at "
                    f"{shown(other.source)}; rename one.",
                )
            return False
        self._ops[op.name] = op
        self._op_nodes[op.name] = self._writer.op(op)
        if op.graph is not None:
            self._add_graph(op.graph)
        return True

    def _add_missing_assets(self) -> None:
        """Unknown assets: an error for arguments (their value could never be loaded), external assets for the rest."""
        known = self._assets
        for key in self._missing.assets:
            known.setdefault(key, AssetNode(key=key))
        missing: dict[AssetKey, None] = {}
        for op in self._ops.values():
            for item in op.inputs.values():
                key = item.asset_key
                if key is None or key in known:
                    continue
                if item.nothing or self._missing.all_assets:
                    missing[key] = None
                    continue
                own = {output.asset_key for output in op.outputs.values()}
                hint = (
                    _CONTEXT_HINT
                    if str(key) in _MEANT_CONTEXT
                    else nearest(str(key), [str(each) for each in known if each not in own])
                    or " Name it in deps to depend on it without loading it, or add AssetSpec for it."
                )
                self._problems.add(
                    op.source,
                    f"{op.kind} {op.name}: Input asset {str(key)!r} is not produced by any of the provided asset ops: "
                    f"the argument {item.name!r} loads it, and it does not exist.{hint}",
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
        except DefinitionError:
            for circle in graph.cycles():
                self._problems.add(self._sources.get(circle[0]), told_circle(circle))

    # --- jobs

    def _add_jobs(self) -> None:
        for job in [*self._collected.jobs, *self._automations.jobs()]:
            other = self._jobs.get(job.name)
            if other is job:
                continue
            if other is not None or job.name == ASSET_JOB:
                place = f", also at {shown(other.source)}" if other is not None else ""
                also = f"job {job.name!r} is defined twice{place}."
                self._problems.add(job.source, f"Duplicate job definition found: {also}")
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
                f"conflicting definitions: graph {graph.name!r} has the name of another graph at "
                f"{shown(other.source)}; rename one.",
            )
            return
        self._graphs[graph.name] = graph
        for definition in graph.definitions.values():
            if isinstance(definition, GraphDefinition):
                self._add_graph(definition)
            else:
                self._add_op(definition)

    def _job_node(self, job: JobSpec, graph: AssetGraph) -> JobNode:
        if job.selection is None or self._missing.all_assets:
            return self._writer.job(job, (), (), job.partitions_def)
        try:
            keys = job.selection.resolve(graph)
            checks = job.selection.resolve_checks(graph)
            assets = runnable(graph, keys)
            require_whole(assets, self._assets, self._op_nodes)
        except StateError as error:
            self._problems.add(job.source, f"job {job.name}: {error}", error)
            return self._writer.job(job, (), (), None)
        chosen = tuple(graph.in_order(checks))
        partitions: PartitionsDefinition | str | None = job.partitions_def
        if partitions is None:
            names = {self._assets[key].partitions for key in assets} - {None}
            partitions = names.pop() if len(names) == 1 else None
        return self._writer.job(job, assets, chosen, partitions)
