"""What is left of a run whose worker was lost, for the one that goes on: as if another run repeated it from its
failure, but within the run. Values that are stored are loaded, items and versions are known, and only the rest is
executed. What has failed for good stays failed; attempts are counted on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event as Flag

from msgspec.structs import replace

from rostrum.definitions.location.live import Resolved
from rostrum.interfaces.clock import Clock
from rostrum.interfaces.runs import ReadSteps, RunSession
from rostrum.model.errors import ErrorInfo, RostrumError, Unavailable
from rostrum.model.events import AnyEvent, Event, StepFailed, StepNotRun
from rostrum.model.plans import Plan
from rostrum.model.runs import Run
from rostrum.planning.dynamic import known_items, with_known_items
from rostrum.planning.plan import build_plan
from rostrum.planning.standing import Standing, output_origins, passed_over

_AGAIN_SECONDS = 0.5


def rest_of(
    resolved: Resolved, run: Run, plan: Plan, session: RunSession, clock: Clock, stop: Flag, tick: Callable[[], None]
) -> tuple[Run, Plan]:
    """The run as its new worker sees it, and the plan of what is left. Asks the control plane until it answers (`tick`
    is called meanwhile); returns what it was given when `stop` is set before.
    """
    events = _patiently(session, clock, stop, tick)
    if events is None:
        return run, plan
    standing, ops = Standing(events), resolved.graph.ops
    left = standing.unfinished(plan, ops)
    if not left:
        return run, Plan(())
    if standing.good:
        run, plan = _narrowed(resolved, run, plan, standing, left)
    failed = standing.failed.intersection(left)
    tried = standing.tried_before((key for key in left if key not in failed), clock.now())
    return run, replace(plan, failed=failed, tried=tried)


def _narrowed(resolved: Resolved, run: Run, plan: Plan, standing: Standing, left: Sequence[str]) -> tuple[Run, Plan]:
    """The run and plan without what has ended well."""
    ops = resolved.graph.ops
    known = known_items(run.output_origins) | standing.items(plan, ops)
    target = replace(run.target, step_selection=tuple(left))
    rest = build_plan(resolved.manifest, target, resolved.graph, known)
    origins = output_origins(run, standing, rest, known)
    passed = passed_over(standing, with_known_items(plan.steps, known), rest.step_keys)
    return replace(run, target=target, output_origins={**run.output_origins, **origins, **passed}), rest


def ends_of_open_steps(session: RunSession, clock: Clock, error: ErrorInfo) -> list[Event]:
    """Ends for the steps that are open when the worker itself fails, outside of any step. None while the control plane
    is away.
    """
    try:
        standing = Standing(_told(session))
    except RostrumError:
        return []
    at = clock.now()
    failed = [
        StepFailed(at=at, step_key=key, error=error, attempt=attempt, cause="crash")
        for key, attempt in standing.under_way.items()
    ]
    return [*failed, *(StepNotRun(at=at, step_key=key) for key in standing.waiting)]


def _patiently(session: RunSession, clock: Clock, stop: Flag, tick: Callable[[], None]) -> list[AnyEvent] | None:
    """All that is stored of the run's steps; None when there was no answer before the stop."""
    while True:
        try:
            return _told(session)
        except Unavailable:
            tick()
            if clock.wait(stop, _AGAIN_SECONDS):
                return None


def _told(session: RunSession) -> list[AnyEvent]:
    """All that is stored of the run's steps. Raises Unavailable while the control plane is away."""
    events: list[AnyEvent] = []
    after: str | None = "0"
    while after is not None:
        answer = session.read(ReadSteps(int(after)))
        events.extend(answer.events)
        after = answer.cursor
    return events
