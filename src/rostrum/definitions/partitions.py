"""Partitions as users define them. Each definition holds its value (`spec`); enumeration is in
`planning/partitions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rostrum.definitions.broken import noting_init
from rostrum.model import partitions as model
from rostrum.model.errors import DefinitionError, InvocationError
from rostrum.planning import cron
from rostrum.planning.partitions import Partitions, TimeWindow, partitions_of

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class PartitionKeyRange(NamedTuple):
    """First and last key, both inclusive."""

    start: str
    end: str


class PartitionsDefinition:
    """How an asset or job is divided. Two definitions are equal when they divide in the same way."""

    __slots__ = ("kind", "spec")

    def __init__(self, spec: model.PartitionsSpec, kind: str) -> None:
        self.spec = spec
        self.kind = kind
        """A word for the definition's name in the manifest, e.g. `daily`."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartitionsDefinition) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash(self.spec)

    def __repr__(self) -> str:
        return f"<{self.kind} partitions>"

    def get_partition_keys(self, current_time: datetime | None = None) -> Sequence[str]:
        """All keys that exist at a time (which definitions of time need)."""
        return list(self._partitions.keys(self._at(current_time)))

    def get_first_partition_key(self, current_time: datetime | None = None) -> str | None:
        """First key that exists."""
        return self._partitions.first(self._at(current_time))

    def get_last_partition_key(self, current_time: datetime | None = None) -> str | None:
        """Last key that exists."""
        return self._partitions.last(self._at(current_time))

    def has_partition_key(self, partition_key: str, current_time: datetime | None = None) -> bool:
        """Say whether the key exists; without a time, whether it can ever exist."""
        return self._partitions.has_key(partition_key, current_time)

    def get_partition_keys_in_range(self, partition_key_range: PartitionKeyRange) -> Sequence[str]:
        """Keys from start to end, both inclusive; empty when reversed."""
        return self._partitions.keys_in_range(partition_key_range.start, partition_key_range.end)

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """Start and end of a key. Fails for definitions without time."""
        return self._partitions.window(partition_key)

    @property
    def _partitions(self) -> Partitions:
        return partitions_of(self.spec)

    def _at(self, current_time: datetime | None) -> datetime:
        if current_time is not None:
            return current_time
        if isinstance(self.spec, model.StaticPartitions):
            return _NO_TIME
        raise InvocationError("which partitions of time exist depends on the time: give current_time.")


class StaticPartitionsDefinition(PartitionsDefinition):
    """A fixed list of keys."""

    __slots__ = ()

    @noting_init
    def __init__(self, partition_keys: Sequence[str]) -> None:
        keys = tuple(partition_keys)
        if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in keys):
            raise DefinitionError("StaticPartitionsDefinition takes a list of strings.")
        if len(set(keys)) != len(keys):
            twice = next(key for position, key in enumerate(keys) if key in keys[:position])
            raise DefinitionError(f"StaticPartitionsDefinition: the key {twice!r} is there twice.")
        for key in keys:
            if "..." in key or any(ord(character) < 32 for character in key):
                raise DefinitionError(f"StaticPartitionsDefinition: the key {key!r} has `...` or a control character.")
        super().__init__(model.StaticPartitions(keys), "static")


class DynamicPartitionsDefinition(PartitionsDefinition):
    """Keys added at run time, kept under `name`."""

    __slots__ = ("name",)

    @noting_init
    def __init__(self, *, name: str) -> None:
        if not name:
            raise DefinitionError("DynamicPartitionsDefinition needs a name.")
        self.name = name
        super().__init__(model.DynamicPartitions(name), "dynamic")


class MultiPartitionsDefinition(PartitionsDefinition):
    """Product of two dimensions. Keys join the dimensions' keys with `|`, in alphabetical order of the dimensions'
    names.
    """

    __slots__ = ()

    @noting_init
    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition]) -> None:
        if len(partitions_defs) != 2:
            raise DefinitionError(f"MultiPartitionsDefinition takes two dimensions, not {len(partitions_defs)}.")
        dimensions: list[tuple[str, Any]] = []
        for name in sorted(partitions_defs):
            spec = partitions_defs[name].spec
            if isinstance(spec, model.MultiPartitions):
                raise DefinitionError(f"MultiPartitionsDefinition: dimension {name!r} has several dimensions itself.")
            dimensions.append((name, spec))
        super().__init__(model.MultiPartitions(tuple(dimensions)), "multi")


class TimeWindowPartitionsDefinition(PartitionsDefinition):
    """Windows between the ticks of a cron expression. `start` and `end` are datetimes, or text in `fmt`; `end` is
    exclusive.
    """

    __slots__ = ()

    @noting_init
    def __init__(
        self,
        start: datetime | str,
        fmt: str,
        *,
        cron_schedule: str,
        end: datetime | str | None = None,
        timezone: str | None = None,
        end_offset: int = 0,
    ) -> None:
        super().__init__(_time_spec(start, fmt, cron_schedule, end, timezone, end_offset), "time_window")


