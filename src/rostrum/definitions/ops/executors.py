"""Executors as definitions: those that are built in, the decorator for one's own, and what their config means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol, cast, overload

from rostrum.definitions.location.live import ExecutorDefinition
from rostrum.definitions.names import check_name
from rostrum.definitions.problems import Problems
from rostrum.model.errors import ConfigError
from rostrum.model.manifest import Source
from rostrum.planning.executor_config import option_problems

in_process_executor = ExecutorDefinition("in_process", description="Runs all steps in the run's own process.")
"""Runs all steps in the run's own process, one after another."""
multiprocess_executor = ExecutorDefinition("multiprocess", description="Runs each step in a process of its own.")
"""Runs each step in a process of its own, several at once: `.configured({"max_concurrent": 4})`."""
threaded_executor = ExecutorDefinition("threaded", description="Runs steps in threads of the run's own process.")
"""Runs steps in threads of the run's own process: `.configured({"max_concurrent": 8})`."""
async_executor = ExecutorDefinition("async", description="Runs async steps in an event loop of the run's own process.")
"""Runs async steps in an event loop of the run's own process, a thousand at once, and others in threads:
`.configured({"max_tasks": 5000})`."""
dask_executor = ExecutorDefinition("dask", description="Runs each step as a task of a Dask cluster.")
"""Runs each step as a task of a Dask cluster: `.configured({"address": "tcp://scheduler:8786"})`; without an address,
of one on this machine. Needs `pip install 'rostrum[dask]'`.
"""
ray_executor = ExecutorDefinition("ray", description="Runs each step in an actor of a Ray cluster.")
"""Runs each step in an actor of a Ray cluster: `.configured({"address": "auto"})`; without an address, of one on this
machine. Needs `pip install 'rostrum[ray]'`.
"""
docker_executor = ExecutorDefinition("docker", description="Runs each step in a container of its own.")
"""Runs each step in a container of its own: `.configured({"image": "registry/project:1"})`, with the settings of the
docker launcher. Needs `pip install 'rostrum[docker]'`.
"""
kubernetes_executor = ExecutorDefinition("kubernetes", description="Runs each step in a Kubernetes job of its own.")
"""Runs each step in a Kubernetes job of its own: `.configured({"image": "registry/project:1"})`, with the settings of
the kubernetes launcher. Needs `pip install 'rostrum[kubernetes]'`.
"""
multi_or_in_process_executor = ExecutorDefinition(
    "multi_or_in_process", description="Runs steps in processes of their own, or in the run's, as the config says."
)
"""The default: the run config names one of the others (`multiprocess`, `in_process` ...) under `execution.config`, with
its config.
"""

_COMMON = frozenset(("retries", "step_dependency_config"))
_LOOP = _COMMON | {"tag_concurrency_limits", "grace_seconds"}
_CLUSTER = _LOOP | {"address", "workers", "infrastructure_retries", "options"}
_OPTIONS: Mapping[str, frozenset[str]] = {
    "in_process": _COMMON | {"marker_to_close"},
    "multiprocess": _LOOP
    | {"max_concurrent", "start_method", "fuse", "infrastructure_retries", "max_threads", "max_tasks"},
    "threaded": _LOOP | {"max_concurrent", "max_tasks"},
    "async": _LOOP | {"max_concurrent", "max_tasks"},
    "dask": _CLUSTER | {"max_concurrent", "dedicated"},
    "ray": _CLUSTER | {"actor_options"},
}
_LAUNCHING = _LOOP | {"max_concurrent", "infrastructure_retries", "environment", "look_seconds"}
"""What executors take that start a container a step; all else are settings of its launcher."""
_LAUNCHERS = ("docker", "kubernetes")


class ExecutorRequirement(Enum):
    """What an executor needs of job and instance."""

    RECONSTRUCTABLE_PIPELINE = "RECONSTRUCTABLE_PIPELINE"
    NON_EPHEMERAL_INSTANCE = "NON_EPHEMERAL_INSTANCE"
    PERSISTENT_OUTPUTS = "PERSISTENT_OUTPUTS"


def multiple_process_executor_requirements() -> Sequence[ExecutorRequirement]:
    """What every executor needs that runs steps in several processes."""
    return list(ExecutorRequirement)


class InitExecutorContext(NamedTuple):
    """What the function of an executor is given."""

    job: Any
    executor_def: ExecutorDefinition
    executor_config: Mapping[str, Any]
    instance: Any


class Executor(Protocol):
    """What the function of an executor returns: something that runs the steps of a plan."""

    @property
    def retries(self) -> Any:
        """How failed steps are tried again; None: as their policies say."""
        return None

    def execute(self, plan_context: Any, execution_plan: Any) -> Any:
        """Run all steps."""
        ...


