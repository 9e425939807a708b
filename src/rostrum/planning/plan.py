"""From a target to a plan: `build_plan`, linear in the number of steps and edges.

Reading a `StepInput`: with `fan_in` the value is the list of all sources' values; without it the first source that
has a value
counts (an input that nothing is connected to has `FromConfig` and, where the function has a default, `FromDefault`
after it).
Asset inputs are always `FromAsset`: the stored value, made in this run or before; `Step.upstream` keeps the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import NotFound, StateError
from rostrum.model.events import RunPlanned
from rostrum.model.manifest import ASSET_JOB, Edge, GraphInvocation, GraphNode, JobNode, Manifest, OpNode, RetryPolicy
from rostrum.model.plans import FromAsset, FromConfig, FromDefault, FromStep, InputSource, Plan, Step, StepInput
from rostrum.model.runs import RunTarget
from rostrum.planning.graph import AssetGraph


def build_plan(manifest: Manifest, target: RunTarget, graph: AssetGraph | None = None) -> Plan:
    """Plan a target. `graph` saves building the index again. Raises NotFound for names that the manifest does not
    have.
    """
    job = job_node(manifest, target.job)
    if job.graph is not None:
        steps = _graph_steps(manifest, job)
    else:
        graph = graph or AssetGraph(manifest)
        assets, checks = selected(graph, job, target)
        steps = _asset_steps(graph, job, assets, checks)
    return Plan(tuple(in_order(_only(steps, target.step_selection))))


def job_node(manifest: Manifest, name: str) -> JobNode:
    """The job of that name; the implicit asset job is always there. Raises NotFound."""
    for job in manifest.jobs:
        if job.name == name:
            return job
    if name == ASSET_JOB:
        return JobNode(ASSET_JOB)
    raise NotFound(f"there is no job {name!r}.{_nearest(name, (job.name for job in manifest.jobs))}")


def selected(graph: AssetGraph, job: JobNode, target: RunTarget) -> tuple[list[AssetKey], list[CheckKey]]:
    """Assets and checks that the target makes, in the manifest's order. Raises NotFound for keys outside of the job."""
    if job.name == ASSET_JOB:
        offered = graph.executable
        offered_checks: Iterable[CheckKey] = graph.check_nodes
    else:
        offered = [key for key in job.asset_selection if key in graph.nodes and graph.nodes[key].op is not None]
        offered_checks = job.check_selection
    if target.asset_selection:
        wanted = set(target.asset_selection)
        _require(wanted, offered, "asset", job.name)
        assets = [key for key in offered if key in wanted]
    else:
        assets = [] if target.check_selection else list(offered)
    made = set(assets)
    if target.check_selection is not None:
        chosen = set(target.check_selection)
        _require(chosen, offered_checks, "check", job.name)
    else:
        whole = not target.asset_selection and job.name != ASSET_JOB
        chosen = {key for key in offered_checks if whole or key.asset_key in made}
    return assets, [key for key in offered_checks if key in chosen and _can_evaluate(graph, key, made)]


def _can_evaluate(graph: AssetGraph, key: CheckKey, made: set[AssetKey]) -> bool:
    """A check inside of an asset's function is evaluated only together with that asset, unless the function can be
    subset.
    """
    op = graph.ops[graph.check_nodes[key].op]
    return op.kind != "asset" or op.can_subset or any(asset in made for asset in graph.assets_of_op.get(op.name, ()))


def in_order(steps: list[Step]) -> list[Step]:
    """Steps in the order of a run that does one at a time: first ready, first run; ready at once: by key."""
    by_key = {step.key: step for step in steps}
    missing: dict[str, int] = {}
    downstream: dict[str, list[str]] = {}
    for step in steps:
        missing[step.key] = len(step.upstream)
        for upstream in step.upstream:
            downstream.setdefault(upstream, []).append(step.key)
    order = sorted(key for key, count in missing.items() if count == 0)
    for key in order:
        ready: list[str] = []
        for below in downstream.get(key, ()):
            missing[below] -= 1
            if missing[below] == 0:
                ready.append(below)
        order.extend(sorted(ready) if len(ready) > 1 else ready)
    if len(order) < len(steps):
        circle = sorted(key for key, count in missing.items() if count > 0)
        raise StateError(f"these steps wait for each other and cannot be ordered: {', '.join(circle[:10])}")
    return [by_key[key] for key in order]


