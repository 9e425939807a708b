"""Where a run of a plan stands: a pure state machine, constant time for each edge and transition.

The executor tells what ended (`succeeded`, `failed`, `skipped`) and asks what may start (`ready`), what is passed over
(`newly_skipped`, to be told with `step_skipped`) and, at the end, what never ran because of a failure (`not_run`).
Steps become ready in the order in which their last upstream step ended; steps ready at once are ordered by key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from rostrum.model.assets import AssetKey
from rostrum.model.plans import FromAsset, FromStep, Plan, Step
from rostrum.planning.dynamic import Items, Templates, settled

_WAITING, _READY, _SUCCEEDED, _FAILED, _SKIPPED, _BLOCKED = range(6)


class Mapped(NamedTuple):
    """What the items of a dynamic step have brought."""

    steps: list[Step]
    """New steps, one an item."""
    settled: list[Step]
    """Steps of the plan whose inputs are known now."""
    gone: tuple[str, ...]
    """Keys of placeholders that are no more."""


class PlanProgress:
    """Progress of one plan. Steps upstream that are not part of the plan count as done before."""

    def __init__(self, plan: Plan) -> None:
        self._steps: dict[str, Step] = {step.key: step for step in plan.steps}
        self._templates = Templates(plan.steps)
        for step in self._templates.placeholders():
            self._steps[step.key] = step
        self._state: dict[str, int] = dict.fromkeys(self._steps, _WAITING)
        self._missing: dict[str, int] = {}
        self._downstream: dict[str, list[str]] = {}
        self._skipped_outputs: set[tuple[str, str]] = set(plan.absent)
        self._skipped_assets: set[AssetKey] = set()
        self._lacks = bool(plan.absent)
        """Whether anything is not there that a step could need: most runs lack nothing, and do not look for it."""
        self._open = len(self._steps)
        self._ready: list[Step] = []
        self._newly_skipped: list[Step] = []
        self._blocked: list[str] = []
        initial: list[str] = []
        for step in self._steps.values():
            count = 0
            for upstream in step.upstream:
                if upstream in self._steps:
                    count += 1
                    self._downstream.setdefault(upstream, []).append(step.key)
            self._missing[step.key] = count
            if count == 0 and step.key not in plan.failed:
                initial.append(step.key)
        for key in self._steps if plan.failed else ():
            if key in plan.failed and self._state[key] == _WAITING:
                self._end(key, _FAILED)
        self._offer(initial)

    @property
    def is_done(self) -> bool:
        """True when no step runs or can still start."""
        return self._open == 0

    @property
    def is_success(self) -> bool:
        """True when all steps succeeded or were skipped."""
        return all(state in (_SUCCEEDED, _SKIPPED) for state in self._state.values())

    @property
    def failed_keys(self) -> Sequence[str]:
        """Steps that failed, in the plan's order."""
        return [key for key, state in self._state.items() if state == _FAILED]

    def step(self, key: str) -> Step:
        """A step of the plan."""
        return self._steps[key]

    def ready(self) -> list[Step]:
        """Steps that have become ready since the last call, first come first."""
        ready, self._ready = self._ready, []
        return ready

    def newly_skipped(self) -> list[Step]:
        """Steps that have been passed over since the last call, because an output upstream was not produced."""
        skipped, self._newly_skipped = self._newly_skipped, []
        return skipped

    def is_output_skipped(self, step_key: str, output: str) -> bool:
        """True for an optional output that was not produced: a fan-in leaves it out."""
        return (step_key, output) in self._skipped_outputs or self._state.get(step_key) == _SKIPPED

    def succeeded(
        self, key: str, skipped_outputs: Collection[str] = (), skipped_assets: Collection[AssetKey] = ()
    ) -> None:
        """The step ended well. `skipped_outputs` and `skipped_assets` are the optional ones that it did not produce."""
        if skipped_outputs or skipped_assets:
            self._lacks = True
            self._skipped_outputs.update((key, output) for output in skipped_outputs)
            self._skipped_assets.update(skipped_assets)
        self._end(key, _SUCCEEDED)

    def skipped(self, key: str) -> None:
        """The step was passed over; steps that need its outputs are, too."""
        self._lacks = True
        self._skipped_assets.update(self._steps[key].asset_keys)
        self._end(key, _SKIPPED)

    def failed(self, key: str, made: Collection[str | AssetKey] = ()) -> None:
        """The step failed for good (or was cancelled): nothing downstream of it will run, but what needs only outputs
        and assets in `made`.
        """
        served = [below for below in self._downstream.get(key, ()) if made and self._is_served(key, below, made)]
        if served:
            self._downstream[key] = [below for below in self._downstream[key] if below not in served]
        self._end(key, _FAILED)
        self._downstream.setdefault(key, []).extend(served)
        self._offer([below for below in served if self._is_last(below)])

    def not_run(self) -> Mapping[str, tuple[str, ...]]:
        """Steps that cannot run, with the failed steps that are the reason, in the plan's order."""
        reasons: dict[str, tuple[str, ...]] = {}
        for key in self._blocked_in_order():
            direct = tuple(u for u in self._steps[key].upstream if self._state.get(u) == _FAILED)
            if not direct:
                direct = next((reasons[u] for u in self._steps[key].upstream if u in reasons), ())
            reasons[key] = direct
        return {key: reasons[key] for key, state in self._state.items() if state == _BLOCKED}

    def expand(self, key: str, items: Items) -> Mapped:
        """Add the steps for the items that a dynamic step has yielded; called before `succeeded(key)`."""
        steps, instead = self._templates.expand(self._steps[key], items)
        initial: list[str] = []
        for step in steps:
            initial.extend(self._add(step))
        touched: dict[str, None] = {}
        for placeholder, keys in instead.items():
            touched.update(dict.fromkeys(self._replace(placeholder, keys)))
        touched.update(dict.fromkeys(self._downstream.get(key, ())))
        changed: list[Step] = []
        for below in touched:
            before = self._steps[below]
            after = settled(before, instead, key, items)
            if after is not before:
                self._steps[below] = after
                changed.append(after)
            if self._state[below] == _WAITING and self._missing[below] == 0 and below not in initial:
                initial.append(below)
        self._offer(initial)
        return Mapped([step for step in steps if not step.mapped_over], changed, tuple(instead))

    def _add(self, step: Step) -> list[str]:
        """Take a step in; its key where it waits for nothing."""
        key = step.key
        self._steps[key] = step
        states = {upstream: self._state.get(upstream, _SUCCEEDED) for upstream in step.upstream}
        if any(state in (_FAILED, _BLOCKED) for state in states.values()):
            self._state[key] = _BLOCKED
            self._blocked.append(key)
            return []
        self._state[key] = _WAITING
        waiting = [upstream for upstream, state in states.items() if state in (_WAITING, _READY)]
        self._missing[key] = len(waiting)
        self._open += 1
        for upstream in waiting:
            self._downstream.setdefault(upstream, []).append(key)
        return [] if waiting else [key]

    def _replace(self, placeholder: str, keys: Sequence[str]) -> list[str]:
        """Let what waits for a placeholder wait for these steps; returns the keys of what waits."""
        if self._state.pop(placeholder, _BLOCKED) == _WAITING:
            self._open -= 1
        for above in self._steps.pop(placeholder).upstream:
            self._downstream[above].remove(placeholder)
        waiting = self._downstream.pop(placeholder, [])
        open_keys = [key for key in keys if self._state[key] == _WAITING]
        for below in waiting:
            self._missing[below] += len(open_keys) - 1
        for key in open_keys:
            self._downstream.setdefault(key, []).extend(waiting)
        if any(self._state[key] == _BLOCKED for key in keys):
            for below in waiting:
                self._block_one(below)
        return waiting

    def _block_one(self, key: str) -> None:
        if self._state[key] == _WAITING:
            self._state[key] = _BLOCKED
            self._open -= 1
            self._blocked.append(key)
            self._block(key)

    # --- transitions

    def _end(self, key: str, state: int) -> None:
        if self._state[key] not in (_WAITING, _READY):
            raise ValueError(f"step {key} has ended before")
        self._state[key] = state
        self._open -= 1
        if state == _FAILED:
            self._block(key)
            return
        if key in self._downstream:
            self._offer(self._released(key))

    def _released(self, key: str) -> list[str]:
        return [below for below in self._downstream.get(key, ()) if self._is_last(below)]

    def _is_last(self, below: str) -> bool:
        """A step waits for one less; whether it was the last one."""
        self._missing[below] -= 1
        return self._missing[below] == 0 and self._state[below] == _WAITING

    def _is_served(self, key: str, below: str, made: Collection[str | AssetKey]) -> bool:
        """Whether all that a step takes from another is there."""
        assets = self._steps[key].asset_keys
        wanted = [
            source.asset_key if isinstance(source, FromAsset) else source.output
            for item in self._steps[below].inputs
            for source in item.sources
            if (isinstance(source, FromStep) and source.step_key == key)
            or (isinstance(source, FromAsset) and source.asset_key in assets)
        ]
        return bool(wanted) and all(each in made for each in wanted)

    def _offer(self, keys: list[str]) -> None:
        """Make steps ready, or pass them over with all that then follows from it."""
        keys.sort()
        pending = keys
        while pending:
            following: list[str] = []
            for key in pending:
                step = self._steps[key]
                if self._is_passed_over(step):
                    self._state[key] = _SKIPPED
                    self._lacks = True
                    self._open -= 1
                    self._newly_skipped.append(step)
                    self._skipped_assets.update(step.asset_keys)
                    following.extend(self._released(key))
                else:
                    self._state[key] = _READY
                    self._ready.append(step)
            pending = sorted(following)

    def _is_passed_over(self, step: Step) -> bool:
        if not self._lacks:
            return False
        if (step.key, "") in self._skipped_outputs:
            return True
        for item in step.inputs:
            gone = [self._is_gone(source) for source in item.sources if isinstance(source, (FromStep, FromAsset))]
            if gone and (all(gone) if item.fan_in else any(gone)):
                return True
        return any(self._made_nothing(u) for u in step.upstream if not _feeds(u, step))

    def _is_gone(self, source: FromStep | FromAsset) -> bool:
        if isinstance(source, FromAsset):
            return source.asset_key in self._skipped_assets
        return self.is_output_skipped(source.step_key, source.output)

    def _made_nothing(self, key: str) -> bool:
        """True for an upstream step that only orders (`deps`) and made none of its assets."""
        if self._state.get(key) == _SKIPPED:
            return True
        assets = self._steps[key].asset_keys if key in self._steps else ()
        return bool(assets) and all(asset in self._skipped_assets for asset in assets)

    def _block(self, key: str) -> None:
        stack = list(self._downstream.get(key, ()))
        while stack:
            below = stack.pop()
            if self._state[below] == _WAITING:
                self._state[below] = _BLOCKED
                self._open -= 1
                self._blocked.append(below)
                stack.extend(self._downstream.get(below, ()))

    def _blocked_in_order(self) -> list[str]:
        """Blocked steps, each after its upstream ones (mapped steps may stand late in the table)."""
        waiting = {key: sum(self._state.get(u) == _BLOCKED for u in self._steps[key].upstream) for key in self._blocked}
        order = [key for key in self._blocked if waiting[key] == 0]
        for key in order:
            for below in self._downstream.get(key, ()):
                if below in waiting:
                    waiting[below] -= 1
                    if waiting[below] == 0:
                        order.append(below)
        return order


