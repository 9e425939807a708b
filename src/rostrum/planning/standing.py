"""What has been done of a run, as its stored step events tell: a pure fold, `Standing(events)`, and what follows from
it for whoever does the rest, be it another run (a retry) or another worker of the same run (a resume).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from rostrum.model.assets import AssetKey
from rostrum.model.events import (
    CONTROL_STREAM,
    STEP_ENDS,
    AnyEvent,
    OutputStored,
    RunStarted,
    StepCanceled,
    StepFailed,
    StepRetrying,
    StepSkipped,
    StepsMapped,
    StepStarted,
    StepSucceeded,
    StepWorkerStarted,
)
from rostrum.model.manifest import OpNode
from rostrum.model.plans import FromStep, Plan, Step, Tried
from rostrum.model.runs import Run
from rostrum.planning.dynamic import ABSENT, Items, base_of, origin_name, with_known_items
from rostrum.planning.plan import in_order
from rostrum.planning.progress import lacks
from rostrum.planning.retries import INFRASTRUCTURE

KINDS = (
    "run_started",
    "steps_mapped",
    "step_worker_started",
    "step_started",
    "step_retrying",
    "step_succeeded",
    "step_failed",
    "step_skipped",
    "step_not_run",
    "step_canceled",
    "output_stored",
)
"""Kinds of events that the fold reads."""


class Standing:
    """Where a run stands. `events` are those of the kinds `KINDS`, in order, without evidence."""

    __slots__ = (
        "_due",
        "_told",
        "_yielded",
        "assets",
        "failed",
        "good",
        "outputs",
        "passed_over",
        "tried",
        "under_way",
    )

    def __init__(self, events: Iterable[AnyEvent]) -> None:
        self.good: set[str] = set()
        """Keys of steps that succeeded or were passed over."""
        self.passed_over: set[str] = set()
        """Keys of those that were passed over."""
        self.failed: set[str] = set()
        """Keys of steps that failed for good, or were cancelled."""
        self.tried: dict[str, Tried] = {}
        """What has been tried of each step, by all workers of the run."""
        self.under_way: dict[str, int] = {}
        """Keys of steps that have begun and not ended, with the number of the attempt."""
        self.outputs: set[str] = set()
        """Outputs that have been stored, by `origin_name`."""
        self.assets: set[AssetKey] = set()
        """Assets that have been made (or observed)."""
        self._due: dict[str, tuple[datetime, float]] = {}
        """Key of a step that is tried again -> when that was told, and how many seconds later it is to be."""
        self._told: dict[str, bool] = {}
        """Key of every step of the run -> whether it has ended."""
        self._yielded: dict[str, dict[str, tuple[str, ...]]] = {}
        for event in events:
            self._fold(event)

    @property
    def waiting(self) -> list[str]:
        """Keys of the steps that have neither begun nor ended, in order."""
        return [key for key, ended in self._told.items() if not ended and key not in self.under_way]

    def _fold(self, event: AnyEvent) -> None:
        if isinstance(event, RunStarted):
            self._begin(event)
            return
        key = event.step_key or ""
        if isinstance(event, StepsMapped):
            self._told.update({each: self._told.get(each, False) for each in event.step_keys})
        elif isinstance(event, OutputStored):
            self.outputs.add(origin_name(FromStep(key, event.output, event.mapping_key)))
            if event.asset_key is not None:
                self.assets.add(event.asset_key)
            if event.mapping_key is not None:
                outputs = self._yielded.setdefault(key, {})
                outputs[event.output] = (*outputs.get(event.output, ()), event.mapping_key)
        elif isinstance(event, STEP_ENDS):
            self.under_way.pop(key, None)
            self._due.pop(key, None)
            self._told[key] = True
            (self.passed_over.add if isinstance(event, StepSkipped) else self.passed_over.discard)(key)
            (self.good.add if isinstance(event, (StepSucceeded, StepSkipped)) else self.good.discard)(key)
            (self.failed.add if isinstance(event, (StepFailed, StepCanceled)) else self.failed.discard)(key)
        elif isinstance(event, StepRetrying):
            self.under_way.pop(key, None)
            self._told[key] = False
            self._due[key] = (event.at, event.delay_seconds)
            self._try(key, event.attempt, event)
        elif isinstance(event, (StepWorkerStarted, StepStarted)):
            if isinstance(event, StepStarted):
                self._yielded.pop(key, None)
            self.under_way[key] = event.attempt
            self._due.pop(key, None)
            self._told[key] = False
            self.good.discard(key)
            self.passed_over.discard(key)
            self.failed.discard(key)
            self._try(key, event.attempt)

    def _try(self, key: str, attempt: int, failed: StepRetrying | None = None) -> None:
        tried = self.tried.get(key) or Tried(0)
        apart = failed is not None and failed.cause in INFRASTRUCTURE
        interrupted = apart and failed is not None and failed.stream == CONTROL_STREAM
        self.tried[key] = Tried(
            max(attempt, tried.attempts), tried.interrupted + interrupted, tried.crashed + (apart and not interrupted)
        )

    def _begin(self, event: RunStarted) -> None:
        """A worker begins: with all of it, unless it resumes."""
        if not event.resumed:
            for known in (self.good, self.passed_over, self.failed, self.tried, self.outputs, self.assets, self._due):
                known.clear()
            self._yielded.clear()
        self.under_way.clear()
        self._told = dict.fromkeys(event.step_keys, False)

    def tried_before(self, keys: Iterable[str], now: datetime) -> dict[str, Tried]:
        """What the worker that goes on has to know of the attempts before, for those of the steps that have been tried:
        whoever waited for the next attempt waits for the rest of that time.
        """
        return {
            key: replace(self.tried[key], delay_seconds=self._delay_left(key, now)) for key in keys if key in self.tried
        }

    def _delay_left(self, key: str, now: datetime) -> float:
        if key not in self._due:
            return 0.0
        told_at, delay = self._due[key]
        # By two clocks, maybe: never longer than it was to be.
        return max(0.0, min(delay, (told_at - now + timedelta(seconds=delay)).total_seconds()))

    def items(self, plan: Plan, ops: Mapping[str, OpNode]) -> dict[str, dict[str, tuple[str, ...]]]:
        """Items of the dynamic outputs of the steps that have succeeded, by step key."""
        op_of = {base_of(step.key): step.op for step in plan.steps}
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for key in sorted(self.good):
            op = ops.get(op_of.get(base_of(key), ""))
            names = [output.name for output in op.outputs if output.dynamic] if op is not None else []
            if names:
                found[key] = {name: self._yielded.get(key, {}).get(name, ()) for name in names}
        return found

    def unfinished(self, plan: Plan, ops: Mapping[str, OpNode]) -> Sequence[str]:
        """Keys of the plan's steps that have not ended well, in order: of steps for items those alone that have
        not.
        """
        steps = with_known_items(plan.steps, self.items(plan, ops))
        return [step.key for step in in_order(steps) if step.key not in self.good]


def output_origins(
    run: Run, standing: Standing, plan: Plan, known: Mapping[str, Items] | None = None
) -> dict[str, str]:
    """Where whoever does the rest of `run` finds what it needs and does not make: see `Run.output_origins`. `plan` is
    that of the rest, `known` are the items that it can rely on.

    What `run` has not stored itself it has had from an earlier run. An output that nobody has stored is left out, or
    `ABSENT` where its step ended well without it.
    """
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
            # All of them are told, and that there are none: the plan of the rest is made of them.
            for output, keys in items.items():
                wanted.update(dict.fromkeys(f"{key}:{output}[{item}]" for item in keys))
                if not keys:
                    origins[f"{key}:{output}[]"] = run.run_id
    for name in wanted:
        origin = run.run_id if name in standing.outputs else run.output_origins.get(name)
        if origin is None and name.rpartition(":")[0] in standing.good:
            origin = ABSENT
        if origin is not None:
            origins[name] = origin
    return origins


def passed_over(
    standing: Standing, whole: Iterable[Step], rest: Collection[str], settled: set[str] | None = None
) -> dict[str, str]:
    """What `Run.output_origins` says of the steps of a rest (by key) that will be passed over, because an asset was not
    made by a step that has ended well before and is not executed again. `whole`: the steps of both.

    `settled`: steps of which a later run has told; those of this one are added.
    """
    before = settled if settled is not None else set[str]()
    above = {step.key: step for step in whole}
    told = standing.good.difference(before)
    before |= told
    found: dict[str, str] = {}
    for key in rest:
        step = above.get(key)
        for name in step.upstream if step is not None else ():
            upstream = above.get(name)
            if step is None or upstream is None or name in rest or name not in told:
                continue
            lost = [asset for asset in upstream.asset_keys if asset not in standing.assets]
            if (lost or name in standing.passed_over) and lacks(step, upstream, lost):
                found[_passed_over(key)] = ABSENT
    return found


def still_passed_over(run: Run, rest: Collection[str]) -> dict[str, str]:
    """What `Run.output_origins` has said of those of its steps that are executed again, and of none beside them."""
    return {name: ABSENT for key in rest if run.output_origins.get(name := _passed_over(key)) == ABSENT}


def _passed_over(key: str) -> str:
    return f"{key}:"
