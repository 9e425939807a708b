"""What schedules and sensors launch: jobs, jobs by name, or a selection of assets, for which a job is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rostrum.definitions.assets.selection import AssetSelection, SelectionLike
from rostrum.definitions.ops.graphs import GraphDefinition
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.model.errors import ArgumentError, DefinitionError, kind_of

ANONYMOUS = "__anonymous_asset_job_"
"""Prefix of jobs made for a selection; the rest is the name of the schedule or sensor."""

Target = JobSpec | str
JobLike = JobSpec | GraphDefinition
"""A job, or a graph, of which one is made."""
TargetLike = JobLike | SelectionLike
"""A job, or the assets that are to be made."""


def job_of(value: Any, what: str) -> Target:
    """A job, a job of a graph, or a job's name. Raises ArgumentError for anything else."""
    if isinstance(value, (JobSpec, str)):
        return value
    if isinstance(value, GraphDefinition):
        return made_job(value)
    raise ArgumentError(f"{what}: {value!r} ({kind_of(value)}) is not a job.")


def made_job(graph: GraphDefinition) -> JobSpec:
    """The job of a graph, as `graph.to_job()` makes it."""
    maker: Any = getattr(graph, "to_job", None)
    return maker() if maker is not None else JobSpec(graph.name, graph=graph, source=graph.source)


def targets_of(
    what: str,
    name: str | None,
    *,
    job: Any = None,
    jobs: Sequence[Any] | None = None,
    job_name: str | None = None,
    target: Any = None,
    asset_selection: Any = None,
) -> tuple[Target, ...]:
    """The targets that the arguments of a schedule or sensor name. At most one of them may be given.

    `target` is a job, a selection or anything that can be one; for a selection a job is made that is named after the
    schedule or sensor, which therefore needs a `name`.
    """
    given = {
        "job": job,
        "jobs": jobs,
        "job_name": job_name,
        "target": target,
        "asset_selection": asset_selection,
    }
    named = [key for key, value in given.items() if value is not None]
    if len(named) > 1:
        raise DefinitionError(f"{what}: give one of {', '.join(named)}, not several.")
    if jobs is not None:
        return tuple(job_of(each, what) for each in jobs)
    single = job if job is not None else job_name
    if single is not None:
        return (job_of(single, what),)
    if isinstance(target, (JobSpec, GraphDefinition)):
        return (job_of(target, what),)
    chosen = target if target is not None else asset_selection
    if chosen is None:
        return ()
    if name is None:
        raise DefinitionError(f"{what}: with a selection of assets as target, give a name.")
    return (JobSpec(f"{ANONYMOUS}{name}", selection=AssetSelection.from_coercible(chosen)),)


def target_name(target: Target) -> str:
    """Name of the job."""
    return target if isinstance(target, str) else target.name
