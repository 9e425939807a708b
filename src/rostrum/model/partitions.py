"""Partition definitions as data. Enumeration (keys, windows, mappings) is in `planning/partitions.py`."""

from __future__ import annotations

from datetime import datetime

import msgspec


class StaticPartitions(msgspec.Struct, frozen=True, tag="static", tag_field="kind"):
    """A fixed list of keys, in the order given."""

    keys: tuple[str, ...]


class TimePartitions(msgspec.Struct, frozen=True, tag="time", tag_field="kind", omit_defaults=True):
    """Windows between consecutive ticks of a cron expression. A partition exists once its window has ended."""

    cron: str
    start: datetime
    """Aware; in `timezone`. The first window begins at the first tick at or after it."""
    format: str
    """strftime format of a key (start of the window)."""
    timezone: str = "UTC"
    end: datetime | None = None
    """Exclusive."""
    end_offset: int = 0
    """How many windows beyond the last ended one exist; negative removes."""
    excluded_crons: tuple[str, ...] = ()
    """Windows that start at a tick of one of these do not exist. The windows beside them keep their size."""
    excluded_starts: tuple[datetime, ...] = ()
    """Windows that start at one of these do not exist."""


class DynamicPartitions(msgspec.Struct, frozen=True, tag="dynamic", tag_field="kind"):
    """Keys added at run time, kept in the control plane under `name`."""

    name: str


class MultiPartitions(msgspec.Struct, frozen=True, tag="multi", tag_field="kind"):
    """Product of dimensions, ordered by name. A key joins the dimensions' keys with `|` in that order."""

    dimensions: tuple[tuple[str, StaticPartitions | TimePartitions | DynamicPartitions], ...]


PartitionsSpec = StaticPartitions | TimePartitions | DynamicPartitions | MultiPartitions


class IdentityMapping(msgspec.Struct, frozen=True, tag="identity", tag_field="kind"):
    """The upstream partition of the same key."""


class AllMapping(msgspec.Struct, frozen=True, tag="all", tag_field="kind"):
    """All upstream partitions."""


class LastMapping(msgspec.Struct, frozen=True, tag="last", tag_field="kind"):
    """The last upstream partition that exists."""


class SpecificMapping(msgspec.Struct, frozen=True, tag="specific", tag_field="kind"):
    """The named upstream partitions."""

    keys: tuple[str, ...]


class TimeWindowMapping(msgspec.Struct, frozen=True, tag="time_window", tag_field="kind"):
    """Upstream windows overlapping this window, shifted by whole upstream windows."""

    start_offset: int = 0
    end_offset: int = 0
    allow_nonexistent: bool = False


class StaticMapping(msgspec.Struct, frozen=True, tag="static", tag_field="kind"):
    """Downstream key -> upstream keys."""

    upstream_keys: dict[str, tuple[str, ...]]


class SingleDimensionMapping(msgspec.Struct, frozen=True, tag="single_dimension", tag_field="kind", omit_defaults=True):
    """Between a definition of several dimensions and one that is like one of them, on either side."""

    dimension: str | None = None
    """Name of the dimension; None: the one with the same partitions."""


class DimensionMapping(msgspec.Struct, frozen=True):
    """One dimension of a `MultiMapping`: how keys of the downstream dimension come from keys of the upstream one."""

    upstream: str
    downstream: str
    mapping: PartitionMapping


class MultiMapping(msgspec.Struct, frozen=True, tag="multi", tag_field="kind"):
    """Dimension by dimension. Upstream dimensions that are not named: all their keys."""

    dimensions: tuple[DimensionMapping, ...] = ()


class CustomMapping(msgspec.Struct, frozen=True, tag="custom", tag_field="kind"):
    """A class of the user's. Only processes that have loaded the code know what it means."""

    name: str
    """Of the class, with what its attributes are."""


PartitionMapping = (
    IdentityMapping
    | AllMapping
    | LastMapping
    | SpecificMapping
    | TimeWindowMapping
    | StaticMapping
    | SingleDimensionMapping
    | MultiMapping
    | CustomMapping
)
"""How a partition of an asset is computed from partitions of an upstream one. `None` in a dependency means the default
rule."""
