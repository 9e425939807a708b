"""What user code is given while it runs. Execution fills a `StepScope` for each attempt; contexts are views on it.

Contexts for tests come from the `build_*` functions in `definitions.build_context`. Anything that does not apply raises
InvocationError saying so, never returns None silently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rostrum.definitions.logs import library_logger
from rostrum.definitions.ops import OpDefinition
from rostrum.definitions.outputs import AssetMaterialization, AssetObservation
from rostrum.definitions.partitions import PartitionKeyRange
from rostrum.definitions.run_instance import RunInstance
from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import InvocationError, UnknownResource
from rostrum.model.metadata import metadata_values
from rostrum.model.partitions import PartitionsSpec
from rostrum.model.plans import Step
from rostrum.model.runs import Run
from rostrum.planning.partitions import TimeWindow, partitions_of

if TYPE_CHECKING:
    import logging


class StepScope:
    """State of one attempt of one step, shared by its contexts. Filled by execution."""

    __slots__ = (
        "attempt",
        "config",
        "current",
        "instance",
        "log",
        "log_event",
        "mapping_key",
        "now",
        "op",
        "output_metadata",
        "partition_keys",
        "partitions",
        "resources",
        "run",
        "step",
    )

    def __init__(
        self,
        *,
        run: Run,
        step: Step,
        op: OpDefinition,
        log: logging.Logger,
        resources: Mapping[str, Any],
        log_event: Callable[[Any], None],
        now: Callable[[], datetime],
        config: Any = None,
        attempt: int = 1,
        instance: RunInstance | None = None,
        partitions: PartitionsSpec | None = None,
        partition_keys: Sequence[str] = (),
        mapping_key: str | None = None,
    ) -> None:
        self.run, self.step, self.op, self.log = run, step, op, log
        self.resources = resources
        """Opened resources by key; only those that the op may use."""
        self.log_event = log_event
        """Takes AssetMaterialization, AssetObservation or a check result that user code logs."""
        self.now = now
        self.config = config
        """Validated config of the op: a Config object or a plain value."""
        self.attempt = attempt
        self.instance = instance
        self.partitions = partitions
        """Partitions of the assets (or job) of the step; None when it has none."""
        self.partition_keys = tuple(partition_keys)
        """Keys of this run, resolved by execution from the target's key or range; empty without partition."""
        self.mapping_key = mapping_key
        self.output_metadata: dict[tuple[str, str | None], dict[str, Any]] = {}
        """(output, mapping key) -> metadata added by user code; later calls win per key."""


