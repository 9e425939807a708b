"""What is wrong with the options of an executor that is built in, as a job or a run's `execution.config` gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

_SECTION = frozenset(("config",))
_UNIQUE = "applyLimitPerUniqueValue"
_RULE = frozenset(("key", "limit", "value"))
BUILT_IN = ("in_process", "multiprocess", "threaded", "async", "dask", "ray", "docker", "kubernetes")
"""Executors whose options are known here."""


def section_problems(execution: Any) -> list[str]:
    """What is wrong with the section `execution` of a run config, as far as it can be told without the code: names in
    it, and options under the name of an executor.
    """
    if not isinstance(execution, Mapping):
        return ["execution: give a mapping, as in {'config': {'multiprocess': {'max_concurrent': 2}}}."]
    section = cast("Mapping[str, Any]", execution)
    wrong = [name for name in section if name not in _SECTION]
    if wrong:
        return [
            f"execution: Received unexpected config entry {name!r}; the options of the executor stand under "
            "execution.config."
            for name in wrong
        ]
    config = section.get("config")
    if config is None:
        return []
    if not isinstance(config, Mapping):
        return [f"execution.config: {config!r:.80}; give a mapping."]
    found: list[str] = []
    for name, options in cast("Mapping[str, Any]", config).items():
        if name in BUILT_IN and options is not None:
            found += option_problems(options, f"execution.config.{name}")
    return found


def option_problems(options: Any, path: str = "execution.config") -> list[str]:
    """What is wrong with the values of options. Names that are not known here are left alone."""
    if not isinstance(options, Mapping):
        return [f"{path}: {options!r:.80}; give a mapping of options."]
    given = cast("Mapping[str, Any]", options)
    inner = given.get("config")
    if isinstance(inner, Mapping):
        return option_problems(cast("Mapping[str, Any]", inner), f"{path}.config")
    found: list[str] = []
    for name, value in given.items():
        if name == "tag_concurrency_limits":
            found += _limit_problems(value, f"{path}.{name}")
        elif name in _VALUES and value is not None:
            fits, wanted = _VALUES[name]
            if not fits(value):
                found.append(f"{path}.{name}: {value!r:.80}; give {wanted}.")
    return found


def _limit_problems(rules: Any, path: str) -> Iterator[str]:
    if rules is None:
        return
    if not isinstance(rules, (list, tuple)):
        yield f"{path}: {rules!r:.80}; give a list, as in [{{'key': 'database', 'limit': 1}}]."
        return
    for number, rule in enumerate(cast("list[Any]", rules)):
        place = f"{path}[{number}]"
        if not isinstance(rule, Mapping):
            yield f"{place}: {rule!r:.80}; give a mapping of key and limit."
            continue
        fields = cast("Mapping[str, Any]", rule)
        for name in fields:
            if name not in _RULE:
                yield f"{place}: Received unexpected config entry {name!r}; a limit has key, limit and value."
        if not isinstance(fields.get("key"), str):
            yield f"{place}: {dict(fields)!r:.80} needs a key (text)."
        if not _is_whole(fields.get("limit"), 1):
            yield f"{place}: {dict(fields)!r:.80} needs a limit (a whole number from 1: with less no such step starts)."
        if not _is_value(fields.get("value")):
            yield f"{place}.value: {fields['value']!r:.80}; give a text, or {{'{_UNIQUE}': True}}."


def _is_value(value: Any) -> bool:
    if isinstance(value, Mapping):
        wanted = cast("Mapping[str, Any]", value)
        return set(wanted) == {_UNIQUE} and isinstance(wanted[_UNIQUE], bool)
    return value is None or isinstance(value, str)


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def _is_dependency(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    wanted = cast("Mapping[str, Any]", value)
    return set(wanted) <= {"require_upstream_step_success"} and all(isinstance(each, bool) for each in wanted.values())


_BOOL: tuple[Callable[[Any], bool], str] = (lambda value: isinstance(value, bool), "true or false")
_COUNT: tuple[Callable[[Any], bool], str] = (lambda value: _is_whole(value, 1), "a whole number from 1")
_FROM_ZERO: tuple[Callable[[Any], bool], str] = (lambda value: _is_whole(value, 0), "a whole number from 0")
_SECONDS: tuple[Callable[[Any], bool], str] = (_is_seconds, "a number of seconds from 0")
_VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "dedicated": _BOOL,
    "fuse": _BOOL,
    "grace_seconds": _SECONDS,
    "infrastructure_retries": _FROM_ZERO,
    "look_seconds": _SECONDS,
    "max_concurrent": (lambda value: _is_whole(value, 0), "a whole number (0: as many as the executor finds right)"),
    "max_tasks": _COUNT,
    "max_threads": _COUNT,
    "step_dependency_config": (_is_dependency, "{'require_upstream_step_success': true or false}"),
    "workers": _COUNT,
}
