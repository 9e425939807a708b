"""From what the API was asked to run to a `RunTarget`; wrong names are answered with the nearest right ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from rostrum.model.assets import AssetKey
from rostrum.model.errors import ConfigError, NotFound
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.runs import RunTarget
from rostrum.web.context import RequestContext


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def resolve_target(context: RequestContext, given: dict[str, Any]) -> RunTarget:
    """Find location and job of a target. Raises NotFound or ConfigError."""
    catalog = context.catalog
    keys = tuple(AssetKey.of(text) for text in given.get("assetKeys") or ())
    for key in keys:
        if key not in catalog.assets:
            raise NotFound(f"there is no asset {key}{nearest(str(key), map(str, catalog.keys))}")
    job, location = given.get("job"), given.get("location")
    if not job and not keys:
        raise ConfigError("a target needs a job or at least one asset")
    if location is None:
        where = (
            {catalog.assets[key][0] for key in keys} if keys else {place for place, name in catalog.jobs if name == job}
        )
        if not where:
            raise NotFound(f"there is no job {job}{nearest(str(job), (name for _, name in catalog.jobs))}")
        if len(where) > 1:
            raise ConfigError(
                f"which code location: {', '.join(sorted(where))}? One run executes the code of one location"
            )
        location = where.pop()
    if job and job != ASSET_JOB and (location, job) not in catalog.jobs:
        raise NotFound(f"there is no job {job} in {location}{nearest(job, (name for _, name in catalog.jobs))}")
    steps = tuple(given.get("stepKeys") or ())
    return RunTarget(location=location, job=job or ASSET_JOB, asset_selection=keys, step_selection=steps)
