"""Decorators that make a `PartitionedConfig` of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import cast

from rostrum.definitions.broken import noting
from rostrum.definitions.partitions.config import ConfigLike, ConfigOfKey, PartitionedConfig, TagsOfKey
from rostrum.definitions.partitions.definition import (
    DynamicPartitionsDefinition,
    PartitionsDefinition,
    StaticPartitionsDefinition,
)
from rostrum.definitions.partitions.time_windows import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from rostrum.model.errors import DefinitionError

ConfigOfWindow = Callable[[datetime, datetime], ConfigLike]
TagsOfWindow = Callable[[datetime, datetime], Mapping[str, str]]


def partitioned_config(
    partitions_def: PartitionsDefinition, tags_for_partition_key_fn: TagsOfKey | None = None
) -> Callable[[ConfigOfKey], PartitionedConfig]:
    """Make a PartitionedConfig of a function of the partition key."""

    @noting(PartitionedConfig)
    def decorate(function: ConfigOfKey) -> PartitionedConfig:
        return PartitionedConfig(
            partitions_def,
            decorated_fn=function,
            run_config_for_partition_key_fn=function,
            tags_for_partition_key_fn=tags_for_partition_key_fn,
        )

    return decorate


def static_partitioned_config(
    partition_keys: Sequence[str],
    tags_for_partition_fn: TagsOfKey | None = None,
    tags_for_partition_key_fn: TagsOfKey | None = None,
) -> Callable[[ConfigOfKey], PartitionedConfig]:
    """Make a PartitionedConfig over listed keys of a function of the key."""
    return partitioned_config(
        StaticPartitionsDefinition(partition_keys), _one_of(tags_for_partition_fn, tags_for_partition_key_fn)
    )


def dynamic_partitioned_config(
    partition_fn: Callable[[datetime | None], Sequence[str]],
    tags_for_partition_fn: TagsOfKey | None = None,
    tags_for_partition_key_fn: TagsOfKey | None = None,
) -> Callable[[ConfigOfKey], PartitionedConfig]:
    """Make a PartitionedConfig over keys that a function gives, of a function of the key."""
    return partitioned_config(
        DynamicPartitionsDefinition(partition_fn), _one_of(tags_for_partition_fn, tags_for_partition_key_fn)
    )


def hourly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: TagsOfWindow | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    """Make a PartitionedConfig over hours of a function of the window's start and end."""
    definition = HourlyPartitionsDefinition(
        start_date,
        minute_offset=minute_offset,
        timezone=timezone,
        fmt=fmt,
        end_offset=end_offset,
        exclusions=exclusions,
    )
    return _of_window(definition, tags_for_partition_fn)


def daily_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: TagsOfWindow | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    """Make a PartitionedConfig over days of a function of the window's start and end."""
    definition = DailyPartitionsDefinition(
        start_date,
        minute_offset=minute_offset,
        hour_offset=hour_offset,
        timezone=timezone,
        fmt=fmt,
        end_offset=end_offset,
        exclusions=exclusions,
    )
    return _of_window(definition, tags_for_partition_fn)


def weekly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: TagsOfWindow | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    """Make a PartitionedConfig over weeks of a function of the window's start and end."""
    definition = WeeklyPartitionsDefinition(
        start_date,
        minute_offset=minute_offset,
        hour_offset=hour_offset,
        day_offset=day_offset,
        timezone=timezone,
        fmt=fmt,
        end_offset=end_offset,
        exclusions=exclusions,
    )
    return _of_window(definition, tags_for_partition_fn)


def monthly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 1,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: TagsOfWindow | None = None,
    exclusions: Sequence[str | datetime] | None = None,
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    """Make a PartitionedConfig over months of a function of the window's start and end."""
    definition = MonthlyPartitionsDefinition(
        start_date,
        minute_offset=minute_offset,
        hour_offset=hour_offset,
        day_offset=day_offset,
        timezone=timezone,
        fmt=fmt,
        end_offset=end_offset,
        exclusions=exclusions,
    )
    return _of_window(definition, tags_for_partition_fn)


def _of_window(
    definition: TimeWindowPartitionsDefinition, tags: TagsOfWindow | None
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    @noting(PartitionedConfig)
    def decorate(function: ConfigOfWindow) -> PartitionedConfig:
        return PartitionedConfig(
            definition,
            decorated_fn=function,
            run_config_for_partition_key_fn=lambda key: function(*definition.time_window_for_partition_key(key)),
            tags_for_partition_key_fn=(
                (lambda key: cast(TagsOfWindow, tags)(*definition.time_window_for_partition_key(key)))
                if tags is not None
                else None
            ),
        )

    return decorate


def _one_of(old: TagsOfKey | None, new: TagsOfKey | None) -> TagsOfKey | None:
    if old is not None and new is not None:
        raise DefinitionError("give one of tags_for_partition_fn and tags_for_partition_key_fn, not both.")
    return new or old
