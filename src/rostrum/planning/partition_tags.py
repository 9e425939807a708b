"""Tags that tell the partition of a run, as projects made for Dagster write and read them. A run's own place for its
partition is its target.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rostrum.model.partitions import MultiPartitions, PartitionsSpec
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.partitions import split_key

PARTITION = "dagster/partition"
"""Key of the partition; `<tag>/<dimension>` the key of each dimension."""
PARTITION_SET = "dagster/partition_set"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
"""Ask for a range of partitions, first and last key inclusive."""


def with_range(target: RunTarget, tags: Mapping[str, str]) -> RunTarget:
    """The target with the range that tags ask for, unless it names partitions itself."""
    if target.partition_key is None and target.partition_range is None and RANGE_START in tags and RANGE_END in tags:
        return msgspec.structs.replace(target, partition_range=(tags[RANGE_START], tags[RANGE_END]))
    return target


def with_partition_tags(run: Run, spec: PartitionsSpec | None) -> Run:
    """The run as user code sees it: its tags tell the partition, too."""
    key, between = run.target.partition_key, run.target.partition_range
    told: dict[str, str] = {}
    if key is not None:
        told = {PARTITION: key, PARTITION_SET: f"{run.target.job}_partition_set"}
        if isinstance(spec, MultiPartitions):
            told |= {f"{PARTITION}/{name}": part for name, part in split_key(spec, key).items()}
    elif between is not None:
        told = {RANGE_START: between[0], RANGE_END: between[1]}
    return msgspec.structs.replace(run, tags={**told, **run.tags}) if told else run
