"""The run config of a job as one JSON schema: sections, ops in their graphs, inputs, resources.

Made when somebody asks, from the schemas of ops and resources in the manifest: kept with each job it would repeat the
schemas of all assets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from rostrum.model.manifest import GraphNode, JobNode, Manifest
from rostrum.model.plans import FromConfig, Step, StepInput
from rostrum.planning.config_schemas import HAS_DEFAULT
from rostrum.planning.graph import AssetGraph
from rostrum.planning.op_steps import node_path

_OPEN: dict[str, Any] = {"type": "object", "additionalProperties": True}
_DEFS = "#/$defs/"


def run_config_schema(manifest: Manifest, job: JobNode, steps: Sequence[Step], graph: AssetGraph) -> dict[str, Any]:
    """JSON schema of the run config of these steps of a job, with the schema of each op under `$defs`. A job with a
    config mapping has the mapping's own.
    """
    if job.config_schema is not None:
        return job.config_schema
    defs: dict[str, Any] = {}
    root: dict[str, Any] = {}
    mapped = mapped_paths(manifest, job)
    for step in steps:
        _add_step(root, step, graph, defs, mapped)
    for path, schema in mapped.items():
        _put(root, (*path, "config"), _hoisted(schema, ".".join(path[1::2]), defs), required=_is_wanted(schema))
    resources = {node.key: _resource(node.config_schema, node.key, defs) for node in manifest.resources}
    properties = {
        **cast("dict[str, Any]", root.get("properties", {})),
        "resources": {"type": "object", "properties": resources, "additionalProperties": False},
        "loggers": _OPEN,
        "execution": {"type": "object", "properties": {"config": _OPEN}, "additionalProperties": False},
    }
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if root.get("required"):
        schema["required"] = root["required"]
    if defs:
        schema["$defs"] = defs
    return schema


def mapped_paths(manifest: Manifest, job: JobNode) -> dict[tuple[str, ...], dict[str, Any]]:
    """Paths of the graphs in a job whose config is made by a function, with the schema of what that takes."""
    graphs: dict[str, GraphNode] = {each.name: each for each in manifest.graphs}
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    pending: list[tuple[tuple[str, ...], GraphNode]] = [((), graphs[job.graph])] if job.graph in graphs else []
    while pending:
        path, graph = pending.pop()
        for node in graph.nodes:
            inner = graphs.get(node.graph or "")
            if inner is None:
                continue
            below = (*path, "ops", node.name)
            if inner.config_schema is not None:
                found[below] = inner.config_schema
            else:
                pending.append((below, inner))
    return found


def is_below(path: Sequence[str], mapped: Iterable[tuple[str, ...]]) -> bool:
    """True for a step whose config a graph above it makes."""
    return any(tuple(path[: len(each)]) == each for each in mapped)


def _add_step(
    root: dict[str, Any], step: Step, graph: AssetGraph, defs: dict[str, Any], mapped: Mapping[tuple[str, ...], Any]
) -> None:
    path = node_path(step.key)
    if not is_below(path, mapped):
        schema = graph.ops[step.op].config_schema
        if schema is None:
            _put(root, (*path, "config"), {}, required=False)
        else:
            _put(root, (*path, "config"), _hoisted(schema, step.op, defs), required=_is_wanted(schema))
    for item in step.inputs:
        for source in item.sources:
            if isinstance(source, FromConfig):
                _put(root, source.path, {"title": item.name}, required=_is_configured(item))


def _is_wanted(schema: Mapping[str, Any]) -> bool:
    """False for config that may be left out as a whole."""
    if schema.get(HAS_DEFAULT):
        return False
    return bool(schema.get("required")) or ("properties" not in schema and bool(schema))


def _is_configured(item: StepInput) -> bool:
    return bool(item.sources) and all(isinstance(source, FromConfig) for source in item.sources)


def _put(tree: dict[str, Any], path: Sequence[str], schema: Mapping[str, Any], *, required: bool) -> None:
    """Put a schema at a path; what is required makes all above it required."""
    tree.setdefault("type", "object")
    tree.setdefault("additionalProperties", False)
    properties = cast("dict[str, Any]", tree.setdefault("properties", {}))
    name, rest = path[0], path[1:]
    if required and name not in tree.setdefault("required", []):
        tree["required"].append(name)
    if not tree.get("required", True):
        del tree["required"]
    if rest:
        _put(cast("dict[str, Any]", properties.setdefault(name, {})), rest, schema, required=required)
    else:
        properties[name] = dict(schema)


def _hoisted(schema: Mapping[str, Any], name: str, defs: dict[str, Any]) -> dict[str, Any]:
    """A reference to the schema, which is put under `$defs` with its own definitions beside it."""
    if name not in defs:
        own = cast("Mapping[str, Any]", schema.get("$defs", {}))
        plain = {key: value for key, value in schema.items() if key != "$defs"}
        defs[name] = _renamed(plain, own, name)
        for inner, definition in own.items():
            defs[f"{name}.{inner}"] = _renamed(definition, own, name)
    return {"$ref": _DEFS + name}


def _renamed(schema: Any, own: Mapping[str, Any], prefix: str) -> Any:
    if isinstance(schema, list):
        return [_renamed(each, own, prefix) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    parts = cast("dict[str, Any]", schema)
    reference = parts.get("$ref")
    if isinstance(reference, str) and reference.removeprefix(_DEFS) in own:
        return {**parts, "$ref": f"{_DEFS}{prefix}.{reference.removeprefix(_DEFS)}"}
    return {key: _renamed(value, own, prefix) for key, value in parts.items()}


def _resource(schema: Mapping[str, Any] | None, key: str, defs: dict[str, Any]) -> dict[str, Any]:
    """Run config changes single fields of a resource: what is not given keeps its value."""
    config: dict[str, Any] = {}
    if schema is not None:
        config = _hoisted(
            {name: value for name, value in schema.items() if name != "required"}, f"resource.{key}", defs
        )
    return {"type": "object", "properties": {"config": config}, "additionalProperties": False}
