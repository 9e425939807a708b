"""Whether a target can be run, told before anything is stored: names, partition keys, and roughly the run config.

Roughly, because only user code knows every rule of its config: the worker validates it in full when it starts. What is
refused here the worker would refuse too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, cast

import msgspec

from rostrum.control.manifests import LoadedManifest
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import ConfigError, NotFound, NotPartitioned, StateError, UnknownPartition
from rostrum.model.manifest import ASSET_JOB, JobNode
from rostrum.model.plans import FromConfig, Plan, Step
from rostrum.model.runs import RunTarget
from rostrum.planning.config_schemas import HAS_DEFAULT, config_problems, is_structured
from rostrum.planning.dynamic import Items
from rostrum.planning.executor_config import section_problems
from rostrum.planning.job_schemas import is_below, mapped_paths
from rostrum.planning.op_steps import node_path
from rostrum.planning.partitions import DynamicKeys, not_found, partitions_of
from rostrum.planning.plan import build_plan, selected

CONFIG_SECTIONS = frozenset({"ops", "resources", "execution", "loggers", "inputs"})
"""What a run config may hold at its top."""


class CheckedTarget(msgspec.Struct, frozen=True):
    """A target that its location's manifest can satisfy, and what follows from it for any partition key."""

    loaded: LoadedManifest
    job: JobNode
    plan: Plan
    asset_keys: tuple[AssetKey, ...]
    """Assets that the run intends to make."""
    check_keys: tuple[CheckKey, ...]
    partitions: tuple[str, ...]
    """Names of the partitions definitions of what is made; a partition key must belong to each."""
    partitions_of_all: tuple[str, ...] = ()
    """The same of all that would be made without the selection of steps."""

    @property
    def partitioned_assets(self) -> tuple[AssetKey, ...]:
        """Of the assets those with partitions."""
        nodes = self.loaded.graph.nodes
        return tuple(key for key in self.asset_keys if nodes[key].partitions is not None)

    @property
    def keyed_by(self) -> tuple[str, ...]:
        """Names of the partitions definitions that a key is of. Some steps of a run, none of which has partitions, keep
        the key of that run: they may load what has.
        """
        return self.partitions or self.partitions_of_all


def check_target(
    loaded: LoadedManifest, target: RunTarget, known: Mapping[str, Items] | None = None, *, required: bool = True
) -> CheckedTarget:
    """Check names and selections. `known`: items of dynamic outputs that an earlier run has yielded. Raises
    NotFound with the nearest name, or StateError where a selection selects nothing. A job may be empty; that nothing at
    all is selected is an error where `required`.
    """
    job = loaded.job(target.job)
    if required and job.name == ASSET_JOB and not target.asset_selection and not target.check_selection:
        raise StateError("no assets are selected: name at least one asset or check to run")
    _check_assets(loaded, target)
    plan = build_plan(loaded.manifest, target, loaded.graph, known)
    narrowed = target.asset_selection or target.check_selection or target.step_selection or target.op_selection
    if narrowed and not plan.steps:
        raise StateError(f"job {target.job!r} of code location {target.location!r} has nothing to run")
    if job.graph is not None:
        names = (job.partitions,) if job.partitions else ()
        return CheckedTarget(loaded, job, plan, (), (), names)
    assets, checks = selected(loaded.graph, job, target)
    everything = _partitions(loaded, job, assets)
    if target.step_selection:
        made = {key for step in plan.steps for key in step.asset_keys}
        judged = {key for step in plan.steps for key in step.check_keys}
        assets, checks = [key for key in assets if key in made], [key for key in checks if key in judged]
    specs = _partitions(loaded, job, assets)
    return CheckedTarget(loaded, job, plan, tuple(assets), tuple(checks), specs, everything)


def _partitions(loaded: LoadedManifest, job: JobNode, assets: Iterable[AssetKey]) -> tuple[str, ...]:
    specs = dict.fromkeys(name for key in assets if (name := loaded.graph.nodes[key].partitions) is not None)
    if job.partitions:
        specs[job.partitions] = None
    return tuple(specs)


