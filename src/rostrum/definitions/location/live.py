"""Definitions that have passed validation, as execution uses them: live functions and objects beside their manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

from rostrum.definitions.ops.ops import OpDefinition
from rostrum.model.manifest import Manifest
from rostrum.planning.graph import AssetGraph


class ExecutorDefinition:
    """Names an executor and its config. Execution makes the real one: of `executor_creation_fn`, a function of an
    `InitExecutorContext`, or through the entry point group `rostrum.executors` by `name`.
    """

    __slots__ = (
        "config_schema",
        "creator",
        "description",
        "kind",
        "name",
        "options",
        "preset",
        "requirements",
    )

    def __init__(
        self,
        name: str,
        config_schema: Any = None,
        requirements: Any = None,
        executor_creation_fn: Callable[[Any], Any] | None = None,
        description: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.kind = name
        """`in_process`, `multiprocess`, `multi_or_in_process`, or the name of any registered executor."""
        self.config_schema, self.requirements, self.description = config_schema, requirements, description
        self.creator = executor_creation_fn
        """The user's function; None of those that are registered."""
        self.options = dict(options or {})
        """Config of the executor, under what the run config gives."""
        self.preset: Callable[[Any], Any] | None = None
        """Makes the config of what the run config gives, where `configured` was given a function."""

    def __repr__(self) -> str:
        return f"ExecutorDefinition({self.name!r}, {self.options!r})"

    @property
    def executor_creation_fn(self) -> Callable[[Any], Any]:
        """Makes the executor of an `InitExecutorContext`; for functions of executors that are made of others."""
        return self.creator if self.creator is not None else self._of_config

    def _of_config(self, context: Any) -> ExecutorDefinition:
        """Of a registered executor, which only execution makes: the definition with the config of the context."""
        made = copy(self)
        made.options, made.preset = self.config(context.executor_config), None
        return made

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> ExecutorDefinition:
        """The same executor with other config merged over its own, or with what a function makes of its config."""
        made = copy(self)
        made.name, made.description = name or self.name, description or self.description
        if callable(config_or_config_fn):
            made.preset, made.config_schema = config_or_config_fn, config_schema
        else:
            made.options = {**self.options, **config_or_config_fn}
        return made

    def config(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Config of the executor where the run config gives this."""
        return {**self.options, **(self.preset(dict(given)) if self.preset is not None else given)}

    def get_requirements(self, executor_config: Any) -> Any:
        """What the executor needs of job and instance."""
        return self.requirements(executor_config) if callable(self.requirements) else list(self.requirements or ())

    @staticmethod
    def hardcoded_executor(executor: Any) -> ExecutorDefinition:
        """The definition of an executor that is made already."""
        return ExecutorDefinition(
            getattr(executor, "name", type(executor).__name__), executor_creation_fn=lambda _context: executor
        )


class Resolved:
    """Validated definitions, live.

    `ops` by the name that `Step.op` and `Manifest.ops` use; `resources` by key: resource objects as the user bound
    them
    (`definitions.lifecycle.open_resource` turns each into the value that user code gets), IO managers included
    where the user
    bound any: a missing `io_manager` means the runner's default. `job_resources`, `executors` and `hooks` hold what
    a job brings along.
    """

    __slots__ = (
        "assets_defs",
        "check_specs",
        "executor",
        "executors",
        "graph",
        "graph_configs",
        "hooks",
        "job_resources",
        "jobs",
        "loggers",
        "manifest",
        "ops",
        "resources",
        "schedules",
        "sensors",
    )

    def __init__(
        self,
        manifest: Manifest,
        ops: dict[str, OpDefinition],
        resources: dict[str, Any],
        *,
        executor: ExecutorDefinition | None = None,
        executors: dict[str, ExecutorDefinition] | None = None,
        job_resources: dict[str, dict[str, Any]] | None = None,
        schedules: dict[str, Any] | None = None,
        sensors: dict[str, Any] | None = None,
        loggers: dict[str, Any] | None = None,
        assets_defs: Sequence[Any] = (),
        check_specs: Mapping[Any, Any] | None = None,
        jobs: dict[str, Any] | None = None,
        graph_configs: dict[str, Any] | None = None,
        hooks: dict[str, Any] | None = None,
    ) -> None:
        self.manifest, self.ops, self.resources = manifest, ops, resources
        self.executor = executor
        """Default of the location, None: in process under `materialize`, multiprocess under a launched run."""
        self.executors = executors or {}
        """By job name."""
        self.job_resources = job_resources or {}
        """By job name: resources that come before `resources`."""
        self.schedules = schedules or {}
        """`ScheduleDefinition` by name."""
        self.sensors = sensors or {}
        """`SensorDefinition` by name."""
        self.loggers = loggers or {}
        self.jobs = jobs or {}
        """`JobSpec` by name."""
        self.graph_configs = graph_configs or {}
        """By graph name: fixed config of its ops, or the mapping that makes it."""
        self.hooks = hooks or {}
        """`HookDefinition` by the name that steps use."""
        self.assets_defs = assets_defs
        """Live definitions of assets."""
        self.check_specs = check_specs or {}
        """`AssetCheckSpec` by key."""
        self.graph = AssetGraph(manifest)

    def assets_def(self, op_name: str) -> Any:
        """The live definition of assets whose function is the op of that name; None when there is none."""
        return next((each for each in self.assets_defs if each.op is not None and each.op.name == op_name), None)

    def loggers_of(self, job: str) -> dict[str, Any]:
        """Loggers as a job sees them."""
        own = getattr(self.jobs.get(job), "logger_defs", None)
        return {**self.loggers, **own} if own else self.loggers

    def resources_of(self, job: str) -> dict[str, Any]:
        """Resources as a job sees them."""
        own = self.job_resources.get(job)
        return {**self.resources, **own} if own else self.resources
