"""Graphs of ops as steps: nested graphs become flat, and one step stands for those of all items."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Edge, GraphInvocation, GraphNode, JobNode, Manifest, OpNode, RetryPolicy
from rostrum.model.plans import FromConfig, FromDefault, FromStep, InputSource, Step, StepInput
from rostrum.planning.placement import placed

Place = tuple[str, str]
"""(step, dynamic output)"""


class _Scope:
    """One use of a graph while it is flattened."""

    __slots__ = ("graph", "hooks", "inputs", "nodes", "path", "retry_policy", "tags")

    def __init__(
        self,
        graph: GraphNode,
        path: tuple[str, ...],
        inputs: Mapping[str, tuple[InputSource, ...]],
        retry_policy: RetryPolicy | None,
        tags: dict[str, str],
        hooks: tuple[str, ...],
    ) -> None:
        self.hooks = hooks
        self.graph, self.path, self.inputs = graph, path, inputs
        self.nodes = {node.name: node for node in graph.nodes}
        self.retry_policy, self.tags = retry_policy, tags


def graph_steps(manifest: Manifest, job: JobNode) -> list[Step]:
    """Steps of a job of ops. Those for items of dynamic outputs have `mapped_over`."""
    graphs = {graph.name: graph for graph in manifest.graphs}
    ops = {op.name: op for op in manifest.ops}
    top = graphs[job.graph or ""]
    given: dict[str, tuple[InputSource, ...]] = {
        item.name: (FromConfig(("inputs", item.name)), *((FromDefault(),) if item.has_default else ()))
        for item in top.inputs
    }
    steps: list[Step] = []
    ordering: dict[str, list[FromStep]] = {}
    pending = [_Scope(top, (), given, job.retry_policy, {}, job.hooks)]
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
                policy, tags = node.retry_policy or scope.retry_policy, {**scope.tags, **node.tags}
                pending.append(_Scope(inner, path, connected, policy, tags, (*node.hooks, *scope.hooks)))
            else:
                steps.append(_op_step(ops[node.op or ""], scope, node, connected, ordering))
    dynamic = {step.key: outputs for step in steps if (outputs := _dynamic_outputs(ops[step.op]))}
    return _with_items(steps, dynamic, ordering) if dynamic else steps


def _dynamic_outputs(op: OpNode) -> frozenset[str]:
    return frozenset(output.name for output in op.outputs if output.dynamic)


def _with_items(
    steps: list[Step], dynamic: Mapping[str, frozenset[str]], ordering: Mapping[str, list[FromStep]]
) -> list[Step]:
    """Say of each step which items it is for, and of each source which items it has."""
    by_key = {step.key: step for step in steps}
    over: dict[str, tuple[Place, ...]] = {}

    def reach(key: str) -> tuple[Place, ...]:
        """Dynamic outputs that a step is mapped over."""
        pending = [key]
        while pending:
            step = by_key[pending[-1]]
            missing = [above for above in step.upstream if above not in over]
            if missing:
                if len(pending) > len(by_key):
                    return ()  # a circle, which ordering tells
                pending.append(missing[0])
                continue
            pending.pop()
            over[step.key] = _mapped_over(step, over, dynamic, ordering.get(step.key, ()))
        return over[key]

    found: list[Step] = []
    for step in steps:
        mapped = reach(step.key)
        inputs = tuple(
            replace(item, sources=tuple(_source(source, over, dynamic) for source in item.sources))
            if any(isinstance(source, FromStep) and source.over for source in item.sources)
            else item
            for item in step.inputs
        )
        found.append(replace(step, inputs=inputs, mapped_over=mapped) if mapped or inputs != step.inputs else step)
    return found


def _mapped_over(
    step: Step,
    over: Mapping[str, tuple[Place, ...]],
    dynamic: Mapping[str, frozenset[str]],
    ordering: tuple[FromStep, ...] | list[FromStep],
) -> tuple[Place, ...]:
    sources = [source for item in step.inputs for source in item.sources if isinstance(source, FromStep)]
    longest: tuple[Place, ...] = ()
    for source in (*sources, *ordering):
        reached = over.get(source.step_key, ())
        yields = source.output in dynamic.get(source.step_key, ())
        if source.over == "map" and yields:
            reached = (*reached, (source.step_key, source.output))
        elif source.over == "collect" and not yields:
            reached = reached[:-1]
        short, long = sorted((reached, longest), key=len)
        if long[: len(short)] != short:
            raise DefinitionError(
                f"{step.key} cannot be mapped over {_told(long)} and {_told(short)} at once: collect one of them first."
            )
        longest = long
    return longest


def _source(
    source: InputSource, over: Mapping[str, tuple[Place, ...]], dynamic: Mapping[str, frozenset[str]]
) -> InputSource:
    if not isinstance(source, FromStep) or not source.over:
        return source
    yields = source.output in dynamic.get(source.step_key, ())
    if source.over == "map":
        return replace(source, over="item" if yields else "")
    return replace(source, over="items" if yields else ("steps" if over.get(source.step_key) else ""))


def _told(places: tuple[Place, ...]) -> str:
    return " and ".join(f"output {output!r} of {step}" for step, output in places) or "nothing"


def _op_step(
    op: OpNode,
    scope: _Scope,
    node: GraphInvocation,
    connected: Mapping[str, tuple[InputSource, ...]],
    ordering: dict[str, list[FromStep]],
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
        if item.nothing:
            ordering.setdefault(".".join(path), []).extend(steps)
        else:
            gathered = any(source.over == "collect" for source in steps)
            inputs.append(StepInput(item.name, sources, fan_in=gathered or len(steps) > 1 or _is_list(node, item.name)))
    tags, isolation, timeout = op.tags, op.isolation, op.timeout_seconds
    if scope.tags or node.tags:
        own = {**scope.tags, **node.tags}
        tags, (isolation, timeout) = {**op.tags, **own}, placed(op, own)
    return Step(
        key=".".join(path),
        op=op.name,
        inputs=tuple(inputs),
        upstream=tuple(upstream),
        retry_policy=node.retry_policy or op.retry_policy or scope.retry_policy,
        pool=op.pool,
        isolation=isolation,
        timeout_seconds=timeout,
        tags=tags,
        hooks=(*op.hooks, *node.hooks, *scope.hooks) if op.hooks or node.hooks or scope.hooks else (),
    )


def _is_list(node: GraphInvocation, name: str) -> bool:
    edges = node.inputs[name]
    return len(edges) != 1 or edges[0].collect in ("list", "map_list")


def node_path(key: str) -> tuple[str, ...]:
    """Where the run config has what is for a step: `("ops", "outer", "ops", "inner")`."""
    parts: list[str] = []
    for part in key.partition("[")[0].split("."):
        parts += ["ops", part]
    return tuple(parts)


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
    over = {"map": "map", "map_list": "map", "collect": "collect"}.get(edge.collect, "")
    while True:
        node = nodes[edge.node]
        path = (*path, node.name)
        if node.graph is None:
            return FromStep(".".join(path), edge.output, over=over)
        graph = graphs[node.graph]
        edge = graph.outputs[edge.output]
        if edge.collect == "collect":
            over = "collect"
        nodes = {inner.name: inner for inner in graph.nodes}


def _config_path(path: tuple[str, ...], name: str) -> tuple[str, ...]:
    parts: list[str] = []
    for part in path:
        parts += ["ops", part]
    return (*parts, "inputs", name)