def without_passed_over(plan: Plan) -> tuple[Plan, list[Step]]:
    """The plan without the steps that its `absent` outputs have passed over from the start, and these steps."""
    if not plan.absent:
        return plan, []
    passed = PlanProgress(plan).newly_skipped()
    keys = {step.key for step in passed}
    kept = tuple(step for step in plan.steps if step.key not in keys)
    missed = {
        (source.step_key, source.output): None
        for step in kept
        for item in step.inputs
        for source in item.sources
        if isinstance(source, FromStep) and source.step_key in keys
    }
    own = [
        (step.key, "")
        for step in kept
        if any(each.key in step.upstream and lacks(step, each, each.asset_keys) for each in passed)
    ]
    return msgspec.structs.replace(plan, steps=kept, absent=(*plan.absent, *missed, *own)), passed


def lacks(step: Step, above: Step, lost: Collection[AssetKey]) -> bool:
    """Whether a step is passed over because `above`, which ended well, did not make the assets `lost`: it loads one of
    them, or only follows a step that made nothing. (Outputs that it is handed are told by `Plan.absent`.)
    """
    for item in step.inputs:
        stored = [source for source in item.sources if isinstance(source, (FromStep, FromAsset))]
        gone = [isinstance(source, FromAsset) and source.asset_key in lost for source in stored]
        if gone and (all(gone) if item.fan_in else any(gone)):
            return True
    return not _feeds(above.key, step) and all(asset in lost for asset in above.asset_keys)


def _feeds(upstream: str, step: Step) -> bool:
    return any(isinstance(s, FromStep) and s.step_key == upstream for item in step.inputs for s in item.sources)
