"""Automation conditions: what an evaluation costs, and what it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from rostrum.definitions.automations.conditions import AutomationCondition
from rostrum.model.assets import AssetKey
from rostrum.model.automation import CronFreshness, TimeWindowFreshness
from rostrum.model.manifest import AssetDependency, AssetNode, Manifest
from rostrum.model.partitions import TimePartitions
from rostrum.planning.automation import NONE, Key, Memory, Part, Parts, RunFacts, Update, evaluate
from rostrum.planning.freshness import freshness_state

NOW = datetime(2024, 5, 10, 12, 30, tzinfo=UTC)
A, B = AssetKey("a"), AssetKey("b")


class Known:
    """Facts that are given, and how often they were asked for."""

    def __init__(self, updates: dict[Key, dict[Part, Update]]) -> None:
        self._updates = updates

    def updates(self, key: Key) -> Mapping[Part, Update]:
        return self._updates.get(key, {})

    def in_progress(self, key: Key) -> Parts:
        return NONE

    def backfilling(self, key: Key) -> Parts:
        return NONE

    def failed(self, key: Key) -> Parts:
        return NONE

    def run(self, run_id: str) -> RunFacts:
        return RunFacts()


def hourly() -> Manifest:
    spec = TimePartitions(cron="0 * * * *", start=datetime(2010, 1, 1, tzinfo=UTC), format="%Y-%m-%d-%H:%M")
    return Manifest(
        assets=(
            AssetNode(key=A, op="a", partitions="hourly"),
            AssetNode(key=B, op="b", deps=(AssetDependency(A),), partitions="hourly"),
        ),
        partitions={"hourly": spec},
    )


def test_memory_crosses_processes_and_stays_small_with_many_partitions() -> None:
    manifest, conditions = hourly(), {B: AutomationCondition.eager().node}
    first = evaluate(conditions, manifest, Known({}), Memory(), NOW)
    assert first.requested == {}
    data = msgspec.json.encode(first.memory)
    assert len(data) < 2000  # 125 000 partitions exist; the latest is looked at
    memory = msgspec.json.decode(data, type=Memory)
    made = {A: {"2024-05-10-11:00": Update(7, NOW, "r")}}
    second = evaluate(conditions, manifest, Known(made), memory, NOW + timedelta(minutes=1), last_event_id=7)
    assert second.requested == {B: frozenset({"2024-05-10-11:00"})}
    third = evaluate(conditions, manifest, Known(made), second.memory, NOW + timedelta(minutes=2), last_event_id=7)
    assert third.requested == {}


def test_a_label_changes_nothing_of_what_is_remembered() -> None:
    manifest, made = hourly(), {A: {"2024-05-10-11:00": Update(7, NOW, "r")}}
    condition = AutomationCondition.eager()
    first = evaluate({B: condition.node}, manifest, Known({}), Memory(), NOW)
    renamed = condition.with_label("mine").node
    second = evaluate({B: renamed}, manifest, Known(made), first.memory, NOW + timedelta(minutes=1), last_event_id=7)
    assert second.requested


def test_the_same_input_gives_the_same_outcome() -> None:
    manifest, conditions = hourly(), {B: AutomationCondition.on_missing().node}
    once, twice = (evaluate(conditions, manifest, Known({}), Memory(), NOW) for _ in range(2))
    assert msgspec.json.encode(once.memory, order="deterministic") == msgspec.json.encode(
        twice.memory, order="deterministic"
    )


def test_freshness() -> None:
    window = TimeWindowFreshness(3600, 1800)
    ages = {minutes: freshness_state(window, NOW - timedelta(minutes=minutes), NOW) for minutes in (10, 40, 70)}
    assert ages == {10: "pass", 40: "warn", 70: "fail"}
    assert freshness_state(window, None, NOW) == "unknown"
    deadline = CronFreshness("0 12 * * *", 3600)
    assert freshness_state(deadline, datetime(2024, 5, 10, 11, 30, tzinfo=UTC), NOW) == "pass"
    assert freshness_state(deadline, datetime(2024, 5, 10, 10, 30, tzinfo=UTC), NOW) == "fail"
    assert freshness_state(deadline, datetime(2024, 5, 10, 12, 10, tzinfo=UTC), NOW) == "pass"
