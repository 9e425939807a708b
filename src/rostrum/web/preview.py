"""What a launch would do: runs, steps, problems, and how long it takes by experience."""

from __future__ import annotations

from typing import Any

import msgspec

from rostrum.control.manifests import LoadedManifest
from rostrum.control.validation import check_config, check_target
from rostrum.control.waiting import queue_snapshot
from rostrum.model.errors import RostrumError
from rostrum.model.plans import Plan
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.plan import build_plan
from rostrum.planning.pools import pools_of
from rostrum.planning.queue import admit
from rostrum.web.context import RequestContext
from rostrum.web.views.runs import typical_seconds


def plan_preview(
    context: RequestContext, target: RunTarget, partition_keys: list[str] | None, config: dict[str, Any]
) -> dict[str, Any]:
    """API: PlanPreview."""
    problems: list[str] = []
    plan = Plan(())
    tags: dict[str, str] = {}
    runs = max(len(partition_keys or ()), 1)
    try:
        first = partition_keys[0] if partition_keys else None
        loaded = LoadedManifest("", context.catalog.manifests[target.location])
        one = msgspec.structs.replace(target, partition_key=first)
        plan = build_plan(loaded.manifest, one, loaded.graph)
        checked = check_target(loaded, target)
        tags = checked.job.tags_of_runs
        check_config(checked, config)
    except RostrumError as error:
        problems.append(str(error))
    typical = typical_seconds(context, target)
    limit = context.places
    waves = -(-runs // limit) if limit else 1
    return {
        "runs": runs,
        "steps": runs * len(plan.step_keys),
        "stepKeys": list(plan.step_keys[:500]),
        "problems": problems,
        "estimatedSeconds": typical * waves if typical is not None else None,
        "waitsFor": None if problems else _wait(context, target, plan, tags),
    }


def _wait(context: RequestContext, target: RunTarget, plan: Plan, tags: dict[str, str]) -> str | None:
    """What such a run would wait for now, beside those that are queued already."""
    session, now = context.session, context.services.clock.now()
    pools, first_pools = pools_of(plan)
    run = Run(run_id="", target=target, created_at=now, tags=tags, pools=pools, first_pools=first_pools)
    limits = context.services.queue_limits
    reasons = admit(queue_snapshot(session, limits, [run], session.runs.in_progress()), now).reasons
    return reasons[""].message if reasons else None