class ScopedResources:
    """`context.resources`: one attribute a resource that the step may use."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            known = ", ".join(sorted(self._values)) or "none"
            raise UnknownResource(
                f"resource {key!r} is not available here (available: {known}). "
                f"Add a parameter annotated with its class, or required_resource_keys={{{key!r}}}."
            ) from None


class OpExecutionContext:
    """Context of an op: first parameter, named `context`."""

    _active: ClassVar[list[OpExecutionContext]] = []

    def __init__(self, scope: StepScope) -> None:
        self._scope = scope

    # --- the run and the step

    @property
    def run(self) -> Run:
        """The run."""
        return self._scope.run

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._scope.run.run_id

    @property
    def run_tags(self) -> dict[str, str]:
        """Tags of the run."""
        return dict(self._scope.run.tags)

    @property
    def run_config(self) -> dict[str, Any]:
        """Config of the run as given."""
        return self._scope.run.config

    @property
    def job_name(self) -> str:
        """Name of the job."""
        return self._scope.run.target.job

    @property
    def step_key(self) -> str:
        """Key of the step."""
        return self._scope.step.key

    @property
    def op_name(self) -> str:
        """Name of the op."""
        return self._scope.op.name

    @property
    def op_config(self) -> Any:
        """Config of the op: a `Config` object, a plain value, or None."""
        return self._scope.config

    @property
    def retry_number(self) -> int:
        """0 at the first attempt."""
        return self._scope.attempt - 1

    @property
    def resources(self) -> Any:
        """Resources by attribute."""
        return ScopedResources(self._scope.resources)

    @property
    def log(self) -> logging.Logger:
        """Logger whose lines are kept with the run."""
        return self._scope.log

    @property
    def instance(self) -> RunInstance:
        """What user code may ask of the control plane."""
        if self._scope.instance is None:
            raise InvocationError("context.instance is not available: this context was built without one.")
        return self._scope.instance

    # --- partitions

    @property
    def has_partition_key(self) -> bool:
        """True when the run is for exactly one partition."""
        return self._scope.run.target.partition_key is not None

    @property
    def has_partition_key_range(self) -> bool:
        """True when the run is for a range of partitions."""
        return self._scope.run.target.partition_range is not None

    @property
    def partition_key(self) -> str:
        """Key of the partition. Fails in a run without partition or over a range."""
        key = self._scope.run.target.partition_key
        if key is not None:
            return key
        if self.has_partition_key_range:
            raise InvocationError(
                "context.partition_key: this run is over a range of partitions; use partition_keys or "
                "partition_key_range."
            )
        raise InvocationError("context.partition_key: this run has no partition; launch it with a partition key.")

    @property
    def partition_keys(self) -> Sequence[str]:
        """All keys of the run: one, or those of its range."""
        if not self._scope.partition_keys:
            return (self.partition_key,)
        return self._scope.partition_keys

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """First and last key of the run."""
        keys = self.partition_keys
        return PartitionKeyRange(keys[0], keys[-1])

    @property
    def partition_time_window(self) -> TimeWindow:
        """Start and end of the run's partition, or of its range."""
        spec = self._scope.partitions
        if spec is None:
            raise InvocationError("context.partition_time_window: this step has no time partitions.")
        return time_window(spec, self.partition_keys)

    # --- telling

    def log_event(self, event: AssetMaterialization | AssetObservation) -> None:
        """Record an event now."""
        self._scope.log_event(event)

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Add metadata to the event of an output; calls merge, later ones win per key."""
        outputs = self._scope.op.outputs
        if output_name is None:
            named = [name for name, output in outputs.items() if output.check_key is None] or list(outputs)
            if len(named) != 1:
                raise InvocationError(f"add_output_metadata: say which output (output_name=...): {', '.join(outputs)}.")
            output_name = named[0]
        elif output_name not in outputs:
            raise InvocationError(
                f"add_output_metadata: {self.op_name} has no output {output_name!r} (it has {', '.join(outputs)})."
            )
        self._scope.output_metadata.setdefault((output_name, mapping_key), {}).update(metadata_values(dict(metadata)))


class AssetExecutionContext(OpExecutionContext):
    """Context of an asset's function."""

    @property
    def asset_key(self) -> AssetKey:
        """Key of the asset; fails where the step makes several."""
        keys = self._scope.step.asset_keys
        if len(keys) != 1:
            raise InvocationError(f"context.asset_key: this step makes {len(keys)} assets; use selected_asset_keys.")
        return keys[0]

    @property
    def selected_asset_keys(self) -> frozenset[AssetKey]:
        """Assets that this step makes in this run."""
        return frozenset(self._scope.step.asset_keys)

    @property
    def selected_asset_check_keys(self) -> frozenset[CheckKey]:
        """Checks that this step evaluates in this run."""
        return frozenset(self._scope.step.check_keys)

    @property
    def is_subset(self) -> bool:
        """True when not all assets of the definition were selected."""
        made = {output.asset_key for output in self._scope.op.outputs.values() if output.asset_key is not None}
        return made != set(self._scope.step.asset_keys)

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """The same step as an op sees it."""
        return OpExecutionContext(self._scope)

    def add_asset_metadata(
        self, metadata: Mapping[str, Any], asset_key: AssetKey | str | Sequence[str] | None = None
    ) -> None:
        """Add metadata to the materialisation of an asset of this step."""
        key = self.asset_key if asset_key is None else _as_key(asset_key)
        for name, output in self._scope.op.outputs.items():
            if output.asset_key == key:
                self.add_output_metadata(metadata, name)
                return
        raise InvocationError(f"add_asset_metadata: this step does not make {key}.")


class AssetCheckExecutionContext(OpExecutionContext):
    """Context of a check's function."""

    @property
    def check_key(self) -> CheckKey:
        """Key of the check; fails where the step evaluates several."""
        keys = self._scope.step.check_keys
        if len(keys) != 1:
            raise InvocationError(
                f"context.check_key: this step evaluates {len(keys)} checks; use selected_asset_check_keys."
            )
        return keys[0]

    @property
    def asset_key(self) -> AssetKey:
        """The asset under check."""
        return self.check_key.asset_key

    @property
    def selected_asset_check_keys(self) -> frozenset[CheckKey]:
        """Checks that this step evaluates in this run."""
        return frozenset(self._scope.step.check_keys)


