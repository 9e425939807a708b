"""Run config that depends on the partition of the run. The decorators that make one are in
`partitioned_config_functions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rostrum.definitions.config.run_config import RunConfig, plain_config
from rostrum.definitions.partitions.definition import Partition, PartitionsDefinition
from rostrum.definitions.partitions.keys import key_of
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.model.partitions import TimePartitions
from rostrum.model.reserved_names import PARTITION_SET_TAG
from rostrum.planning.partitions import partitions_of

ConfigLike = RunConfig | Mapping[str, Any]
ConfigOfKey = Callable[[str], ConfigLike]
TagsOfKey = Callable[[str], Mapping[str, str]]


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
            told[PARTITION_SET_TAG] = f"{job_name}_partition_set"
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
        spec = self._partitions_def.spec
        if isinstance(spec, TimePartitions):
            return Partition(partitions_of(spec).window(key), key)
        return Partition(key)
