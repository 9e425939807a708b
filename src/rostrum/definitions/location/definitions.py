"""`Definitions`: all that a code location holds."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.selection import AssetSelection, SelectionLike
from rostrum.definitions.assets.specs import AssetSpec, map_asset_specs
from rostrum.definitions.broken import broken_name, brought_by, folding, is_broken, is_collecting, note, noting_init
from rostrum.definitions.checks.definition import AssetChecksDefinition
from rostrum.definitions.location.live import ExecutorDefinition, Resolved
from rostrum.definitions.location.lookups import assets_def_of, found, is_implicit, mapped, selected_keys
from rostrum.definitions.names import KeyLike, asset_key_of, check_name
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.problems import Problems
from rostrum.definitions.sources import caller_source, shown
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, DefinitionError, InvariantError, kind_of
from rostrum.model.manifest import ASSET_JOB, Manifest
from rostrum.planning.graph import AssetGraph

if TYPE_CHECKING:  # what runs things, and what a file of assets only does without
    from rostrum.definitions.assets.value_loader import AssetValueLoader
    from rostrum.definitions.automations.schedules import ScheduleDefinition
    from rostrum.definitions.automations.sensors import SensorDefinition
    from rostrum.definitions.ops.job_specs import JobSpec
    from rostrum.definitions.ops.jobs import JobDefinition

SpecChange = Callable[[AssetSpec], AssetSpec]
Listed = AssetsDefinition | AssetSpec | Sequence[AssetsDefinition | AssetSpec]
"""What the lists of assets and checks hold; what `load_assets_from_modules` returns may be one of them."""


class Definitions:
    """Assets, checks, jobs, schedules, sensors and resources that belong together.

    The constructor checks the kinds of what it is given (ArgumentError); all else is checked when it is first used:
    by `validate_loadable`, a `resolve_*` or `get_*` method, a run, or when the code location is loaded. Then one
    DefinitionError lists all mistakes.
    """

    __slots__ = (
        "_graph",
        "_resolved",
        "asset_checks",
        "assets",
        "component_tree",
        "executor",
        "incomplete",
        "jobs",
        "loggers",
        "metadata",
        "resources",
        "schedules",
        "sensors",
        "source",
    )

    @noting_init
    def __init__(
        self,
        assets: Iterable[Listed] | None = None,
        schedules: Iterable[ScheduleDefinition] | None = None,
        sensors: Iterable[SensorDefinition] | None = None,
        jobs: Iterable[JobSpec] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: ExecutorDefinition | None = None,
        loggers: Mapping[str, Any] | None = None,
        asset_checks: Iterable[Listed] | None = None,
        metadata: Mapping[str, Any] | None = None,
        component_tree: Any = None,
    ) -> None:
        self.source = caller_source()
        wrong: list[str] = []
        items = [*_flat(assets, wrong, "assets"), *_flat(asset_checks, wrong, "asset_checks")]
        self.assets: Sequence[AssetsDefinition | AssetSpec] = [
            each
            for each in items
            if isinstance(each, (AssetsDefinition, AssetSpec)) and not isinstance(each, AssetChecksDefinition)
        ]
        self.asset_checks: Sequence[AssetChecksDefinition] = [
            each for each in items if isinstance(each, AssetChecksDefinition)
        ]
        if len(self.assets) + len(self.asset_checks) != len(items):
            kinds = (AssetsDefinition, AssetSpec, AssetChecksDefinition)
            _of_kind(items, kinds, wrong, "assets or asset_checks", "not an asset, an AssetSpec or a check")
        self.jobs: Sequence[JobSpec] = _require(jobs, "ops.job_specs:JobSpec", wrong, "jobs", "not a job")
        self.schedules: Sequence[ScheduleDefinition] = _require(
            schedules, "automations.schedules:ScheduleDefinition", wrong, "schedules", "not a schedule"
        )
        self.sensors: Sequence[SensorDefinition] = _require(
            sensors, "automations.sensors:SensorDefinition", wrong, "sensors", "not a sensor"
        )
        self.resources: Mapping[str, Any] = _mapping(resources, wrong, "resources")
        if executor is not None and not isinstance(executor, ExecutorDefinition):
            wrong.append(f"executor is {_told(executor)}; use in_process_executor or multiprocess_executor.")
            executor = None
        self.executor: ExecutorDefinition | None = executor
        self.loggers = _loggers(loggers, wrong)
        self.metadata = _mapping(metadata, wrong, "metadata")
        self.component_tree = component_tree
        self._resolved: Resolved | None = None
        self._graph: AssetGraph | None = None
        # Each begins with the name of its argument.
        self.incomplete = frozenset(told.partition(" ")[0] for told in wrong)
        """Arguments of which some could not be taken, which has been told."""
        for told in wrong if is_collecting() else wrong[:1]:
            note(ArgumentError(f"{shown(self.source)}: {told}"))
        problems = Problems()
        for key in self.resources:
            try:
                check_name(key, "resource")
            except DefinitionError as error:
                problems.add(self.source, str(error))
        try:
            problems.raise_if_any()
        except DefinitionError as error:
            note(error)

    def resolved(self) -> Resolved:
        """Validated definitions with their live parts, made once. Raises DefinitionError that lists all mistakes."""
        if self._resolved is None:
            compiler = _compiler()
            self._resolved = made = compiler.compile_definitions(
                compiler.Collected(
                    self.assets,
                    self.asset_checks,
                    self.jobs,
                    self.schedules,
                    self.resources,
                    self.executor,
                    self.loggers,
                    self.metadata,
                    self.sensors,
                )
            )
            return made
        return self._resolved

    def check_what_is_there(self) -> None:
        """Where some definitions could not be made: raise DefinitionError that lists what is wrong with the others."""
        compiler = _compiler()
        missing: Any = compiler.Missing()
        missing.anything = True

        def sound(values: Iterable[Any], name: Callable[[Any], Any], what: str) -> list[Any]:
            """The others, and the names of those that are broken."""
            kept: list[Any] = []
            for each in values:
                if not is_broken(each):
                    kept.append(each)
                elif what and (called := broken_name(each)) is not None:
                    getattr(missing, what).add(name(called))
                elif what:
                    setattr(missing, f"all_{what}", True)
            return kept

        parts = (
            sound(self.assets, asset_key_of, "assets"),
            sound(self.asset_checks, str, ""),
            sound(self.jobs, str, "jobs"),
            sound(self.schedules, str, ""),
        )
        sensors = sound(self.sensors, str, "")
        missing.resources = "resources" in self.incomplete
        for each in [*self.schedules, *self.sensors]:
            missing.jobs.update(job.name for job in _only_jobs(brought_by(each)) if not is_broken(job))
        missing.all_assets |= "assets" in self.incomplete
        missing.all_jobs |= not self.incomplete.isdisjoint({"jobs", "schedules", "sensors"})
        compiler.mistakes_beside(compiler.Collected(*parts, self.resources, None, {}, {}, sensors), missing)

    def manifest(self) -> Manifest:
        """The definitions as data."""
        return self.resolved().manifest

    @staticmethod
    @folding
    def validate_loadable(defs: Definitions) -> None:
        """Raise DefinitionError that lists all mistakes: also what compiles and cannot be stored."""
        importlib.import_module("rostrum.definitions.location.encoding").encoded(defs.manifest())

    # --- jobs, schedules, sensors

    def resolve_job_def(self, name: str) -> JobDefinition:
        """The job of that name, ready to be executed. Raises InvariantError where there is none."""
        if is_implicit(name):
            return self.resolve_implicit_global_asset_job_def()
        job = found("job", name, self._jobs())
        self.resolved()
        return self._bound(job)

    def resolve_all_job_defs(self) -> Sequence[JobDefinition]:
        """All jobs, the implicit one over all assets included, ready to be executed."""
        jobs = [self.resolve_job_def(name) for name in self._jobs()]
        return (
            [*jobs, self.resolve_implicit_global_asset_job_def()] if self.has_implicit_global_asset_job_def() else jobs
        )

    def resolve_implicit_global_asset_job_def(self) -> JobDefinition:
        """The job over all assets."""
        self.resolved()
        return self._bound(_kind("ops.jobs:JobDefinition")(name=ASSET_JOB, selection=AssetSelection.all()))

    def _bound(self, job: JobSpec) -> JobDefinition:
        """The job, knowing these definitions: so it can be executed."""
        made: Any = copy.copy(job)
        made.definitions = self
        return made

    def has_implicit_global_asset_job_def(self) -> bool:
        """Whether there is anything that the job over all assets would make."""
        return bool(self.resolved().graph.executable)

    def resolve_schedule_def(self, name: str) -> ScheduleDefinition:
        """The schedule of that name, with the partitions that its job turned out to have. Raises InvariantError where
        there is none.
        """
        return found("schedule", name, self.resolved().schedules)

    def resolve_sensor_def(self, name: str) -> SensorDefinition:
        """The sensor of that name. Raises InvariantError where there is none."""
        self.resolved()
        return self.get_unresolved_sensor_def(name)

    def get_unresolved_schedule_def(self, name: str) -> ScheduleDefinition:
        """The schedule of that name, without validating all the rest."""
        return found("schedule", name, {each.name: each for each in self.schedules})

    def get_unresolved_sensor_def(self, name: str) -> SensorDefinition:
        """The sensor of that name, without validating all the rest."""
        return found("sensor", name, {each.name: each for each in self.sensors})

    def _jobs(self) -> dict[str, JobSpec]:
        targets: list[Any] = [getattr(each, "target", None) for each in self.schedules]
        # (Not `jobs`: a sensor that names its job has none to show.)
        targets += [job for each in self.sensors for job in getattr(each, "targets", None) or ()]
        return {each.name: each for each in [*self.jobs, *_only_jobs(targets)]}

    def get_repository_def(self) -> Any:
        """These definitions, validated, with more lookups by name (a `Repository`). Raises DefinitionError."""
        return importlib.import_module("rostrum.definitions.location.repositories").Repository.of(self)

    def has_resolved_repository_def(self) -> bool:
        """Whether they have been validated."""
        return self._resolved is not None

    # --- assets

    def resolve_asset_graph(self) -> AssetGraph:
        """Who depends on whom. The resources that assets need may be in other definitions."""
        if self._resolved is not None:
            return self._resolved.graph
        if self._graph is None:
            compiler = _compiler()
            part = compiler.Collected(self.assets, self.asset_checks, [], [], self.resources, None, {}, {})
            self._graph = compiler.compile_a_part(part).graph
        return cast("AssetGraph", self._graph)

    def resolve_all_asset_keys(self) -> Sequence[AssetKey]:
        """Keys of all assets, those that are only depended on included."""
        return list(self.resolve_asset_graph().nodes)

    def resolve_all_asset_specs(self) -> Sequence[AssetSpec]:
        """Specs of all assets, those that are only depended on included."""
        known = {
            spec.key: spec
            for each in self.assets
            for spec in (each.specs if isinstance(each, AssetsDefinition) else (each,))
        }
        return [known.get(key) or AssetSpec(key) for key in self.resolve_all_asset_keys()]

    def resolve_assets_def(self, key: KeyLike) -> AssetsDefinition:
        """The definition that holds an asset. Raises InvariantError where there is none."""
        self.resolve_asset_graph()
        return self.get_assets_def(key)

    def get_assets_def(self, key: KeyLike) -> AssetsDefinition:
        """As `resolve_assets_def`, without validating all the rest."""
        return assets_def_of(self.assets, asset_key_of(key))

    def get_asset_checks_def(self, key: Any) -> AssetChecksDefinition:
        """The definition that holds a check. Raises InvariantError where there is none."""
        return found("check", key, {spec.key: each for each in self.asset_checks for spec in each.check_specs})

    def map_asset_specs(self, *, func: SpecChange, selection: SelectionLike | None = None) -> Definitions:
        """The same definitions with each spec (of those selected) replaced by what `func` makes of it."""
        if selection is not None:
            return self.map_resolved_asset_specs(func=func, selection=selection)
        return self._replaced(assets=map_asset_specs(func, self.assets))

    def map_resolved_asset_specs(self, *, func: SpecChange, selection: SelectionLike | None = None) -> Definitions:
        """As `map_asset_specs`; the selection may speak of what is upstream or downstream."""
        keys = selected_keys(self.resolve_asset_graph(), selection)
        return self._replaced(assets=mapped(func, self.assets, keys))

    def get_asset_value_loader(self, instance: Any = None) -> AssetValueLoader:
        """What loads stored values of these assets."""
        # It runs things, and is loaded only where it is asked for.
        return importlib.import_module("rostrum.definitions.assets.value_loader").AssetValueLoader(
            self.resolved(), instance
        )

    def load_asset_value(
        self,
        asset_key: KeyLike,
        *,
        python_type: Any = MISSING,
        instance: Any = None,
        partition_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        resource_config: Mapping[str, Any] | None = None,
    ) -> Any:
        """The stored value of an asset, loaded by its IO manager. Raises what the IO manager raises."""
        loader = self.get_asset_value_loader(instance)
        return loader.load_asset_value(
            asset_key,
            python_type=python_type,
            partition_key=partition_key,
            metadata=metadata,
            resource_config=resource_config,
        )

    # --- others made of these

    @staticmethod
    def merge(*def_sets: Definitions) -> Definitions:
        """The union.

        One resource key or logger bound to different values, or two executors, raise InvariantError. Of metadata the
        last counts.
        """
        resources: dict[str, Any] = {}
        loggers: dict[str, Any] = {}
        wrong: list[str] = []
        for each in def_sets:
            if not isinstance(each, Definitions):
                raise ArgumentError(f"Definitions.merge takes Definitions, not {_told(each)}.")
            wrong += _merge(resources, each.resources, "resource")
            wrong += _merge(loggers, each.loggers, "logger")
        executors = [each.executor for each in def_sets if each.executor is not None]
        if len(executors) > 1:
            wrong.append("more than one of them has an executor: leave it to one of them.")
        if wrong:
            raise InvariantError("Definitions.merge: " + "\n  ".join(dict.fromkeys(wrong)))
        metadata = {name: value for each in def_sets for name, value in each.metadata.items()}
        made = Definitions(
            assets=[asset for each in def_sets for asset in each.assets],
            asset_checks=[check for each in def_sets for check in each.asset_checks],
            jobs=[job for each in def_sets for job in each.jobs],
            schedules=[schedule for each in def_sets for schedule in each.schedules],
            sensors=[sensor for each in def_sets for sensor in each.sensors],
            resources=resources,
            executor=executors[0] if executors else None,
            loggers=loggers,
            metadata=metadata,
            component_tree=next((each.component_tree for each in def_sets if each.component_tree is not None), None),
        )
        made.incomplete = frozenset().union(*(each.incomplete for each in def_sets))
        return made

    def with_resources(self, resources: Mapping[str, Any] | None) -> Definitions:
        """These, with more resources."""
        return Definitions.merge(self, Definitions(resources=resources)) if resources else self

    def with_definition_metadata_update(self, update: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Definitions:
        """These, with the metadata that `update` makes of theirs."""
        return self._replaced(metadata=update(self.metadata))

    def including(self, job: JobSpec) -> Definitions:
        """These definitions, with a job that they may lack."""
        known = job in self.jobs or job.name == ASSET_JOB or getattr(job, "definitions", None) is self
        return self if known else Definitions.merge(self, Definitions(jobs=[job]))

    def _replaced(self, **changes: Any) -> Definitions:
        names = ("assets", "schedules", "sensors", "jobs", "resources", "executor", "loggers", "asset_checks")
        options = {name: getattr(self, name) for name in (*names, "metadata", "component_tree")}
        made = Definitions(**{**options, **changes})
        made.incomplete = self.incomplete
        return made

    get_job_def = resolve_job_def
    get_schedule_def = resolve_schedule_def
    get_sensor_def = resolve_sensor_def
    get_implicit_global_asset_job_def = resolve_implicit_global_asset_job_def
    merge_unbound_defs = merge


def _compiler() -> Any:
    """The compiler of definitions: loaded when they are first used, for a module that only writes some needs none."""
    return importlib.import_module("rostrum.definitions.location.compile")


def _merge(into: dict[str, Any], values: Mapping[str, Any], what: str) -> list[str]:
    """Add the values; gives what is told of those that are bound differently already."""
    wrong: list[str] = []
    for key, value in values.items():
        if key in into and into[key] is not value and into[key] != value:
            wrong.append(f"the {what} {key!r} is bound to different values: bind it in one of them, or rename one.")
        into.setdefault(key, value)
    return wrong


def _flat(values: Any, wrong: list[str], what: str) -> list[Any]:
    """Values, with those in lists taken out."""
    if values is not None and (not isinstance(values, Iterable) or isinstance(values, (str, Mapping))):
        wrong.append(f"{what} is {_told(values)}; give a list.")
        return []
    items: list[Any] = []
    for each in cast("Iterable[Any]", values or ()):
        if isinstance(each, (list, tuple)) and not hasattr(cast("Any", each), "_fields"):
            items.extend(cast("Sequence[Any]", each))
        else:
            items.append(each)
    return items


def _kind(place: str) -> Any:
    """A class of definitions, as `module:name`: loaded where there are some, for most files have assets only."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"rostrum.definitions.{module}"), name)


