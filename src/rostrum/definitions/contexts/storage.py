"""What IO managers are given: the value's place (run, step, output, asset, partitions) and what was declared of it.

A field that was not given is not set: asking for it raises InvariantError, never gives None silently.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from rostrum.definitions.config.value_types import ValueType, value_type
from rostrum.definitions.events.outputs import AssetMaterialization, AssetObservation
from rostrum.definitions.ops.logs import library_logger
from rostrum.definitions.ops.ops import OpDefinition
from rostrum.definitions.partitions.context import time_window
from rostrum.definitions.partitions.definition import PartitionKeyRange, PartitionsDefinition
from rostrum.definitions.resources.scoped import ScopedResources
from rostrum.model.assets import AssetKey
from rostrum.model.errors import InvariantError
from rostrum.model.metadata import MetadataValue, metadata_values
from rostrum.model.partitions import MultiPartitions, PartitionsSpec
from rostrum.planning.partitions import TimeWindow

if TYPE_CHECKING:
    import logging

EPHEMERAL = "EPHEMERAL"
"""Run id of contexts that belong to no run."""


class _StorageContext:
    """What input and output contexts share: the asset, and the partitions that the value is of."""

    name: str
    """Name of the output, or of the input."""
    step_key: str
    op_def: OpDefinition
    """Definition of the op whose output or input this is."""
    run_id: str
    job_name: str
    config: Any = None
    """Config of this output or input, where the IO manager has a schema for it."""
    resource_config: Any = None
    """Config of the IO manager itself."""
    definition_metadata: dict[str, Any]
    """Static metadata: of the output, or of the In or AssetIn."""
    instance: Any = None
    """What the step may ask of the control plane."""
    step_context: Any = None
    """Context of the step."""
    find_spec: Callable[[AssetKey], Any] | None = None
    """Finds the spec of an asset; None outside of a run."""

    def __init__(
        self,
        *,
        name: str | None,
        asset_key: AssetKey | None,
        run_id: str,
        job_name: str,
        step_key: str | None,
        partition_key: str | None,
        asset_partition_keys: Sequence[str] | None,
        asset_partitions: PartitionsSpec | None,
        definition_metadata: Mapping[str, Any] | None,
        annotation: Any,
        config: Any,
        resources: Mapping[str, Any] | None,
        log: logging.Logger | None,
    ) -> None:
        if name is not None:
            self.name = name
        if step_key is not None:
            self.step_key = step_key
        if config is not None:
            self.config = config
        self.run_id, self.job_name = run_id, job_name
        self.definition_metadata = dict(definition_metadata) if definition_metadata else {}
        self.annotation = annotation
        """Python type that the user's function declares (for loading by type); MISSING where there is none."""
        self._asset_key = asset_key
        self._partition_key = partition_key
        self._asset_partition_keys = asset_partition_keys
        self._asset_partitions = asset_partitions
        self._resources = resources
        self._log = log

    if not TYPE_CHECKING:  # the fields are declared above

        def __getattr__(self, name: str) -> Any:
            """A field that was not given; the spec of an asset is looked up when it is asked for."""
            if name == "asset_spec" and self.find_spec is not None and self._asset_key is not None:
                return self.find_spec(self._asset_key)
            if name not in _FIELDS:
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
            return self._absent(name)

    def _absent(self, name: str, why: str = "") -> NoReturn:
        kind = type(self).__name__
        raise InvariantError(f"Attempting to access {name}, but it was not provided when constructing the {kind}{why}.")

    @property
    def metadata(self) -> dict[str, Any]:
        """Same as `definition_metadata`."""
        return self.definition_metadata

    @property
    def type(self) -> Any:
        """Same as `annotation`."""
        return self.annotation

    @property
    def dagster_type(self) -> ValueType:
        """The declared type: `typing_type` is the annotation. The place to look at when loading by type."""
        if self.annotation is MISSING_TYPE:
            self._absent("dagster_type")
        return value_type(self.annotation)

    @property
    def log(self) -> logging.Logger:
        """Logger whose lines are kept with the run."""
        return self._log or library_logger()

    @property
    def resources(self) -> Any:
        """Resources that the IO manager asked for."""
        if self._resources is None:
            self._absent("resources")
        return self._resources if hasattr(self._resources, "__getattr__") else ScopedResources(self._resources)

    def use_resources(self, resources: Any) -> None:
        """Resources that the manager itself was made with."""
        self._resources = resources

    @property
    def has_asset_key(self) -> bool:
        """True for the value of an asset."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """Key of the asset whose value this is."""
        if self._asset_key is None:
            self._absent("asset_key", ": the value is of an op, not of an asset (see has_asset_key)")
        return self._asset_key

    @property
    def has_partition_key(self) -> bool:
        """True when the run is for one partition."""
        return self._partition_key is not None

    @property
    def partition_key(self) -> str:
        """Partition of the run."""
        if self._partition_key is None:
            self._absent("partition_key", ": the run has no single partition (see has_partition_key)")
        return _shown(self._asset_partitions, self._partition_key)

    @property
    def has_asset_partitions(self) -> bool:
        """True when the asset is partitioned."""
        return self._asset_partition_keys is not None

    @property
    def asset_partition_keys(self) -> Sequence[str]:
        """Partitions of the asset that this value covers; may be empty (nothing upstream of the first partition)."""
        if self._asset_partition_keys is None:
            self._absent("asset_partition_keys", ": the asset has no partitions (see has_asset_partitions)")
        if isinstance(self._asset_partitions, MultiPartitions):
            return [_shown(self._asset_partitions, key) for key in self._asset_partition_keys]
        return self._asset_partition_keys

    @property
    def asset_partition_key(self) -> str:
        """The one partition of the asset; fails when there are several."""
        keys = self.asset_partition_keys
        if len(keys) != 1:
            raise InvariantError(
                f"Attempting to access asset_partition_key, but {len(keys)} partitions of the asset are covered; "
                "use asset_partition_keys."
            )
        return _shown(self._asset_partitions, keys[0])

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """First and last partition."""
        keys = self.asset_partition_keys
        if not keys:
            raise InvariantError("Attempting to access asset_partition_key_range, but no partition is covered.")
        return PartitionKeyRange(keys[0], keys[-1])

    @property
    def asset_partitions_spec(self) -> PartitionsSpec:
        """Definition of the asset's partitions, as data."""
        if self._asset_partitions is None:
            self._absent("asset_partitions_def", ": the asset has no partitions")
        return self._asset_partitions

    @property
    def asset_partitions_def(self) -> PartitionsDefinition:
        """Definition of the asset's partitions."""
        return _views().definition_of(self.asset_partitions_spec)

    @property
    def asset_partitions_time_window(self) -> TimeWindow:
        """Start and end of the partitions covered."""
        return time_window(self.asset_partitions_spec, self.asset_partition_keys)

    def get_asset_identifier(self) -> list[str]:
        """Parts that name an asset's value: its key's segments and, where there is one, the partition."""
        parts = list(self.asset_key.parts)
        return [*parts, self.asset_partition_key] if self.has_asset_partitions else parts