def context_for(scope: StepScope, annotation: Any = None) -> OpExecutionContext:
    """The context that a function wants: by its annotation where it names one of ours, else by the kind of its op."""
    if isinstance(annotation, type) and issubclass(annotation, OpExecutionContext):
        return annotation(scope)
    kinds = {"asset": AssetExecutionContext, "check": AssetCheckExecutionContext}
    return kinds.get(scope.op.kind, OpExecutionContext)(scope)


class _StorageContext:
    """What input and output contexts share: the asset, and the partitions that the value is of."""

    def __init__(
        self,
        *,
        name: str,
        asset_key: AssetKey | None,
        run_id: str,
        job_name: str,
        step_key: str,
        partition_key: str | None,
        asset_partition_keys: Sequence[str] | None,
        asset_partitions: PartitionsSpec | None,
        definition_metadata: Mapping[str, Any] | None,
        annotation: Any,
        config: Any,
        resources: Mapping[str, Any] | None,
        log: logging.Logger | None,
    ) -> None:
        self.name = name
        self.run_id, self.job_name, self.step_key = run_id, job_name, step_key
        self.config = config
        """Config of the IO manager itself."""
        self.definition_metadata: dict[str, Any] = dict(definition_metadata or {})
        self.annotation = annotation
        """Python type that the user's function declares (for loading by type); MISSING where there is none."""
        self._asset_key = asset_key
        self._partition_key = partition_key
        self._asset_partition_keys = asset_partition_keys
        self._asset_partitions = asset_partitions
        self._resources = resources or {}
        self._log = log

    @property
    def metadata(self) -> dict[str, Any]:
        """Static metadata of the definition."""
        return self.definition_metadata

    @property
    def type(self) -> Any:
        """Same as `annotation`."""
        return self.annotation

    @property
    def log(self) -> logging.Logger:
        """Logger whose lines are kept with the run."""
        return self._log or library_logger()

    @property
    def resources(self) -> Any:
        """Resources that the IO manager asked for."""
        return ScopedResources(self._resources)

    @property
    def has_asset_key(self) -> bool:
        """True for the value of an asset."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """Key of the asset whose value this is."""
        if self._asset_key is None:
            raise InvocationError(
                f"{self.name!r} is a value between ops, not of an asset: it has no asset_key (see has_asset_key)."
            )
        return self._asset_key

    @property
    def has_partition_key(self) -> bool:
        """True when the run is for one partition."""
        return self._partition_key is not None

    @property
    def partition_key(self) -> str:
        """Partition of the run."""
        if self._partition_key is None:
            raise InvocationError(
                "this run has no single partition: partition_key does not apply (see has_partition_key)."
            )
        return self._partition_key

    @property
    def has_asset_partitions(self) -> bool:
        """True when the asset is partitioned."""
        return self._asset_partition_keys is not None

    @property
    def asset_partition_keys(self) -> Sequence[str]:
        """Partitions of the asset that this value covers; may be empty (nothing upstream of the first partition)."""
        if self._asset_partition_keys is None:
            raise InvocationError(f"{self.name!r} has no partitions (see has_asset_partitions).")
        return self._asset_partition_keys

    @property
    def asset_partition_key(self) -> str:
        """The one partition of the asset; fails when there are several."""
        keys = self.asset_partition_keys
        if len(keys) != 1:
            raise InvocationError(
                f"{self.name!r} covers {len(keys)} partitions of its asset; use asset_partition_keys."
            )
        return keys[0]

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """First and last partition."""
        keys = self.asset_partition_keys
        if not keys:
            raise InvocationError(f"{self.name!r} covers no partition of its asset.")
        return PartitionKeyRange(keys[0], keys[-1])

    @property
    def asset_partitions_def(self) -> PartitionsSpec:
        """Definition of the asset's partitions, as data."""
        if self._asset_partitions is None:
            raise InvocationError(f"{self.name!r} has no partitions.")
        return self._asset_partitions

    @property
    def asset_partitions_time_window(self) -> TimeWindow:
        """Start and end of the partitions covered."""
        return time_window(self.asset_partitions_def, self.asset_partition_keys)


