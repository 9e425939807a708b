"""Are the resources that definitions ask for bound, and are IO managers really some?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from rostrum.definitions.broken import is_broken
from rostrum.definitions.location.nodes import is_io_manager
from rostrum.definitions.names import nearest
from rostrum.definitions.ops.graphs import GraphDefinition
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.definitions.problems import Problems
from rostrum.definitions.resources.lifecycle import declares, needed_keys, nested_resources
from rostrum.model.errors import kind_of


def check_bindings(
    problems: Problems, bound: Mapping[str, Any], ops: Iterable[OpDefinition], jobs: Iterable[JobSpec]
) -> None:
    """Note a mistake for each resource that an op, an IO path or another resource needs and nobody binds."""
    in_jobs = _resources_by_op(jobs)
    for op in ops:
        wanted = op.resource_keys
        stores = {output.io_manager_key for output in op.outputs.values()} - {"io_manager"}
        loads = {item.input_manager_key for item in op.inputs.values() if item.input_manager_key is not None}
        if not wanted and not stores and not loads:
            continue
        known = {**bound, **in_jobs.get(op.name, {})}
        for key in sorted(wanted | stores | loads):
            _check(problems, op, key, known, is_manager=key in stores or key in loads)
    sound = {key: value for key, value in bound.items() if not is_broken(value)}
    for key, value in sound.items():
        for needed in sorted(needed_keys(value) - bound.keys()):
            hint = nearest(needed, bound) or f" Bound: {', '.join(sorted(bound)) or 'none'}."
            problems.add(
                value.source if declares(value, "source") else None,
                f"resource with key {needed!r} required by resource with key {key!r} was not provided.{hint} "
                + _mend(needed),
            )
    by_id = {id(value) for value in bound.values()}
    for key, value in sound.items():
        _check_nested(problems, key, value, by_id)
    manager = bound.get("io_manager")
    if manager is not None and not is_io_manager(manager):
        kind = kind_of(manager)
        problems.add(None, f"the resource 'io_manager' is {kind}, which has no handle_output and load_input.")


def check_hooks(problems: Problems, bound: Mapping[str, Any], hooks: Iterable[Any], jobs: Iterable[JobSpec]) -> None:
    """Note a mistake for each resource that a hook needs and neither the location nor any job binds."""
    known = set(bound)
    for job in jobs:
        known.update(job.resource_defs)
    for hook in hooks:
        for key in sorted(hook.required_resource_keys - known - {"io_manager"}):
            hint = nearest(key, known) or f" Bound: {', '.join(sorted(known)) or 'none'}."
            problems.add(
                hook.source,
                f"resource with key {key!r} required by hook {hook.name!r} was not provided.{hint} " + _mend(key),
            )


def _check(problems: Problems, op: OpDefinition, key: str, known: Mapping[str, Any], *, is_manager: bool) -> None:
    if key not in known:
        if key == "io_manager":
            return  # an input that names the default one: the runner has it
        hint = nearest(key, known) or f" Bound: {', '.join(sorted(known)) or 'none'}."
        told = (
            f"io manager with key {key!r} required by {_user(op, key)} of {op.kind} {op.name!r}"
            if is_manager
            else f"resource with key {key!r} required by {op.kind} {op.name!r}"
        )
        problems.add(op.source, f"{told} was not provided.{hint} {_mend(key)}")
    elif is_manager and not is_io_manager(known[key]):
        problems.add(
            op.source,
            f"{op.kind} {op.name}: the resource {key!r} is no IO manager: it has no handle_output and load_input.",
        )


def _user(op: OpDefinition, key: str) -> str:
    """The first output or input that names an IO manager."""
    stored = (f"output {name!r}" for name, each in op.outputs.items() if each.io_manager_key == key)
    loaded = (f"input {name!r}" for name, each in op.inputs.items() if each.input_manager_key == key)
    return next(chain(stored, loaded), "an output")


def _mend(key: str) -> str:
    return f"Bind it: resources={{{key!r}: ...}}."


def _check_nested(problems: Problems, path: str, value: Any, bound: set[int]) -> None:
    """A resource in a field that is configured at launch must be bound by itself: its config needs a key."""
    for name, inner in nested_resources(value).items():
        if declares(inner, "is_configured_at_launch") and inner.is_configured_at_launch and id(inner) not in bound:
            problems.add(
                None,
                f"Failed to resolve resource nested at {type(value).__name__}.{name} (in {path!r}): it is configured "
                "at launch, so it must be bound with a key of its own as well, under which the run config finds it.",
            )
        _check_nested(problems, f"{path}.{name}", inner, bound)


def _resources_by_op(jobs: Iterable[JobSpec]) -> dict[str, dict[str, Any]]:
    """Resources that jobs bring along for the ops in their graphs."""
    found: dict[str, dict[str, Any]] = {}
    for job in jobs:
        if job.graph is None or not job.resource_defs:
            continue
        pending = [job.graph]
        while pending:
            for definition in pending.pop().definitions.values():
                if isinstance(definition, GraphDefinition):
                    pending.append(definition)
                else:
                    found.setdefault(definition.name, {}).update(job.resource_defs)
    return found
