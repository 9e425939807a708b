"""Partitions definitions of users' own classes, which say their keys in `get_partition_keys`: as data, and as asked."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rostrum.definitions.partitions.loading import PartitionLoadingContext
from rostrum.model import partitions as model
from rostrum.model.errors import DefinitionError
from rostrum.planning.partitions import partitions_of


def listed_keys(definition: Any, context: PartitionLoadingContext) -> tuple[str, ...]:
    """Keys that the class says now. Its method may leave out the arguments that it does not use."""
    parameters = inspect.signature(definition.get_partition_keys).parameters.values()
    given = {"current_time": context.effective_dt, "dynamic_partitions_store": context.dynamic_partitions_store}
    every = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    names = {each.name for each in parameters}
    found = definition.get_partition_keys(**{name: value for name, value in given.items() if every or name in names})
    return tuple(str(getattr(key, "name", key)) for key in found)


def own_spec(
    definition: Any, built_in: model.PartitionsSpec | None, context: PartitionLoadingContext
) -> model.PartitionsSpec:
    """The definition as data: the keys that it says now; of windows of time those that are left out now.

    Raises DefinitionError for windows that the class has no times for, and for products of dimensions.
    """
    name = type(definition).__name__
    if isinstance(built_in, model.MultiPartitions):
        raise DefinitionError(
            f"{name}: keys of several dimensions are the product of the dimensions' keys: define get_partition_keys in "
            "the class of a dimension."
        )
    keys = listed_keys(definition, context)
    if not isinstance(built_in, model.TimePartitions):
        return model.StaticPartitions(keys)
    source = partitions_of(built_in)
    every = list(source.keys(context.effective_dt))
    unknown = sorted(set(keys).difference(every))
    if unknown:
        raise DefinitionError(
            f"{name}: get_partition_keys says {unknown[0]!r}, and no window of time has that key: say keys of "
            f"super().get_partition_keys(), or derive the class from PartitionsDefinition."
        )
    absent = _starts(source, every, set(keys))
    return _without(built_in, absent)


def _starts(source: Any, every: Sequence[str], kept: set[str]) -> tuple[datetime, ...]:
    return tuple(source.window(key).start for key in every if key not in kept)


def _without(spec: model.TimePartitions, starts: tuple[datetime, ...]) -> model.TimePartitions:
    import msgspec  # only for windows of time that leave some out

    return msgspec.structs.replace(spec, excluded_starts=(*spec.excluded_starts, *starts))