def partition_keys(
    checked: CheckedTarget, target: RunTarget, now: datetime, dynamic: DynamicKeys, *, required: bool = True
) -> tuple[str, ...]:
    """Check the partitions of a target; returns the keys that it covers (none without partitions).

    Raises StateError where a key is missing (and `required`), NotPartitioned where it is superfluous, UnknownPartition
    where there is no such partition.
    """
    wanted = (target.partition_key,) if target.partition_key is not None else target.partition_range or ()
    if not wanted:
        if checked.partitions and required:
            raise StateError(f"{_subject(checked)} is partitioned: say which partition to run")
        return ()
    if not checked.keyed_by:
        raise NotPartitioned(
            f"{_subject(checked)} is not partitioned: there is no PartitionsDefinition shared by what the run makes, "
            f"and it takes no partition key (given: {wanted[0]!r})"
        )
    covered: dict[tuple[str, ...], str] = {}
    for name in checked.keyed_by:
        source = partitions_of(checked.loaded.manifest.partitions[name], dynamic)
        for key in wanted:
            if not source.has_key(key, now):
                raise UnknownPartition(not_found(source, key, now))
        if target.partition_key is None:
            covered.setdefault(tuple(source.keys_in_range(wanted[0], wanted[-1])), name)
    if len(covered) > 1:
        counts = " and ".join(f"{len(keys)} of {name}" for keys, name in covered.items())
        raise StateError(
            f"from {wanted[0]!r} to {wanted[-1]!r} there are different partitions, {counts}: run these assets apart"
        )
    return next(iter(covered), wanted)


def _execution_problems(checked: CheckedTarget, config: Mapping[str, Any]) -> list[str]:
    """Of executors that users have made only their own code knows what they take."""
    execution = config.get("execution")
    if not execution:
        return []
    executor = checked.job.executor or checked.loaded.manifest.executor
    if executor not in (None, "multi_or_in_process") and isinstance(execution, Mapping):
        named: dict[str, Any] = {**cast("Mapping[str, Any]", execution), "config": None}
        return section_problems(named)
    return section_problems(execution)


def check_config(checked: CheckedTarget, config: Mapping[str, Any]) -> None:
    """Check a run config: names of sections, ops and resources, and what is in them against their schemas.

    Of a job with a config mapping it is what the mapping takes. What the config of a partition gives is not known here:
    where there is one, nothing is missing.

    `config` is the run's, over which the job's own has not been laid. Raises ConfigError that tells all mistakes of the
    last kind at once, else the nearest name.
    """
    if checked.job.config_schema is not None:  # a config mapping makes the sections out of what is given
        apart = ("execution", "loggers", "inputs")  # of the run as a whole, given beside the simple config
        simple = {key: value for key, value in config.items() if key not in apart}
        problems = config_problems(checked.job.config_schema, simple, "config")
        if problems:
            raise ConfigError("; ".join(problems))
        return
    _known("section", config, CONFIG_SECTIONS, "the run config")
    problems = _execution_problems(checked, config)
    if problems:
        raise ConfigError("; ".join(problems))
    ops = config.get("ops")
    if isinstance(ops, Mapping):
        # A selection runs some steps only; config of the job's other steps does no harm.
        whole = build_plan(checked.loaded.manifest, RunTarget(location="", job=checked.job.name), checked.loaded.graph)
        names = {step.key.split(".")[0] for step in (*whole.steps, *checked.plan.steps)}
        _known("op", _names(ops), names, f"job {checked.job.name!r}")
    resources = config.get("resources")
    if isinstance(resources, Mapping):
        known = {node.key for node in checked.loaded.manifest.resources}
        _known("resource", _names(resources), {*known, "io_manager"}, "this code location")
    whole_config = merged(checked.job.config, config) if checked.job.config else config
    problems = [*_op_problems(checked, whole_config), *_resource_problems(checked, whole_config)]
    if problems:
        raise ConfigError("; ".join(problems))


