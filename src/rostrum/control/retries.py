"""Runs that repeat others: from where a run stands to the request for the one that repeats it, all of it, the rest, or
some of its steps, as it was or changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rostrum.control import validation
from rostrum.control.endings import standing_of
from rostrum.control.manifests import LoadedManifest, ManifestCache
from rostrum.control.requests import SubmitRequest
from rostrum.interfaces.storage import Session
from rostrum.model.manifest import OpNode
from rostrum.model.plans import Plan
from rostrum.model.runs import Run, Trigger
from rostrum.planning.dynamic import known_items, with_known_items
from rostrum.planning.reruns import FROM_FAILURE, rerun_target
from rostrum.planning.run_retries import without_bookkeeping
from rostrum.planning.standing import Standing, output_origins, passed_over, still_passed_over


class Rerun(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a run is repeated."""

    strategy: str = FROM_FAILURE
    """`from_failure` or `all`; neither counts where `steps` are given."""
    steps: tuple[str, ...] = ()
    """Clauses that select steps (`planning.reruns.selected_steps`)."""
    config: dict[str, Any] | None = None
    """Run config in place of that of the run; None: the same."""
    tags: dict[str, str] = {}
    """Laid over those of the run."""
    keep_tags: bool = True
    """Whether the tags of the run are taken over."""


def repeating(session: Session, manifests: ManifestCache, parent: Run, rerun: Rerun, trigger: Trigger) -> SubmitRequest:
    """The request for the run that repeats `parent`. Raises Conflict when that has not ended or nothing is left to do,
    NotFound when its definitions or a step are gone, StateError for what cannot be read.
    """
    return repeating_with(session, manifests.location(parent.target.location, session), parent, rerun, trigger)


def repeating_with(
    session: Session, loaded: LoadedManifest, parent: Run, rerun: Rerun, trigger: Trigger
) -> SubmitRequest:
    """The same, with these definitions."""
    standing, ops = standing_of(session, parent.run_id), loaded.graph.ops
    plan = _plan(loaded, parent, rerun, standing)
    target = rerun_target(parent, rerun.strategy, standing, plan, ops, rerun.steps)
    known, whole = items_after(parent, standing, plan, ops), plan
    if target.step_selection != parent.target.step_selection:
        plan = validation.check_target(loaded, target, known).plan
    if rerun.steps:
        origins = origins_before(session, parent, whole, plan, known)
    else:
        steps, keys = with_known_items(whole.steps, known), plan.step_keys
        passed = {**still_passed_over(parent, keys), **passed_over(standing, steps, keys)}
        origins = {**output_origins(parent, standing, plan, known), **passed}
    tags = without_bookkeeping(parent.tags) if rerun.keep_tags else {}
    return SubmitRequest(
        target=target,
        output_origins=origins,
        config=parent.config if rerun.config is None else rerun.config,
        tags={**tags, **rerun.tags},
        priority=parent.priority,
        trigger=trigger,
        parent_run_id=parent.run_id,
        root_run_id=parent.root_run_id or parent.run_id,
    )


def _plan(loaded: LoadedManifest, parent: Run, rerun: Rerun, standing: Standing) -> Plan:
    """The plan in which steps are chosen: that of the run; of the whole target where they are named."""
    known = known_items(parent.output_origins)
    if not rerun.steps:
        return validation.check_target(loaded, parent.target, known).plan
    whole = msgspec.structs.replace(parent.target, step_selection=())
    plan = validation.check_target(loaded, whole).plan
    return Plan(tuple(with_known_items(plan.steps, items_after(parent, standing, plan, loaded.graph.ops))))


def items_after(
    run: Run, standing: Standing, plan: Plan, ops: Mapping[str, OpNode]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Items of the dynamic outputs of all steps that have succeeded, in `run` or before it."""
    known = known_items(run.output_origins)
    known.update(standing.items(plan, ops))
    return known


def origins_before(
    session: Session, parent: Run, whole: Plan, plan: Plan, known: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> dict[str, str]:
    """Where a run of `plan` finds what it needs and does not make, in `parent` and the runs before it. `whole`: the
    steps that it is taken from.
    """
    origins: dict[str, str] = {}
    settled: set[str] = set()
    steps = with_known_items(whole.steps, known)
    run: Run | None = parent
    while run is not None:
        standing = standing_of(session, run.run_id)
        found = output_origins(run, standing, plan, known)
        origins = {**found, **passed_over(standing, steps, plan.step_keys, settled), **origins}
        run = session.runs.get(run.parent_run_id) if run.parent_run_id else None
    return origins
