"""`DataVersion`: what tells whether the content of an asset has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rostrum.model.errors import ArgumentError, kind_of


class DataVersion(NamedTuple):
    """A text that changes when the content of an asset changes: a hash, a timestamp, a revision."""

    value: str


class DataVersionsByPartition:
    """Data versions of an asset's partitions, by partition key. Plain texts count as data versions."""

    __slots__ = ("data_versions_by_partition",)

    def __init__(self, data_versions_by_partition: Mapping[str, str | DataVersion]) -> None:
        self.data_versions_by_partition: Mapping[str, DataVersion] = {
            key: value if isinstance(value, DataVersion) else DataVersion(_text(value))
            for key, value in data_versions_by_partition.items()
        }

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DataVersionsByPartition)
            and self.data_versions_by_partition == other.data_versions_by_partition
        )

    def __hash__(self) -> int:
        return hash(tuple(self.data_versions_by_partition.items()))

    def __repr__(self) -> str:
        return f"DataVersionsByPartition({dict(self.data_versions_by_partition)!r})"


def version_text(version: Any) -> str | None:
    """Text of a data version, given as one or as text. Raises ArgumentError for anything else."""
    if version is None:
        return None
    return version.value if isinstance(version, DataVersion) else _text(version)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ArgumentError(f"a data version is a text, and {value!r} is {kind_of(value)}.")
    return value