def merged(default: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Config `given` over `default`: maps are merged at every depth, anything else is replaced."""
    result = dict(default)
    for key, value in given.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = merged(cast("dict[str, Any]", below), cast("dict[str, Any]", value))
        else:
            result[key] = value
    return result


def _op_problems(checked: CheckedTarget, config: Mapping[str, Any]) -> list[str]:
    ops = checked.loaded.graph.ops
    mapped = mapped_paths(checked.loaded.manifest, checked.job)
    partial = checked.job.config_by_partition
    problems: list[str] = []
    for path, schema in mapped.items():
        problems += _config_problems(config, (*path, "config"), schema, partial)
    for step in checked.plan.steps:
        path = node_path(step.key)
        schema = ops[step.op].config_schema
        if schema is not None and not is_below(path, mapped):
            problems += _config_problems(config, (*path, "config"), schema, partial)
        if not partial:
            problems += _input_problems(step, config)
    return problems


def _config_problems(
    config: Mapping[str, Any], path: Sequence[str], schema: Mapping[str, Any], partial: bool
) -> list[str]:
    found = _at(config, path)
    if found is _MISSING and (partial or schema.get(HAS_DEFAULT) or not is_structured(schema)):
        return []
    is_empty = found is _MISSING or (found is None and is_structured(schema))
    given: object = dict[str, object]() if is_empty else found
    return config_problems(schema, given, ".".join(path), partial=partial)


def _input_problems(step: Step, config: Mapping[str, Any]) -> list[str]:
    """Inputs whose value can come from nowhere but the run config, and are not there."""
    problems: list[str] = []
    for item in step.inputs:
        # Those of the job itself may have values that the job brings along.
        paths = [each.path for each in item.sources if isinstance(each, FromConfig) and each.path[0] == "ops"]
        if paths and len(paths) == len(item.sources) and all(_at(config, path) is _MISSING for path in paths):
            problems.append(f"{'.'.join(paths[0])}: missing: nothing is connected to this input")
    return problems


def _resource_problems(checked: CheckedTarget, config: Mapping[str, Any]) -> list[str]:
    """Run config changes single fields of a resource: what is not given keeps its value."""
    problems: list[str] = []
    for node in checked.loaded.manifest.resources:
        found = _at(config, ("resources", node.key, "config"))
        if node.config_schema is not None and found is not _MISSING and found:
            problems += config_problems(node.config_schema, found, f"resources.{node.key}.config", partial=True)
    return problems


_MISSING = object()


def _at(config: Mapping[str, Any], path: Sequence[str]) -> object:
    found: object = config
    for part in path:
        if not isinstance(found, dict) or part not in found:
            return _MISSING
        found = cast("dict[str, object]", found)[part]
    return found


def _names(section: Any) -> list[str]:
    return [str(name) for name in section]


def _known(what: str, names: Iterable[str], known: Iterable[str], place: str) -> None:
    offered = sorted(known)
    for name in names:
        if name not in offered:
            raise ConfigError(f"{place} has no {what} {name!r}.{_hint(name, offered)}")


def _check_assets(loaded: LoadedManifest, target: RunTarget) -> None:
    for key in target.asset_selection:
        node = loaded.graph.nodes.get(key)
        if node is None:
            hint = _hint(str(key), [str(known) for known in loaded.graph.nodes])
            raise NotFound(f"code location {target.location!r} has no asset {str(key)!r}.{hint}")
        if node.op is None:
            raise StateError(f"asset {str(key)!r} is external: nothing in code location {target.location!r} makes it")


def _subject(checked: CheckedTarget) -> str:
    if checked.job.name == ASSET_JOB and checked.asset_keys:
        partitioned = checked.partitioned_assets or checked.asset_keys
        return f"asset {str(partitioned[0])!r}"
    return f"job {checked.job.name!r}"


def _hint(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
