"""Definitions that have passed validation, as execution uses them: live functions and objects beside their manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rostrum.definitions.ops import OpDefinition
from rostrum.model.manifest import Manifest
from rostrum.planning.graph import AssetGraph


class ExecutorDefinition:
    """Names an executor and its options. Execution makes the real one through the entry point group
    `rostrum.executors`.
    """

    __slots__ = ("name", "options")

    def __init__(self, name: str, options: dict[str, Any] | None = None) -> None:
        self.name = name
        """`in_process`, `multiprocess`, or the name of any registered executor."""
        self.options = options or {}
        """Keyword arguments of the executor, e.g. `max_concurrent`."""

    def __repr__(self) -> str:
        return f"ExecutorDefinition({self.name!r}, {self.options!r})"

    def configured(self, options: dict[str, Any]) -> ExecutorDefinition:
        """The same executor with other options merged over its own."""
        return ExecutorDefinition(self.name, {**self.options, **options})


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
        "executor",
        "executors",
        "graph",
        "job_resources",
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
        self.assets_defs = assets_defs
        """Live definitions of assets."""
        self.graph = AssetGraph(manifest)

    def assets_def(self, op_name: str) -> Any:
        """The live definition of assets whose function is the op of that name; None when there is none."""
        return next((each for each in self.assets_defs if each.op is not None and each.op.name == op_name), None)

    def resources_of(self, job: str) -> dict[str, Any]:
        """Resources as a job sees them."""
        own = self.job_resources.get(job)
        return {**self.resources, **own} if own else self.resources
