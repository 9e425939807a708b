"""Partitions of several dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from rostrum.definitions.broken import noting_init
from rostrum.definitions.partitions.definition import PartitionKeyRange, PartitionsDefinition
from rostrum.definitions.partitions.keys import MultiPartitionKey
from rostrum.definitions.partitions.loading import DynamicPartitionsStore
from rostrum.definitions.partitions.time_windows import TimeWindowPartitionsDefinition
from rostrum.model import partitions as model
from rostrum.model.errors import DefinitionError, DimensionsError, InvocationError
from rostrum.model.reserved_names import PARTITION_TAG
from rostrum.planning.partitions import partitions_of, split_key
from rostrum.planning.time_windows import TimeWindow


class PartitionDimensionDefinition(NamedTuple):
    """A dimension: its name and its partitions."""

    name: str
    partitions_def: PartitionsDefinition


class MultiPartitionsDefinition(PartitionsDefinition):
    """Product of two or more dimensions. Keys join the dimensions' keys with `|`, in alphabetical order of the
    dimensions' names; the first dimension is outermost.
    """

    kind = "multi"
    _spec: model.MultiPartitions  # pyright: ignore[reportIncompatibleVariableOverride]

    @noting_init
    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition]) -> None:
        if len(partitions_defs) < 2:
            raise DimensionsError(
                f"MultiPartitionsDefinition takes two dimensions or more, not {len(partitions_defs)}."
            )
        dimensions: list[tuple[str, Any]] = []
        self._definitions: dict[str, PartitionsDefinition] = {}
        for name in sorted(partitions_defs):
            spec = partitions_defs[name].spec
            if isinstance(spec, model.MultiPartitions):
                raise DimensionsError(
                    f"MultiPartitionsDefinition: dimension {name!r} has several dimensions itself: name them all here."
                )
            dimensions.append((name, spec))
            self._definitions[name] = partitions_defs[name]
        self._spec = model.MultiPartitions(tuple(dimensions))  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def partitions_defs(self) -> Sequence[PartitionDimensionDefinition]:
        """The dimensions, in alphabetical order."""
        return [PartitionDimensionDefinition(name, each) for name, each in self._definitions.items()]

    @property
    def partition_dimension_names(self) -> list[str]:
        """Names of the dimensions, in alphabetical order."""
        return list(self._definitions)

    def __str__(self) -> str:
        return f"{len(self._definitions)} dimensions: " + ", ".join(
            f"{name} ({each})" for name, each in self._definitions.items()
        )

    def get_partitions_def_for_dimension(self, dimension_name: str) -> PartitionsDefinition:
        """Partitions of a dimension. Raises DefinitionError for a name that there is none of."""
        if dimension_name not in self._definitions:
            raise DefinitionError(f"there is no dimension {dimension_name!r}: {', '.join(self._definitions)}.")
        return self._definitions[dimension_name]

    # --- keys

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> Sequence[MultiPartitionKey]:
        """All keys that exist at a time, first dimension outermost."""
        return [
            self.get_partition_key_from_str(key)
            for key in super().get_partition_keys(current_time, dynamic_partitions_store)
        ]

    def get_first_partition_key(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> MultiPartitionKey | None:
        """First key that exists."""
        return self._key(super().get_first_partition_key(current_time, dynamic_partitions_store))

    def get_last_partition_key(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> MultiPartitionKey | None:
        """Last key that exists."""
        return self._key(super().get_last_partition_key(current_time, dynamic_partitions_store))

    def get_partition_keys_in_range(
        self, partition_key_range: PartitionKeyRange, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> Sequence[MultiPartitionKey]:
        """Product of the ranges in each dimension."""
        found = super().get_partition_keys_in_range(partition_key_range, dynamic_partitions_store)
        return [self.get_partition_key_from_str(key) for key in found]

    def get_partition_key_from_str(self, partition_key_str: str) -> MultiPartitionKey:
        """The key that a text means. Raises UnknownPartition when its parts do not match the dimensions."""
        return MultiPartitionKey(split_key(self._spec, str(partition_key_str)))

    def is_valid_key_format(self, partition_key: str) -> bool:
        """Say whether the text has as many parts as there are dimensions."""
        return len(partition_key.split("|")) == len(self._definitions)

    def get_multipartition_keys_with_dimension_value(
        self, dimension_name: str, dimension_partition_key: str
    ) -> Sequence[MultiPartitionKey]:
        """All keys with that key in a dimension."""
        return self.get_multipartition_keys_with_dimension_values(dimension_name, [dimension_partition_key])

    def get_multipartition_keys_with_dimension_values(
        self, dimension_name: str, dimension_partition_keys: Sequence[str]
    ) -> Sequence[MultiPartitionKey]:
        """All keys with one of those keys in a dimension."""
        self.get_partitions_def_for_dimension(dimension_name)
        wanted = set(dimension_partition_keys)
        return [key for key in self.get_partition_keys() if key.keys_by_dimension[dimension_name] in wanted]

    def get_tags_for_partition_key(self, partition_key: str) -> Mapping[str, str]:
        """Tags of a run for that partition: of the whole key and of each dimension."""
        key = self.get_partition_key_from_str(partition_key)
        tags = {PARTITION_TAG: str(key)}
        return tags | {f"{PARTITION_TAG}/{name}": part for name, part in key.keys_by_dimension.items()}

    # --- time

    @property
    def has_time_window_dimension(self) -> bool:
        """True when a dimension is of time."""
        return self._timed() is not None

    @property
    def time_window_dimension(self) -> PartitionDimensionDefinition:
        """The dimension of time. Raises InvocationError without one."""
        found = self._timed()
        if found is None:
            raise InvocationError(f"{self} has no dimension of time.")
        return found

    @property
    def time_window_partitions_def(self) -> TimeWindowPartitionsDefinition:
        """Partitions of the dimension of time. Raises InvocationError without one."""
        return cast(TimeWindowPartitionsDefinition, self.time_window_dimension.partitions_def)

    @property
    def primary_dimension(self) -> PartitionDimensionDefinition:
        """The dimension of time, else the first one."""
        return self._timed() or self.partitions_defs[0]

    @property
    def secondary_dimension(self) -> PartitionDimensionDefinition:
        """The first of the others."""
        primary = self.primary_dimension.name
        return next(each for each in self.partitions_defs if each.name != primary)

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """Window of the key's part in the dimension of time."""
        return partitions_of(self._spec).window(str(partition_key))

    def _timed(self) -> PartitionDimensionDefinition | None:
        return next(
            (each for each in self.partitions_defs if isinstance(each.partitions_def, TimeWindowPartitionsDefinition)),
            None,
        )

    def _key(self, key: str | None) -> MultiPartitionKey | None:
        return self.get_partition_key_from_str(key) if key is not None else None