def _only_jobs(values: Sequence[Any]) -> list[JobSpec]:
    kind = _kind("ops.job_specs:JobSpec") if values else None
    return [each for each in values if kind is not None and isinstance(each, kind)]


def _require(values: Any, place: str, wrong: list[str], what: str, why: str) -> list[Any]:
    """The values as a list, without those of another kind (`module:name`), which are noted."""
    items = _flat(values, wrong, what)
    return _of_kind(items, _kind(place), wrong, what, why) if items else []


def _of_kind(items: Sequence[Any], kinds: Any, wrong: list[str], what: str, why: str) -> list[Any]:
    """Note those of another kind; returns the others."""
    wrong += [f"{what} holds {_told(each)}, which is {why}." for each in items if not isinstance(each, kinds)]
    return [each for each in items if isinstance(each, kinds)]


def _mapping(values: Any, wrong: list[str], what: str) -> dict[str, Any]:
    if values is not None and not isinstance(values, Mapping):
        wrong.append(f"{what} is {_told(values)}; give a dict.")
        return {}
    return dict(cast("Mapping[str, Any]", values or {}))


def _loggers(values: Any, wrong: list[str]) -> dict[str, Any]:
    found = _mapping(values, wrong, "loggers")
    kind = _kind("ops.loggers:LoggerDefinition") if found else None
    strange = [key for key, each in found.items() if kind is not None and not isinstance(each, kind)]
    wrong += [f"loggers[{key!r}] is {_told(found[key])}; give a logger made by @logger." for key in strange]
    return {key: each for key, each in found.items() if key not in strange}


def _told(value: Any) -> str:
    name = getattr(value, "__name__", None)
    return f"{name!r} ({kind_of(value)})" if name else f"{kind_of(value)}"
