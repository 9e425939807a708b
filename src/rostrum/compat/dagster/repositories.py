"""`@repository` and what it makes: definitions with a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from rostrum.definitions.asset_specs import AssetSpec
from rostrum.definitions.assets import AssetsDefinition
from rostrum.definitions.checks import AssetChecksDefinition
from rostrum.definitions.definitions import Definitions
from rostrum.definitions.job_specs import JobSpec
from rostrum.definitions.names import check_name
from rostrum.definitions.schedules import ScheduleDefinition
from rostrum.definitions.sensors import SensorDefinition
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, DefinitionError


class RepositoryDefinition(Definitions):
    """Definitions with a name. Made by `@repository`."""

    __slots__ = ("description", "name")

    def __init__(
        self,
        name: str,
        *,
        repository_data: Any = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        repository_load_data: Any = None,
        **held: Any,
    ) -> None:
        self.name = check_name(name, "repository")
        self.description = description
        super().__init__(metadata=metadata, **held)

    @property
    def job_names(self) -> Sequence[str]:
        """Names of all jobs."""
        return [job.name for job in self.get_all_jobs()]

    def get_all_jobs(self) -> Sequence[Any]:
        """All jobs, the implicit one over all assets included."""
        return self.resolve_all_job_defs()

    def get_job(self, name: str) -> Any:
        """The job of that name. Raises InvariantError where there is none."""
        return self.resolve_job_def(name)

    def has_job(self, name: str) -> bool:
        """Whether there is a job of that name."""
        return name in self.job_names

    def has_schedule_def(self, name: str) -> bool:
        """Whether there is a schedule of that name."""
        return any(each.name == name for each in self.schedules)

    def has_sensor_def(self, name: str) -> bool:
        """Whether there is a sensor of that name."""
        return any(each.name == name for each in self.sensors)

    @property
    def schedule_defs(self) -> Sequence[Any]:
        """All schedules."""
        return self.schedules

    @property
    def sensor_defs(self) -> Sequence[Any]:
        """All sensors."""
        return self.sensors

    @property
    def asset_graph(self) -> Any:
        """Who depends on whom."""
        return self.resolve_asset_graph()

    @property
    def assets_defs_by_key(self) -> Mapping[AssetKey, AssetsDefinition]:
        """Assets that are made here."""
        made = [each for each in self.assets if isinstance(each, AssetsDefinition) and each.is_executable]
        return {spec.key: each for each in made for spec in each.specs}

    @property
    def source_assets_by_key(self) -> Mapping[AssetKey, Any]:
        """Assets that are made elsewhere."""
        return {spec.key: spec for spec in self.resolve_all_asset_specs() if spec.key not in self.assets_defs_by_key}

    @property
    def asset_checks_defs_by_key(self) -> Mapping[Any, AssetChecksDefinition]:
        """Checks by key."""
        return {spec.key: each for each in self.asset_checks for spec in each.check_specs}

    def get_top_level_resources(self) -> Mapping[str, Any]:
        """Resources of the location."""
        return self.resources

    def load_all_definitions(self) -> None:
        """Validate everything. Raises DefinitionError that lists all mistakes."""
        self.resolved()


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
        return RepositoryDefinition(
            own,
            description=description or function.__doc__,
            metadata=metadata,
            executor=default_executor_def,
            loggers=default_logger_defs,
            resources=_top_level_resources,
            component_tree=_component_tree,
            **_by_kind(own, function()),
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
            raise DefinitionError(f"repository {name}: {each!r} is a {type(each).__name__}, which is {kinds}.")
        held[kind or "jobs"].append(each if kind is not None else to_job())
    return held


def _flat(returned: Any) -> Iterable[Any]:
    if isinstance(returned, Mapping):
        for value in cast("Mapping[str, Any]", returned).values():
            yield from cast("Mapping[str, Any]", value).values() if isinstance(value, Mapping) else _flat(value)
        return
    if not isinstance(returned, (list, tuple, set)):
        raise ArgumentError(f"a repository function returns a list or a dict, not a {type(returned).__name__}.")
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