class OutputContext(_StorageContext):
    """Context of `IOManager.handle_output`."""

    def __init__(
        self,
        *,
        name: str = "result",
        asset_key: AssetKey | None = None,
        run_id: str = "EPHEMERAL",
        job_name: str = "",
        step_key: str = "",
        mapping_key: str | None = None,
        partition_key: str | None = None,
        asset_partition_keys: Sequence[str] | None = None,
        asset_partitions: PartitionsSpec | None = None,
        definition_metadata: Mapping[str, Any] | None = None,
        output_metadata: Mapping[str, Any] | None = None,
        annotation: Any = None,
        config: Any = None,
        resources: Mapping[str, Any] | None = None,
        log: logging.Logger | None = None,
        log_event: Callable[[Any], None] | None = None,
    ) -> None:
        super().__init__(
            name=name,
            asset_key=asset_key,
            run_id=run_id,
            job_name=job_name,
            step_key=step_key,
            partition_key=partition_key,
            asset_partition_keys=asset_partition_keys,
            asset_partitions=asset_partitions,
            definition_metadata=definition_metadata,
            annotation=annotation,
            config=config,
            resources=resources,
            log=log,
        )
        self.mapping_key = mapping_key
        self.output_metadata: dict[str, Any] = dict(output_metadata or {})
        """Metadata given at run time by the user's function, before the IO manager."""
        self.added_metadata: dict[str, Any] = {}
        """Metadata that the IO manager has added; execution merges it into the event."""
        self._log_event = log_event

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add metadata to the event of this output."""
        self.added_metadata.update(metadata_values(dict(metadata)))

    def log_event(self, event: Any) -> None:
        """Record an event now."""
        if self._log_event is None:
            raise InvocationError("log_event: this context was built without a run.")
        self._log_event(event)

    def get_identifier(self) -> list[str]:
        """Parts that name a value between ops: run id, step key, output name and mapping key."""
        parts = [self.run_id, self.step_key, self.name]
        return [*parts, self.mapping_key] if self.mapping_key else parts

    def get_asset_identifier(self) -> list[str]:
        """Parts that name an asset's value: its key's segments and, where there is one, the partition."""
        parts = list(self.asset_key.parts)
        return [*parts, self.asset_partition_key] if self.has_asset_partitions else parts


class InputContext(_StorageContext):
    """Context of `IOManager.load_input`. `upstream_output` describes how the value was stored."""

    def __init__(
        self,
        *,
        name: str = "input",
        upstream_output: OutputContext | None = None,
        asset_key: AssetKey | None = None,
        run_id: str = "EPHEMERAL",
        job_name: str = "",
        step_key: str = "",
        partition_key: str | None = None,
        asset_partition_keys: Sequence[str] | None = None,
        asset_partitions: PartitionsSpec | None = None,
        definition_metadata: Mapping[str, Any] | None = None,
        annotation: Any = None,
        config: Any = None,
        resources: Mapping[str, Any] | None = None,
        log: logging.Logger | None = None,
    ) -> None:
        super().__init__(
            name=name,
            asset_key=asset_key,
            run_id=run_id,
            job_name=job_name,
            step_key=step_key,
            partition_key=partition_key,
            asset_partition_keys=asset_partition_keys,
            asset_partitions=asset_partitions,
            definition_metadata=definition_metadata,
            annotation=annotation,
            config=config,
            resources=resources,
            log=log,
        )
        self.upstream_output = upstream_output
        self.added_metadata: dict[str, Any] = {}

    def add_input_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add metadata to the event that tells of this input."""
        self.added_metadata.update(metadata_values(dict(metadata)))

    def get_identifier(self) -> list[str]:
        """Parts that name the upstream value."""
        if self.upstream_output is None:
            raise InvocationError(f"input {self.name!r} has no upstream output.")
        return self.upstream_output.get_identifier()

    def get_asset_identifier(self) -> list[str]:
        """Parts that name the upstream asset's value: its key's segments and, where there is one, the partition."""
        parts = list(self.asset_key.parts)
        return [*parts, self.asset_partition_key] if self.has_asset_partitions else parts


def time_window(spec: PartitionsSpec, keys: Sequence[str]) -> TimeWindow:
    """Window from the start of the first key to the end of the last. Raises InvocationError for partitions that are
    not of time.
    """
    partitions = partitions_of(spec)
    if not keys:
        raise InvocationError("there is no partition to take a time window of.")
    first = partitions.window(keys[0])
    last = first if len(keys) == 1 else partitions.window(keys[-1])
    return TimeWindow(first.start, last.end)


def _as_key(key: AssetKey | str | Sequence[str]) -> AssetKey:
    if isinstance(key, AssetKey):
        return key
    return AssetKey((key,)) if isinstance(key, str) else AssetKey(tuple(key))
