"""Which partitions upstream a partition needs: partition mappings at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import product
from typing import Protocol

from rostrum.model.errors import DefinitionError, InvariantError
from rostrum.model.partitions import (
    AllMapping,
    CustomMapping,
    DimensionMapping,
    IdentityMapping,
    LastMapping,
    MultiMapping,
    MultiPartitions,
    PartitionMapping,
    PartitionsSpec,
    SingleDimensionMapping,
    SpecificMapping,
    StaticMapping,
    TimePartitions,
    TimeWindowMapping,
)
from rostrum.planning import own_classes
from rostrum.planning.partitions import DynamicKeys, Partitions, partitions_of, split_key
from rostrum.planning.time_windows import TimedPartitions

_HINT = "give the dependency a partition mapping."
_OWN = "the partition mapping"


class OwnMapping(Protocol):
    """What a mapping of the user's own class does, registered under the name that a `CustomMapping` has."""

    def upstream(
        self,
        downstream: PartitionsSpec | None,
        upstream: PartitionsSpec,
        keys: Sequence[str],
        now: datetime,
        dynamic: DynamicKeys | None,
    ) -> list[str]:
        """As `upstream_keys`."""
        ...

    def downstream(
        self,
        downstream: PartitionsSpec,
        upstream: PartitionsSpec,
        keys: Sequence[str],
        now: datetime,
        dynamic: DynamicKeys | None,
    ) -> list[str] | None:
        """As `downstream_keys`; None where the class does not say."""
        ...


def _own(mapping: CustomMapping) -> OwnMapping:
    return own_classes.find(mapping.name, _OWN)


def default_mapping(downstream: PartitionsSpec | None, upstream: PartitionsSpec | None) -> PartitionMapping:
    """What holds where the user gave no mapping."""
    if upstream is None or downstream is None:
        return AllMapping()
    if upstream == downstream:
        return IdentityMapping()
    if isinstance(upstream, TimePartitions) and isinstance(downstream, TimePartitions):
        return TimeWindowMapping()
    if isinstance(upstream, MultiPartitions) and isinstance(downstream, MultiPartitions):
        return _by_names(downstream, upstream)
    if isinstance(upstream, MultiPartitions) or isinstance(downstream, MultiPartitions):
        return SingleDimensionMapping()
    return IdentityMapping()


def _by_names(downstream: MultiPartitions, upstream: MultiPartitions) -> PartitionMapping:
    """Dimensions of the same name are mapped as single ones would be; of others all keys are needed."""
    own = dict(downstream.dimensions)
    found = [
        DimensionMapping(name, name, default_mapping(own[name], spec))
        for name, spec in upstream.dimensions
        if name in own
    ]
    if not found:
        raise DefinitionError(f"the partitions upstream have no dimension of the same name; {_HINT}")
    if len(found) == len(own) == len(upstream.dimensions) and all(
        isinstance(each.mapping, IdentityMapping) for each in found
    ):
        return IdentityMapping()
    return MultiMapping(tuple(found))


def upstream_keys(
    mapping: PartitionMapping | None,
    downstream: PartitionsSpec | None,
    upstream: PartitionsSpec | None,
    keys: Sequence[str],
    now: datetime,
    dynamic: DynamicKeys | None = None,
) -> list[str] | None:
    """Upstream partitions that partitions `keys` of the downstream asset need, in order; None when upstream is not
    partitioned.

    Raises InvariantError when a needed partition cannot exist upstream, DefinitionError where the mapping does not fit
    the definitions.
    """
    if upstream is None:
        return None
    source = partitions_of(upstream, dynamic)
    mapping = mapping or default_mapping(downstream, upstream)
    if isinstance(mapping, CustomMapping):
        return _own(mapping).upstream(downstream, upstream, keys, now, dynamic)
    if isinstance(mapping, AllMapping):
        return list(source.keys(now))
    if isinstance(mapping, LastMapping):
        last = source.last(now)
        return [last] if last is not None else []
    if isinstance(mapping, SpecificMapping):
        _require(source, mapping.keys)
        return list(mapping.keys)
    if downstream is None:
        return list(source.keys(now))
    if isinstance(mapping, StaticMapping):
        return _unique(key for own in keys for key in mapping.upstream_keys.get(own, ()))
    if isinstance(mapping, TimeWindowMapping):
        return _time_keys(mapping, downstream, upstream, keys)
    if isinstance(mapping, SingleDimensionMapping):
        return _single(mapping.dimension, downstream, upstream, keys, now, dynamic)
    if isinstance(mapping, MultiMapping):
        return _multi(mapping, downstream, upstream, keys, now, dynamic)
    _require(source, keys)
    return list(keys)


def _require(source: Partitions, keys: Iterable[str]) -> None:
    absent = [key for key in keys if not source.has_key(key)]
    if absent:
        raise InvariantError(
            f"the asset depends on invalid partitions upstream: there is no {', '.join(map(repr, absent[:10]))} "
            f"there; {_HINT}"
        )


# --- dimensions ------------------------------------------------------------------------------------------------------


