"""The run config that a run works with: what it was launched with over its job's default, mappings resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from rostrum.definitions.config.run_config import merged
from rostrum.definitions.location.live import Resolved
from rostrum.model.manifest import GraphInvocation, GraphNode, JobNode
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import job_node, selected

_SECTIONS = {"ops", "resources", "loggers", "execution", "inputs"}
_APART = ("execution", "loggers", "inputs")
"""What concerns the run as a whole is given beside the simple config of a mapping."""

Call = Callable[..., Any]
"""`call(what, function, *arguments)` calls a function of the user's."""


def plainly(_what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call, and let what is raised pass."""
    return function(*arguments)


def mapped_config(
    resolved: Resolved,
    job_name: str,
    given: Mapping[str, Any],
    partition_key: str | None = None,
    call: Call = plainly,
    target: RunTarget | None = None,
) -> Mapping[str, Any]:
    """The config over the job's default one, with config mappings of job and graphs resolved. The same object where
    nothing changes it. `target` tells which assets of the job are made; all without it.
    """
    node = next((job for job in resolved.manifest.jobs if job.name == job_name), None)
    job = resolved.jobs.get(job_name)
    config = given
    if node is not None and node.config:
        config = merged(node.config, config)
    partitioned = getattr(job, "partitioned_config", None)
    if partitioned is not None and partition_key is not None:
        config = merged(call("the partitioned config", partitioned.config_of, partition_key), config)
    mapping = getattr(job, "config_mapping", None)
    if mapping is not None:
        apart = {key: config[key] for key in _APART if key in config}
        simple = {key: value for key, value in config.items() if key not in apart}
        made = call(f"the config mapping of job {job_name}", mapping.resolve, simple)
        config = merged(made if not made or set(made) <= _SECTIONS else {"ops": made}, apart)
    values = getattr(job, "input_values", None)
    if values:
        config = merged({"inputs": {name: {"value": value} for name, value in values.items()}}, config)
    if resolved.graph_configs:
        top = _top(resolved, node, target or RunTarget(location="", job=job_name))
        config = _with_graph_configs(resolved, top, config, call)
    return config


def _top(resolved: Resolved, node: JobNode | None, target: RunTarget) -> GraphNode:
    """The job's graph; for a job of assets one of the graphs that make those which are selected."""
    if node is not None and node.graph is not None:
        return next(graph for graph in resolved.manifest.graphs if graph.name == node.graph)
    graph = resolved.graph
    assets, _ = selected(graph, job_node(resolved.manifest, target.job), target)
    ops = dict.fromkeys(graph.nodes[key].op or "" for key in assets)
    return GraphNode(target.job, nodes=tuple(GraphInvocation(name, graph=graph.ops[name].graph) for name in ops))


def _with_graph_configs(resolved: Resolved, top: GraphNode, config: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    graphs = {graph.name: graph for graph in resolved.manifest.graphs}
    given = cast("Mapping[str, Any]", config["ops"] if isinstance(config.get("ops"), Mapping) else {})
    ops = _ops_of(resolved, graphs, top, given, "ops", call)
    return {**config, "ops": ops} if ops else config


def _ops_of(
    resolved: Resolved,
    graphs: Mapping[str, GraphNode],
    graph: GraphNode,
    ops: Mapping[str, Any],
    path: str,
    call: Call,
) -> dict[str, Any]:
    """Config of a graph's nodes, with that of inner graphs made by their mappings."""
    result = dict(ops)
    for each in graph.nodes:
        if each.graph is None:
            continue
        place = f"{path}.{each.name}"
        given = result.get(each.name)
        own: dict[str, Any] = dict(cast("Mapping[str, Any]", given)) if isinstance(given, Mapping) else {}
        source: Any = resolved.graph_configs.get(each.graph)
        if hasattr(source, "resolve"):
            what = f"the config mapping of {place}"
            made = call(what, source.resolve, own.pop("config", {}), f"{place}.config")
            own["ops"] = merged(made.get("ops", made), own.get("ops", {}))
        elif isinstance(source, Mapping):
            fixed = cast("Mapping[str, Any]", source)
            own["ops"] = merged(fixed.get("ops", fixed), own.get("ops", {}))
        inner = _ops_of(resolved, graphs, graphs[each.graph], own.get("ops", {}), f"{place}.ops", call)
        if inner:
            own["ops"] = inner
        if own:
            result[each.name] = own
    return result
