"""Partition mappings of users' own classes: their methods, called for who has data and keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rostrum.definitions.assets.spec_definitions import definition_of
from rostrum.definitions.partitions.definition import PartitionsSubset
from rostrum.definitions.partitions.loading import partition_loading_context
from rostrum.definitions.partitions.mappings import PartitionMapping, UpstreamPartitionsResult
from rostrum.model import partitions as model
from rostrum.model.errors import InvariantError
from rostrum.planning import own_classes
from rostrum.planning.partitions import DynamicKeys

_INHERITED = PartitionMapping.get_downstream_partitions_for_partitions


def named(mapping: PartitionMapping) -> model.CustomMapping:
    """The mapping as data: a name, under which its methods are found where the code is loaded."""
    return model.CustomMapping(own_classes.name_of(mapping, Calls(mapping)))


class Calls:
    """Calls the methods of a user's class with definitions and subsets, for who has data and keys."""

    def __init__(self, mapping: PartitionMapping) -> None:
        self._mapping = mapping

    def upstream(
        self,
        downstream: model.PartitionsSpec | None,
        upstream: model.PartitionsSpec,
        keys: Sequence[str],
        now: datetime,
        dynamic: DynamicKeys | None,
    ) -> list[str]:
        """Partitions upstream. Raises InvariantError where such do not exist."""
        own = definition_of(downstream) if downstream is not None else None
        with partition_loading_context(now, _store(dynamic)) as context:
            found: Any = self._mapping.get_upstream_mapped_partitions_result_for_partitions(
                PartitionsSubset(own, keys) if own is not None else None,
                own,
                definition_of(upstream),
                context.effective_dt,
                context.dynamic_partitions_store,
            )
        if not isinstance(found, UpstreamPartitionsResult):  # the subset alone
            return list(found.get_partition_keys())
        absent = found.required_but_nonexistent_partition_keys
        if absent:
            raise InvariantError(
                f"the asset depends on invalid partitions upstream: {', '.join(map(repr, absent[:10]))} do not exist "
                f"there, says {type(self._mapping).__name__}."
            )
        return list(found.partitions_subset.get_partition_keys())

    def downstream(
        self,
        downstream: model.PartitionsSpec,
        upstream: model.PartitionsSpec,
        keys: Sequence[str],
        now: datetime,
        dynamic: DynamicKeys | None,
    ) -> list[str] | None:
        """Partitions downstream; None where the class does not define the method."""
        if type(self._mapping).get_downstream_partitions_for_partitions is _INHERITED:
            return None
        above = definition_of(upstream)
        with partition_loading_context(now, _store(dynamic)) as context:
            found = self._mapping.get_downstream_partitions_for_partitions(
                PartitionsSubset(above, keys),
                above,
                definition_of(downstream),
                context.effective_dt,
                context.dynamic_partitions_store,
            )
        return list(found.get_partition_keys())


class _Store:
    """A function of dynamic keys as what definitions ask."""

    def __init__(self, dynamic: DynamicKeys) -> None:
        self._dynamic = dynamic

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Keys of a dynamic definition."""
        return self._dynamic(partitions_def_name)


def _store(dynamic: DynamicKeys | None) -> _Store | None:
    return _Store(dynamic) if dynamic is not None else None
