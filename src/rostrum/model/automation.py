"""Automation conditions and freshness policies as data: an expression over what is true of an asset or check.

A condition is a tree of `Condition`s. What each kind means is told in `planning/automation.py`, which evaluates them.
"""

from __future__ import annotations

import msgspec

from rostrum.model.assets import AssetKey


class Condition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One node of a condition. Fields that a kind does not use are left out."""

    kind: str
    """An operator (`and`, `or`, `not`, `since`, `newly_true`, `any_deps_match`, ...) or an operand (`missing`, ...)."""
    operands: tuple[Condition, ...] = ()
    """`since`: trigger and reset; else the conditions that the operator is about."""
    label: str | None = None
    """The user's name for this node; not part of what it means."""
    cron: str | None = None
    timezone: str | None = None
    seconds: float | None = None
    """Of `in_latest_time_window`: how far back before the end of the latest window."""
    tag_keys: tuple[str, ...] = ()
    tag_values: dict[str, str] = {}
    asset_key: AssetKey | None = None
    """Of `asset_matches`."""
    blocking_only: bool = False
    allow: str | None = None
    """Of the operators about deps: only upstream assets of this selection."""
    ignore: str | None = None
    """Of the operators about deps: no upstream assets of this selection."""
    class_name: str | None = None
    """Of `custom`: the user's class."""

    def __str__(self) -> str:
        return describe(self)

    @property
    def identity(self) -> str:
        """Short name of the whole tree by its content: equal trees share it."""
        import hashlib  # only where there are conditions: it is much of what loading this costs

        data = msgspec.msgpack.encode(self, order="deterministic")
        return hashlib.blake2b(data, digest_size=8).hexdigest()

    @property
    def meaning(self) -> str:
        """As `identity`, labels left out: what this node's memory is kept under."""
        return without_labels(self).identity


def without_labels(condition: Condition) -> Condition:
    """The same tree without labels."""
    operands = tuple(without_labels(each) for each in condition.operands)
    return msgspec.structs.replace(condition, label=None, operands=operands)


_INFIX = {"and": " AND ", "or": " OR "}


def describe(condition: Condition) -> str:
    """The condition in words; a label stands for its node."""
    if condition.label is not None:
        return condition.label
    parts = [describe(each) for each in condition.operands]
    kind = condition.kind
    if kind in _INFIX:
        return "(" + _INFIX[kind].join(parts) + ")"
    if kind == "not":
        return f"(NOT {parts[0]})"
    if kind == "since":
        return f"({parts[0]} SINCE {parts[1]})"
    if kind == "newly_true":
        return f"{parts[0]}.newly_true()"
    given = list(parts)
    if condition.asset_key is not None:
        given.insert(0, str(condition.asset_key))
    if condition.cron is not None:
        given.append(condition.cron + (f" {condition.timezone}" if condition.timezone not in (None, "UTC") else ""))
    if condition.seconds is not None:
        given.append(f"{condition.seconds:g}s")
    given += [f"allow={condition.allow}"] if condition.allow else []
    given += [f"ignore={condition.ignore}"] if condition.ignore else []
    given += list(condition.tag_keys) + [f"{key}={value}" for key, value in condition.tag_values.items()]
    name = condition.class_name or kind
    return f"{name}({', '.join(given)})" if given else name


class TimeWindowFreshness(msgspec.Struct, frozen=True, tag="time_window", tag_field="kind", omit_defaults=True):
    """Fresh while the last materialisation is not older than this."""

    fail_seconds: float
    warn_seconds: float | None = None


class CronFreshness(msgspec.Struct, frozen=True, tag="cron", tag_field="kind", omit_defaults=True):
    """Fresh when at each deadline a materialisation lies within `lower_bound_seconds` before it."""

    deadline_cron: str
    lower_bound_seconds: float
    timezone: str = "UTC"


Freshness = TimeWindowFreshness | CronFreshness
