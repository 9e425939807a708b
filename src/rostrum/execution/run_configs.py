"""The run config that a run works with: what it was launched with over its job's default, mappings resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from msgspec import structs

from rostrum.definitions.live import Resolved
from rostrum.definitions.run_config import merged
from rostrum.execution.user_code import placed
from rostrum.model.manifest import GraphInvocation, GraphNode, JobNode
from rostrum.model.runs import Run
from rostrum.planning.plan import job_node, selected

_SECTIONS = {"ops", "resources", "loggers", "execution", "inputs"}


def with_job_config(resolved: Resolved, run: Run) -> Run:
    """The run with its job's default config under its own, and config mappings of job and graphs resolved."""
    node = next((job for job in resolved.manifest.jobs if job.name == run.target.job), None)
    job = resolved.jobs.get(run.target.job)
    config: Mapping[str, Any] = run.config
    if node is not None and node.config:
        config = merged(node.config, config)
    partitioned = getattr(job, "partitioned_config", None)
    if partitioned is not None and run.target.partition_key is not None:
        config = merged(_called("partitioned config", partitioned.config_of, run.target.partition_key), config)
    mapping = getattr(job, "config_mapping", None)
    if mapping is not None:
        # What concerns the run as a whole is given beside the simple config.
        apart = {key: config[key] for key in ("execution", "loggers", "inputs") if key in config}
        simple = {key: value for key, value in config.items() if key not in apart}
        made = _called(f"config mapping of job {run.target.job}", mapping.resolve, simple)
        config = merged(made if not made or set(made) <= _SECTIONS else {"ops": made}, apart)
    values = getattr(job, "input_values", None)
    if values:
        config = merged({"inputs": {name: {"value": value} for name, value in values.items()}}, config)
    if resolved.graph_configs:
        config = _with_graph_configs(resolved, _top(resolved, node, run), config)
    return run if config is run.config else structs.replace(run, config=dict(config))


def _top(resolved: Resolved, node: JobNode | None, run: Run) -> GraphNode:
    """The job's graph; for a job of assets one of the graphs that make those which are selected."""
    if node is not None and node.graph is not None:
        return next(graph for graph in resolved.manifest.graphs if graph.name == node.graph)
    graph = resolved.graph
    assets, _ = selected(graph, job_node(resolved.manifest, run.target.job), run.target)
    ops = dict.fromkeys(graph.nodes[key].op or "" for key in assets)
    return GraphNode(run.target.job, nodes=tuple(GraphInvocation(name, graph=graph.ops[name].graph) for name in ops))


def _with_graph_configs(resolved: Resolved, top: GraphNode, config: Mapping[str, Any]) -> Mapping[str, Any]:
    graphs = {graph.name: graph for graph in resolved.manifest.graphs}
    ops = config.get("ops")
    resolved_ops = _ops_of(resolved, graphs, top, ops if isinstance(ops, Mapping) else {}, "ops")
    return {**config, "ops": resolved_ops} if resolved_ops else config


def _ops_of(
    resolved: Resolved, graphs: Mapping[str, GraphNode], graph: GraphNode, ops: Mapping[str, Any], path: str
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
            made = _called(f"config mapping of {place}", source.resolve, own.pop("config", {}), f"{place}.config")
            own["ops"] = merged(made.get("ops", made), own.get("ops", {}))
        elif isinstance(source, Mapping):
            fixed = cast("Mapping[str, Any]", source)
            own["ops"] = merged(fixed.get("ops", fixed), own.get("ops", {}))
        inner = _ops_of(resolved, graphs, graphs[each.graph], own.get("ops", {}), f"{place}.ops")
        if inner:
            own["ops"] = inner
        if own:
            result[each.name] = own
    return result


def _called(what: str, function: Any, *args: Any) -> Any:
    return placed(f"ConfigMappingError: the {what} failed", function, *args)