def planned(
    graph: AssetGraph,
    asset_keys: Sequence[AssetKey],
    check_keys: Sequence[CheckKey],
    partition_keys: Sequence[str],
    at: datetime,
) -> list[RunPlanned]:
    """Events that tell what a run intends to make. Assets without partitions are planned apart: they have no partition
    to mark.
    """
    partitioned = tuple(key for key in asset_keys if partition_keys and graph.nodes[key].partitions is not None)
    apart = set(partitioned)
    plain = tuple(key for key in asset_keys if key not in apart)
    events: list[RunPlanned] = []
    if partitioned:
        events.append(RunPlanned(at=at, asset_keys=partitioned, partition_keys=tuple(partition_keys)))
    if plain or check_keys:
        events.append(RunPlanned(at=at, asset_keys=plain, check_keys=tuple(check_keys)))
    return events


# --- assets ----------------------------------------------------------------------------------------------------------


def _asset_steps(graph: AssetGraph, job: JobNode, assets: list[AssetKey], checks: list[CheckKey]) -> list[Step]:
    assets_of: dict[str, list[AssetKey]] = {}
    for key in assets:
        assets_of.setdefault(graph.nodes[key].op or "", []).append(key)
    checks_of: dict[str, list[CheckKey]] = {}
    blockers: dict[AssetKey, list[str]] = {}
    for check in checks:
        node = graph.check_nodes[check]
        checks_of.setdefault(node.op, []).append(check)
        if node.blocking:
            blockers.setdefault(check.asset_key, []).append(node.op)
    maker = {key: graph.nodes[key].op or "" for key in assets}
    steps: list[Step] = []
    for op_name in {**assets_of, **checks_of}:
        op = graph.ops[op_name]
        _require_whole(graph, op, assets_of.get(op_name, ()))
        needs: dict[AssetKey, None] = {}
        for key in assets_of.get(op_name, ()):
            for upstream in graph.upstream[key]:
                needs[upstream] = None
        inputs: list[StepInput] = []
        for item in op.inputs:
            if item.asset_key is None:
                continue
            needs[item.asset_key] = None
            if not item.nothing:
                inputs.append(StepInput(item.name, (FromAsset(item.asset_key),)))
        upstream_ops: dict[str, None] = {}
        for key in needs:
            above = maker.get(key)
            if above is not None and above != op_name:
                upstream_ops[above] = None
            if blockers and op_name in assets_of:
                for blocker in blockers.get(key, ()):
                    if blocker != op_name:
                        upstream_ops[blocker] = None
        steps.append(
            Step(
                key=op_name,
                op=op_name,
                inputs=tuple(inputs),
                upstream=tuple(upstream_ops),
                asset_keys=tuple(assets_of.get(op_name, ())),
                check_keys=tuple(checks_of.get(op_name, ())),
                retry_policy=op.retry_policy or job.retry_policy,
                pool=op.pool,
                tags=op.tags,
            )
        )
    return steps


def _require_whole(graph: AssetGraph, op: OpNode, assets: Sequence[AssetKey]) -> None:
    made = graph.assets_of_op.get(op.name, ())
    if assets and not op.can_subset and len(assets) != len(made):
        raise StateError(
            f"{op.name} makes {', '.join(str(key) for key in made)} together: select all of them, or define it with "
            "can_subset=True."
        )


# --- graphs of ops ---------------------------------------------------------------------------------------------------


class _Scope:
    """One use of a graph while it is flattened."""

    __slots__ = ("graph", "inputs", "nodes", "path", "retry_policy", "tags")

    def __init__(
        self,
        graph: GraphNode,
        path: tuple[str, ...],
        inputs: Mapping[str, tuple[InputSource, ...]],
        retry_policy: RetryPolicy | None,
        tags: dict[str, str],
    ) -> None:
        self.graph, self.path, self.inputs = graph, path, inputs
        self.nodes = {node.name: node for node in graph.nodes}
        self.retry_policy, self.tags = retry_policy, tags


