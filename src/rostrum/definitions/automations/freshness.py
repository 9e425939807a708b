"""Freshness policies: how old an asset may be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rostrum.model.automation import CronFreshness, Freshness, TimeWindowFreshness
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.planning import cron

METADATA_KEY = "rostrum/freshness_policy"


class FreshnessPolicy:
    """How old an asset may be before it warns or fails. Made by `time_window` or `cron`."""

    __slots__ = ("node",)

    def __init__(self, node: Freshness) -> None:
        self.node = node
        """The policy as data."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FreshnessPolicy) and self.node == other.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __repr__(self) -> str:
        return f"<freshness policy {self.node}>"

    @staticmethod
    def time_window(fail_window: timedelta, warn_window: timedelta | None = None) -> TimeWindowFreshnessPolicy:
        """Fails when the last materialisation is older than `fail_window`, warns when it is older than
        `warn_window`, which is the shorter one. Both are at least a minute.
        """
        return TimeWindowFreshnessPolicy(fail_window, warn_window)

    @staticmethod
    def cron(deadline_cron: str, lower_bound_delta: timedelta, timezone: str = "UTC") -> CronFreshnessPolicy:
        """Fails from a tick of `deadline_cron` on when nothing was materialised within `lower_bound_delta` before it,
        until it is.
        """
        return CronFreshnessPolicy(deadline_cron, lower_bound_delta, timezone)

    @classmethod
    def from_asset_spec_metadata(cls, metadata: Mapping[str, Any]) -> FreshnessPolicy | None:
        """A policy that older code kept in an asset's metadata."""
        found = metadata.get(METADATA_KEY)
        return found if isinstance(found, FreshnessPolicy) else None


class TimeWindowFreshnessPolicy(FreshnessPolicy):
    """A policy of `FreshnessPolicy.time_window`."""

    __slots__ = ()

    def __init__(self, fail_window: timedelta, warn_window: timedelta | None = None) -> None:
        _window("fail_window", fail_window)
        if warn_window is not None:
            _window("warn_window", warn_window)
            if warn_window >= fail_window:
                raise ArgumentError("FreshnessPolicy.time_window: warn_window must be less than fail_window.")
        super().__init__(
            TimeWindowFreshness(
                fail_window.total_seconds(), warn_window.total_seconds() if warn_window is not None else None
            )
        )

    @property
    def fail_window(self) -> timedelta:
        """Older than this: failed."""
        assert isinstance(self.node, TimeWindowFreshness)
        return timedelta(seconds=self.node.fail_seconds)

    @property
    def warn_window(self) -> timedelta | None:
        """Older than this: a warning."""
        assert isinstance(self.node, TimeWindowFreshness)
        seconds = self.node.warn_seconds
        return timedelta(seconds=seconds) if seconds is not None else None


class CronFreshnessPolicy(FreshnessPolicy):
    """A policy of `FreshnessPolicy.cron`."""

    __slots__ = ()

    def __init__(self, deadline_cron: str, lower_bound_delta: timedelta, timezone: str = "UTC") -> None:
        try:
            cron.validate((deadline_cron,), timezone)
        except DefinitionError as error:
            raise ArgumentError(f"FreshnessPolicy.cron: {error}") from None
        _window("lower_bound_delta", lower_bound_delta)
        super().__init__(CronFreshness(deadline_cron, lower_bound_delta.total_seconds(), timezone))

    @property
    def deadline_cron(self) -> str:
        """Cron expression of the deadlines."""
        assert isinstance(self.node, CronFreshness)
        return self.node.deadline_cron

    @property
    def lower_bound_delta(self) -> timedelta:
        """How long before a deadline a materialisation counts for it."""
        assert isinstance(self.node, CronFreshness)
        return timedelta(seconds=self.node.lower_bound_seconds)

    @property
    def timezone(self) -> str:
        """Time zone of the deadlines."""
        assert isinstance(self.node, CronFreshness)
        return self.node.timezone


def apply_freshness_policy(spec: Any, policy: FreshnessPolicy, overwrite_existing: bool = True) -> Any:
    """The spec with a policy; with `overwrite_existing=False` only where it has none."""
    if not overwrite_existing and spec.freshness_policy is not None:
        return spec
    return spec.replace_attributes(freshness_policy=policy)


def _window(what: str, value: Any) -> None:
    if not isinstance(value, timedelta):
        raise ArgumentError(f"FreshnessPolicy: {what} is a timedelta, not {value!r}.")
    if value < timedelta(minutes=1):
        raise ArgumentError(f"FreshnessPolicy: {what} is at least a minute, not {value}.")
