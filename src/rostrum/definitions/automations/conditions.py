"""`AutomationCondition`: when an asset or check is made without anybody asking. Expressions, carried as data."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from functools import lru_cache
from typing import Any

import msgspec

from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.names import KeyLike, asset_key_of
from rostrum.model.automation import Condition
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.planning import cron

DEPS = frozenset({"any_deps_match", "all_deps_match"})
_NAMES = {
    "and": "All of",
    "or": "Any of",
    "not": "Not",
    "since": "Since",
    "newly_true": "Newly true",
    "any_deps_match": "Any deps match",
    "all_deps_match": "All deps match",
    "any_checks_match": "Any checks match",
    "all_checks_match": "All checks match",
    "any_downstream_conditions": "Any downstream conditions",
}


class ConditionExpression:
    """What can be done with a condition: it is combined, named, narrowed, and told."""

    __slots__ = ("_node",)

    def __class_getitem__(cls, item: Any) -> Any:
        """`AutomationCondition[AssetKey]`, for annotations."""
        return cls

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AutomationCondition) and self.node == other.node

    def __hash__(self) -> int:
        return hash(self.node.identity)

    def __str__(self) -> str:
        return str(self.node)

    def __repr__(self) -> str:
        return f"<automation condition {self.node}>"

    # --- what it is

    @property
    def node(self) -> Condition:
        """The condition as data; of a class of the user's, which says in `evaluate` what it means, a name."""
        try:
            return self._node
        except AttributeError:  # made by its class, not by a function here
            own = importlib.import_module("rostrum.definitions.automations.condition_context").named(self)
            object.__setattr__(self, "_node", own)  # (the class may be a frozen one)
            return own

    @property
    def children(self) -> Sequence[AutomationCondition]:
        """Conditions that it is made of."""
        return [made(each) for each in self.node.operands]

    @property
    def name(self) -> str:
        """Name of its outermost operator or operand."""
        return _NAMES.get(self.node.kind, self.node.kind)

    @property
    def description(self) -> str:
        """What it says, in words, its own label left out."""
        return str(msgspec.structs.replace(self.node, label=None))

    @property
    def operator_type(self) -> str:
        """`and`, `or`, `not` or `identity`."""
        return self.node.kind if self.node.kind in ("and", "or", "not") else "identity"

    @property
    def is_serializable(self) -> bool:
        """False where a part of it is user code."""
        return self.node.kind != "custom" and all(each.is_serializable for each in self.children)

    @property
    def requires_cursor(self) -> bool:
        """True where it compares with an earlier evaluation."""
        return self.node.kind in ("since", "newly_true", "newly_updated", "cron_tick_passed", "code_version_changed")

    @property
    def has_rule_condition(self) -> bool:
        """False: there are no rules beside conditions."""
        return False

    def get_label(self) -> str | None:
        """The user's name for it."""
        return self.node.label

    def with_label(self, label: str | None) -> AutomationCondition:
        """The same under a name, which is shown in its place and can be replaced by `replace`."""
        return made(msgspec.structs.replace(self.node, label=label))

    def get_node_unique_id(self, **_: Any) -> str:
        """What its memory is kept under: its content without labels."""
        return self.node.meaning

    def get_unique_id(self, **_: Any) -> str:
        """As `get_node_unique_id`."""
        return self.node.meaning

    # --- combinations

    def __and__(self, other: AutomationCondition) -> AutomationCondition:
        return _joined("and", self, other)

    def __or__(self, other: AutomationCondition) -> AutomationCondition:
        return _joined("or", self, other)

    def __invert__(self) -> AutomationCondition:
        return made(Condition(kind="not", operands=(self.node,)))

    def since(self, reset_condition: AutomationCondition) -> AutomationCondition:
        """True from when this became true until `reset_condition` does."""
        return made(Condition(kind="since", operands=(self.node, reset_condition.node)))

    def newly_true(self) -> AutomationCondition:
        """True where this was not at the evaluation before."""
        return made(Condition(kind="newly_true", operands=(self.node,)))

    def since_last_handled(self) -> AutomationCondition:
        """True from when this became true until the asset was requested or updated."""
        handled = (
            AutomationCondition.newly_requested()
            | AutomationCondition.newly_updated()
            | AutomationCondition.initial_evaluation()
        )
        return self.since(handled.with_label("handled"))

    def replace(self, old: AutomationCondition | str, new: AutomationCondition) -> AutomationCondition:
        """The same with `new` in the place of each part that is `old`, or has it as its label."""
        return made(_replaced(self.node, old if isinstance(old, str) else old.node, new.node))

    def without(self, condition: AutomationCondition) -> AutomationCondition:
        """Of an `&`: the same without one of its parts. Raises ArgumentError where there is no such part."""
        node = self.node
        kept = tuple(each for each in node.operands if each != condition.node)
        if node.kind != "and" or len(kept) == len(node.operands):
            raise ArgumentError(f"without: {condition} is no part of {self.description}.")
        return made(kept[0] if len(kept) == 1 else msgspec.structs.replace(node, operands=kept, label=None))

    def allow(self, selection: Any) -> AutomationCondition:
        """Look only at upstream assets of a selection."""
        return made(_narrowed(self.node, "allow", AssetSelection.from_coercible(selection)))

    def ignore(self, selection: Any) -> AutomationCondition:
        """Look at no upstream assets of a selection."""
        return made(_narrowed(self.node, "ignore", AssetSelection.from_coercible(selection)))

    def evaluate(self, context: Any) -> Any:
        """The `AutomationResult` for an `AutomationContext`. A class of the user's defines it; it may be async."""
        if type(self).__module__ != __name__:
            raise DefinitionError(f"{type(self).__name__} does not say what it means: define evaluate(self, context).")
        return context.evaluated(self)


