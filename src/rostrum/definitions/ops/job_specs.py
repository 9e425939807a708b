"""What a job is, as data and live parts. What can be done with it is in `jobs.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.config.run_config import plain_config
from rostrum.definitions.location.live import ExecutorDefinition
from rostrum.definitions.names import check_name, string_tags
from rostrum.definitions.ops.graphs import GraphSpec
from rostrum.definitions.ops.retries import RetryPolicy, RunRetryPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Source


class JobSpec:
    """Something that can be launched: a `graph` of ops or a `selection` of assets.

    `config` is the default run config; `config_mapping` and `partitioned_config` make one where the user gave such.
    `tags` describe the job; `run_tags` go to its runs (None: `tags` do).
    """

    __slots__ = (
        "automation_condition",
        "config",
        "config_mapping",
        "definitions",
        "description",
        "executor_def",
        "given_run_tags",
        "graph",
        "hook_defs",
        "input_values",
        "logger_defs",
        "metadata",
        "name",
        "op_retry_policy",
        "op_selection",
        "owners",
        "partitioned_config",
        "partitions_def",
        "resource_defs",
        "run_retry_policy",
        "selection",
        "source",
        "tags",
    )

    def __init__(
        self,
        name: str,
        *,
        graph: GraphSpec | None = None,
        selection: AssetSelection | None = None,
        description: str | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        executor_def: ExecutorDefinition | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        op_retry_policy: RetryPolicy | None = None,
        hooks: Iterable[Any] | None = None,
        input_values: Mapping[str, Any] | None = None,
        owners: Sequence[str] | None = None,
        op_selection: Sequence[str] = (),
        source: Source | None = None,
        run_retry_policy: RunRetryPolicy | None = None,
    ) -> None:
        self.name = check_name(name, "job")
        self.graph, self.selection, self.description = graph, selection, description
        self.config_mapping: Any = config if hasattr(config, "config_fn") else None
        self.partitioned_config: Any = config if hasattr(config, "config_of") else None
        made = self.config_mapping is not None or self.partitioned_config is not None
        self.config = plain_config(None if made else config)
        self.tags = string_tags(tags)
        self.given_run_tags = string_tags(run_tags) if run_tags is not None else None
        self.metadata: Mapping[str, Any] = dict(metadata or {})
        self.executor_def, self.resource_defs = executor_def, dict(resource_defs or {})
        self.logger_defs = dict(logger_defs or {})
        self.partitions_def, self.op_retry_policy = partitions_def, op_retry_policy
        if self.partitioned_config is not None:
            own = self.partitioned_config.partitions_def
            if partitions_def is not None and partitions_def != own:
                raise DefinitionError(
                    f"job {name}: its config is for other partitions than its partitions_def; give only the config."
                )
            self.partitions_def = own
        self.hook_defs: frozenset[Any] = frozenset(hooks or ())
        self.input_values: Mapping[str, Any] = dict(input_values or {})
        for each in self.input_values:
            if graph is not None and each not in graph.inputs:
                raise DefinitionError(
                    f"job {name}: input_values has {each!r}, which is no input of its graph "
                    f"({', '.join(graph.inputs) or 'it has none'})."
                )
        self.owners: Sequence[str] = tuple(owners or ())
        self.op_selection: Sequence[str] = tuple(op_selection)
        self.run_retry_policy = run_retry_policy
        self.automation_condition: Any = None
        self.definitions: Any = None
        """`Definitions` that the job was taken from: where it finds its assets and resources."""
        self.source = source

    def __repr__(self) -> str:
        return f"<job {self.name}>"

    @property
    def run_tags(self) -> Mapping[str, str]:
        """Tags of its runs."""
        return self.given_run_tags if self.given_run_tags is not None else self.tags
