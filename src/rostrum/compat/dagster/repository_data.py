"""`RepositoryData`: definitions of a repository that are looked up when they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from rostrum.model.errors import InvariantError


class RepositoryData(ABC):
    """Subclasses give jobs and resources, and whatever else there is. A `@repository` function may return one; all of
    it is asked for when the code is loaded.
    """

    @abstractmethod
    def get_all_jobs(self) -> Sequence[Any]:
        """All jobs."""

    def get_top_level_resources(self) -> Mapping[str, Any]:
        """Resources by key."""
        return {}

    def get_all_schedules(self) -> Sequence[Any]:
        """All schedules."""
        return []

    def get_all_sensors(self) -> Sequence[Any]:
        """All sensors."""
        return []

    def get_assets_defs_by_key(self) -> Mapping[Any, Any]:
        """Assets by key."""
        return {}

    def get_source_assets_by_key(self) -> Mapping[Any, Any]:
        """Assets that are made elsewhere, by key."""
        return {}

    def get_asset_checks_defs_by_key(self) -> Mapping[Any, Any]:
        """Checks by key."""
        return {}

    def get_job_names(self) -> Sequence[str]:
        """Names of all jobs."""
        return [job.name for job in self.get_all_jobs()]

    def has_job(self, job_name: str) -> bool:
        """Whether there is a job of that name."""
        return job_name in self.get_job_names()

    def get_job(self, job_name: str) -> Any:
        """The job of that name. Raises InvariantError where there is none."""
        return _named("job", job_name, self.get_all_jobs())

    def get_schedule_names(self) -> Sequence[str]:
        """Names of all schedules."""
        return [each.name for each in self.get_all_schedules()]

    def has_schedule(self, schedule_name: str) -> bool:
        """Whether there is a schedule of that name."""
        return schedule_name in self.get_schedule_names()

    def get_schedule(self, schedule_name: str) -> Any:
        """The schedule of that name. Raises InvariantError where there is none."""
        return _named("schedule", schedule_name, self.get_all_schedules())

    def get_sensor_names(self) -> Sequence[str]:
        """Names of all sensors."""
        return [each.name for each in self.get_all_sensors()]

    def has_sensor(self, sensor_name: str) -> bool:
        """Whether there is a sensor of that name."""
        return sensor_name in self.get_sensor_names()

    def get_sensor(self, sensor_name: str) -> Any:
        """The sensor of that name. Raises InvariantError where there is none."""
        return _named("sensor", sensor_name, self.get_all_sensors())

    def load_all_definitions(self) -> None:
        """Ask for everything."""
        self.definitions()

    def definitions(self) -> dict[str, Any]:
        """Everything, as `@repository` takes it."""
        return {
            "assets": list({id(each): each for each in self.get_assets_defs_by_key().values()}.values()),
            "sources": list(self.get_source_assets_by_key().values()),
            "checks": list({id(each): each for each in self.get_asset_checks_defs_by_key().values()}.values()),
            "jobs": list(self.get_all_jobs()),
            "schedules": list(self.get_all_schedules()),
            "sensors": list(self.get_all_sensors()),
        }


def _named(kind: str, name: str, among: Sequence[Any]) -> Any:
    found = next((each for each in among if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in among) or "none"
        raise InvariantError(f"Could not find {kind} {name!r}; there are: {known}.")
    return found