class OutputContext(_StorageContext):
    """Context of `IOManager.handle_output`."""

    version: str | None = None
    """Code version of the op."""
    data_version: str | None = None
    """Data version that the function has given with the value."""
    asset_spec: Any
    """Spec of the asset."""

    def __init__(
        self,
        *,
        name: str | None = "result",
        asset_key: AssetKey | None = None,
        run_id: str = EPHEMERAL,
        job_name: str = "",
        step_key: str | None = None,
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
        self.output_metadata: Mapping[str, MetadataValue] = output_metadata or {}
        """Metadata given at run time by the user's function, before the IO manager."""
        self.added_metadata: dict[str, MetadataValue] = {}
        """Metadata that the IO manager has added; execution merges it into the event."""
        self._log_event = log_event
        self._logged: list[Any] = []

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add metadata to the event of this output."""
        self.added_metadata.update(metadata_values(metadata))

    def log_event(self, event: AssetMaterialization | AssetObservation) -> None:
        """Record an event now."""
        self._logged.append(event)
        if self._log_event is not None:
            self._log_event(event)

    def get_logged_events(self) -> Sequence[AssetMaterialization | AssetObservation]:
        """Events logged so far."""
        return list(self._logged)

    def get_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Metadata added so far."""
        return dict(self.added_metadata)

    def consume_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Metadata added so far; then there are none."""
        added, self.added_metadata = self.added_metadata, {}
        return added

    def consume_events(self) -> Iterator[Any]:
        """Events logged so far; then there are none."""
        logged, self._logged = self._logged, []
        return iter(logged)

    def get_identifier(self) -> list[str]:
        """Parts that name a value between ops: run id, step key, output name and mapping key."""
        parts = [self.run_id, self.step_key, self.name]
        return [*parts, self.mapping_key] if self.mapping_key else parts

    get_run_scoped_output_identifier = get_output_identifier = get_identifier

    def get_asset_output_identifier(self) -> list[str]:
        """Same as `get_asset_identifier`."""
        return self.get_asset_identifier()


class InputContext(_StorageContext):
    """Context of `IOManager.load_input`. `upstream_output` describes how the value was stored."""

    def __init__(
        self,
        *,
        name: str | None = "input",
        upstream_output: OutputContext | None = None,
        asset_key: AssetKey | None = None,
        run_id: str = EPHEMERAL,
        job_name: str = "",
        step_key: str | None = None,
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
        """None for an input that nothing upstream makes."""
        self.added_metadata: dict[str, MetadataValue] = {}
        self._observations: list[AssetObservation] = []

    @property
    def has_input_name(self) -> bool:
        """False when a value is loaded for nobody's input."""
        return "name" in self.__dict__

    def add_input_metadata(self, metadata: Mapping[str, Any], description: str | None = None) -> None:
        """Add metadata to the event that tells of this input; for an asset an observation is recorded too."""
        values = metadata_values(metadata)
        self.added_metadata.update(values)
        if self._asset_key is not None:
            for key in self._asset_partition_keys or (None,):
                self._observations.append(AssetObservation(self._asset_key, description, values, partition=key))

    def get_observations(self) -> Sequence[AssetObservation]:
        """Observations that `add_input_metadata` has made."""
        return list(self._observations)

    def consume_logged_metadata(self) -> Mapping[str, MetadataValue]:
        """Metadata added so far; then there are none."""
        added, self.added_metadata = self.added_metadata, {}
        return added

    def consume_events(self) -> Iterator[Any]:
        """Observations made so far; then there are none."""
        made, self._observations = self._observations, []
        return iter(made)

    def get_identifier(self) -> list[str]:
        """Parts that name the upstream value."""
        if self.upstream_output is None:
            self._absent("upstream_output", ": nothing upstream makes this input")
        return self.upstream_output.get_identifier()


def _views() -> Any:
    """`spec_definitions`, which most runs do not need."""
    return importlib.import_module("rostrum.definitions.assets.spec_definitions")


def _shown(spec: PartitionsSpec | None, key: str) -> str:
    return _views().key_of(spec, key) if isinstance(spec, MultiPartitions) else key


MISSING_TYPE: Any = None
"""Annotation of a context that was built without a type."""
_FIELDS = frozenset({"name", "step_key", "op_def", "asset_spec"})
