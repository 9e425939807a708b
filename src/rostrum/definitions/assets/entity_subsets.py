"""An asset or check, or some of its partitions, as a value."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import InvocationError

_WHOLE: frozenset[str | None] = frozenset({None})


class EntitySubset:
    """An asset or check, or some of its partitions. Combined by `|`, `&` and `-`."""

    __slots__ = ("_parts", "key")

    def __init__(self, key: AssetKey | CheckKey, parts: AbstractSet[str | None]) -> None:
        self.key, self._parts = key, frozenset(parts)

    @property
    def parts(self) -> frozenset[str | None]:
        """Its partitions; `{None}` for what has none."""
        return self._parts

    @property
    def is_empty(self) -> bool:
        """True of nothing."""
        return not self._parts

    @property
    def is_partitioned(self) -> bool:
        """True of partitions."""
        return bool(self._parts - _WHOLE)

    @property
    def size(self) -> int:
        """How many partitions; 1 for the whole of what has none."""
        return len(self._parts)

    def expensively_compute_partition_keys(self) -> AbstractSet[str]:
        """Keys of its partitions."""
        return {part for part in self._parts if part is not None}

    def compute_union(self, other: EntitySubset) -> EntitySubset:
        """What is in one or the other."""
        return EntitySubset(self.key, self._parts | self._of(other))

    def compute_intersection(self, other: EntitySubset) -> EntitySubset:
        """What is in both."""
        return EntitySubset(self.key, self._parts & self._of(other))

    def compute_difference(self, other: EntitySubset) -> EntitySubset:
        """What is here and not in the other."""
        return EntitySubset(self.key, self._parts - self._of(other))

    def compute_intersection_with_partition_keys(self, partition_keys: AbstractSet[str]) -> EntitySubset:
        """Those of the partitions that are here."""
        return EntitySubset(self.key, self._parts & frozenset(partition_keys))

    __or__, __and__, __sub__ = compute_union, compute_intersection, compute_difference

    def _of(self, other: EntitySubset) -> frozenset[str | None]:
        if other.key != self.key:
            raise InvocationError(f"a subset of {self.key} cannot be combined with one of {other.key}.")
        return other.parts

    def __len__(self) -> int:
        return len(self._parts)

    def __contains__(self, part: object) -> bool:
        return part in self._parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EntitySubset) and (self.key, self._parts) == (other.key, other.parts)

    def __hash__(self) -> int:
        return hash((self.key, self._parts))

    def __repr__(self) -> str:
        return f"<subset of {self.key}: {sorted(self._parts, key=str)}>"