class AutomationCondition(ConditionExpression):
    """A condition over what is true of an asset (of each of its partitions) or check. Made by the static methods,
    combined by `&`, `|` and `~`, `since`, `newly_true`. Never changes; equal when it says the same.
    """

    __slots__ = ()

    # --- ready-made policies

    @staticmethod
    def eager() -> AutomationCondition:
        """Made when it is missing, or something upstream has been updated, as soon as nothing upstream is missing or in
        progress. Of partitions of time only the latest.
        """
        return _eager()

    @staticmethod
    def on_cron(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """Made once after each tick of a cron expression, when all upstream has been updated since the tick."""
        return _on_cron(cron_schedule, cron_timezone)

    @staticmethod
    def on_missing() -> AutomationCondition:
        """Made when it is missing and nothing upstream is. Partitions that were missing before the first evaluation do
        not count.
        """
        c = AutomationCondition
        return (c.in_latest_time_window() & c.newly_missing().since_last_handled() & ~c.any_deps_missing()).with_label(
            "on_missing"
        )

    # --- operands

    @staticmethod
    def missing() -> AutomationCondition:
        """True where it was never made (or evaluated)."""
        return _operand("missing")

    @staticmethod
    def newly_missing() -> AutomationCondition:
        """True where it has become missing, or has come to exist, since the evaluation before."""
        return AutomationCondition.missing().newly_true().with_label("newly_missing")

    @staticmethod
    def in_progress() -> AutomationCondition:
        """True where a run or a backfill is about to make it."""
        c = AutomationCondition
        return (c.run_in_progress() | c.backfill_in_progress()).with_label("in_progress")

    @staticmethod
    def run_in_progress() -> AutomationCondition:
        """True where a run is about to make it."""
        return _operand("run_in_progress")

    @staticmethod
    def backfill_in_progress() -> AutomationCondition:
        """True where a backfill is about to make it."""
        return _operand("backfill_in_progress")

    @staticmethod
    def execution_failed() -> AutomationCondition:
        """True where the last attempt to make it failed."""
        return _operand("execution_failed")

    @staticmethod
    def newly_updated() -> AutomationCondition:
        """True where it has been made (or evaluated) since the evaluation before."""
        return _operand("newly_updated")

    @staticmethod
    def newly_requested() -> AutomationCondition:
        """True where the evaluation before asked for it."""
        return _operand("newly_requested")

    @staticmethod
    def will_be_requested() -> AutomationCondition:
        """True where this very evaluation asks for it."""
        return _operand("will_be_requested")

    @staticmethod
    def initial_evaluation() -> AutomationCondition:
        """True at the first evaluation of the condition."""
        return _operand("initial_evaluation")

    @staticmethod
    def code_version_changed() -> AutomationCondition:
        """True where its code version is another than at the evaluation before."""
        return _operand("code_version_changed")

    @staticmethod
    def data_version_changed() -> AutomationCondition:
        """True where its data version is another than at the evaluation before."""
        return _operand("data_version_changed")

    @staticmethod
    def cron_tick_passed(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """True where a tick of a cron expression lies between the evaluation before and this one."""
        cron.validate((cron_schedule,), cron_timezone)
        return made(Condition(kind="cron_tick_passed", cron=cron_schedule, timezone=cron_timezone))

    @staticmethod
    def in_latest_time_window(lookback_delta: timedelta | None = None) -> AutomationCondition:
        """True for the latest partition of time, or those of the last `lookback_delta`; for all others where there are
        no partitions of time.
        """
        seconds = lookback_delta.total_seconds() if lookback_delta is not None else None
        return made(Condition(kind="in_latest_time_window", seconds=seconds))

    @staticmethod
    def check_passed() -> AutomationCondition:
        """Of a check: its last evaluation passed."""
        return _operand("check_passed")

    @staticmethod
    def check_failed() -> AutomationCondition:
        """Of a check: its last evaluation failed."""
        return _operand("check_failed")

    @staticmethod
    def freshness_passed() -> AutomationCondition:
        """True where the asset is fresh by its policy."""
        return _operand("freshness_passed")

    @staticmethod
    def freshness_warned() -> AutomationCondition:
        """True where the asset is beyond the warning of its policy, but not beyond the failure."""
        return _operand("freshness_warned")

    @staticmethod
    def freshness_failed() -> AutomationCondition:
        """True where the asset is not fresh by its policy."""
        return _operand("freshness_failed")

    @staticmethod
    def executed_with_root_target() -> AutomationCondition:
        """True where the run that made it last also made the asset whose condition is evaluated."""
        return _operand("executed_with_root_target")

    @staticmethod
    def executed_with_tags(
        *, tag_keys: AbstractSet[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> AutomationCondition:
        """True where the run that made it last has all these tags."""
        return _tagged("executed_with_tags", tag_keys, tag_values)

    @staticmethod
    def all_new_updates_have_run_tags(
        *, tag_keys: AbstractSet[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> AutomationCondition:
        """True where all runs that have made it since the evaluation before have these tags."""
        return _tagged("all_new_updates_have_run_tags", tag_keys, tag_values)

    @staticmethod
    def any_new_update_has_run_tags(
        *, tag_keys: AbstractSet[str] | None = None, tag_values: Mapping[str, str] | None = None
    ) -> AutomationCondition:
        """True where a run that has made it since the evaluation before has these tags."""
        return _tagged("any_new_update_has_run_tags", tag_keys, tag_values)

    # --- operators over other assets and checks

    @staticmethod
    def asset_matches(key: KeyLike, condition: AutomationCondition) -> AutomationCondition:
        """True where a condition is, for another asset."""
        return made(Condition(kind="asset_matches", asset_key=asset_key_of(key), operands=(condition.node,)))

    @staticmethod
    def any_downstream_conditions() -> AutomationCondition:
        """True where the condition of any downstream asset is."""
        return _operand("any_downstream_conditions")

    @staticmethod
    def any_deps_match(condition: AutomationCondition) -> AutomationCondition:
        """True where a condition is, for any upstream asset."""
        return made(Condition(kind="any_deps_match", operands=(condition.node,)))

    @staticmethod
    def all_deps_match(condition: AutomationCondition) -> AutomationCondition:
        """True where a condition is, for all upstream assets (of their partitions for any)."""
        return made(Condition(kind="all_deps_match", operands=(condition.node,)))

    @staticmethod
    def any_deps_updated() -> AutomationCondition:
        """True where an upstream asset has been updated by another run than this asset's, or will be."""
        c = AutomationCondition
        updated = c.newly_updated() & ~c.executed_with_root_target()
        return c.any_deps_match(updated | c.will_be_requested()).with_label("any_deps_updated")

    @staticmethod
    def any_deps_missing() -> AutomationCondition:
        """True where an upstream asset is missing and will not be made now."""
        c = AutomationCondition
        return c.any_deps_match(c.missing() & ~c.will_be_requested()).with_label("any_deps_missing")

    @staticmethod
    def any_deps_in_progress() -> AutomationCondition:
        """True where an upstream asset is being made."""
        c = AutomationCondition
        return c.any_deps_match(c.in_progress()).with_label("any_deps_in_progress")

    @staticmethod
    def all_deps_updated_since_cron(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """True where all upstream assets have been updated since the last tick of a cron expression, or will be."""
        c = AutomationCondition
        updated = c.newly_updated().since(c.cron_tick_passed(cron_schedule, cron_timezone))
        label = f"all_deps_updated_since_cron({cron_schedule}, {cron_timezone})"
        return c.all_deps_match(updated | c.will_be_requested()).with_label(label)

    @staticmethod
    def all_deps_blocking_checks_passed() -> AutomationCondition:
        """True where the blocking checks of all upstream assets have passed, or will be evaluated."""
        c = AutomationCondition
        passed = c.all_checks_match(c.check_passed() | c.will_be_requested(), blocking_only=True)
        return c.all_deps_match(passed).with_label("all_deps_blocking_checks_passed")

    @staticmethod
    def any_checks_match(condition: AutomationCondition, blocking_only: bool = False) -> AutomationCondition:
        """True where a condition is, for any check of the asset."""
        return made(Condition(kind="any_checks_match", operands=(condition.node,), blocking_only=blocking_only))

    @staticmethod
    def all_checks_match(condition: AutomationCondition, blocking_only: bool = False) -> AutomationCondition:
        """True where a condition is, for all checks of the asset."""
        return made(Condition(kind="all_checks_match", operands=(condition.node,), blocking_only=blocking_only))

    @staticmethod
    def any_job_root_assets_match(condition: AutomationCondition) -> AutomationCondition:
        """Of a job: true where a condition is, for any of its assets that has nothing upstream in the job."""
        return made(Condition(kind="any_job_root_assets_match", operands=(condition.node,)))

    @staticmethod
    def all_job_root_assets_match(condition: AutomationCondition) -> AutomationCondition:
        """Of a job: true where a condition is, for all of its assets that have nothing upstream in the job."""
        return made(Condition(kind="all_job_root_assets_match", operands=(condition.node,)))


# Projects give the same policy to thousands of assets: it is made once.


@lru_cache(maxsize=1)
def _eager() -> AutomationCondition:
    c = AutomationCondition
    waiting = (c.newly_missing() | c.any_deps_updated()).since_last_handled()
    return (
        c.in_latest_time_window() & waiting & ~c.any_deps_missing() & ~c.any_deps_in_progress() & ~c.in_progress()
    ).with_label("eager")


@lru_cache(maxsize=64)
def _on_cron(cron_schedule: str, cron_timezone: str) -> AutomationCondition:
    c = AutomationCondition
    return (
        c.in_latest_time_window()
        & c.cron_tick_passed(cron_schedule, cron_timezone).since_last_handled()
        & c.all_deps_updated_since_cron(cron_schedule, cron_timezone)
    ).with_label(f"on_cron({cron_schedule}, {cron_timezone})")


def made(node: Condition) -> AutomationCondition:
    """The condition of a node."""
    condition = object.__new__(AutomationCondition)
    condition._node = node  # pyright: ignore[reportPrivateUsage] - our own
    return condition


def _operand(kind: str) -> AutomationCondition:
    return made(Condition(kind=kind))


def _joined(kind: str, left: ConditionExpression, right: Any) -> AutomationCondition:
    if not isinstance(right, AutomationCondition):
        raise ArgumentError(f"a condition is combined with a condition, not with {right!r}.")
    parts: list[Condition] = []
    for node in (left.node, right.node):
        parts.extend(node.operands if node.kind == kind and node.label is None else [node])
    return made(Condition(kind=kind, operands=tuple(parts)))


def _tagged(kind: str, keys: AbstractSet[str] | None, values: Mapping[str, str] | None) -> AutomationCondition:
    if not keys and not values:
        raise ArgumentError(f"AutomationCondition.{kind}: give tag_keys or tag_values.")
    return made(Condition(kind=kind, tag_keys=tuple(sorted(keys or ())), tag_values=dict(values or {})))


def _replaced(node: Condition, old: Condition | str, new: Condition) -> Condition:
    if node.label == old if isinstance(old, str) else node == old:
        return new
    if not node.operands:
        return node
    return msgspec.structs.replace(node, operands=tuple(_replaced(each, old, new) for each in node.operands))


def _narrowed(node: Condition, field: str, selection: AssetSelection) -> Condition:
    """With a selection on each operator over upstream assets, those nested in such an operator excepted."""
    if node.kind in DEPS:
        before: str | None = getattr(node, field)
        given = str(selection) if before is None else f"({before}) {'and' if field == 'allow' else 'or'} ({selection})"
        return msgspec.structs.replace(node, label=None, **{field: given})
    operands = tuple(_narrowed(each, field, selection) for each in node.operands)
    if operands == node.operands:
        return node
    return msgspec.structs.replace(node, operands=operands)
