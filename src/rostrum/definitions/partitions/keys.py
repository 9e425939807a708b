"""Keys of partitions of several dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from rostrum.model import partitions as model
from rostrum.model.errors import UnknownPartition
from rostrum.planning.partitions import split_key


class MultiPartitionKey(str):
    """A partition key that knows its key in each dimension. It is the text of the key, too: keys joined by `|` in the
    alphabetical order of the dimensions' names.
    """

    __slots__ = ("_keys_by_dimension",)
    _keys_by_dimension: dict[str, str]

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> Self:
        """Key of these keys by dimension."""
        ordered = {name: str(keys_by_dimension[name]) for name in sorted(keys_by_dimension)}
        made = super().__new__(cls, "|".join(ordered.values()))
        made._keys_by_dimension = ordered
        return made

    @property
    def keys_by_dimension(self) -> Mapping[str, str]:
        """Key by name of the dimension."""
        return self._keys_by_dimension

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self._keys_by_dimension,)


def key_of(spec: model.PartitionsSpec | None, key: str) -> str:
    """The key as user code sees it: a MultiPartitionKey where there are several dimensions."""
    if not isinstance(spec, model.MultiPartitions):
        return key
    try:
        return MultiPartitionKey(split_key(spec, key))
    except UnknownPartition:
        return key
