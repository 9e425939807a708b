"""The run config of a whole run as one schema: sections, ops in their graphs, inputs, resources.

What the run executes is judged; config for other parts of the same job does no harm and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from rostrum.definitions.config.config_types import ANY, Evaluation
from rostrum.definitions.config.errors import EvaluationStack, raise_errors
from rostrum.definitions.config.schema import Field, Shape, field_of
from rostrum.definitions.config.type_loaders import DataTypeLoader
from rostrum.definitions.config.types import loader_of
from rostrum.definitions.location.live import Resolved
from rostrum.definitions.ops.job_ports import port_schema
from rostrum.definitions.ops.op_config import op_config_field
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.definitions.resources.lifecycle import needed_keys, nested_resources
from rostrum.model.plans import FromConfig, Step, StepInput
from rostrum.planning.op_steps import node_path

_OPTIONAL = Field(ANY, is_required=False)
_IO_MANAGER = "io_manager"
_Tree = dict[str, Any]


def check_run_config(
    resolved: Resolved,
    job: str,
    config: Mapping[str, Any],
    steps: Sequence[Step],
    bound: Mapping[str, Any],
    names: Callable[[], Iterable[str]],
) -> dict[str, Any]:
    """The run config with defaults and the environment filled in. Raises ConfigError that tells all mistakes.

    `bound` has the resources of the run by key; `names` gives the names in `ops` of the whole job, which are known even
    when the run leaves them out.
    """
    schema = _root(resolved, job, config, steps, bound, names)
    evaluation = Evaluation()
    found = schema.evaluate(config, EvaluationStack(), evaluation)
    raise_errors(f"job {job!r}", evaluation.errors, config)
    return cast("dict[str, Any]", found)


def _root(
    resolved: Resolved,
    job: str,
    config: Mapping[str, Any],
    steps: Sequence[Step],
    bound: Mapping[str, Any],
    names: Callable[[], Iterable[str]],
) -> Shape:
    tree: _Tree = {}
    keys: set[str] = set()
    for step in steps:
        op = resolved.ops[step.op]
        _add_step(tree, step, op)
        _add_ports(tree, step, op, bound)
        keys |= _resource_keys(op)
    ops = cast(_Tree, tree.setdefault("ops", {}))
    given = config.get("ops")
    if isinstance(given, Mapping):
        others = [name for name in cast("Mapping[str, Any]", given) if name not in ops]
        if others:
            whole = set(names())
            ops.update({name: _OPTIONAL for name in others if name in whole})
    return Shape(
        {
            **{name: _shape(each) for name, each in tree.items()},
            "resources": Shape(_resource_fields(bound, keys)),
            "loggers": Shape(dict.fromkeys(("console", *_loggers(resolved, job)), _OPTIONAL)),
            "execution": Shape({"config": _OPTIONAL}),
        }
    )


def _loggers(resolved: Resolved, job: str) -> list[str]:
    own: Mapping[str, Any] = getattr(resolved.jobs.get(job), "logger_defs", {})
    return [*resolved.loggers, *own]


def _add_step(tree: _Tree, step: Step, op: OpDefinition) -> None:
    path = node_path(step.key)
    _put(tree, (*path, "config"), _config_field(op))
    _put(tree, (*path, "outputs"), _OPTIONAL)
    for item in step.inputs:
        for source in item.sources:
            if isinstance(source, FromConfig):
                _put(tree, source.path, _input_field(item, op))


def _add_ports(tree: _Tree, step: Step, op: OpDefinition, bound: Mapping[str, Any]) -> None:
    """What IO managers want to know of single outputs and inputs."""
    path = node_path(step.key)
    for name, output in op.outputs.items():
        schema = None if output.nothing else port_schema(bound.get(output.io_manager_key), "outputs")
        if schema is not None:
            if isinstance(_at(tree, path).get("outputs"), Field):
                del _at(tree, path)["outputs"]
            _put(tree, (*path, "outputs", name), field_of(schema))
    for item in step.inputs:
        own = op.inputs.get(item.name)
        if own is None or _is_configured(item):
            continue
        schema = port_schema(bound.get(own.input_manager_key or _IO_MANAGER), "inputs")
        if schema is not None:
            _put(tree, (*path, "inputs", item.name), field_of(schema))


def _at(tree: _Tree, path: Sequence[str]) -> _Tree:
    for part in path:
        tree = cast(_Tree, tree[part])
    return tree


def _config_field(op: OpDefinition) -> Field:
    field: Field | None = op_config_field(op)
    if op.preset is not None:
        return op.config_schema or (_OPTIONAL if callable(op.preset.made) else Field(Shape({}), is_required=False))
    return field if field is not None else _OPTIONAL


def _input_field(item: StepInput, op: OpDefinition) -> Field:
    annotation = op.inputs[item.name].annotation if item.name in op.inputs else None
    loader: DataTypeLoader | None = loader_of(annotation)
    managed = item.name in op.inputs and op.inputs[item.name].input_manager_key is not None
    return Field(loader.schema_type if loader is not None else ANY, is_required=_is_configured(item) and not managed)


def _is_configured(item: StepInput) -> bool:
    """True for an input whose value can come from nowhere but the config."""
    return bool(item.sources) and all(isinstance(source, FromConfig) for source in item.sources)


def _put(tree: _Tree, path: Sequence[str], field: Field) -> None:
    for part in path[:-1]:
        tree = cast(_Tree, tree.setdefault(part, {}))
    known = tree.get(path[-1])
    if known is None or (isinstance(known, Field) and not known.is_required):
        tree[path[-1]] = field


def _shape(tree: Any) -> Any:
    """A tree of fields as shapes; a graph's node may have config of its own."""
    if not isinstance(tree, dict):
        return tree
    fields = {key: _shape(each) for key, each in cast(_Tree, tree).items()}
    if "ops" in fields:
        fields = {"config": _OPTIONAL, "outputs": _OPTIONAL, **fields}
    return Shape(fields)


def _resource_keys(op: OpDefinition) -> set[str]:
    keys = set(op.resource_keys)
    keys.update(output.io_manager_key for output in op.outputs.values() if not output.nothing)
    for item in op.inputs.values():
        keys.add(item.input_manager_key or _IO_MANAGER)
    return keys


def _resource_fields(bound: Mapping[str, Any], keys: set[str]) -> dict[str, Field]:
    by_id = {id(value): key for key, value in bound.items()}
    wanted: set[str] = set()
    pending = [key for key in keys if key in bound]
    while pending:
        key = pending.pop()
        if key not in wanted:
            wanted.add(key)
            pending += [each for each in needed_keys(bound[key]) if each in bound]
            pending += [by_id[id(each)] for each in nested_resources(bound[key]).values() if id(each) in by_id]
    fields = {key: _resource_field(value, needed=key in wanted) for key, value in bound.items()}
    fields.setdefault(_IO_MANAGER, Field(Shape({"config": _OPTIONAL})))
    return fields


def _resource_field(value: Any, *, needed: bool) -> Field:
    field = None if isinstance(value, type) else getattr(value, "config_field", None)
    if not needed or not isinstance(field, Field):
        return Field(Shape({"config": _OPTIONAL}), is_required=False)
    return Field(Shape({"config": field}))
