"""How partitions of an asset come from partitions upstream. Each mapping holds its value (`spec`); what it means is
in `planning/mappings.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rostrum.definitions.partitions.definition import PartitionsDefinition, PartitionsSubset
from rostrum.definitions.partitions.loading import DynamicPartitionsStore, loading_context
from rostrum.definitions.partitions.own_new import TakesNew
from rostrum.model import partitions as model
from rostrum.model.errors import DefinitionError, InvariantError
from rostrum.planning.mappings import downstream_keys, upstream_keys


class UpstreamPartitionsResult(NamedTuple):
    """Partitions upstream that exist, and those that would be needed and do not."""

    partitions_subset: PartitionsSubset
    required_but_nonexistent_subset: PartitionsSubset

    @property
    def required_but_nonexistent_partition_keys(self) -> Sequence[str]:
        """Keys of the latter."""
        return list(self.required_but_nonexistent_subset.get_partition_keys())


class PartitionMapping(TakesNew):
    """Root of the mappings. A class of one's own defines `get_upstream_mapped_partitions_result_for_partitions` and, to
    be fast, `get_downstream_partitions_for_partitions`: they are called where the code is loaded.
    """

    _spec: model.PartitionMapping | None = None
    _own_spec: model.CustomMapping | None = None

    @property
    def spec(self) -> model.PartitionMapping:
        """The mapping as data. Raises DefinitionError for a class of one's own that does not say what it maps."""
        if _is_own(type(self).get_upstream_mapped_partitions_result_for_partitions):
            if self._own_spec is None:
                made = _own_mappings().named(self)
                object.__setattr__(self, "_own_spec", made)  # (the class may be a frozen one)
                return made
            return self._own_spec
        return self._built_in()

    @property
    def description(self) -> str:
        """What it does."""
        return (self.__doc__ or "").strip().partition("\n")[0]

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition | None,
        upstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Partitions upstream that the downstream ones need."""
        context = loading_context(current_time, dynamic_partitions_store)
        keys = list(downstream_partitions_subset.get_partition_keys()) if downstream_partitions_subset else []
        own = downstream_partitions_def.spec if downstream_partitions_def is not None else None
        empty = PartitionsSubset(upstream_partitions_def)
        try:
            found = upstream_keys(
                self._built_in(), own, upstream_partitions_def.spec, keys, context.effective_dt, context.keys_of
            )
        except InvariantError:
            return UpstreamPartitionsResult(empty, PartitionsSubset(upstream_partitions_def, keys))
        return UpstreamPartitionsResult(PartitionsSubset(upstream_partitions_def, found or ()), empty)

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition,
        downstream_partitions_def: PartitionsDefinition,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Partitions downstream that need any of the upstream ones."""
        context = loading_context(current_time, dynamic_partitions_store)
        own = _is_own(type(self).get_downstream_partitions_for_partitions)
        found = downstream_keys(
            self._built_in() if own else self.spec,
            downstream_partitions_def.spec,
            upstream_partitions_def.spec,
            list(upstream_partitions_subset.get_partition_keys()),
            context.effective_dt,
            context.keys_of,
        )
        return PartitionsSubset(downstream_partitions_def, found)

    def validate_partition_mapping(
        self, upstream_partitions_def: PartitionsDefinition, downstream_partitions_def: PartitionsDefinition | None
    ) -> None:
        """Raise DefinitionError where the mapping does not fit the definitions."""
        if isinstance(self._spec, model.TimeWindowMapping):
            for each in (upstream_partitions_def, downstream_partitions_def):
                if each is None or not isinstance(each.spec, model.TimePartitions):
                    raise DefinitionError("a time window mapping needs time partitions on both sides.")

    def _built_in(self) -> model.PartitionMapping:
        """What a class here means, whatever a class of the user's makes of it."""
        if self._spec is None:
            raise DefinitionError(
                f"{type(self).__name__} does not say what it maps: define "
                "get_upstream_mapped_partitions_result_for_partitions (and get_downstream_partitions_for_partitions), "
                "or use one of the mappings that there are."
            )
        return self._spec

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, PartitionMapping):
            return False
        if _is_own(type(self).get_upstream_mapped_partitions_result_for_partitions):
            return self.spec == other.spec
        return self._spec == other._spec

    def __hash__(self) -> int:
        return hash((type(self), repr(self._spec)))

    def __repr__(self) -> str:
        shown = repr(self._spec).partition("(")[2].rstrip(")") if self._spec is not None else ""
        return f"{type(self).__name__}({shown})"


