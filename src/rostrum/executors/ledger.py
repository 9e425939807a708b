"""What every executor keeps while it executes a plan: steps in line, outputs seen, ends reached. Pure; the rules are
in `planning/progress.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.execution import RunHost, StepRunner
from rostrum.model.assets import AssetKey
from rostrum.model.events import STEP_ENDS, Event, OutputStored, StepNotRun, StepSkipped, StepsMapped
from rostrum.model.plans import FromStep, Plan, Step
from rostrum.planning.dynamic import Items
from rostrum.planning.progress import Mapped, PlanProgress

SUCCEEDED, SKIPPED, CANCELED, RETRYING = "step_succeeded", "step_skipped", "step_canceled", "step_retrying"

_ENDS = frozenset(STEP_ENDS)


class Ledger:
    """One execution of a plan. Without `require_success` a step may use what a failed one has stored before."""

    def __init__(self, plan: Plan, *, require_success: bool = True) -> None:
        self._progress = PlanProgress(plan)
        self.is_ranked = any(step.tags and step.priority for step in plan.steps)
        """Whether steps have priorities: most plans have none, and pay nothing for them."""
        self._line: deque[Step] = deque()
        self._line_up(self._progress.ready())
        self._open: dict[str, Step] = {step.key: step for step in plan.steps if step.key not in plan.failed}
        self._wanted: dict[str, set[str]] = {}
        self._outputs: dict[str | None, set[str]] = {}
        self._assets: dict[str | None, set[AssetKey]] = {}
        self._want(plan.steps)
        self._require_success = require_success
        self.failures = len(plan.failed)
        """Number of steps that failed, those that an earlier worker of the run has seen fail included."""

    def take(self) -> Step | None:
        """The next step that may start, None when there is none now."""
        return self._line.popleft() if self._line else None

    def note(self, event: Event) -> None:
        """Tell of an event of a step: outputs decide what runs downstream."""
        if type(event) is OutputStored:
            self._outputs.setdefault(event.step_key, set()).add(event.output)
            if event.asset_key is not None:
                self._assets.setdefault(event.step_key, set()).add(event.asset_key)
        elif type(event) in _ENDS:
            # An interrupt may come between the telling of an end and `end`: it must not be told twice.
            self._open.pop(event.step_key or "", None)

    def expand(self, step: Step, items: Items) -> Mapped:
        """Take in the items that a dynamic step has yielded; before its `end`."""
        mapped = self._progress.expand(step.key, items)
        for key in mapped.gone:
            self._open.pop(key, None)
        self._want([*mapped.steps, *mapped.settled])
        self._open.update({each.key: each for each in mapped.steps})
        return mapped

    def end(self, step: Step, kind: str) -> list[Step]:
        """A step has ended as `kind`; returns the steps that are passed over because of it (`skip_event` tells of
        them).
        """
        key = step.key
        self._open.pop(key, None)
        if kind == SUCCEEDED:
            made, outputs = self._assets.pop(key, None), self._outputs.pop(key, None)
            wanted = self._wanted.get(key)
            gone = wanted - outputs if wanted and outputs else wanted or ()
            # A check that gave no verdict, or an op without assets, made all it had to make.
            lost = [asset for asset in step.asset_keys if not made or asset not in made] if step.asset_keys else ()
            self._progress.succeeded(key, gone, lost)
        elif kind == SKIPPED:
            self._progress.skipped(key)
        else:
            self.failures += 1
            stored: set[str | AssetKey] = set()
            if not self._require_success and kind != CANCELED:
                stored = {*self._outputs.get(key, ()), *self._assets.get(key, ())}
            self._progress.failed(key, stored)
        if ready := self._progress.ready():
            self._line_up(ready)
        passed_over = self._progress.newly_skipped()
        for each in passed_over:
            self._open.pop(each.key, None)
        return passed_over

    def leftovers(self, clock: Clock) -> list[StepNotRun]:
        """Events for the steps that did not run: blocked by failed ones, or left over by a cancel."""
        because = self._progress.not_run()
        return [StepNotRun(at=clock.now(), step_key=key, because=because.get(key, ())) for key in self._open]

    def _line_up(self, ready: Sequence[Step]) -> None:
        self._line.extend(ready)
        if self.is_ranked:
            self._line = deque(sorted(self._line, key=lambda step: -step.priority))

    def _want(self, steps: Sequence[Step]) -> None:
        for step in steps:
            for item in step.inputs:
                for source in item.sources:
                    if isinstance(source, FromStep):
                        self._wanted.setdefault(source.step_key, set()).add(source.output)


def expand(step: Step, runner: StepRunner, host: RunHost, ledger: Ledger) -> Sequence[Step]:
    """A step has succeeded: where it has yielded items, the steps for them join the run. Returns those, and the steps
    of which more is known now.
    """
    items = runner.items(step)
    if items is None:
        return ()
    mapped = ledger.expand(step, items)
    changed = [*mapped.steps, *mapped.settled]
    runner.adopt(changed)
    host.record(StepsMapped(at=host.clock.now(), step_key=step.key, step_keys=tuple(each.key for each in mapped.steps)))
    return changed


def skip_event(step: Step, clock: Clock) -> StepSkipped:
    """Tells that a step is passed over."""
    return StepSkipped(at=clock.now(), step_key=step.key, reason="an output that it needs was not produced")
