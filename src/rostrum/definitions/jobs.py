"""Jobs and graphs as users make them: `@job`, `@graph`, `define_asset_job`, and running one in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rostrum.definitions.broken import noting
from rostrum.definitions.definitions import Definitions
from rostrum.definitions.graphs import GraphDefinition, GraphIn, GraphOut, compose
from rostrum.definitions.job_specs import JobSpec
from rostrum.definitions.live import ExecutorDefinition
from rostrum.definitions.local_run import run_locally
from rostrum.definitions.names import asset_key_of
from rostrum.definitions.partitions import PartitionsDefinition
from rostrum.definitions.retries import RetryPolicy
from rostrum.definitions.run_config import RunConfig
from rostrum.definitions.selection import AssetSelection
from rostrum.definitions.sources import caller_source, function_source


class JobDefinition(JobSpec):
    """A job: a graph of ops, or a selection of assets that `Definitions` resolves."""

    __slots__ = ()

    def execute_in_process(
        self,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        *,
        definitions: Definitions | None = None,
        partition_key: str | None = None,
        raise_on_error: bool = True,
        asset_selection: Sequence[Any] = (),
        input_values: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        instance: Any = None,
    ) -> Any:
        """Run the job here and now; values stay in memory. A job of assets needs the `definitions` that hold them.

        `instance`: an `Instance` that keeps run and events.
        """
        own = definitions.including(self) if definitions is not None else Definitions(jobs=[self])
        return run_locally(
            own,
            job=self.name,
            run_config=run_config,
            partition_key=partition_key,
            raise_on_error=raise_on_error,
            asset_selection=tuple(asset_key_of(key) for key in asset_selection),
            input_values=input_values,
            tags=tags,
            resources=resources,
            run_id=run_id,
            instance=instance,
            in_memory=True,
        )


class ComposedGraph(GraphDefinition):
    """A graph made by `@graph`."""

    __slots__ = ()

    def to_job(self, name: str | None = None, **options: Any) -> JobDefinition:
        """A job of this graph; options as of `@job`."""
        options.setdefault("description", self.description)
        return JobDefinition(name or self.name, graph=self, source=self.source, **options)

    def execute_in_process(self, run_config: RunConfig | Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Run the graph here and now; options as of a job."""
        return self.to_job().execute_in_process(run_config, **options)


def graph(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
) -> Any:
    """Make a graph of a function that calls ops and graphs. Bare or called."""

    @noting(ComposedGraph)
    def decorate(function: Callable[..., Any]) -> ComposedGraph:
        return compose(ComposedGraph, function, name, out, ins, description)

    return decorate if function is None else decorate(function)


def job(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    config: RunConfig | Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    executor_def: ExecutorDefinition | None = None,
    partitions_def: PartitionsDefinition | None = None,
    op_retry_policy: RetryPolicy | None = None,
) -> Any:
    """Make a job of a function that calls ops and graphs. Bare or called."""

    @noting(JobDefinition)
    def decorate(function: Callable[..., Any]) -> JobDefinition:
        graph = compose(ComposedGraph, function, name, None, None, description)
        return JobDefinition(
            graph.name,
            graph=graph,
            description=graph.description,
            config=config,
            tags=tags,
            resource_defs=resource_defs,
            executor_def=executor_def,
            partitions_def=partitions_def,
            op_retry_policy=op_retry_policy,
            source=function_source(function),
        )

    return decorate if function is None else decorate(function)


@noting(JobDefinition)
def define_asset_job(
    name: str,
    selection: Any = "*",
    *,
    config: RunConfig | Mapping[str, Any] | None = None,
    description: str | None = None,
    tags: Mapping[str, Any] | None = None,
    executor_def: ExecutorDefinition | None = None,
    partitions_def: PartitionsDefinition | None = None,
    op_retry_policy: RetryPolicy | None = None,
) -> JobDefinition:
    """Make a job of a selection of assets: text, keys, assets, or an AssetSelection."""
    return JobDefinition(
        name,
        selection=AssetSelection.from_coercible(selection),
        description=description,
        config=config,
        tags=tags,
        executor_def=executor_def,
        partitions_def=partitions_def,
        op_retry_policy=op_retry_policy,
        source=caller_source(),
    )


in_process_executor = ExecutorDefinition("in_process")
"""Runs all steps in the run's own process, one after another."""
multiprocess_executor = ExecutorDefinition("multiprocess")
"""Runs each step in a process of its own, several at once: `.configured({"max_concurrent": 4})`."""
