"""Definitions looked up by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.checks.definition import AssetChecksDefinition
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.names import check_name
from rostrum.model.assets import AssetKey


class Repository(Definitions):
    """Definitions with a name, with lookups by name: what other libraries call a repository."""

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
        del repository_data, repository_load_data  # what a library keeps of it; everything is in `held`
        self.name = check_name(name, "repository")
        self.description = description
        super().__init__(metadata=metadata, **held)

    @classmethod
    def of(cls, definitions: Definitions, name: str = "__repository__") -> Repository:
        """The same definitions, with lookups. Raises DefinitionError that lists all mistakes."""
        held = ("assets", "asset_checks", "jobs", "schedules", "sensors", "resources", "executor", "loggers")
        parts = {kind: getattr(definitions, kind) for kind in held}
        made = cls(name, metadata=definitions.metadata, component_tree=definitions.component_tree, **parts)
        made.resolved()
        return made

    def get_schedule_def(self, name: str) -> Any:
        """The schedule of that name. Raises InvariantError where there is none."""
        return self.resolve_schedule_def(name)

    def get_sensor_def(self, name: str) -> Any:
        """The sensor of that name. Raises InvariantError where there is none."""
        return self.resolve_sensor_def(name)

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
