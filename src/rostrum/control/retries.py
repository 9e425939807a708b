"""Which steps a retry executes: a pure decision from the stored step events of the run before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from rostrum.model.errors import Conflict, StateError
from rostrum.model.events import (
    AnyEvent,
    OutputStored,
    RunStarted,
    StepSkipped,
    StepsMapped,
    StepStarted,
    StepSucceeded,
)
from rostrum.model.manifest import OpNode
from rostrum.model.plans import FromStep, Plan
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.dynamic import Items, base_of, known_items, origin_name, with_known_items
from rostrum.planning.plan import in_order

KINDS = (
    "run_started",
    "step_started",
    "step_succeeded",
    "step_failed",
    "step_skipped",
    "step_not_run",
    "step_canceled",
    "output_stored",
)
"""Kinds of events that the decision reads."""

ALL = "all"
FROM_FAILURE = "from_failure"


def retry_target(
    run: Run, strategy: str, events: Iterable[AnyEvent], plan: Plan, ops: Mapping[str, OpNode]
) -> RunTarget:
    """The target of a retry of `run`; `plan` and `ops` are those of its target now.

    `all` repeats the run's own target. `from_failure` selects what failed, was not run, or was interrupted. Raises
    Conflict where that is nothing, StateError for a run that goes on or an unknown strategy.
    """
    if not run.is_finished:
        raise Conflict(f"run {run.run_id} is {run.status.value}: it can be retried once it has ended")
    if strategy == ALL:
        return run.target
    if strategy != FROM_FAILURE:
        raise StateError(f"there is no retry strategy {strategy!r}; there are 'all' and 'from_failure'")
    if run.status is RunStatus.SUCCESS:
        raise Conflict(f"run {run.run_id} succeeded: nothing is left to retry; 'all' runs it again as a whole")
    steps = unfinished(events, plan, ops)
    if not steps:
        raise Conflict(f"every step of run {run.run_id} succeeded: nothing is left to retry; 'all' runs it again")
    if len(steps) == len(plan.steps):
        return run.target
    return msgspec.structs.replace(run.target, step_selection=tuple(steps))


def output_origins(
    run: Run, events: Iterable[AnyEvent], plan: Plan, known: Mapping[str, Items] | None = None
) -> dict[str, str]:
    """Where a retry of `run` finds what it needs and does not make: see `Run.output_origins`. `plan` is the retry's,
    `known` are the items that it can rely on.

    What `run` has not stored itself it has had from an earlier run. An output that nobody has stored is left out.
    """
    stored: set[str] = set()
    for event in events:
        if isinstance(event, RunStarted):
            stored.clear()  # a later worker starts over
        elif isinstance(event, OutputStored):
            stored.add(origin_name(FromStep(event.step_key or "", event.output, event.mapping_key)))
    made = set(plan.step_keys)
    wanted = {
        origin_name(source): None
        for step in plan.steps
        for item in step.inputs
        for source in item.sources
        if isinstance(source, FromStep) and source.step_key not in made
    }
    origins: dict[str, str] = {}
    for key, items in (known or {}).items():
        if key not in made:
            # All of them are told, and that there are none: the plan of the retry is made of them.
            for output, keys in items.items():
                wanted.update(dict.fromkeys(f"{key}:{output}[{item}]" for item in keys))
                if not keys:
                    origins[f"{key}:{output}[]"] = run.run_id
    for name in wanted:
        origin = run.run_id if name in stored else run.output_origins.get(name)
        if origin is not None:
            origins[name] = origin
    return origins


def items_after(
    run: Run, events: Iterable[AnyEvent], plan: Plan, ops: Mapping[str, OpNode]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Items of the dynamic outputs of all steps that have succeeded, in `run` or before it."""
    known = known_items(run.output_origins)
    known.update(_items(events, plan, ops))
    return known


def _items(events: Iterable[AnyEvent], plan: Plan, ops: Mapping[str, OpNode]) -> dict[str, dict[str, tuple[str, ...]]]:
    op_of = {base_of(step.key): step.op for step in plan.steps}
    yielded: dict[str, dict[str, tuple[str, ...]]] = {}
    done: dict[str, dict[str, tuple[str, ...]]] = {}
    for event in events:
        key = event.step_key or ""
        if isinstance(event, RunStarted):
            yielded.clear()
            done.clear()
        elif isinstance(event, StepStarted):
            yielded.pop(key, None)
        elif isinstance(event, OutputStored) and event.mapping_key is not None:
            outputs = yielded.setdefault(key, {})
            outputs[event.output] = (*outputs.get(event.output, ()), event.mapping_key)
        elif isinstance(event, StepSucceeded) and base_of(key) in op_of:
            op = ops.get(op_of[base_of(key)])
            names = [output.name for output in op.outputs if output.dynamic] if op is not None else []
            if names:
                done[key] = {name: yielded.get(key, {}).get(name, ()) for name in names}
    return done


def unfinished(events: Iterable[AnyEvent], plan: Plan, ops: Mapping[str, OpNode]) -> Sequence[str]:
    """Keys of the steps that have not ended well, in order: of steps for items those alone that have not."""
    told = list(events)
    good: set[str] = set()
    for event in told:
        if isinstance(event, RunStarted):
            good.clear()  # a later worker starts over
        elif event.step_key is not None and not isinstance(event, (OutputStored, StepsMapped)):
            if isinstance(event, (StepSucceeded, StepSkipped)):
                good.add(event.step_key)
            else:
                good.discard(event.step_key)
    steps = with_known_items(plan.steps, _items(told, plan, ops))
    return [step.key for step in in_order(steps) if step.key not in good]