def _is_own(method: Any) -> bool:
    """Whether a method is a user's, not of this module."""
    return getattr(method, "__module__", None) != __name__


def _own_mappings() -> Any:
    """Only classes of users' own need it."""
    return importlib.import_module("rostrum.definitions.partitions.own_mappings")


class IdentityPartitionMapping(PartitionMapping):
    """The upstream partition of the same key."""

    def __init__(self) -> None:
        self._spec = model.IdentityMapping()


class AllPartitionMapping(PartitionMapping):
    """All upstream partitions."""

    def __init__(self) -> None:
        self._spec = model.AllMapping()


class LastPartitionMapping(PartitionMapping):
    """The last upstream partition."""

    def __init__(self) -> None:
        self._spec = model.LastMapping()


class SpecificPartitionsPartitionMapping(PartitionMapping):
    """The named upstream partitions."""

    def __init__(self, partition_keys: Sequence[str]) -> None:
        self.partition_keys = list(partition_keys)
        self._spec = model.SpecificMapping(tuple(str(key) for key in partition_keys))


class TimeWindowPartitionMapping(PartitionMapping):
    """Upstream windows that overlap this window, shifted by whole windows: -1, -1 is the previous one.

    `allow_nonexistent_upstream_partitions`: a window that no upstream partition overlaps needs none, instead of being
    a mistake.
    """

    def __init__(
        self, start_offset: int = 0, end_offset: int = 0, allow_nonexistent_upstream_partitions: bool = False
    ) -> None:
        self.start_offset, self.end_offset = start_offset, end_offset
        self.allow_nonexistent_upstream_partitions = allow_nonexistent_upstream_partitions
        self._spec = model.TimeWindowMapping(start_offset, end_offset, allow_nonexistent_upstream_partitions)


class StaticPartitionMapping(PartitionMapping):
    """Upstream key -> downstream key or keys."""

    def __init__(
        self, downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Collection[str]]
    ) -> None:
        self.downstream_partition_keys_by_upstream_partition_key = dict(
            downstream_partition_keys_by_upstream_partition_key
        )
        upstream: dict[str, list[str]] = {}
        for above, below in downstream_partition_keys_by_upstream_partition_key.items():
            for key in [below] if isinstance(below, str) else sorted(below):
                upstream.setdefault(key, []).append(above)
        self._spec = model.StaticMapping({key: tuple(keys) for key, keys in upstream.items()})


class DimensionPartitionMapping(NamedTuple):
    """What an upstream dimension is mapped to: a dimension downstream, and how."""

    dimension_name: str
    partition_mapping: PartitionMapping


class MultiPartitionMapping(PartitionMapping):
    """Dimension by dimension: name of the upstream dimension -> DimensionPartitionMapping. Of upstream dimensions that
    are not named all partitions are needed.
    """

    def __init__(self, downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]) -> None:
        for name, each in downstream_mappings_by_upstream_dimension.items():
            given: Any = each
            if not isinstance(given, DimensionPartitionMapping):
                raise DefinitionError(f"MultiPartitionMapping: {name!r}: give a DimensionPartitionMapping.")
        self.downstream_mappings_by_upstream_dimension = dict(downstream_mappings_by_upstream_dimension)
        self._spec = model.MultiMapping(
            tuple(
                model.DimensionMapping(name, each.dimension_name, each.partition_mapping.spec)
                for name, each in sorted(downstream_mappings_by_upstream_dimension.items())
            )
        )


class MultiToSingleDimensionPartitionMapping(PartitionMapping):
    """Between several dimensions and one that is like one of them, on either side. Without a name the dimension with
    the same partitions is meant.
    """

    def __init__(self, partition_dimension_name: str | None = None) -> None:
        self.partition_dimension_name = partition_dimension_name
        self._spec = model.SingleDimensionMapping(partition_dimension_name)
