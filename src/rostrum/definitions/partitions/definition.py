"""Partitions as users define them: the root of all definitions, static and dynamic ones.

Each definition holds its value (`spec`); enumeration is in `planning/partitions.py`. Which partitions of time exist
depends on the time, which dynamic ones on an instance: both come from arguments, or from `partition_loading_context`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rostrum.definitions.broken import noting_init
from rostrum.definitions.partitions.loading import DynamicPartitionsStore, PartitionLoadingContext, loading_context
from rostrum.definitions.partitions.own_new import TakesNew
from rostrum.model import partitions as model
from rostrum.model.errors import ArgumentError, DefinitionError, UnknownPartition
from rostrum.model.reserved_names import PARTITION_TAG
from rostrum.planning.partitions import Partitions, partitions_of

if TYPE_CHECKING:  # what only sensors ask for
    from rostrum.definitions.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest


class PartitionKeyRange(NamedTuple):
    """First and last key, both inclusive."""

    start: str
    end: str


class Partition:
    """A partition with a value of its own, as old functions of partitions are given."""

    __slots__ = ("name", "value")

    def __init__(self, value: Any, name: str | None = None) -> None:
        self.value = value
        self.name = name or str(value)

    def __class_getitem__(cls, _item: Any) -> type[Partition]:
        """`Partition[T]` in annotations."""
        return cls

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Partition) and (self.value, self.name) == (other.value, other.name)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Partition(value={self.value!r}, name={self.name!r})"


class PaginatedResults(NamedTuple):
    """A page of partition keys."""

    results: Sequence[str]
    cursor: str
    has_more: bool


class PartitionsDefinition(TakesNew):
    """How an asset or job is divided. Two definitions are equal when they divide in the same way.

    A class of one's own gives its keys in `get_partition_keys`: they are listed when the definitions are loaded.
    """

    kind: ClassVar[str] = "partitions"
    """A word for the definition's name in the manifest, e.g. `daily`."""
    _spec: model.PartitionsSpec | None = None
    _own_spec: model.PartitionsSpec | None = None
    """Of a class of the user's: what it is as data."""
    _is_own: ClassVar[bool] = False
    """True for classes of the user's."""
    _lists_keys: ClassVar[bool] = False
    """True for those that define `get_partition_keys`."""

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        cls._is_own = not cls.__module__.startswith("rostrum.")
        cls._lists_keys = not cls.get_partition_keys.__module__.startswith("rostrum.")

    def __class_getitem__(cls, _item: Any) -> type[PartitionsDefinition]:
        """`PartitionsDefinition[str]` in annotations."""
        return cls

    @property
    def spec(self) -> model.PartitionsSpec:
        """The definition as data. Raises DefinitionError for a class that does not say its keys."""
        if self._is_own:
            return self._of_own_class()
        if self._spec is None:
            raise _incomplete(self)
        return self._spec

    def _of_own_class(self) -> model.PartitionsSpec:
        if self._own_spec is None:
            made = _own_keys().own_spec(self, self._spec, loading_context()) if self._lists_keys else self._spec
            if made is None:
                raise _incomplete(self)
            object.__setattr__(self, "_own_spec", made)  # (the class may be a frozen one)
            own_definitions[made] = self
            return made
        return self._own_spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartitionsDefinition) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash(self.spec)

    def __repr__(self) -> str:
        return f"<{self.kind} partitions>"

    def __str__(self) -> str:
        return repr(self)

    # --- keys

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> Sequence[str]:
        """All keys that exist at a time. Raises ArgumentError for dynamic keys without a store."""
        context = loading_context(current_time, dynamic_partitions_store)
        return list(self._built_in(context).keys(context.effective_dt))

    def get_first_partition_key(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str | None:
        """First key that exists."""
        context = loading_context(current_time, dynamic_partitions_store)
        return self._partitions(context).first(context.effective_dt)

    def get_last_partition_key(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str | None:
        """Last key that exists."""
        context = loading_context(current_time, dynamic_partitions_store)
        return self._partitions(context).last(context.effective_dt)

    def get_num_partitions(self) -> int:
        """How many keys exist."""
        context = loading_context()
        return self._partitions(context).count(context.effective_dt)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Say whether the key exists."""
        context = loading_context(current_time, dynamic_partitions_store)
        return self._partitions(context).has_key(str(partition_key), context.effective_dt)

    def validate_partition_key(self, partition_key: str, context: PartitionLoadingContext | None = None) -> None:
        """Raise UnknownPartition unless the key exists."""
        context = context or loading_context()
        if not self._partitions(context).has_key(str(partition_key), context.effective_dt):
            raise UnknownPartition(f"Could not find a partition with key {partition_key!r} ({self}).")

    def get_partition_keys_in_range(
        self, partition_key_range: PartitionKeyRange, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> Sequence[str]:
        """Keys from start to end, both inclusive; empty when reversed. Raises UnknownPartition."""
        start, end = partition_key_range
        context = loading_context(None, dynamic_partitions_store)
        for key in (start, end):
            self.validate_partition_key(key, context)
        return self._partitions(context).keys_in_range(str(start), str(end))

    def get_paginated_partition_keys(
        self,
        context: PartitionLoadingContext,
        limit: int,
        ascending: bool,
        cursor: str | None = None,
    ) -> PaginatedResults:
        """At most `limit` keys after the key `cursor`, oldest or newest first."""
        keys = list(self._partitions(context).keys(context.effective_dt))
        if not ascending:
            keys.reverse()
        first = keys.index(cursor) + 1 if cursor in keys else 0
        page = keys[first : first + limit]
        return PaginatedResults(page, page[-1] if page else cursor or "", first + limit < len(keys))

    def filter_valid_partition_keys(self, partition_keys: Iterable[str]) -> set[str]:
        """Those of the keys that exist."""
        return {key for key in partition_keys if self.has_partition_key(key)}

    # --- more

    def get_tags_for_partition_key(self, partition_key: str) -> Mapping[str, str]:
        """Tags of a run for that partition."""
        return {PARTITION_TAG: str(partition_key)}

    def get_serializable_unique_identifier(self, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> str:
        """Text that is equal for equal definitions."""
        import hashlib  # only who asks pays for it

        import msgspec

        return hashlib.sha1(msgspec.json.encode(self.spec), usedforsecurity=False).hexdigest()

    def validate_partition_definition(self) -> None:
        """A definition that could be made is valid."""

    def subset_with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """Some partitions. Raises UnknownPartition for a key that does not exist."""
        keys = tuple(partition_keys)
        for key in keys:
            self.validate_partition_key(key)
        return PartitionsSubset(self, keys)

    def subset_with_all_partitions(self) -> PartitionsSubset:
        """All partitions that exist."""
        return PartitionsSubset(self, self.get_partition_keys())

    def empty_subset(self) -> PartitionsSubset:
        """No partition."""
        return PartitionsSubset(self, ())

    def _partitions(self, context: PartitionLoadingContext) -> Partitions:
        if self._lists_keys:
            if isinstance(self._spec, model.TimePartitions):
                return partitions_of(self.spec)
            return partitions_of(model.StaticPartitions(_own_keys().listed_keys(self, context)))
        return self._built_in(context)

    def _built_in(self, context: PartitionLoadingContext) -> Partitions:
        """What a class here means, whatever a class of the user's makes of it."""
        if self._spec is None:
            raise _incomplete(self)
        return partitions_of(self._spec, context.keys_of)


own_definitions: dict[model.PartitionsSpec, PartitionsDefinition] = {}
"""Definitions of users' own classes by their data: what the data is turned back to."""


def _incomplete(definition: PartitionsDefinition) -> DefinitionError:
    return DefinitionError(
        f"{type(definition).__name__} is no complete partitions definition: use one of the classes that there are, or "
        "define get_partition_keys."
    )


def _own_keys() -> Any:
    """Only classes of users' own need it."""
    return importlib.import_module("rostrum.definitions.partitions.own_keys")


class PartitionsSubset:
    """Some partitions of a definition."""

    __slots__ = ("_keys", "partitions_def")

    def __init__(self, partitions_def: PartitionsDefinition, keys: Iterable[str] = ()) -> None:
        self.partitions_def = partitions_def
        self._keys = dict.fromkeys(keys)

    def get_partition_keys(self) -> Iterable[str]:
        """The keys."""
        return list(self._keys)

    def get_partition_keys_not_in_subset(self, partitions_def: PartitionsDefinition) -> Iterable[str]:
        """Keys that exist and are not in the subset."""
        return [key for key in partitions_def.get_partition_keys() if key not in self._keys]

    def get_partition_key_ranges(self, partitions_def: PartitionsDefinition) -> Sequence[PartitionKeyRange]:
        """The keys as ranges of neighbours."""
        ranges: list[PartitionKeyRange] = []
        start = last = None
        for key in [*partitions_def.get_partition_keys(), None]:
            if key in self._keys:
                start, last = start or key, key
            elif start is not None and last is not None:
                ranges.append(PartitionKeyRange(start, last))
                start = last = None
        return ranges

    def with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """These and further keys."""
        return PartitionsSubset(self.partitions_def, (*self._keys, *partition_keys))

    @property
    def is_empty(self) -> bool:
        """True without keys."""
        return not self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __or__(self, other: PartitionsSubset) -> PartitionsSubset:
        return self.with_partition_keys(other._keys)

    def __and__(self, other: PartitionsSubset) -> PartitionsSubset:
        return PartitionsSubset(self.partitions_def, (key for key in self._keys if key in other))

    def __sub__(self, other: PartitionsSubset) -> PartitionsSubset:
        return PartitionsSubset(self.partitions_def, (key for key in self._keys if key not in other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartitionsSubset) and self._keys.keys() == other._keys.keys()

    def __hash__(self) -> int:
        return hash(frozenset(self._keys))

    def __repr__(self) -> str:
        return f"PartitionsSubset({list(self._keys)!r})"


class StaticPartitionsDefinition(PartitionsDefinition):
    """A fixed list of keys."""

    kind = "static"

    @noting_init
    def __init__(self, partition_keys: Sequence[str]) -> None:
        keys = tuple(partition_keys)
        if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in keys):
            raise ArgumentError(f"StaticPartitionsDefinition takes a list of strings, not {partition_keys!r:.200}.")
        if len(set(keys)) != len(keys):
            twice = next(key for position, key in enumerate(keys) if key in keys[:position])
            raise DefinitionError(f"StaticPartitionsDefinition: the key {twice!r} is there twice.")
        for key in keys:
            if not key:
                raise DefinitionError(
                    "StaticPartitionsDefinition: one key is the empty text, which would mean no partition: name it."
                )
            if "..." in key or any(ord(character) < 32 or ord(character) == 127 for character in key):
                raise DefinitionError(f"StaticPartitionsDefinition: the key {key!r} has `...` or a control character.")
        self._spec = model.StaticPartitions(keys)


PartitionFunction = Callable[["datetime | None"], "Sequence[Partition] | Sequence[str]"]


def _requests() -> Any:
    """Requests of sensors, with the records of ticks: loaded where one is made."""
    return importlib.import_module("rostrum.definitions.partitions.requests")


class DynamicPartitionsDefinition(PartitionsDefinition):
    """Keys added at run time, kept under `name`. Or, in the old way, computed by a function when the definitions are
    loaded.
    """

    kind = "dynamic"

    @noting_init
    def __init__(self, partition_fn: PartitionFunction | None = None, name: str | None = None) -> None:
        if (partition_fn is None) == (not name):
            raise DefinitionError("DynamicPartitionsDefinition needs a name (or, in the old way, a function of keys).")
        self.name, self.partition_fn = name, partition_fn
        if name:
            self._spec = model.DynamicPartitions(name)

    @property
    def spec(self) -> model.PartitionsSpec:
        """The definition as data; of a function its keys now."""
        if self._spec is not None or self._lists_keys:
            return super().spec
        return model.StaticPartitions(tuple(self._called(loading_context())))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DynamicPartitionsDefinition) and self.partition_fn is not None:
            return self.partition_fn == other.partition_fn
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash((self.name, self.partition_fn))

    def build_add_request(self, partition_keys: Sequence[str]) -> AddDynamicPartitionsRequest:
        """A request to add keys, for the result of a sensor."""
        return _requests().AddDynamicPartitionsRequest(self._name(), partition_keys)

    def build_delete_request(self, partition_keys: Sequence[str]) -> DeleteDynamicPartitionsRequest:
        """A request to remove keys, for the result of a sensor."""
        return _requests().DeleteDynamicPartitionsRequest(self._name(), partition_keys)

    def _name(self) -> str:
        if self.name is None:
            raise ArgumentError("dynamic partitions that a function computes have no name: nothing can be added.")
        return self.name

    def _built_in(self, context: PartitionLoadingContext) -> Partitions:
        if self.partition_fn is not None:
            return partitions_of(model.StaticPartitions(tuple(self._called(context))))
        return super()._built_in(context)

    def _called(self, context: PartitionLoadingContext) -> list[str]:
        if self.partition_fn is None:
            return []
        made = self.partition_fn(context.effective_dt)
        return [each.name if isinstance(each, Partition) else str(each) for each in made]