@overload
def executor(name: Callable[..., Any]) -> ExecutorDefinition: ...
@overload
def executor(
    name: str | None = None, config_schema: Any = None, requirements: Any = None
) -> Callable[[Callable[..., Any]], ExecutorDefinition]: ...
def executor(name: Callable[..., Any] | str | None = None, config_schema: Any = None, requirements: Any = None) -> Any:
    """Make an executor of a function of an `InitExecutorContext` that returns what runs the steps. Bare or called."""

    def decorate(function: Callable[..., Any]) -> ExecutorDefinition:
        own = name if isinstance(name, str) else function.__name__
        return ExecutorDefinition(
            check_name(own, "executor"), config_schema, requirements, function, description=function.__doc__
        )

    return decorate(name) if callable(name) else decorate


def check_executors(
    problems: Problems,
    location: ExecutorDefinition | None,
    jobs: Mapping[str, tuple[ExecutorDefinition, Source | None]],
) -> None:
    """Note what is wrong with the config that code gives to executors that are built in: that of the location, and
    those of jobs, by name.
    """
    found: dict[str, tuple[ExecutorDefinition, Source | None]] = {f"job {name}": job for name, job in jobs.items()}
    if location is not None:
        found["Definitions"] = location, None
    for owner, (each, source) in found.items():
        if each.creator is None and each.preset is None:
            try:
                executor_options(each.kind, each.options)
            except ConfigError as error:
                problems.add(source, f"{owner}: executor {each.name!r}: {error}", error)


def executor_options(name: str, config: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The executor that is meant, and its arguments. Raises ConfigError for config that it does not take, in name or
    value.

    An executor that is not built in gets the config as it is.
    """
    if name == "multi_or_in_process":
        known = (*_OPTIONS, *_LAUNCHERS)
        chosen = [key for key in config if key in known]
        unknown = [key for key in config if key not in known]
        if unknown or len(chosen) > 1:
            raise ConfigError(
                f"execution.config: {', '.join(map(repr, unknown or chosen))}: give one of "
                f"{', '.join(map(repr, known))}, with its config."
            )
        name = chosen[0] if chosen else "multiprocess"
        given: Any = config.get(name) or {}
        inner = cast("Mapping[str, Any]", given if isinstance(given, Mapping) else _refused(option_problems(given)))
        config = cast("Mapping[str, Any]", inner.get("config", inner))
    if name in _LAUNCHERS or name in _OPTIONS:
        _refused(option_problems(config))
    if name in _LAUNCHERS:
        own = {key: value for key, value in config.items() if key in _LAUNCHING}
        return name, {**_arguments(own), "launcher": {k: v for k, v in config.items() if k not in own}}
    known = _OPTIONS.get(name)
    if known is None:
        return name, dict(config)
    for key in config:
        if key not in known:
            raise ConfigError(
                f"execution.config.{key}: Received unexpected config entry {key!r}; the {name} executor takes "
                f"{', '.join(sorted(known))}."
            )
    return name, _arguments(config)


def _refused(problems: Sequence[str]) -> Mapping[str, Any]:
    if problems:
        raise ConfigError("; ".join(problems))
    return {}


def _arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    special = ("retries", "step_dependency_config", "start_method", "marker_to_close")
    options = {key: value for key, value in config.items() if value is not None and key not in special}
    if "retries" in config:
        options["retries"] = _selected("retries", config["retries"], ("enabled", "disabled", "deferred")) != "disabled"
    dependency = cast("Mapping[str, Any]", config.get("step_dependency_config") or {})
    if dependency.get("require_upstream_step_success") is False:
        options["require_upstream_step_success"] = False
    if options.get("max_concurrent") == 0:
        del options["max_concurrent"]  # as many as there are processors
    method = config.get("start_method")
    if method is not None:
        chosen = method if isinstance(method, str) else _selected("start_method", method, ("spawn", "forkserver"))
        # A process that has imported the code only is what both promise.
        options["start_method"] = "spawn" if chosen == "forkserver" else chosen
    return options


def _selected(what: str, value: Any, choices: Sequence[str]) -> str:
    if isinstance(value, str) and value in choices:
        return value
    keys = list(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else []
    if len(keys) != 1 or keys[0] not in choices:
        raise ConfigError(
            f"execution.config.{what}: {value!r}; You can only specify a single field of {', '.join(choices)}, as in "
            f"{{{choices[0]!r}: {{}}}}."
        )
    return keys[0]
