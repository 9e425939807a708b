"""Jobs and graphs as users make them: `@job`, `@graph`, `define_asset_job`, and running one in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, overload

from rostrum.definitions.assets.selection import AssetSelection, SelectionLike
from rostrum.definitions.automations.run_requests import RunRequest
from rostrum.definitions.broken import folding, noting, noting_call
from rostrum.definitions.config.run_config import RunConfig
from rostrum.definitions.instance.local_run import run_locally
from rostrum.definitions.location.live import ExecutorDefinition
from rostrum.definitions.names import AssetLike, asset_key_of, check_name
from rostrum.definitions.ops.graphs import GraphIn as GraphIn
from rostrum.definitions.ops.graphs import GraphOut, GraphSpec, compose
from rostrum.definitions.ops.job_specs import JobSpec
from rostrum.definitions.ops.ops import Preset
from rostrum.definitions.ops.retries import RetryPolicy, RunRetryPolicy
from rostrum.definitions.partitions.definition import PartitionsDefinition
from rostrum.definitions.sources import caller_source, function_source
from rostrum.model.errors import ArgumentError, DefinitionError, InvariantError

if TYPE_CHECKING:  # what a run gives and takes: jobs are written without running one
    from rostrum.definitions.events.outcome import ExecutionResult
    from rostrum.definitions.instance.run_instance import RunInstance


class JobDefinition(JobSpec):
    """A job: a graph of ops, or a selection of assets that `Definitions` resolves."""

    __slots__ = ()

    def __init__(
        self,
        *,
        graph_def: GraphSpec | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        executor_def: ExecutorDefinition | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        name: str | None = None,
        config: Any = None,
        description: str | None = None,
        partitions_def: PartitionsDefinition | None = None,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        hook_defs: Iterable[Any] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        input_values: Mapping[str, Any] | None = None,
        owners: Sequence[str] | None = None,
        run_retry_policy: RunRetryPolicy | None = None,
        **more: Any,
    ) -> None:
        if graph_def is None and more.get("selection") is None:
            raise ArgumentError("JobDefinition needs graph_def: a graph.")
        if name is None and graph_def is not None:
            name = graph_def.name
        options = {key: value for key, value in more.items() if key in ("selection", "op_selection", "source")}
        unknown = [key for key in more if key not in options and not key.startswith("_") and key != "asset_layer"]
        if unknown:
            raise TypeError(f"JobDefinition has no argument {unknown[0]!r}")
        options.setdefault("source", caller_source())
        super().__init__(
            name or "",
            graph=graph_def,
            description=description or (graph_def.description if graph_def is not None else None),
            config=config if config is not None or graph_def is None else _config_of(graph_def),
            tags=tags,
            run_tags=run_tags,
            metadata=metadata,
            executor_def=executor_def,
            resource_defs=resource_defs,
            logger_defs=logger_defs,
            partitions_def=partitions_def,
            op_retry_policy=op_retry_policy,
            hooks=hook_defs,
            input_values=input_values,
            owners=owners,
            run_retry_policy=run_retry_policy,
            **options,
        )

    # --- running

    @folding
    def execute_in_process(
        self,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        instance: RunInstance | None = None,
        partition_key: str | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        asset_selection: Sequence[AssetLike] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        *,
        definitions: Any = None,
    ) -> ExecutionResult:
        """Run the job here and now; values stay in memory. A job of assets needs the `definitions` that hold them,
        unless it was taken from such.

        `op_selection`: clauses like `name`, `*name`, `name+`: inputs from ops that are left out are given in the run
        config. `input_values`: for inputs of the job's graph. `instance`: an `Instance` that keeps run and events.
        """
        where = definitions or self.definitions
        # Given resources count when the definitions are checked; where there are others, they come over those.
        own: Any = where.including(self) if where is not None else self
        return run_locally(
            own,
            job=self.name,
            run_config=run_config,
            partition_key=partition_key,
            raise_on_error=raise_on_error,
            asset_selection=tuple(asset_key_of(key) for key in asset_selection or ()),
            op_selection=_clauses(op_selection),
            input_values={**self.input_values, **(input_values or {})},
            tags={**self.run_tags, **(tags or {})},
            resources=resources,
            run_id=run_id,
            instance=instance,
            in_memory=True,
        )

    def run_request_for_partition(
        self,
        partition_key: str,
        run_key: str | None = None,
        tags: Mapping[str, str] | None = None,
        asset_selection: Sequence[AssetLike] | None = None,
        run_config: Any = None,
        current_time: datetime | None = None,
        dynamic_partitions_store: Any = None,
    ) -> RunRequest:
        """A request for a run of the job over one partition. Raises UnknownPartition."""
        if self.partitions_def is None:
            raise InvariantError(f"job {self.name} is not partitioned.")
        config = run_config if run_config is not None else self.get_run_config_for_partition_key(partition_key)
        return RunRequest(
            run_key=run_key,
            job_name=self.name,
            run_config=config,
            tags={**self.get_tags_for_partition_key(partition_key), **(tags or {})},
            partition_key=partition_key,
            asset_selection=asset_selection,
        )

    def get_run_config_for_partition_key(self, partition_key: str) -> Mapping[str, Any]:
        """Run config of a partition, without the job's own default."""
        if self.partitioned_config is not None:
            return self.partitioned_config.get_run_config_for_partition_key(partition_key)
        return {}

    def get_tags_for_partition_key(self, partition_key: str, selected_asset_keys: Any = None) -> Mapping[str, str]:
        """Tags of a run over a partition."""
        if self.partitioned_config is not None:
            return self.partitioned_config.get_tags_for_partition_key(partition_key, self.name)
        if self.partitions_def is None:
            raise InvariantError(f"job {self.name} is not partitioned.")
        return dict(self.partitions_def.get_tags_for_partition_key(partition_key))

    # --- the same job, changed

    def with_hooks(self, hook_defs: Iterable[Any]) -> Self:
        """The same job with more hooks."""
        return self._with(hook_defs=self.hook_defs | frozenset(hook_defs))

    def with_top_level_resources(self, resource_defs: Mapping[str, Any]) -> Self:
        """The same job with these resources where it has none of its own."""
        return self._with(resource_defs={**resource_defs, **self.resource_defs})

    def with_executor_def(self, executor_def: ExecutorDefinition) -> Self:
        """The same job with another executor."""
        return self._with(executor_def=executor_def)

    def with_logger_defs(self, logger_defs: Mapping[str, Any]) -> Self:
        """The same job with other loggers."""
        return self._with(logger_defs=dict(logger_defs))

    def with_metadata(self, metadata: Mapping[str, Any]) -> Self:
        """The same job with other metadata."""
        return self._with(metadata=dict(metadata))

    def get_subset(self, *, op_selection: Iterable[str] | None = None, **more: Any) -> Self:
        """The same job of some of its ops only."""
        if any(value is not None for value in more.values()):
            raise ArgumentError(f"job {self.name}: get_subset takes op_selection; select assets when the job is run.")
        return self._with(op_selection=_clauses(op_selection))

    def _with(self, **changes: Any) -> Self:
        made = copy(self)
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    # --- what it is made of

    @property
    def has_specified_executor(self) -> bool:
        """Say whether the job brings an executor."""
        return self.executor_def is not None

    @property
    def has_specified_loggers(self) -> bool:
        """Say whether the job brings loggers."""
        return bool(self.logger_defs)

    @property
    def loggers(self) -> Mapping[str, Any]:
        """Loggers that it brings."""
        return self.logger_defs

    @property
    def run_config(self) -> Mapping[str, Any]:
        """Default run config."""
        return self.config

    @property
    def nodes(self) -> Sequence[Any]:
        """Uses of ops and graphs at the top."""
        return list(self.graph.nodes.values()) if self.graph is not None else []

    @property
    def top_level_node_defs(self) -> Sequence[Any]:
        """Ops and graphs at the top, each once."""
        return self.graph.node_defs if self.graph is not None else []

    @property
    def all_node_defs(self) -> Sequence[Any]:
        """Ops and graphs at any depth, each once."""
        return list(self.graph.by_name.values()) if self.graph is not None else []

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that its ops ask for."""
        keys: frozenset[str] = frozenset()
        for each in self.graph.iterate_op_defs() if self.graph is not None else ():
            keys |= each.resource_keys
        return keys

    def node_def_named(self, name: str) -> Any:
        """An op or graph of the job, at any depth, by its own name. Raises InvariantError."""
        found = self.graph.by_name.get(name) if self.graph is not None else None
        if found is None:
            raise InvariantError(f"job {self.name} has no op named {name!r}.")
        return found

    def has_node_named(self, name: str) -> bool:
        """Say whether there is a use of that name at the top."""
        return self.graph is not None and self.graph.has_node_named(name)


class GraphDefinition(GraphSpec):
    """A graph of ops and graphs, made by `@graph` or written out."""

    __slots__ = ()

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: ExecutorDefinition | None = None,
        hooks: Iterable[Any] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        op_selection: Sequence[str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        asset_layer: Any = None,
        input_values: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        _asset_selection_data: Any = None,
        owners: Sequence[str] | None = None,
        automation_condition: Any = None,
        run_retry_policy: RunRetryPolicy | None = None,
    ) -> JobDefinition:
        """A job of this graph."""
        made = JobDefinition(
            graph_def=self,
            name=name or self.name,
            description=description or self.description,
            resource_defs=resource_defs,
            config=config,
            tags={**self.given_tags, **(tags or {})},
            metadata=metadata,
            logger_defs=logger_defs,
            executor_def=executor_def,
            hook_defs=self.hooks | frozenset(hooks or ()),
            op_retry_policy=op_retry_policy,
            partitions_def=partitions_def,
            input_values=input_values,
            run_tags=run_tags,
            owners=owners,
            run_retry_policy=run_retry_policy,
            op_selection=_clauses(op_selection),
            source=self.source,
        )
        made.automation_condition = automation_condition
        return made

    def coerce_to_job(self) -> JobDefinition:
        """A job of this graph, as it is."""
        return self.to_job()

    @folding
    def execute_in_process(
        self,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        instance: RunInstance | None = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run the graph here and now."""
        return self.to_job(resource_defs=resources).execute_in_process(
            run_config,
            instance,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            run_id=run_id,
            input_values=input_values,
        )

    @property
    def config_mapping(self) -> Any:
        """The mapping that makes the config of its ops; None where there is none."""
        return self.config if hasattr(self.config, "config_fn") else None

    def configured(
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> Self:
        """The same graph under another name, its config mapping given this config."""
        if self.config_mapping is None:
            raise DefinitionError(f"graph {self.name} has no config mapping, so there is nothing to configure.")
        if name is None:
            raise DefinitionError(f"graph {self.name}: configured() needs a name for the graph that it makes.")
        made = copy(self)
        made.name = check_name(name, "graph")
        made.description = description or self.description
        made.config = PresetMapping(self.config_mapping, Preset(config_or_config_fn, config_schema))
        return made


class PresetMapping:
    """A config mapping that is given its config beforehand."""

    __slots__ = ("config_fn", "config_schema", "preset")

    def __init__(self, mapping: Any, preset: Preset) -> None:
        self.config_fn, self.config_schema, self.preset = mapping, None, preset

    def resolve(self, config: Any, path: str = "the run config") -> dict[str, Any]:
        """The full config."""
        return self.config_fn.resolve(self.preset.resolve(config), path)

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of what is still to be given: anything."""
        return {}


def _clauses(op_selection: Any) -> tuple[str, ...]:
    if op_selection is None:
        return ()
    if isinstance(op_selection, str):
        raise ArgumentError(f"op_selection is the text {op_selection!r}; give a list of clauses: [{op_selection!r}].")
    return tuple(op_selection)


def _config_of(graph: GraphSpec) -> Any:
    """Config that a graph brings to its job."""
    return graph.config


@overload
def graph(compose_fn: Callable[..., Any]) -> GraphDefinition: ...
@overload
def graph(
    *,
    name: str | None = None,
    description: str | None = None,
    input_defs: Any = None,
    output_defs: Any = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: Any = None,
) -> Callable[[Callable[..., Any]], GraphDefinition]: ...
@noting_call(GraphDefinition)
def graph(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    input_defs: Any = None,
    output_defs: Any = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: Any = None,
) -> Any:
    """Make a graph of a function that calls ops and graphs. Bare or called."""
    if input_defs or output_defs:
        raise ArgumentError("@graph: input_defs and output_defs are not taken; use ins and out.")

    @noting(GraphDefinition)
    def decorate(compose_fn: Callable[..., Any]) -> GraphDefinition:
        return compose(GraphDefinition, compose_fn, name, out, ins, description, config=config, tags=tags)

    return decorate if compose_fn is None else decorate(compose_fn)


@overload
def job(compose_fn: Callable[..., Any]) -> JobDefinition: ...
@overload
def job(
    *,
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    logger_defs: Mapping[str, Any] | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    partitions_def: PartitionsDefinition | None = None,
    input_values: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    run_retry_policy: RunRetryPolicy | None = None,
) -> Callable[[Callable[..., Any]], JobDefinition]: ...
@noting_call(JobDefinition)
def job(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    logger_defs: Mapping[str, Any] | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    partitions_def: PartitionsDefinition | None = None,
    input_values: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
    run_retry_policy: RunRetryPolicy | None = None,
) -> Any:
    """Make a job of a function that calls ops and graphs. Bare or called.

    `config`: default run config (a dict or `RunConfig`), a `ConfigMapping` or a `PartitionedConfig`.
    `run_retry_policy`: when its failed runs are repeated by themselves.
    """

    @noting(JobDefinition, name)
    def decorate(compose_fn: Callable[..., Any]) -> JobDefinition:
        graph = compose(GraphDefinition, compose_fn, name, None, None, description, what="job")
        return JobDefinition(
            graph_def=graph,
            config=config,
            tags=tags,
            run_tags=run_tags,
            metadata=metadata,
            resource_defs=resource_defs,
            logger_defs=logger_defs,
            executor_def=executor_def,
            hook_defs=hooks,
            partitions_def=partitions_def,
            op_retry_policy=op_retry_policy,
            input_values=input_values,
            owners=owners,
            run_retry_policy=run_retry_policy,
            source=function_source(compose_fn),
        )

    return decorate if compose_fn is None else decorate(compose_fn)


@noting_call(JobDefinition, decorates=False)
def define_asset_job(
    name: str,
    selection: SelectionLike | None = None,
    config: Any = None,
    description: str | None = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: Any = None,
    run_retry_policy: RunRetryPolicy | None = None,
) -> JobDefinition:
    """Make a job of a selection of assets: text, keys, assets, or an AssetSelection; None selects all.

    `run_retry_policy`: when its failed runs are repeated by themselves.
    """
    made = JobDefinition(
        name=name,
        selection=AssetSelection.from_coercible(selection if selection is not None else "*"),
        description=description,
        config=config,
        tags=tags,
        run_tags=run_tags,
        metadata=metadata,
        executor_def=executor_def,
        hook_defs=hooks,
        partitions_def=partitions_def,
        op_retry_policy=op_retry_policy,
        owners=owners,
        run_retry_policy=run_retry_policy,
        source=caller_source(),
    )
    made.automation_condition = automation_condition
    return made
