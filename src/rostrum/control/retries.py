"""Which steps a retry executes: a pure decision from the stored step events of the run before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from rostrum.model.errors import Conflict, StateError
from rostrum.model.events import AnyEvent, OutputStored, RunStarted, StepSkipped, StepSucceeded
from rostrum.model.manifest import OpNode
from rostrum.model.plans import FromStep, Plan
from rostrum.model.runs import Run, RunStatus, RunTarget

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


def retry_target(run: Run, strategy: str, events: Iterable[AnyEvent], plan: Plan, ops: dict[str, OpNode]) -> RunTarget:
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


def output_origins(run: Run, events: Iterable[AnyEvent], plan: Plan) -> dict[str, str]:
    """Where a retry of `run` finds what it needs and does not make: see `Run.output_origins`. `plan` is the retry's.

    What `run` has not stored itself it has had from an earlier run. An output that nobody has stored is left out.
    """
    stored: set[str] = set()
    for event in events:
        if isinstance(event, RunStarted):
            stored.clear()  # a later worker starts over
        elif isinstance(event, OutputStored):
            stored.add(f"{event.step_key}:{event.output}")
    made = set(plan.step_keys)
    origins: dict[str, str] = {}
    for step in plan.steps:
        for source in (source for item in step.inputs for source in item.sources):
            if isinstance(source, FromStep) and source.step_key not in made:
                name = f"{source.step_key}:{source.output}"
                origin = run.run_id if name in stored else run.output_origins.get(name)
                if origin is not None:
                    origins[name] = origin
    return origins


def unfinished(events: Iterable[AnyEvent], plan: Plan, ops: dict[str, OpNode]) -> Sequence[str]:
    """Keys of the plan's steps that have not ended well, in order.

    A mapped step counts as one with all its items: where one of them failed, the step that yields the items is executed
    again too, because only it knows them.
    """
    good: set[str] = set()
    bad: set[str] = set()
    for event in events:
        if isinstance(event, RunStarted):
            good.clear()  # a later worker starts over
            bad.clear()
        elif event.step_key is not None and not isinstance(event, OutputStored):
            kept, dropped = (good, bad) if isinstance(event, (StepSucceeded, StepSkipped)) else (bad, good)
            kept.add(event.step_key)
            dropped.discard(event.step_key)
    failed_bases = {key.split("[")[0] for key in bad}
    done = {key.split("[")[0] for key in good} - failed_bases
    wanted = {step.key for step in plan.steps if step.key not in done}
    by_key = {step.key: step for step in plan.steps}
    for step in reversed(plan.steps):
        if step.key in wanted:
            dynamic = [key for key in step.upstream if key in by_key and _yields_items(ops.get(by_key[key].op))]
            mapped = [key for key in step.upstream if key in by_key and _is_mapped(key, good | bad)]
            wanted.update(dynamic, mapped)
    return [step.key for step in plan.steps if step.key in wanted]


def _yields_items(op: OpNode | None) -> bool:
    return op is not None and any(output.dynamic for output in op.outputs)


def _is_mapped(key: str, seen: set[str]) -> bool:
    return any(name.startswith(f"{key}[") for name in seen)
