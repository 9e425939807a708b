"""What a job is, as data and live parts. What can be done with it is in `jobs.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rostrum.definitions.graphs import GraphDefinition
from rostrum.definitions.live import ExecutorDefinition
from rostrum.definitions.names import check_name, string_tags
from rostrum.definitions.partitions import PartitionsDefinition
from rostrum.definitions.retries import RetryPolicy
from rostrum.definitions.run_config import RunConfig, plain_config
from rostrum.definitions.selection import AssetSelection
from rostrum.model.manifest import Source


class JobSpec:
    """Something that can be launched: a `graph` of ops or a `selection` of assets."""

    __slots__ = (
        "config",
        "description",
        "executor_def",
        "graph",
        "name",
        "op_retry_policy",
        "partitions_def",
        "resource_defs",
        "selection",
        "source",
        "tags",
    )

    def __init__(
        self,
        name: str,
        *,
        graph: GraphDefinition | None = None,
        selection: AssetSelection | None = None,
        description: str | None = None,
        config: RunConfig | Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        executor_def: ExecutorDefinition | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        op_retry_policy: RetryPolicy | None = None,
        source: Source | None = None,
    ) -> None:
        self.name = check_name(name, "job")
        self.graph, self.selection, self.description = graph, selection, description
        self.config = plain_config(config)
        self.tags = string_tags(tags)
        self.executor_def, self.resource_defs = executor_def, dict(resource_defs or {})
        self.partitions_def, self.op_retry_policy = partitions_def, op_retry_policy
        self.source = source

    def __repr__(self) -> str:
        return f"<job {self.name}>"
