"""`partition_loading_context`: at which time, and with which dynamic keys, partitions are asked for."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

from rostrum.interfaces.clock import Clock
from rostrum.model.errors import ArgumentError

CLOCKS = "rostrum.clocks"
_DEFAULT_CLOCK = "rostrum.service.clock:SystemClock"
"""Where the clock is when the package was not installed and so has no entry points."""


class DynamicPartitionsStore(Protocol):
    """Who keeps the keys of dynamic partitions: an `Instance`, or `context.instance`."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Keys in the order they were added."""
        ...


class PartitionLoadingContext(NamedTuple):
    """The time at which partitions are asked for, and who knows the dynamic ones."""

    effective_dt: datetime
    dynamic_partitions_store: DynamicPartitionsStore | None = None

    def keys_of(self, name: str) -> Sequence[str]:
        """Keys of a dynamic definition. Raises ArgumentError where nobody can know them."""
        if self.dynamic_partitions_store is None:
            raise ArgumentError(
                f"the keys of the dynamic partitions {name!r} are kept by an instance, and none is given: give "
                "dynamic_partitions_store=instance, or use partition_loading_context(dynamic_partitions_store=...)."
            )
        return self.dynamic_partitions_store.get_dynamic_partitions(name)


_current: ContextVar[tuple[datetime | None, DynamicPartitionsStore | None]] = ContextVar(
    "partition_loading", default=(None, None)
)


@contextmanager
def partition_loading_context(
    effective_dt: datetime | None = None,
    dynamic_partitions_store: DynamicPartitionsStore | None = None,
    *,
    new_ctx: PartitionLoadingContext | None = None,
) -> Generator[PartitionLoadingContext, None, None]:
    """Ask for partitions as of a time and with a store of dynamic keys. What is not given stays as it is outside.

    `effective_dt` without a zone is in UTC.
    """
    if new_ctx is not None:
        effective_dt, dynamic_partitions_store = new_ctx.effective_dt, new_ctx.dynamic_partitions_store
    outer_dt, outer_store = _current.get()
    now = aware(effective_dt) if effective_dt is not None else outer_dt
    token = _current.set((now, dynamic_partitions_store or outer_store))
    try:
        yield loading_context()
    finally:
        _current.reset(token)


def loading_context(
    current_time: datetime | None = None, store: DynamicPartitionsStore | None = None
) -> PartitionLoadingContext:
    """What is given, else what `partition_loading_context` says, else the present time and no store."""
    outer_dt, outer_store = _current.get()
    now = aware(current_time) if current_time is not None else outer_dt
    return PartitionLoadingContext(now if now is not None else _clock().now(), store or outer_store)


def aware(at: datetime) -> datetime:
    """The time with a zone: UTC where it has none."""
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


@lru_cache(maxsize=1)
def _clock() -> Clock:
    import importlib  # asking for partitions of now is rare, and this is slow to load
    from importlib import metadata

    found = list(metadata.entry_points(group=CLOCKS, name="system"))
    if found:
        return found[0].load()()
    module, _, name = _DEFAULT_CLOCK.partition(":")
    return getattr(importlib.import_module(module), name)()


def checked_keys(what: str, partition_keys: Iterable[str]) -> list[str]:
    """Keys to be added. Raises ArgumentError for a single text, for what is no text, and for the empty one."""
    keys = list(partition_keys)
    if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in keys):
        raise ArgumentError(f"{what}: partition_keys is a list of texts, not {partition_keys!r:.200}.")
    if "" in keys:
        raise ArgumentError(f"{what}: one key is the empty text, which would mean no partition: name it.")
    return keys
