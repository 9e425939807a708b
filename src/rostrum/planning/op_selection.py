"""Selecting ops of a job by clauses: `name`, `*name` (and all above), `name*` (and all below), `+name`, `name++`..."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from rostrum.model.errors import SubsetError
from rostrum.model.plans import FromConfig, FromDefault, FromStep, InputSource, Step, StepInput
from rostrum.planning.op_steps import node_path

_CLAUSE = re.compile(r"(\*|\+*)([\w.]+)(\*|\+*)")


def only_ops(steps: Sequence[Step], clauses: Sequence[str]) -> list[Step]:
    """The steps that the clauses select. What they take from others has to be given in the config.

    Raises SubsetError for a clause that cannot be read, and when nothing is selected.
    """
    wanted = selected_ops(steps, clauses)
    return [_detached(step, wanted) for step in steps if step.key in wanted]


def selected_ops(steps: Sequence[Step], clauses: Sequence[str]) -> set[str]:
    """Keys of the selected steps. A graph's name selects all that is in it."""
    above = {step.key: step.upstream for step in steps}
    below: dict[str, list[str]] = {}
    for step in steps:
        for key in step.upstream:
            below.setdefault(key, []).append(step.key)
    wanted: set[str] = set()
    for clause in clauses:
        found = _CLAUSE.fullmatch(clause.strip()) if isinstance(clause, str) else None
        if found is None:
            raise SubsetError(
                f"op_selection: {clause!r} cannot be read; write `name`, `*name`, `name*`, `+name` or `name+`."
            )
        if clause.strip("*") == "":
            wanted.update(above)
            continue
        name = found[2]
        roots = {key for key in above if key == name or key.startswith(f"{name}.")}
        wanted |= roots | walk(roots, above, found[1]) | walk(roots, below, found[3])
    if not wanted:
        raise SubsetError(
            f"op_selection {', '.join(map(repr, clauses))} selects nothing: there is no such op in the job. "
            f"There are {', '.join(above) or 'none'}."
        )
    return wanted


def walk(roots: Iterable[str], neighbours: Mapping[str, Sequence[str]], depth: str) -> set[str]:
    """Keys reached in as many steps as there are `+`, or in any number for `*`."""
    seen, level = set(roots), list(roots)
    left = len(depth) if depth != "*" else -1
    while level and left != 0:
        level = [key for each in level for key in neighbours.get(each, ()) if key not in seen]
        seen.update(level)
        left -= 1
    return seen


def _detached(step: Step, wanted: set[str]) -> Step:
    inputs = tuple(_input(step, item, wanted) for item in step.inputs)
    mapped = tuple(place for place in step.mapped_over if place[0] in wanted)
    upstream = tuple(key for key in step.upstream if key in wanted)
    return replace(step, inputs=inputs, upstream=upstream, mapped_over=mapped)


def _input(step: Step, item: StepInput, wanted: set[str]) -> StepInput:
    if all(not isinstance(source, FromStep) or source.step_key in wanted for source in item.sources):
        return item
    kept: tuple[InputSource, ...] = tuple(
        source for source in item.sources if isinstance(source, FromDefault) or _stays(source, wanted)
    )
    if any(isinstance(source, FromStep) for source in kept):
        return replace(item, sources=kept)
    return StepInput(item.name, (FromConfig((*node_path(step.key), "inputs", item.name)), FromDefault()))


def _stays(source: InputSource, wanted: set[str]) -> bool:
    return isinstance(source, FromStep) and source.step_key in wanted
