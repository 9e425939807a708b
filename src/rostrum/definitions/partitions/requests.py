"""Changes of dynamic partitions that a sensor asks for."""

from __future__ import annotations

from collections.abc import Sequence

from rostrum.definitions.partitions.loading import checked_keys
from rostrum.model import ticks
from rostrum.model.errors import ArgumentError


class _PartitionsRequest:
    """Keys of dynamic partitions that a sensor wants changed."""

    __slots__ = ("partition_keys", "partitions_def_name")
    remove = False

    def __init__(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in partition_keys):
            raise ArgumentError(f"{type(self).__name__}: partition_keys is a list of texts, not {partition_keys!r}.")
        self.partitions_def_name, self.partition_keys = partitions_def_name, list(partition_keys)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.partitions_def_name!r}, {self.partition_keys!r})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _PartitionsRequest)
            and type(other) is type(self)
            and (other.partitions_def_name, other.partition_keys) == (self.partitions_def_name, self.partition_keys)
        )

    def __hash__(self) -> int:
        return hash((self.partitions_def_name, tuple(self.partition_keys)))

    @property
    def node(self) -> ticks.PartitionsChange:
        """The request as data."""
        return ticks.PartitionsChange(
            name=self.partitions_def_name, keys=tuple(self.partition_keys), remove=self.remove
        )


class AddDynamicPartitionsRequest(_PartitionsRequest):
    """Add keys to dynamic partitions. Made by `DynamicPartitionsDefinition.build_add_request`."""

    __slots__ = ()

    def __init__(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        super().__init__(partitions_def_name, checked_keys(type(self).__name__, partition_keys))


class DeleteDynamicPartitionsRequest(_PartitionsRequest):
    """Remove keys of dynamic partitions. Made by `DynamicPartitionsDefinition.build_delete_request`."""

    __slots__ = ()
    remove = True
