"""Policies from before automation conditions, as conditions: `AutoMaterializePolicy` and its rules; and the older
freshness policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple, Self

from rostrum.definitions.automations.conditions import AutomationCondition
from rostrum.model.errors import ArgumentError, InvocationError
from rostrum.planning import cron

C = AutomationCondition


class AutoMaterializeDecisionType(Enum):
    """What a rule decides."""

    MATERIALIZE = "MATERIALIZE"
    SKIP = "SKIP"


class AutoMaterializePolicyType(Enum):
    """Whether a policy acts by itself."""

    EAGER = "EAGER"
    LAZY = "LAZY"


class AutoMaterializeAssetPartitionsFilter(NamedTuple):
    """Only updates by runs with these tags."""

    latest_run_required_tags: dict[str, str] | None

    @property
    def description(self) -> str:
        """What it says, in words."""
        return f"latest run includes required tags: {self.latest_run_required_tags}"


class AutoMaterializeRule:
    """A reason to make an asset, or not to. Equal when it says the same."""

    def __init__(
        self, name: str, decision: AutoMaterializeDecisionType, condition: AutomationCondition, description: str
    ) -> None:
        self.name, self._decision, self._condition, self._description = name, decision, condition, description

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AutoMaterializeRule) and (self.name, self._condition) == (other.name, other._condition)

    def __hash__(self) -> int:
        return hash((self.name, self._condition))

    def __repr__(self) -> str:
        return f"<rule {self.name}>"

    @property
    def decision_type(self) -> AutoMaterializeDecisionType:
        """What it decides."""
        return self._decision

    @property
    def description(self) -> str:
        """What it says, in words."""
        return self._description

    def to_asset_condition(self) -> AutomationCondition:
        """The rule as a condition."""
        return self._condition

    @staticmethod
    def materialize_on_cron(
        cron_schedule: str, timezone: str = "UTC", all_partitions: bool = False
    ) -> AutoMaterializeRule:
        """Make it after each tick: its latest partition, or all."""
        passed = C.cron_tick_passed(cron_schedule, timezone).since_last_handled()
        condition = passed if all_partitions else C.in_latest_time_window() & passed
        return _rule("materialize_on_cron", True, condition, f"not materialized since last cron tick {cron_schedule}")

    @staticmethod
    def materialize_on_missing() -> AutoMaterializeRule:
        """Make what is missing."""
        return _rule("materialize_on_missing", True, C.missing() & ~C.newly_requested(), "materialization is missing")

    @staticmethod
    def materialize_on_parent_updated(
        updated_parent_filter: AutoMaterializeAssetPartitionsFilter | None = None,
    ) -> AutoMaterializeRule:
        """Make what has something newer upstream."""
        updated = C.newly_updated() & ~C.executed_with_root_target()
        tags = updated_parent_filter.latest_run_required_tags if updated_parent_filter is not None else None
        if tags:
            updated = updated & C.executed_with_tags(tag_values=tags)
        condition = C.any_deps_match(updated | C.will_be_requested()).since_last_handled()
        return _rule(
            "materialize_on_parent_updated", True, condition, "upstream data has changed since latest materialization"
        )

    @staticmethod
    def materialize_on_required_for_freshness() -> AutoMaterializeRule:
        """Make what its freshness policy wants newer."""
        condition = C.freshness_failed()
        return _rule(
            "materialize_on_required_for_freshness", True, condition, "required to meet this asset's freshness policy"
        )

    @staticmethod
    def skip_on_parent_outdated() -> AutoMaterializeRule:
        """Not while something upstream waits for what is newer further up."""
        condition = C.any_deps_match(C.any_deps_updated().since(C.newly_updated()) & ~C.will_be_requested())
        return _rule("skip_on_parent_outdated", False, condition, "waiting on upstream data to be up to date")

    @staticmethod
    def skip_on_parent_missing() -> AutoMaterializeRule:
        """Not while something upstream is missing."""
        return _rule("skip_on_parent_missing", False, C.any_deps_missing(), "waiting on upstream data to be present")

    @staticmethod
    def skip_on_required_but_nonexistent_parents() -> AutoMaterializeRule:
        """Not where a partition upstream does not exist: such partitions are never asked for."""
        condition = C.missing() & ~C.missing()
        return _rule(
            "skip_on_required_but_nonexistent_parents", False, condition, "required parent partitions do not exist"
        )

    @staticmethod
    def skip_on_not_all_parents_updated(require_update_for_all_parent_partitions: bool = False) -> AutoMaterializeRule:
        """Not until all upstream has been updated."""
        updated = (C.newly_updated() | C.will_be_requested()).since(C.newly_requested())
        condition = ~C.all_deps_match(updated)
        return _rule("skip_on_not_all_parents_updated", False, condition, "waiting on all upstream data to be updated")

    @staticmethod
    def skip_on_not_all_parents_updated_since_cron(cron_schedule: str, timezone: str = "UTC") -> AutoMaterializeRule:
        """Not until all upstream has been updated since a tick."""
        condition = ~C.all_deps_updated_since_cron(cron_schedule, timezone)
        return _rule(
            "skip_on_not_all_parents_updated_since_cron",
            False,
            condition,
            f"waiting on all upstream since {cron_schedule}",
        )

    @staticmethod
    def skip_on_backfill_in_progress(all_partitions: bool = False) -> AutoMaterializeRule:
        """Not while a backfill makes it."""
        condition = C.backfill_in_progress()
        return _rule("skip_on_backfill_in_progress", False, condition, "targeted by an in-progress backfill")

    @staticmethod
    def skip_on_run_in_progress() -> AutoMaterializeRule:
        """Not while a run makes it."""
        return _rule("skip_on_run_in_progress", False, C.run_in_progress(), "in-progress run for asset")


class AutoMaterializePolicy:
    """Rules that ask for an asset, and rules that hold it back, as one condition."""

    def __init__(
        self,
        rules: AbstractSet[AutoMaterializeRule],
        max_materializations_per_minute: int | None = 1,
        asset_condition: AutomationCondition | None = None,
    ) -> None:
        if max_materializations_per_minute is not None and max_materializations_per_minute < 1:
            raise ArgumentError("AutoMaterializePolicy: max_materializations_per_minute is at least 1.")
        self.rules = frozenset(rules)
        self.max_materializations_per_minute, self.asset_condition = max_materializations_per_minute, asset_condition

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AutoMaterializePolicy) and (self.rules, self.asset_condition) == (
            other.rules,
            other.asset_condition,
        )

    def __hash__(self) -> int:
        return hash((self.rules, self.asset_condition))

    @staticmethod
    def eager(max_materializations_per_minute: int | None = 1) -> AutoMaterializePolicy:
        """Make what is missing or has something newer upstream."""
        r = AutoMaterializeRule
        rules = {
            r.materialize_on_missing(),
            r.materialize_on_parent_updated(),
            r.materialize_on_required_for_freshness(),
            r.skip_on_parent_outdated(),
            r.skip_on_parent_missing(),
            r.skip_on_required_but_nonexistent_parents(),
            r.skip_on_backfill_in_progress(),
        }
        return AutoMaterializePolicy(rules, max_materializations_per_minute)

    @staticmethod
    def lazy(max_materializations_per_minute: int | None = 1) -> AutoMaterializePolicy:
        """Make only what a freshness policy wants newer."""
        r = AutoMaterializeRule
        rules = {
            r.materialize_on_required_for_freshness(),
            r.skip_on_parent_outdated(),
            r.skip_on_parent_missing(),
            r.skip_on_required_but_nonexistent_parents(),
            r.skip_on_backfill_in_progress(),
        }
        return AutoMaterializePolicy(rules, max_materializations_per_minute)

    @staticmethod
    def from_automation_condition(automation_condition: AutomationCondition) -> AutoMaterializePolicy:
        """The policy that is a condition."""
        return AutoMaterializePolicy(set(), None, automation_condition)

    @property
    def materialize_rules(self) -> AbstractSet[AutoMaterializeRule]:
        """Rules that ask for the asset."""
        return {rule for rule in self.rules if rule.decision_type is AutoMaterializeDecisionType.MATERIALIZE}

    @property
    def skip_rules(self) -> AbstractSet[AutoMaterializeRule]:
        """Rules that hold it back."""
        return self.rules - self.materialize_rules

    @property
    def policy_type(self) -> AutoMaterializePolicyType:
        """Eager when it acts by itself."""
        eager = AutoMaterializeRule.materialize_on_parent_updated() in self.rules
        return AutoMaterializePolicyType.EAGER if eager else AutoMaterializePolicyType.LAZY

    def with_rules(self, *rules_to_add: AutoMaterializeRule) -> AutoMaterializePolicy:
        """The same with more rules."""
        return AutoMaterializePolicy(self.rules | set(rules_to_add), self.max_materializations_per_minute)

    def without_rules(self, *rules_to_remove: AutoMaterializeRule) -> AutoMaterializePolicy:
        """The same with fewer rules. Raises ArgumentError for a rule that it does not have."""
        absent = [rule for rule in rules_to_remove if rule not in self.rules]
        if absent:
            raise ArgumentError(f"without_rules: the policy has no {', '.join(rule.name for rule in absent)}.")
        return AutoMaterializePolicy(self.rules - set(rules_to_remove), self.max_materializations_per_minute)

    def to_automation_condition(self) -> AutomationCondition:
        """The policy as a condition."""
        if self.asset_condition is not None:
            return self.asset_condition
        asking = _joined(sorted(self.materialize_rules, key=lambda rule: rule.name))
        if asking is None:
            raise InvocationError("this AutoMaterializePolicy has no rule that asks for the asset.")
        holding = _joined(sorted(self.skip_rules, key=lambda rule: rule.name))
        return asking & ~holding if holding is not None else asking

    @property
    def node(self) -> Any:
        """The policy's condition as data."""
        return self.to_automation_condition().node


