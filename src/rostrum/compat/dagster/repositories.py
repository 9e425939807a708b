"""`@repository` and what it makes: definitions with a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any, cast

from rostrum.compat.dagster.repository_data import RepositoryData
from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.automations.schedules import ScheduleDefinition
from rostrum.definitions.automations.sensors import SensorDefinition
from rostrum.definitions.checks.definition import AssetChecksDefinition
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.repositories import Repository
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.problems import located
from rostrum.definitions.sources import function_source
from rostrum.model.errors import ArgumentError, DefinitionError, kind_of

RepositoryDefinition = Repository
"""Definitions with a name. Made by `@repository`."""


def repository(
    definitions_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    default_executor_def: Any = None,
    default_logger_defs: Mapping[str, Any] | None = None,
    _top_level_resources: Mapping[str, Any] | None = None,
    _component_tree: Any = None,
) -> Any:
    """Make a repository of a function that returns a list of definitions, or a dict of them by kind."""

    def decorate(function: Callable[..., Any]) -> RepositoryDefinition:
        own = name or function.__name__
        returned = function()
        with located(function_source(function)):
            held = _by_kind(own, returned)
        return RepositoryDefinition(
            own,
            description=description or function.__doc__,
            metadata=metadata,
            executor=default_executor_def,
            loggers=default_logger_defs,
            resources={**_resources_of(returned), **(_top_level_resources or {})},
            component_tree=_component_tree,
            **held,
        )

    return decorate if definitions_fn is None else decorate(definitions_fn)


_KINDS: dict[str, tuple[type, ...]] = {
    "asset_checks": (AssetChecksDefinition,),
    "assets": (AssetsDefinition, AssetSpec),
    "schedules": (ScheduleDefinition,),
    "sensors": (SensorDefinition,),
    "jobs": (JobSpec,),
}


def _by_kind(name: str, returned: Any) -> dict[str, list[Any]]:
    held: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    for each in _flat(returned):
        kind = next((kind for kind, types in _KINDS.items() if isinstance(each, types)), None)
        if isinstance(each, Definitions):
            for held_kind, items in held.items():
                items.extend(getattr(each, held_kind))
            continue
        to_job: Any = getattr(each, "to_job", None)
        if kind is None and to_job is None:
            kinds = "no asset, check, job, schedule or sensor"
            what = f"{each!r:.80} ({type(each).__name__})" if not isinstance(each, FunctionType) else each.__qualname__
            hint = " Is its decorator missing?" if isinstance(each, FunctionType) else ""
            raise DefinitionError(f"repository {name}: {what} is {kinds}.{hint}")
        held[kind or "jobs"].append(each if kind is not None else to_job())
    return held


def _resources_of(returned: Any) -> Mapping[str, Any]:
    """Resources that come with what a function returned."""
    if isinstance(returned, RepositoryData):
        return returned.get_top_level_resources()
    listed: Any = cast("list[Any]", returned) if isinstance(returned, (list, tuple)) else ()
    found: dict[str, Any] = {}
    for each in listed:
        if isinstance(each, Definitions):
            found.update(each.resources or {})
    return found


def _flat(returned: Any) -> Iterable[Any]:
    if isinstance(returned, RepositoryData):
        returned = returned.definitions()
    if isinstance(returned, Mapping):
        for value in cast("Mapping[str, Any]", returned).values():
            held = cast("Mapping[str, Any]", value).values() if isinstance(value, Mapping) else _flat(value)
            yield from (each() if isinstance(each, FunctionType) else each for each in held)
        return
    if not isinstance(returned, (list, tuple, set)):
        raise ArgumentError(f"a repository function returns a list or a dict, not {kind_of(returned)}.")
    for each in cast("Iterable[Any]", returned):
        if isinstance(each, (list, tuple)):
            yield from _flat(each)
        else:
            made = each() if callable(each) and getattr(each, "__name__", "") == "<lambda>" else each
            yield made


def create_repository_using_definitions_args(
    name: str,
    assets: Iterable[Any] | None = None,
    schedules: Iterable[Any] | None = None,
    sensors: Iterable[Any] | None = None,
    jobs: Iterable[Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    executor: Any = None,
    loggers: Mapping[str, Any] | None = None,
    asset_checks: Iterable[Any] | None = None,
) -> RepositoryDefinition:
    """A repository of what `Definitions` takes."""
    return RepositoryDefinition(
        name,
        assets=assets,
        schedules=schedules,
        sensors=sensors,
        jobs=jobs,
        resources=resources,
        executor=executor,
        loggers=loggers,
        asset_checks=asset_checks,
    )