def _single(
    name: str | None,
    downstream: PartitionsSpec,
    upstream: PartitionsSpec,
    keys: Sequence[str],
    now: datetime,
    dynamic: DynamicKeys | None,
) -> list[str]:
    """Between a definition of several dimensions and a single one that is like one of them."""
    if isinstance(downstream, MultiPartitions):
        name = name or _dimension_like(downstream, upstream)
        own = _dimension(downstream, name)
        parts = _unique(split_key(downstream, key)[name] for key in keys)
        return upstream_keys(None, own, upstream, parts, now, dynamic) or []
    if not isinstance(upstream, MultiPartitions):
        raise DefinitionError("a mapping to a single dimension needs several dimensions on one side.")
    name = name or _dimension_like(upstream, downstream)
    above = upstream_keys(None, downstream, _dimension(upstream, name), keys, now, dynamic) or []
    return _product(upstream, {name: above}, now, dynamic)


def _multi(
    mapping: MultiMapping,
    downstream: PartitionsSpec,
    upstream: PartitionsSpec,
    keys: Sequence[str],
    now: datetime,
    dynamic: DynamicKeys | None,
) -> list[str]:
    """Dimension by dimension, for each key: the product of what its parts need."""
    own = downstream.dimensions if isinstance(downstream, MultiPartitions) else (("", downstream),)
    above = upstream if isinstance(upstream, MultiPartitions) else MultiPartitions((("", upstream),))
    specs = dict(own)
    for each in mapping.dimensions:
        if each.downstream not in specs:
            raise DefinitionError(f"the partition mapping names a dimension {each.downstream!r} that is not there.")
    found: list[str] = []
    for key in keys:
        parts = split_key(downstream, key) if isinstance(downstream, MultiPartitions) else {"": key}
        needed = {
            each.upstream: upstream_keys(
                each.mapping,
                specs[each.downstream],
                _dimension(above, each.upstream),
                [parts[each.downstream]],
                now,
                dynamic,
            )
            or []
            for each in mapping.dimensions
        }
        found.extend(_product(above, needed, now, dynamic))
    return _unique(found)


def _product(
    upstream: MultiPartitions, needed: dict[str, list[str]], now: datetime, dynamic: DynamicKeys | None
) -> list[str]:
    """Keys of the product; dimensions that are not named with all their keys."""
    parts = [
        needed[name] if name in needed else list(partitions_of(spec, dynamic).keys(now))
        for name, spec in upstream.dimensions
    ]
    return ["|".join(each) for each in product(*parts)]


def _dimension(multi: MultiPartitions, name: str) -> PartitionsSpec:
    for known, spec in multi.dimensions:
        if known == name:
            return spec
    raise DefinitionError(
        f"the partition mapping names a dimension {name!r} that is not there; there are "
        f"{', '.join(known for known, _ in multi.dimensions)}."
    )


def _dimension_like(multi: MultiPartitions, single: PartitionsSpec) -> str:
    """The dimension with the same partitions, else the only one of time when both are."""
    for name, dimension in multi.dimensions:
        if dimension == single:
            return name
    timed = [name for name, dimension in multi.dimensions if isinstance(dimension, TimePartitions)]
    if isinstance(single, TimePartitions) and len(timed) == 1:
        return timed[0]
    raise DefinitionError(f"no dimension of the partitions equals those of the other asset; {_HINT}")


# --- time ------------------------------------------------------------------------------------------------------------


def _time_keys(
    mapping: TimeWindowMapping, downstream: PartitionsSpec, upstream: PartitionsSpec, keys: Sequence[str]
) -> list[str]:
    if not isinstance(downstream, TimePartitions) or not isinstance(upstream, TimePartitions):
        raise DefinitionError("a time window mapping needs time partitions on both sides.")
    own, above = partitions_of(downstream), partitions_of(upstream)
    assert isinstance(own, TimedPartitions)
    assert isinstance(above, TimedPartitions)
    limit = above.limit()
    numbers: dict[int, None] = {}
    for key in keys:
        covered = above.overlapping(own.window(key))
        if not covered and not mapping.allow_nonexistent and not mapping.start_offset and not mapping.end_offset:
            raise InvariantError(
                f"partition {key!r} depends on invalid partitions upstream: none of them is of that time (the first is "
                f"{above.key(0)!r}). Give TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True) "
                "where that is meant."
            )
        for n in range(covered.start + mapping.start_offset, covered.stop + mapping.end_offset):
            if n >= 0 and (limit is None or n < limit):
                numbers[n] = None
    return [above.key(n) for n in sorted(numbers)]


def _unique(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(keys))


def downstream_keys(
    mapping: PartitionMapping | None,
    downstream: PartitionsSpec,
    upstream: PartitionsSpec,
    keys: Sequence[str],
    now: datetime,
    dynamic: DynamicKeys | None = None,
    candidates: Callable[[], Iterable[str]] | None = None,
) -> list[str]:
    """Downstream partitions that need any of the upstream partitions `keys`, in order: `upstream_keys` asked for each
    downstream key (or for the `candidates`). A mapping of the user's own class is asked itself.
    """
    if isinstance(mapping, CustomMapping):
        told = _own(mapping).downstream(downstream, upstream, keys, now, dynamic)
        if told is not None:
            return told
    wanted = set(keys)
    own = candidates() if candidates is not None else partitions_of(downstream, dynamic).keys(now)
    return [
        key
        for key in own
        if not wanted.isdisjoint(upstream_keys(mapping, downstream, upstream, [key], now, dynamic) or ())
    ]
