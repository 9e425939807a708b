"""Run config that depends on the partition of the run: `PartitionedConfig` and the decorators that make one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from rostrum.definitions.broken import noting
from rostrum.definitions.multi_partitions import key_of
from rostrum.definitions.partitions import (
    DynamicPartitionsDefinition,
    Partition,
    PartitionsDefinition,
    StaticPartitionsDefinition,
)
from rostrum.definitions.run_config import RunConfig, plain_config
from rostrum.definitions.time_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from rostrum.model.errors import ArgumentError, DefinitionError

ConfigLike = RunConfig | Mapping[str, Any]
ConfigOfKey = Callable[[str], ConfigLike]
ConfigOfWindow = Callable[[datetime, datetime], ConfigLike]
TagsOfKey = Callable[[str], Mapping[str, str]]
TagsOfWindow = Callable[[datetime, datetime], Mapping[str, str]]


class PartitionedConfig:
    """The partitions of a job, and the run config of each. Made by a decorator it is called as the function is."""

    def __init__(
        self,
        partitions_def: PartitionsDefinition,
        run_config_for_partition_fn: Callable[[Partition], Mapping[str, Any]] | None = None,
        decorated_fn: Callable[..., ConfigLike] | None = None,
        tags_for_partition_fn: Callable[[Partition], Mapping[str, str]] | None = None,
        run_config_for_partition_key_fn: ConfigOfKey | None = None,
        tags_for_partition_key_fn: TagsOfKey | None = None,
    ) -> None:
        if (run_config_for_partition_fn is None) == (run_config_for_partition_key_fn is None):
            raise DefinitionError(
                "PartitionedConfig needs one function of its config: run_config_for_partition_key_fn (or, in the old "
                "way, run_config_for_partition_fn)."
            )
        if tags_for_partition_fn is not None and tags_for_partition_key_fn is not None:
            raise DefinitionError("PartitionedConfig takes one function of its tags, not two.")
        self._partitions_def, self._function = partitions_def, decorated_fn
        self._config_of_partition, self._config_of_key = run_config_for_partition_fn, run_config_for_partition_key_fn
        self._tags_of_partition, self._tags_of_key = tags_for_partition_fn, tags_for_partition_key_fn

    @property
    def partitions_def(self) -> PartitionsDefinition:
        """The partitions."""
        return self._partitions_def

    @property
    def run_config_for_partition_fn(self) -> Callable[[Partition], Mapping[str, Any]] | None:
        """Function of a Partition that gives its config, in the old way."""
        return self._config_of_partition

    @property
    def run_config_for_partition_key_fn(self) -> ConfigOfKey | None:
        """Function of a key that gives its config."""
        return self._config_of_key

    @property
    def tags_for_partition_fn(self) -> Callable[[Partition], Mapping[str, str]] | None:
        """Function of a Partition that gives tags for its run, in the old way."""
        return self._tags_of_partition

    @property
    def tags_for_partition_key_fn(self) -> TagsOfKey | None:
        """Function of a key that gives tags for its run."""
        return self._tags_of_key

    def get_partition_keys(self, current_time: datetime | None = None) -> Sequence[str]:
        """Keys that exist."""
        return self._partitions_def.get_partition_keys(current_time)

    def get_run_config_for_partition_key(self, partition_key: str) -> Mapping[str, Any]:
        """Run config of a partition, plain. Raises UnknownPartition."""
        self._partitions_def.validate_partition_key(partition_key)
        return self.config_of(partition_key)

    def get_tags_for_partition_key(self, partition_key: str, job_name: str | None = None) -> Mapping[str, str]:
        """Tags of a run for the partition: its own, and those that tell the partition. Raises UnknownPartition."""
        self._partitions_def.validate_partition_key(partition_key)
        told = dict(self._partitions_def.get_tags_for_partition_key(partition_key))
        if job_name is not None:
            told["dagster/partition_set"] = f"{job_name}_partition_set"
        return {**self.tags_of(partition_key), **told}

    def config_of(self, partition_key: str) -> dict[str, Any]:
        """Run config of a key that is known to exist, plain."""
        key = key_of(self._partitions_def.spec, partition_key)
        if self._config_of_key is not None:
            return plain_config(self._config_of_key(key))
        assert self._config_of_partition is not None
        return plain_config(self._config_of_partition(self._partition(key)))

    def tags_of(self, partition_key: str) -> dict[str, str]:
        """The user's tags of a key that is known to exist."""
        key = key_of(self._partitions_def.spec, partition_key)
        if self._tags_of_key is not None:
            return dict(self._tags_of_key(key))
        return dict(self._tags_of_partition(self._partition(key))) if self._tags_of_partition is not None else {}

    @classmethod
    def from_flexible_config(
        cls, config: PartitionedConfig | Mapping[str, Any] | None, partitions_def: PartitionsDefinition
    ) -> PartitionedConfig:
        """Of anything that a job takes as `config`. Raises ArgumentError for partitions other than the config's."""
        if isinstance(config, PartitionedConfig):
            if config.partitions_def != partitions_def:
                raise ArgumentError("the config's partitions are not those that the job was given.")
            return config
        plain = plain_config(config)
        return cls(partitions_def, run_config_for_partition_key_fn=lambda _key: plain)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the decorated function."""
        if self._function is None:
            raise ArgumentError("this PartitionedConfig was not made by a decorator: there is no function to call.")
        return self._function(*args, **kwargs)

    def _partition(self, key: str) -> Partition:
        if isinstance(self._partitions_def, TimeWindowPartitionsDefinition):
            return Partition(self._partitions_def.time_window_for_partition_key(key), key)
        return Partition(key)


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
