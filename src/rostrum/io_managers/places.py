"""Where the value of an input or output belongs: the parts of its path, the same for all managers that have paths."""

from __future__ import annotations

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.io_managers.paths import segment
from rostrum.model.errors import InvariantError
from rostrum.model.partitions import MultiPartitions

StorageContext = OutputContext | InputContext


def place_parts(context: StorageContext, partition: str | None = None) -> list[str]:
    """File names from the base to the value: of an asset the segments of its key, with partitions one more for each
    dimension; of a value between ops the run, the step, the output and its mapping key. No name leaves the base.
    """
    if not context.has_asset_key:
        return [segment(part) for part in context.get_identifier()]
    parts = [segment(part) for part in context.asset_key.parts]
    if partition is not None:
        parts += [segment(part) for part in dimension_keys(context, partition)]
    return parts


def dimension_keys(context: StorageContext, partition: str) -> list[str]:
    """Keys by dimension of a partition of several dimensions, else the key itself."""
    if "|" not in partition or not isinstance(context.asset_partitions_spec, MultiPartitions):
        return [partition]
    return partition.split("|", len(context.asset_partitions_spec.dimensions) - 1)


def covered_partitions(context: StorageContext) -> list[str] | None:
    """Partitions that a value is of; None for a value without partitions. Raises InvariantError for an output of a
    partitioned asset in a run of no partition.
    """
    if not (context.has_asset_key and context.has_asset_partitions):
        return None
    partitions = list(context.asset_partition_keys)
    if not partitions and isinstance(context, OutputContext):
        raise InvariantError(
            f"{context.asset_key} is partitioned, and this run is of no partition: its value has no place. "
            "Launch it with a partition key."
        )
    return partitions


def named(context: StorageContext, partition: str | None = None) -> str:
    """The value, in a sentence: `asset raw/orders, partition 2024-01-01`."""
    if not context.has_asset_key:
        return f"the value {'/'.join(context.get_identifier())}"
    return f"asset {context.asset_key}" + (f", partition {partition}" if partition is not None else "")
