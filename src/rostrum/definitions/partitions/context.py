"""The partitions part of contexts: which partitions a run, and each input and output of its step, is of."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.definitions.ops.ops import OpOutput
from rostrum.definitions.partitions.definition import PartitionKeyRange, PartitionsDefinition
from rostrum.definitions.partitions.keys import MultiPartitionKey, key_of
from rostrum.definitions.partitions.loading import loading_context
from rostrum.model import partitions as model
from rostrum.model.errors import InvariantError, InvocationError
from rostrum.planning.mappings import upstream_keys
from rostrum.planning.partitions import partitions_of
from rostrum.planning.time_windows import TimeWindow


class RunPartitions:
    """What contexts tell of partitions. Raises InvariantError for what does not apply."""

    _scope: StepScope

    @property
    def has_partition_key(self) -> bool:
        """True when the run is for exactly one partition."""
        return self._scope.run.target.partition_key is not None

    @property
    def has_partition_key_range(self) -> bool:
        """True when the run is for a range of partitions."""
        return self._scope.run.target.partition_range is not None

    @property
    def has_partitions(self) -> bool:
        """True when the run is for one partition or a range of them."""
        return self.has_partition_key or self.has_partition_key_range

    @property
    def partition_key(self) -> str:
        """Key of the partition, a MultiPartitionKey where there are several dimensions. Fails in a run without
        partition or over a range.
        """
        key = self._scope.run.target.partition_key
        if key is not None:
            return key_of(self._scope.partitions, key)
        if self.has_partition_key_range:
            raise InvariantError(
                "context.partition_key: this run is over a range of partitions. Call partition_key_range instead, or "
                "partition_keys."
            )
        raise InvariantError(
            "context.partition_key: Cannot access partition_key for a non-partitioned run: launch it with a partition "
            "key (has_partition_key tells)."
        )

    @property
    def multi_partition_key(self) -> MultiPartitionKey:
        """Key of the partition, by dimension. Fails where there are no dimensions."""
        key = self.partition_key
        if not isinstance(key, MultiPartitionKey):
            raise InvariantError(f"context.multi_partition_key: partition {key!r} has a single dimension.")
        return key

    @property
    def partition_keys(self) -> Sequence[str]:
        """All keys of the run: one, or those of its range."""
        keys = self._scope.partition_keys or (self.partition_key,)
        return [key_of(self._scope.partitions, key) for key in keys]

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """First and last key of the run."""
        keys = self.partition_keys
        return PartitionKeyRange(keys[0], keys[-1])

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """Same as `partition_key_range`."""
        return self.partition_key_range

    @property
    def partition_time_window(self) -> TimeWindow:
        """Start and end of the run's partition, or of its range."""
        spec = self._scope.partitions
        if spec is None:
            raise InvariantError("context.partition_time_window: this step has no time partitions.")
        return time_window(spec, self.partition_keys)

    # --- of an output

    def asset_partitions_def_for_output(self, output_name: str = "result") -> PartitionsDefinition:
        """Partitions of the asset of an output."""
        return _definition_of(self._output_spec(output_name))

    def asset_partition_keys_for_output(self, output_name: str = "result") -> Sequence[str]:
        """Partitions of its asset that an output is for."""
        self._output_spec(output_name)
        return self.partition_keys

    def asset_partition_key_for_output(self, output_name: str = "result") -> str:
        """The one partition of its asset that an output is for."""
        self._output_spec(output_name)
        return _one(self.partition_keys, f"output {output_name!r}")

    def asset_partition_key_range_for_output(self, output_name: str = "result") -> PartitionKeyRange:
        """First and last partition of its asset that an output is for."""
        keys = self.asset_partition_keys_for_output(output_name)
        return PartitionKeyRange(keys[0], keys[-1])

    def asset_partitions_time_window_for_output(self, output_name: str = "result") -> TimeWindow:
        """Start and end of the partitions that an output is for."""
        return time_window(self._output_spec(output_name), self.partition_keys)

    # --- of an input

    def asset_partitions_def_for_input(self, input_name: str) -> PartitionsDefinition:
        """Partitions of the asset that an input loads."""
        return _definition_of(self._input_spec(input_name))

    def asset_partition_keys_for_input(self, input_name: str) -> Sequence[str]:
        """Partitions of the upstream asset that an input loads."""
        scope, spec = self._scope, self._input_spec(input_name)
        context = loading_context(scope.now(), scope.instance)
        keys = upstream_keys(
            scope.asset_input(input_name).mapping,
            scope.partitions if scope.partition_keys else None,
            spec,
            scope.partition_keys,
            context.effective_dt,
            context.keys_of,
        )
        return [key_of(spec, key) for key in keys or ()]

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """The one partition of the upstream asset that an input loads."""
        return _one(self.asset_partition_keys_for_input(input_name), f"input {input_name!r}")

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """First and last partition of the upstream asset that an input loads."""
        keys = self.asset_partition_keys_for_input(input_name)
        if not keys:
            raise InvariantError(f"input {input_name!r} loads no partition of its asset.")
        return PartitionKeyRange(keys[0], keys[-1])

    def asset_partitions_time_window_for_input(self, input_name: str = "result") -> TimeWindow:
        """Start and end of the partitions of the upstream asset that an input loads."""
        return time_window(self._input_spec(input_name), self.asset_partition_keys_for_input(input_name))

    # --- inside

    def _output_spec(self, name: str) -> model.PartitionsSpec:
        found: OpOutput | None = self._scope.op.outputs.get(name)
        spec = found.partitions if found is not None else None
        if found is None and name == "result" and len(self._scope.op.outputs) == 1:
            spec = next(iter(self._scope.op.outputs.values())).partitions
        if spec is None:
            raise InvariantError(f"output {name!r} of {self._scope.op.name} is of no partitioned asset.")
        return spec

    def _input_spec(self, name: str) -> model.PartitionsSpec:
        key, resolved = self._scope.asset_input(name).asset_key, self._scope.definitions
        node: Any = resolved.graph.nodes.get(key) if resolved is not None else None
        if resolved is None or node is None or node.partitions is None:
            raise InvariantError(f"input {name!r} of {self._scope.op.name} is of no partitioned asset.")
        return resolved.manifest.partitions[node.partitions]


def _one(keys: Sequence[str], what: str) -> str:
    if len(keys) != 1:
        raise InvariantError(f"{what} is of {len(keys)} partitions of its asset, not of one.")
    return keys[0]


def time_window(spec: model.PartitionsSpec, keys: Sequence[str]) -> TimeWindow:
    """Window from the start of the first key to the end of the last. Raises InvariantError for partitions that are not
    of time.
    """
    partitions = partitions_of(spec)
    if not keys:
        raise InvariantError("there is no partition to take a time window of.")
    try:
        first = partitions.window(str(keys[0]))
        last = first if len(keys) == 1 else partitions.window(str(keys[-1]))
    except InvocationError as error:
        raise InvariantError(f"there is no time window: {error}") from None
    return TimeWindow(first.start, last.end)


def _definition_of(spec: model.PartitionsSpec) -> PartitionsDefinition:
    return _definitions().definition_of(spec)


def _definitions() -> Any:
    """`spec_definitions`, which most runs do not need."""
    return importlib.import_module("rostrum.definitions.assets.spec_definitions")