class LegacyFreshnessPolicy(
    NamedTuple(
        "_LegacyFreshnessPolicy",
        [
            ("maximum_lag_minutes", float),
            ("cron_schedule", "str | None"),
            ("cron_schedule_timezone", "str | None"),
        ],
    )
):
    """How far an asset may lag behind its sources, always or at the ticks of a cron expression."""

    __slots__ = ()

    def __new__(
        cls,
        *,
        maximum_lag_minutes: float,
        cron_schedule: str | None = None,
        cron_schedule_timezone: str | None = None,
    ) -> Self:
        """A policy. Raises DefinitionError for what is no cron expression or time zone."""
        if cron_schedule is not None:
            cron.validate((cron_schedule,), cron_schedule_timezone or "UTC")
        elif cron_schedule_timezone is not None:
            raise ArgumentError("LegacyFreshnessPolicy: cron_schedule_timezone goes with a cron_schedule.")
        return super().__new__(cls, float(maximum_lag_minutes), cron_schedule, cron_schedule_timezone)

    @property
    def maximum_lag_delta(self) -> timedelta:
        """The lag as a duration."""
        return timedelta(minutes=self.maximum_lag_minutes)

    def get_evaluation_tick(self, evaluation_time: datetime) -> datetime | None:
        """The tick that counts at a time; the time itself without a cron expression."""
        if self.cron_schedule is None:
            return evaluation_time
        after = evaluation_time + timedelta(microseconds=1)
        return cron.previous_tick((self.cron_schedule,), self.cron_schedule_timezone or "UTC", after)

    def minutes_overdue(self, data_time: datetime | None, evaluation_time: datetime) -> Any:
        """By how many minutes the asset lags too far behind: something with `overdue_minutes` and `lag_minutes`; None
        where it was never made.
        """
        if data_time is None:
            return None
        tick = self.get_evaluation_tick(evaluation_time) or evaluation_time
        lag = max(0.0, (tick - data_time).total_seconds() / 60)
        return FreshnessMinutes(overdue_minutes=max(0.0, lag - self.maximum_lag_minutes), lag_minutes=lag)


class FreshnessMinutes(NamedTuple):
    """How far an asset lags behind, and by how much too far."""

    overdue_minutes: float
    lag_minutes: float


def _rule(name: str, asks: bool, condition: AutomationCondition, description: str) -> AutoMaterializeRule:
    decision = AutoMaterializeDecisionType.MATERIALIZE if asks else AutoMaterializeDecisionType.SKIP
    return AutoMaterializeRule(name, decision, condition, description)


def _joined(rules: Iterable[AutoMaterializeRule]) -> AutomationCondition | None:
    total: AutomationCondition | None = None
    for rule in rules:
        condition = rule.to_asset_condition().with_label(rule.name)
        total = condition if total is None else total | condition
    return total
