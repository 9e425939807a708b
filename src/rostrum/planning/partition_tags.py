"""Tags that tell the partition of a run, as users write and read them. A run's own place for its
partition is its target.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rostrum.model.partitions import MultiPartitions, PartitionsSpec
from rostrum.model.reserved_names import PARTITION_SET_TAG, PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.partitions import split_key


def with_range(target: RunTarget, tags: Mapping[str, str]) -> RunTarget:
    """The target with the range that tags ask for, unless it names partitions itself."""
    if (
        target.partition_key is None
        and target.partition_range is None
        and RANGE_START_TAG in tags
        and RANGE_END_TAG in tags
    ):
        return msgspec.structs.replace(target, partition_range=(tags[RANGE_START_TAG], tags[RANGE_END_TAG]))
    return target


def with_partition_tags(run: Run, spec: PartitionsSpec | None = None) -> Run:
    """The run as user code sees it: its tags tell the partition, too. Without `spec` those of the dimensions are as
    stored.
    """
    key, between = run.target.partition_key, run.target.partition_range
    told: dict[str, str] = {}
    if key is not None:
        told = {PARTITION_TAG: key, PARTITION_SET_TAG: f"{run.target.job}_partition_set"}
        told |= dimension_tags(spec, key)
    elif between is not None:
        told = {RANGE_START_TAG: between[0], RANGE_END_TAG: between[1]}
    return msgspec.structs.replace(run, tags={**told, **run.tags}) if told else run


def dimension_tags(spec: PartitionsSpec | None, key: str) -> dict[str, str]:
    """A tag for the key of each dimension; none where there are no dimensions."""
    if not isinstance(spec, MultiPartitions):
        return {}
    return {f"{PARTITION_TAG}/{name}": part for name, part in split_key(spec, key).items()}
