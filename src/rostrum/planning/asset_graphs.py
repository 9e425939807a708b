"""Graph-backed assets as steps: one step an op of the graph, named `<asset>.<op>`; the last ones make the assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from rostrum.model.errors import StateError
from rostrum.model.manifest import Edge, GraphNode, JobNode, Manifest, OpNode
from rostrum.model.plans import FromAsset, FromConfig, FromStep, InputSource, Step, StepInput
from rostrum.planning.op_steps import graph_steps


def with_graphs(manifest: Manifest, job: JobNode, ops: Mapping[str, OpNode], steps: Sequence[Step]) -> list[Step]:
    """Steps of assets, those of graph-backed ones replaced by the steps of their graphs."""
    if all(ops[step.op].graph is None for step in steps):
        return list(steps)
    graphs = {graph.name: graph for graph in manifest.graphs}
    found: list[Step] = []
    ends: dict[str, tuple[str, ...]] = {}
    """Graph-backed op -> steps that make its assets."""
    for step in steps:
        op = ops[step.op]
        if op.graph is None:
            found.append(step)
            continue
        inner = _inner(manifest, job, op, graphs, step)
        ends[step.key] = tuple(each.key for each in inner if each.asset_keys or each.check_keys)
        found.extend(inner)
    return [_after(step, ends) if any(above in ends for above in step.upstream) else step for step in found]


def _after(step: Step, ends: Mapping[str, tuple[str, ...]]) -> Step:
    upstream: dict[str, None] = {}
    for key in step.upstream:
        upstream.update(dict.fromkeys(ends.get(key, (key,))))
    upstream.pop(step.key, None)
    return replace(step, upstream=tuple(upstream))


def _inner(manifest: Manifest, job: JobNode, op: OpNode, graphs: Mapping[str, GraphNode], whole: Step) -> list[Step]:
    """Steps of one graph-backed op. `whole` is the step as if it were one: which assets, after what."""
    graph = graphs[op.graph or ""]
    alone = JobNode(job.name, graph=graph.name, retry_policy=whole.retry_policy, hooks=whole.hooks)
    steps = {step.key: step for step in graph_steps(manifest, alone)}
    makers = _makers(op, graph, graphs, whole)
    loaded = {item.name: item for item in op.inputs}
    wanted = _needed(steps, makers) if len(whole.asset_keys) < len(_assets(op)) else set(steps)
    placed: list[Step] = []
    for key, step in steps.items():
        if key in wanted:
            placed.append(_placed(step, op, whole, makers.get(key, {}), loaded))
    return placed


def _assets(op: OpNode) -> list[Any]:
    return [output.asset_key for output in op.outputs if output.asset_key is not None]


def _makers(op: OpNode, graph: GraphNode, graphs: Mapping[str, GraphNode], whole: Step) -> dict[str, dict[str, str]]:
    """Step in the graph -> its output -> output of the graph, for those that the run wants."""
    found: dict[str, dict[str, str]] = {}
    for output in op.outputs:
        if output.asset_key not in whole.asset_keys and output.check_key not in whole.check_keys:
            continue
        key, name = _source(graphs, graph, graph.outputs[output.name])
        if name in found.get(key, {}):
            raise StateError(f"{op.name}: one output of {key} cannot be two assets.")
        found.setdefault(key, {})[name] = output.name
    return found


def _source(graphs: Mapping[str, GraphNode], graph: GraphNode, edge: Edge) -> tuple[str, str]:
    path: list[str] = []
    while True:
        node = next(node for node in graph.nodes if node.name == edge.node)
        path.append(node.name)
        if node.graph is None:
            return ".".join(path), edge.output
        graph = graphs[node.graph]
        edge = graph.outputs[edge.output]


def _needed(steps: Mapping[str, Step], makers: Mapping[str, Any]) -> set[str]:
    wanted = set(makers)
    pending = list(wanted)
    while pending:
        for above in steps[pending.pop()].upstream:
            if above not in wanted:
                wanted.add(above)
                pending.append(above)
    return wanted


def _placed(step: Step, op: OpNode, whole: Step, made: Mapping[str, str], loaded: Mapping[str, Any]) -> Step:
    """A step of the graph as a step of the run."""
    outputs = {output.name: output for output in op.outputs}
    inputs = tuple(
        replace(item, sources=tuple(_moved(source, op.name, loaded) for source in item.sources)) for item in step.inputs
    )
    inputs = tuple(_loads(item) for item in inputs)
    above = tuple(f"{op.name}.{key}" for key in step.upstream)
    if not above or any(isinstance(source, FromAsset) for item in inputs for source in item.sources):
        above = (*above, *whole.upstream)
    return replace(
        step,
        key=f"{op.name}.{step.key}",
        inputs=inputs,
        upstream=above,
        asset_keys=tuple(key for name in made.values() if (key := outputs[name].asset_key) is not None),
        check_keys=tuple(key for name in made.values() if (key := outputs[name].check_key) is not None),
        tags={**whole.tags, **step.tags} if whole.tags else step.tags,
        mapped_over=tuple((f"{op.name}.{key}", output) for key, output in step.mapped_over),
        part_of=op.name,
        asset_outputs=dict(made),
    )


def _loads(item: StepInput) -> StepInput:
    """An input of the graph is an asset, and has no other source."""
    found = tuple(source for source in item.sources if isinstance(source, FromAsset))
    return replace(item, sources=found) if found and not item.fan_in else item


def _moved(source: InputSource, name: str, loaded: Mapping[str, Any]) -> InputSource:
    if isinstance(source, FromStep):
        return replace(source, step_key=f"{name}.{source.step_key}")
    if isinstance(source, FromConfig):
        if source.path[0] == "inputs" and source.path[1] in loaded and loaded[source.path[1]].asset_key is not None:
            return FromAsset(loaded[source.path[1]].asset_key)
        return FromConfig(("ops", name, *source.path))
    return source
