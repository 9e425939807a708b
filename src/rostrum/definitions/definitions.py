"""`Definitions`: all that a code location holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from rostrum.definitions.assets import AssetsDefinition, AssetSpec
from rostrum.definitions.checks import AssetChecksDefinition
from rostrum.definitions.compile import Collected, compile_definitions
from rostrum.definitions.job_specs import JobSpec
from rostrum.definitions.live import ExecutorDefinition, Resolved
from rostrum.definitions.names import check_name
from rostrum.definitions.problems import Problems
from rostrum.definitions.schedules import ScheduleDefinition
from rostrum.definitions.sources import caller_source
from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Manifest


class Definitions:
    """Assets, checks, jobs, schedules and resources that belong together. Types are checked here, all else when it
    is first used.
    """

    __slots__ = (
        "_resolved",
        "asset_checks",
        "assets",
        "executor",
        "jobs",
        "loggers",
        "metadata",
        "resources",
        "schedules",
        "source",
    )

    def __init__(
        self,
        assets: Iterable[Any] | None = None,
        schedules: Iterable[ScheduleDefinition] | None = None,
        jobs: Iterable[JobSpec] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: ExecutorDefinition | None = None,
        loggers: Mapping[str, Any] | None = None,
        asset_checks: Iterable[Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.source = caller_source()
        problems = Problems()
        found = [*_flat(assets), *_flat(asset_checks)]
        self.assets: Sequence[AssetsDefinition | AssetSpec] = [
            each for each in found if isinstance(each, (AssetsDefinition, AssetSpec))
        ]
        self.asset_checks: Sequence[AssetChecksDefinition] = [
            each for each in found if isinstance(each, AssetChecksDefinition)
        ]
        if len(self.assets) + len(self.asset_checks) != len(found):
            for each in found:
                if not isinstance(each, (AssetsDefinition, AssetSpec, AssetChecksDefinition)):
                    problems.add(
                        self.source, f"assets holds {_told(each)}, which is not an asset, an AssetSpec or a check."
                    )
        self.jobs: Sequence[JobSpec] = list(jobs or ())
        self.schedules: Sequence[ScheduleDefinition] = list(schedules or ())
        for each in self.jobs:
            if not isinstance(each, JobSpec):
                problems.add(self.source, f"jobs holds {_told(each)}, which is not a job.")
        for each in self.schedules:
            if not isinstance(each, ScheduleDefinition):
                problems.add(self.source, f"schedules holds {_told(each)}, which is not a schedule.")
        self.resources: Mapping[str, Any] = dict(resources or {})
        for key in self.resources:
            try:
                check_name(key, "resource")
            except DefinitionError as error:
                problems.add(self.source, str(error))
        if executor is not None and not isinstance(executor, ExecutorDefinition):
            problems.add(
                self.source, f"executor is {_told(executor)}; use in_process_executor or multiprocess_executor."
            )
        self.executor = executor
        self.loggers, self.metadata = dict(loggers or {}), dict(metadata or {})
        self._resolved: Resolved | None = None
        problems.raise_if_any()

    def resolved(self) -> Resolved:
        """Validated definitions with their live parts, made once. Raises DefinitionError that lists all mistakes."""
        if self._resolved is None:
            self._resolved = compile_definitions(
                Collected(
                    self.assets,
                    self.asset_checks,
                    self.jobs,
                    self.schedules,
                    self.resources,
                    self.executor,
                    self.loggers,
                    self.metadata,
                )
            )
        return self._resolved

    def manifest(self) -> Manifest:
        """The definitions as data."""
        return self.resolved().manifest

    @staticmethod
    def validate_loadable(definitions: Definitions) -> None:
        """Raise DefinitionError that lists all mistakes."""
        definitions.resolved()

    @staticmethod
    def merge(*definitions: Definitions) -> Definitions:
        """The union.

        One resource key or logger bound to different values, or two executors, are errors. Of metadata the last counts.
        """
        resources: dict[str, Any] = {}
        loggers: dict[str, Any] = {}
        executors = [each.executor for each in definitions if each.executor is not None]
        for each in definitions:
            _merge(resources, each.resources, "resource")
            _merge(loggers, each.loggers, "logger")
        if len(executors) > 1:
            raise DefinitionError("Definitions.merge: more than one of them has an executor.")
        metadata: dict[str, Any] = {}
        for each in definitions:
            metadata.update(each.metadata)
        return Definitions(
            assets=[asset for each in definitions for asset in each.assets],
            asset_checks=[check for each in definitions for check in each.asset_checks],
            jobs=[job for each in definitions for job in each.jobs],
            schedules=[schedule for each in definitions for schedule in each.schedules],
            resources=resources,
            executor=executors[0] if executors else None,
            loggers=loggers,
            metadata=metadata,
        )

    def including(self, job: JobSpec) -> Definitions:
        """These definitions, with a job that they may lack."""
        return self if job in self.jobs else Definitions.merge(self, Definitions(jobs=[job]))


def _merge(into: dict[str, Any], values: Mapping[str, Any], what: str) -> None:
    for key, value in values.items():
        if key in into and into[key] is not value and into[key] != value:
            raise DefinitionError(f"Definitions.merge: the {what} {key!r} is bound to different values.")
        into[key] = value


def _flat(values: Iterable[Any] | None) -> list[Any]:
    """Values, with those in lists taken out."""
    found: list[Any] = []
    for each in values or ():
        if isinstance(each, (list, tuple)):
            found.extend(cast("Sequence[Any]", each))
        else:
            found.append(each)
    return found


def _told(value: Any) -> str:
    name = getattr(value, "__name__", None)
    return f"{name!r} (a {type(value).__name__})" if name else f"a {type(value).__name__}"
