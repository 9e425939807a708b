"""Run config from files and texts in YAML, and checking it without a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from glob import glob
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import yaml

from rostrum.definitions.config.job_config import check_run_config
from rostrum.definitions.config.run_config import RunConfig, merged, plain_config
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.mapped_config import mapped_config
from rostrum.model.errors import ArgumentError, DefinitionError, InvariantError, kind_of
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import build_plan


def config_from_files(config_files: Sequence[str]) -> Mapping[str, Any]:
    """Run config of YAML files (patterns with `*` too), later ones laid over earlier ones. Raises InvariantError for
    what names no file or is no YAML.
    """
    if isinstance(config_files, str):
        raise ArgumentError("config_files is text; give a list of file names.")
    texts: list[tuple[str, str]] = []
    for pattern in config_files:
        found = sorted(glob(pattern, recursive=True))  # noqa: PTH207 - patterns of users may be absolute
        if not found:
            raise DefinitionError(f'File or glob pattern "{pattern}" for "config_files" produced no results.')
        texts += [(name, Path(name).read_text(encoding="utf-8")) for name in found]
    return _merged(texts)


def config_from_yaml_strings(yaml_strings: Sequence[str]) -> Mapping[str, Any]:
    """Run config of YAML texts, later ones laid over earlier ones. Raises InvariantError for what is no YAML."""
    if isinstance(yaml_strings, str):
        raise ArgumentError("yaml_strings is text; give a list of texts.")
    return _merged([(f"text {number}", text) for number, text in enumerate(yaml_strings, 1)])


def config_from_pkg_resources(pkg_resource_defs: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    """Run config of YAML files in packages, each `(package, file)`. Raises DefinitionError for what is not there."""
    texts: list[tuple[str, str]] = []
    for package, name in pkg_resource_defs:
        try:
            texts.append((f"{package}:{name}", files(package).joinpath(name).read_text(encoding="utf-8")))
        except (ModuleNotFoundError, OSError, UnicodeDecodeError) as error:
            raise DefinitionError(f"the file {name!r} of package {package!r} cannot be read: {error}") from error
    return _merged(texts)


def _merged(texts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, text in texts:
        try:
            found: Any = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InvariantError(f"{name} is no YAML: {error}") from error
        if found is not None and not isinstance(found, dict):
            raise InvariantError(f"{name} holds {kind_of(found)}; run config is a mapping.")
        result = merged(result, cast("dict[str, Any]", found or {}))
    return result


def validate_run_config(job_def: Any, run_config: RunConfig | Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """The run config of a job with all defaults filled in. Raises ConfigError that tells all mistakes."""
    own = getattr(job_def, "definitions", None)
    definitions = own.including(job_def) if own is not None else Definitions(jobs=[job_def])
    resolved = definitions.resolved()
    plan = build_plan(resolved.manifest, RunTarget(location="", job=job_def.name), resolved.graph)
    config = mapped_config(resolved, job_def.name, plain_config(run_config))
    bound = resolved.resources_of(job_def.name)
    found = check_run_config(resolved, job_def.name, config, plan.steps, bound, lambda: ())
    resources = {"io_manager": {"config": None}, **found.get("resources", {})}
    return {"execution": {"config": {}}, "loggers": {}, **found, "resources": resources}
