"""Which parts of a launch are not for everybody who may launch: those that say where a run and its steps are executed,
as what, and what they load. A launch names them by tags (an image, the configuration of a pod), by `execution.config`
(the address of a cluster or an engine, mounts, variables, options of a library), by config of IO managers (where values
are, and whether they are pickles), and by inputs that are read from a path.

Whoever chooses these executes code of their own with the rights of the worker: a pickle is code, too. What the code of
a project says itself, or a run that is repeated, is not asked for again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from rostrum.model.reserved_names import IMAGE_TAGS, POD_CONFIG_TAGS

_HERE = frozenset(("in_process", "multiprocess", "threaded", "async"))
"""Executors whose processes are those of the run."""
_FREE = frozenset(
    (
        "fuse",
        "grace_seconds",
        "infrastructure_retries",
        "max_concurrent",
        "max_tasks",
        "max_threads",
        "retries",
        "start_method",
        "step_dependency_config",
        "tag_concurrency_limits",
    )
)
"""What says only how many at once, how often and how long. All else is refused: an executor may learn new options."""
_DEFAULT_IO_MANAGER = "io_manager"
_TAGS = frozenset((*IMAGE_TAGS, *POD_CONFIG_TAGS))


def places_asked(
    config: Mapping[str, Any],
    tags: Mapping[str, str],
    known_config: Mapping[str, Any],
    known_tags: Mapping[str, str],
    io_managers: Collection[str] = (),
) -> list[str]:
    """What a launch asks for beyond `known_config` and `known_tags`, those of the job or of the run that is repeated:
    `tag rostrum/image`, `execution.config.docker.image`. `io_managers`: keys of resources that are some.
    """
    found = [f"tag {name}" for name in sorted(tags) if name in _TAGS and tags[name] != known_tags.get(name)]
    known = _part(known_config, "execution")
    for key, value in _part(config, "execution").items():
        if key == "config" and isinstance(value, Mapping):
            settings = cast("Mapping[str, Any]", value)
            found += _settings(settings, _part(known, key), "execution.config")
        elif key not in known or value != known[key]:
            found.append(f"execution.{key}")
    before = _part(known_config, "resources")
    for name, given in _part(config, "resources").items():
        if (name == _DEFAULT_IO_MANAGER or name in io_managers) and given and given != before.get(name):
            found.append(f"resources.{name}")
    return [*found, *_files(config, known_config, "")]


def _settings(config: Mapping[str, Any], known: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in config.items():
        place, before = f"{path}.{key}", known.get(key)
        if key in _FREE or (key in known and value == before):
            continue
        inner = isinstance(value, Mapping) and (key in _HERE or key == "config" or isinstance(before, Mapping))
        if inner or (key in _HERE and value is None):
            yield from _settings(_part(config, key), _part(known, key), place)
        else:
            yield place


def _files(config: Mapping[str, Any], known: Mapping[str, Any], path: str) -> Iterator[str]:
    """Inputs of ops, of graphs and of the job that are read from files."""
    for name, given in _part(config, "inputs").items():
        if given == _part(known, "inputs").get(name):
            continue
        for each in cast("list[Any]", given) if isinstance(given, list) else [given]:
            for kind, source in _part({name: each}, name).items():
                if kind != "value" and isinstance(source, Mapping) and "path" in source:
                    yield f"{path}inputs.{name}.{kind}.path"
    for name in _part(config, "ops"):
        yield from _files(_part(_part(config, "ops"), name), _part(_part(known, "ops"), name), f"{path}ops.{name}.")


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value: Any = config.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
