"""Where the steps of a run go, and which of them may share a worker: pure decisions on a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rostrum.model.manifest import OpNode
from rostrum.model.plans import Plan, Step
from rostrum.planning.dynamic import base_of

MAIN, THREAD, TASK = "in_process", "thread", "async"
"""Lanes of a process that steps share, named as the isolations whose steps run in them."""
SHARED = frozenset((MAIN, THREAD, TASK))
"""Isolations of steps that run beside others in one process."""
ISOLATION_TAG, TIMEOUT_TAG = "rostrum/isolation", "rostrum/timeout"


def placed(op: OpNode, tags: Mapping[str, str]) -> tuple[str | None, float | None]:
    """Isolation and time limit of a step: as the tags of its place in the graph say (checked where they were written),
    else as its op says.
    """
    timeout = tags.get(TIMEOUT_TAG)
    return tags.get(ISOLATION_TAG) or op.isolation, float(timeout) if timeout is not None else op.timeout_seconds


def isolation_of(step: Step, default: str) -> str:
    """Where a step runs under an executor whose steps run in `default`."""
    return step.isolation or default


def shares(step: Step, default: str) -> bool:
    """Whether the step runs beside others in one process."""
    return isolation_of(step, default) in SHARED


def lane_of(step: Step, default: str, is_async: Callable[[Step], bool]) -> str:
    """Lane of a step that runs beside others. Only async code can run in the event loop: other code gets a thread."""
    lane = isolation_of(step, default)
    if lane == TASK and not is_async(step):
        return THREAD
    return lane if lane in SHARED else THREAD


def isolations(plan: Plan, default: str) -> frozenset[str]:
    """All places that a plan needs."""
    return frozenset(isolation_of(step, default) for step in plan.steps)


class Chains:
    """Which step may go on in the worker of another: the only one that waits for it, which waits for nothing else, in
    the same kind of place. Steps for items are in chains with steps for the same items. Steps that run beside others
    anyway are in none.
    """

    def __init__(self, steps: Iterable[Step] = (), default: str = "process") -> None:
        self._following = _following({step.key: step for step in steps}, default)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._following)

    def after(self, key: str) -> str | None:
        """Key of the step that may go on in this one's worker."""
        base = base_of(key)
        following = self._following.get(base)
        return following + key[len(base) :] if following is not None else None


def _following(plan: Mapping[str, Step], default: str) -> dict[str, str]:
    downstream: dict[str, list[Step]] = {}
    for step in plan.values():
        for above in step.upstream:
            downstream.setdefault(above, []).append(step)
    following: dict[str, str] = {}
    for key, below in downstream.items():
        above = plan.get(key)
        if above is None or len(below) != 1:
            continue
        step = below[0]
        alone = [up for up in step.upstream if up in plan] == [key]
        same = isolation_of(above, default) == isolation_of(step, default) and above.mapped_over == step.mapped_over
        if alone and same and not shares(step, default):
            following[key] = step.key
    return following


class Readers:
    """Which steps of one process still want a value that is kept in its memory."""

    def __init__(self, steps: Iterable[Step], default: str) -> None:
        self._default = default
        self._open: dict[str, set[str]] = {}
        self._reads: dict[str, tuple[str, ...]] = {}
        self.add(steps)

    def add(self, steps: Iterable[Step]) -> None:
        """Steps of the plan, or that have joined it."""
        for step in steps:
            if step.mapped_over or not shares(step, self._default):
                continue
            self._reads[step.key] = step.upstream
            for key in step.upstream:
                self._open.setdefault(key, set()).add(step.key)

    def wants(self, key: str) -> bool:
        """Whether a step still wants values of this one."""
        return key in self._open

    def ended(self, key: str) -> list[str]:
        """A step has ended for good; returns the steps whose values nobody wants any more."""
        gone: list[str] = []
        for above in self._reads.pop(key, ()):
            readers = self._open.get(above)
            if readers is not None:
                readers.discard(key)
                if not readers:
                    del self._open[above]
                    gone.append(above)
        return gone