class HourlyPartitionsDefinition(PartitionsDefinition):
    """One partition an hour."""

    __slots__ = ()

    @noting_init
    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        spec = _time_spec(
            start_date, fmt or "%Y-%m-%d-%H:%M", f"{minute_offset} * * * *", end_date, timezone, end_offset
        )
        super().__init__(spec, "hourly")


class DailyPartitionsDefinition(PartitionsDefinition):
    """One partition a day."""

    __slots__ = ()

    @noting_init
    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        spec = _time_spec(
            start_date, fmt or "%Y-%m-%d", f"{minute_offset} {hour_offset} * * *", end_date, timezone, end_offset
        )
        super().__init__(spec, "daily")


class WeeklyPartitionsDefinition(PartitionsDefinition):
    """One partition a week. `day_offset` is the first day of the week, 0 for Sunday."""

    __slots__ = ()

    @noting_init
    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        schedule = f"{minute_offset} {hour_offset} * * {day_offset}"
        super().__init__(_time_spec(start_date, fmt or "%Y-%m-%d", schedule, end_date, timezone, end_offset), "weekly")


class MonthlyPartitionsDefinition(PartitionsDefinition):
    """One partition a month. `day_offset` is the first day of the window, from 1."""

    __slots__ = ()

    @noting_init
    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 1,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        schedule = f"{minute_offset} {hour_offset} {day_offset} * *"
        super().__init__(_time_spec(start_date, fmt or "%Y-%m-%d", schedule, end_date, timezone, end_offset), "monthly")


def _time_spec(
    start: datetime | str,
    fmt: str,
    cron_schedule: str,
    end: datetime | str | None,
    timezone: str | None,
    end_offset: int,
) -> model.TimePartitions:
    zone = timezone or "UTC"
    cron.validate((cron_schedule,), zone)
    return model.TimePartitions(
        cron=cron_schedule,
        start=_moment("start", start, fmt, zone),
        format=fmt,
        timezone=zone,
        end=_moment("end", end, fmt, zone) if end is not None else None,
        end_offset=end_offset,
    )


def _moment(what: str, value: datetime | str, fmt: str, zone: str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.strptime(value, fmt)  # noqa: DTZ007 - the zone is set below
        except ValueError:
            raise DefinitionError(f"the partitions' {what} {value!r} does not look like {fmt!r}.") from None
    return value.replace(tzinfo=cron.zone(zone))


# --- mappings --------------------------------------------------------------------------------------------------------


class PartitionMappingDefinition:
    """How partitions of an asset come from partitions upstream. `spec` is its value."""

    __slots__ = ("spec",)

    def __init__(self, spec: model.PartitionMapping) -> None:
        self.spec = spec


class IdentityPartitionMapping(PartitionMappingDefinition):
    """The upstream partition of the same key."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(model.IdentityMapping())


class AllPartitionMapping(PartitionMappingDefinition):
    """All upstream partitions."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(model.AllMapping())


class LastPartitionMapping(PartitionMappingDefinition):
    """The last upstream partition."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(model.LastMapping())


class SpecificPartitionsPartitionMapping(PartitionMappingDefinition):
    """The named upstream partitions."""

    __slots__ = ()

    def __init__(self, partition_keys: Sequence[str]) -> None:
        super().__init__(model.SpecificMapping(tuple(partition_keys)))


class TimeWindowPartitionMapping(PartitionMappingDefinition):
    """Upstream windows that overlap this window, shifted by whole windows: -1, -1 is the previous one."""

    __slots__ = ()

    def __init__(
        self, start_offset: int = 0, end_offset: int = 0, allow_nonexistent_upstream_partitions: bool = False
    ) -> None:
        super().__init__(model.TimeWindowMapping(start_offset, end_offset, allow_nonexistent_upstream_partitions))


class StaticPartitionMapping(PartitionMappingDefinition):
    """Upstream key -> downstream key or keys."""

    __slots__ = ()

    def __init__(
        self, downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Sequence[str] | set[str]]
    ) -> None:
        upstream: dict[str, list[str]] = {}
        for above, below in downstream_partition_keys_by_upstream_partition_key.items():
            for key in [below] if isinstance(below, str) else sorted(below):
                upstream.setdefault(key, []).append(above)
        super().__init__(model.StaticMapping({key: tuple(keys) for key, keys in upstream.items()}))


class BackfillPolicy:
    """How many partitions a run of a backfill makes; None: all in one run."""

    __slots__ = ("max_partitions_per_run",)

    def __init__(self, max_partitions_per_run: int | None) -> None:
        if max_partitions_per_run is not None and max_partitions_per_run < 1:
            raise DefinitionError("BackfillPolicy: max_partitions_per_run is at least 1.")
        self.max_partitions_per_run = max_partitions_per_run

    @staticmethod
    def single_run() -> BackfillPolicy:
        """All partitions in one run."""
        return BackfillPolicy(None)

    @staticmethod
    def multi_run(max_partitions_per_run: int = 1) -> BackfillPolicy:
        """At most so many partitions a run."""
        return BackfillPolicy(max_partitions_per_run)
