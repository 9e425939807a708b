"""Which steps a run that repeats another one executes: a pure decision from where that run stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from rostrum.model.errors import Conflict, StateError, StepNotFound, SubsetError
from rostrum.model.manifest import OpNode
from rostrum.model.plans import Plan, Step
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.dynamic import base_of
from rostrum.planning.op_selection import walk
from rostrum.planning.standing import Standing

ALL = "all"
FROM_FAILURE = "from_failure"
STRATEGIES = (ALL, FROM_FAILURE)

_CLAUSE = re.compile(r"(\*|\+*)(.*?[^*+])(\*|\+*)")


def rerun_target(
    run: Run, strategy: str, standing: Standing, plan: Plan, ops: Mapping[str, OpNode], clauses: Sequence[str] = ()
) -> RunTarget:
    """The target of a run that repeats `run`; `plan` and `ops` are those of its target now.

    `all` repeats the run's own target, `from_failure` what failed, was not run, or was interrupted; with `clauses` it
    is what they select, whatever came of it. Raises Conflict where that is nothing or the run goes on, SubsetError and
    StepNotFound for a wrong clause, StateError for an unknown strategy.
    """
    if not run.is_finished:
        raise Conflict(f"run {run.run_id} is {run.status.value}: it can be retried once it has ended")
    if strategy not in STRATEGIES:
        raise StateError(f"there is no retry strategy {strategy!r}; there are 'all' and 'from_failure'")
    if clauses:
        return _of_steps(run, plan, selected_steps(plan.steps, clauses))
    if strategy == ALL:
        return run.target
    if run.status is RunStatus.SUCCESS:
        raise Conflict(f"run {run.run_id} succeeded: nothing is left to retry; 'all' runs it again as a whole")
    steps = standing.unfinished(plan, ops)
    if not steps:
        raise Conflict(f"every step of run {run.run_id} succeeded: nothing is left to retry; 'all' runs it again")
    return _of_steps(run, plan, steps)


def _of_steps(run: Run, plan: Plan, steps: Sequence[str]) -> RunTarget:
    if len(steps) == len(plan.steps):
        return run.target
    return msgspec.structs.replace(run.target, step_selection=tuple(steps))


def selected_steps(steps: Sequence[Step], clauses: Sequence[str]) -> list[str]:
    """Keys of the steps that clauses select, in the plan's order: `name`, `*name` (and all above), `name*` (and all
    below), `+name`, `name++`. A name is a step's key, the key of an asset that it makes, a graph, or a step of which
    there is one for each item (then all of them).
    """
    above = {step.key: step.upstream for step in steps}
    below: dict[str, list[str]] = {}
    for step in steps:
        for key in step.upstream:
            below.setdefault(key, []).append(step.key)
    wanted: set[str] = set()
    for clause in clauses:
        if clause.strip() == "*":
            wanted.update(above)
            continue
        found = _CLAUSE.fullmatch(clause.strip())
        if found is None:
            raise SubsetError(f"steps: {clause!r} cannot be read; write `name`, `*name`, `name*`, `+name` or `name+`.")
        roots = {step.key for step in steps if _is_named(step, found[2])}
        if not roots:
            raise StepNotFound(f"there is no step or asset {found[2]!r} in this run.{_nearest(found[2], steps)}")
        wanted |= roots | walk(roots, above, found[1]) | walk(roots, below, found[3])
    return [step.key for step in steps if step.key in wanted]


def _is_named(step: Step, name: str) -> bool:
    names = {step.key, base_of(step.key), *(str(key) for key in step.asset_keys)}
    return name in names or step.key.startswith(f"{name}.")


def _nearest(name: str, steps: Sequence[Step]) -> str:
    from difflib import get_close_matches  # only mistakes need it

    known = [step.key for step in steps] + [str(key) for step in steps for key in step.asset_keys]
    close = get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