def _graph_steps(manifest: Manifest, job: JobNode) -> list[Step]:
    graphs = {graph.name: graph for graph in manifest.graphs}
    ops = {op.name: op for op in manifest.ops}
    top = graphs[job.graph or ""]
    given: dict[str, tuple[InputSource, ...]] = {
        item.name: (FromConfig(("inputs", item.name)), *((FromDefault(),) if item.has_default else ()))
        for item in top.inputs
    }
    steps: list[Step] = []
    pending = [_Scope(top, (), given, job.retry_policy, {})]
    while pending:
        scope = pending.pop()
        for node in scope.graph.nodes:
            connected = {name: _sources(graphs, scope, edges) for name, edges in node.inputs.items()}
            if node.graph is not None:
                inner = graphs[node.graph]
                path = (*scope.path, node.name)
                for item in inner.inputs:
                    if item.name not in connected:
                        connected[item.name] = (
                            FromConfig(_config_path(path, item.name)),
                            *((FromDefault(),) if item.has_default else ()),
                        )
                pending.append(
                    _Scope(inner, path, connected, node.retry_policy or scope.retry_policy, {**scope.tags, **node.tags})
                )
            else:
                steps.append(_op_step(ops[node.op or ""], scope, node, connected))
    return steps


def _op_step(
    op: OpNode, scope: _Scope, node: GraphInvocation, connected: Mapping[str, tuple[InputSource, ...]]
) -> Step:
    path = (*scope.path, node.name)
    inputs: list[StepInput] = []
    upstream: dict[str, None] = {}
    for item in op.inputs:
        sources = connected.get(item.name)
        if sources is None:
            if not item.nothing:
                default: tuple[InputSource, ...] = (FromDefault(),) if item.has_default else ()
                inputs.append(StepInput(item.name, (FromConfig(_config_path(path, item.name)), *default)))
            continue
        steps = [source for source in sources if isinstance(source, FromStep)]
        for source in steps:
            upstream[source.step_key] = None
        if not item.nothing:
            inputs.append(StepInput(item.name, sources, fan_in=len(steps) > 1 or _is_list(node, item.name)))
    tags = {**op.tags, **scope.tags, **node.tags} if scope.tags or node.tags else op.tags
    return Step(
        key=".".join(path),
        op=op.name,
        inputs=tuple(inputs),
        upstream=tuple(upstream),
        retry_policy=node.retry_policy or op.retry_policy or scope.retry_policy,
        pool=op.pool,
        tags=tags,
    )


def _is_list(node: GraphInvocation, name: str) -> bool:
    edges = node.inputs[name]
    return len(edges) > 1 or any(edge.collect == "list" for edge in edges)


def _sources(graphs: Mapping[str, GraphNode], scope: _Scope, edges: tuple[Edge, ...]) -> tuple[InputSource, ...]:
    sources: list[InputSource] = []
    for edge in edges:
        if not edge.node:
            sources.extend(scope.inputs.get(edge.output, ()))
        else:
            sources.append(_producer(graphs, scope, edge))
    return tuple(sources)


def _producer(graphs: Mapping[str, GraphNode], scope: _Scope, edge: Edge) -> FromStep:
    """Step and output that an edge leads to, through the outputs of nested graphs."""
    path = scope.path
    nodes = scope.nodes
    while True:
        node = nodes[edge.node]
        path = (*path, node.name)
        if node.graph is None:
            return FromStep(".".join(path), edge.output)
        graph = graphs[node.graph]
        edge = graph.outputs[edge.output]
        nodes = {inner.name: inner for inner in graph.nodes}


def _config_path(path: tuple[str, ...], name: str) -> tuple[str, ...]:
    parts: list[str] = []
    for part in path:
        parts += ["ops", part]
    return (*parts, "inputs", name)


# --- parts of a plan -------------------------------------------------------------------------------------------------


def _only(steps: list[Step], keys: tuple[str, ...]) -> list[Step]:
    """Those steps, without the others upstream: their values come from the stored outputs of the parent run."""
    if not keys:
        return steps
    wanted = set(keys)
    unknown = wanted - {step.key for step in steps}
    if unknown:
        name = min(unknown)
        raise NotFound(f"there is no step {name!r} in this job.{_nearest(name, (step.key for step in steps))}")
    return [
        msgspec.structs.replace(step, upstream=tuple(u for u in step.upstream if u in wanted))
        for step in steps
        if step.key in wanted
    ]


def _require(
    wanted: set[AssetKey] | set[CheckKey], offered: Iterable[AssetKey] | Iterable[CheckKey], what: str, job: str
) -> None:
    unknown = wanted.difference(offered)
    if unknown:
        name = min(str(key) for key in unknown)
        place = "" if job == ASSET_JOB else f" in job {job!r}"
        raise NotFound(
            f"there is no {what} {name!r} that can be run{place}.{_nearest(name, (str(key) for key in offered))}"
        )


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only mistakes need it

    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
