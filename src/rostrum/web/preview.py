"""What a launch would do: runs, steps, problems, and how long it takes by experience."""

from __future__ import annotations

from typing import Any

import msgspec

from rostrum.control.manifests import LoadedManifest
from rostrum.control.validation import check_config, check_target
from rostrum.model.errors import RostrumError
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import build_plan
from rostrum.web.context import RequestContext
from rostrum.web.views.runs import typical_seconds


def plan_preview(
    context: RequestContext, target: RunTarget, partition_keys: list[str] | None, config: dict[str, Any]
) -> dict[str, Any]:
    """API: PlanPreview."""
    problems: list[str] = []
    steps: tuple[str, ...] = ()
    runs = max(len(partition_keys or ()), 1)
    try:
        first = partition_keys[0] if partition_keys else None
        loaded = LoadedManifest("", context.catalog.manifests[target.location])
        one = msgspec.structs.replace(target, partition_key=first)
        steps = build_plan(loaded.manifest, one, loaded.graph).step_keys
        check_config(check_target(loaded, target), config)
    except RostrumError as error:
        problems.append(str(error))
    typical = typical_seconds(context, target)
    limit = context.places
    waves = -(-runs // limit) if limit else 1
    in_progress = len(context.session.runs.in_progress())
    return {
        "runs": runs,
        "steps": runs * len(steps),
        "stepKeys": list(steps[:500]),
        "problems": problems,
        "estimatedSeconds": typical * waves if typical is not None else None,
        "waitsFor": f"a free place: {in_progress} of {limit} runs are in progress"
        if limit is not None and limit <= in_progress
        else None,
    }
