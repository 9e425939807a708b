"""Section 26: what automation conditions ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

C = dg.AutomationCondition
NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)


class Ticks:
    """Evaluations one after another."""

    def __init__(self, *assets: Any) -> None:
        self.assets, self.instance = list(assets), dg.DagsterInstance.ephemeral()
        self.cursor: Any = None
        self.at = NOON

    def __call__(self, minutes: float = 1) -> dict[str, set[str | None]]:
        self.at += timedelta(minutes=minutes)
        result = dg.evaluate_automation_conditions(
            self.assets, self.instance, evaluation_time=self.at, cursor=self.cursor
        )
        self.cursor = result.cursor
        keys = [each.key for each in self.assets]
        found = {key.to_user_string(): result.get_requested_partitions(key) for key in keys}
        assert result.total_requested == sum(result.get_num_requested(key) for key in keys)
        return {name: set(parts) for name, parts in found.items() if parts}

    def make(self, *assets: Any, **options: Any) -> None:
        assert dg.materialize(list(assets), instance=self.instance, **options).success


def pair(condition: Any, **options: Any) -> tuple[Any, Any]:
    @dg.asset(**options)
    def above() -> None: ...

    @dg.asset(deps=[above], automation_condition=condition, **options)
    def below() -> None: ...

    return above, below


def test_eager_follows_updates_upstream() -> None:
    above, below = pair(C.eager())
    tick = Ticks(above, below)
    assert tick() == {}
    tick.make(above)
    assert tick() == {"below": {None}}
    assert tick() == {}
    tick.make(below)
    assert tick() == {}
    tick.make(above)
    assert tick() == {"below": {None}}


def test_eager_waits_for_what_is_missing_upstream() -> None:
    @dg.asset
    def first() -> None: ...

    @dg.asset
    def second() -> None: ...

    @dg.asset(deps=[first, second], automation_condition=C.eager())
    def below() -> None: ...

    tick = Ticks(first, second, below)
    tick()
    tick.make(first)
    assert tick() == {}
    tick.make(second)
    assert tick() == {"below": {None}}


def test_an_update_by_the_same_run_does_not_count() -> None:
    above, below = pair(C.eager())
    tick = Ticks(above, below)
    tick()
    tick.make(above, below)
    assert tick() == {}


def test_a_chain_is_asked_for_at_once() -> None:
    @dg.asset
    def root() -> None: ...

    @dg.asset(deps=[root], automation_condition=C.eager())
    def middle() -> None: ...

    @dg.asset(deps=[middle], automation_condition=C.eager())
    def leaf() -> None: ...

    tick = Ticks(root, middle, leaf)
    tick.make(root, middle, leaf)
    tick()
    tick.make(root)
    assert tick() == {"middle": {None}, "leaf": {None}}


def test_on_cron_waits_for_the_tick_and_for_updates_upstream() -> None:
    above, below = pair(C.on_cron("0 * * * *"))
    tick = Ticks(above, below)
    assert tick() == {}
    tick.make(above)
    assert tick() == {}
    assert tick(60) == {}
    tick.make(above)
    assert tick() == {"below": {None}}
    assert tick() == {}


def test_on_cron_does_not_fire_at_the_first_evaluation() -> None:
    @dg.asset(automation_condition=C.on_cron("* * * * *"))
    def alone() -> None: ...

    tick = Ticks(alone)
    assert tick() == {}
    assert tick(2) == {"alone": {None}}


def test_on_missing() -> None:
    above, below = pair(C.on_missing(), partitions_def=dg.DailyPartitionsDefinition("2024-05-01"))
    tick = Ticks(above, below)
    assert tick() == {}
    assert tick(24 * 60) == {}
    tick.make(above, partition_key="2024-05-10")
    assert tick() == {"below": {"2024-05-10"}}


def test_eager_of_partitions_looks_at_the_latest() -> None:
    above, below = pair(C.eager(), partitions_def=dg.DailyPartitionsDefinition("2024-05-01"))
    tick = Ticks(above, below)
    tick()
    tick.make(above, partition_key="2024-05-02")
    assert tick() == {}
    tick.make(above, partition_key="2024-05-09")
    assert tick() == {"below": {"2024-05-09"}}


def test_a_longer_window() -> None:
    condition = C.missing() & C.in_latest_time_window(timedelta(days=3))
    _, below = pair(condition, partitions_def=dg.DailyPartitionsDefinition("2020-01-01"))
    tick = Ticks(_, below)
    assert tick() == {"below": {"2024-05-07", "2024-05-08", "2024-05-09"}}


def test_static_partitions() -> None:
    above, below = pair(
        C.any_deps_updated() & ~C.any_deps_missing(), partitions_def=dg.StaticPartitionsDefinition(["a", "b", "c"])
    )
    tick = Ticks(above, below)
    tick()
    tick.make(above, partition_key="b")
    assert tick() == {"below": {"b"}}


def test_ignored_assets_upstream() -> None:
    above, below = pair(C.any_deps_updated().ignore(dg.AssetSelection.assets("above")))
    tick = Ticks(above, below)
    tick()
    tick.make(above)
    assert tick() == {}


@pytest.mark.parametrize(("condition", "expected"), [(C.missing(), True), (~C.missing(), False)])
def test_operands(condition: Any, expected: bool) -> None:
    @dg.asset(automation_condition=condition)
    def alone() -> None: ...

    tick = Ticks(alone)
    assert bool(tick()) is expected
    tick.make(alone)
    assert bool(tick()) is not expected


def test_newly_true_and_since() -> None:
    @dg.asset(automation_condition=C.missing().newly_true())
    def newly() -> None: ...

    @dg.asset(automation_condition=C.newly_updated().since(C.cron_tick_passed("0 * * * *")))
    def since() -> None: ...

    tick = Ticks(newly, since)
    assert tick() == {"newly": {None}}
    tick.make(since)
    assert tick() == {"since": {None}}
    assert tick() == {"since": {None}}
    assert tick(60) == {}


def test_failed_and_code_version() -> None:
    @dg.asset(automation_condition=C.execution_failed())
    def fails() -> None:
        raise ValueError("broken")

    tick = Ticks(fails)
    assert tick() == {}
    dg.materialize([fails], instance=tick.instance, raise_on_error=False)
    assert tick() == {"fails": {None}}

    def versioned(version: str) -> Any:
        @dg.asset(code_version=version, automation_condition=C.code_version_changed())
        def made() -> None: ...

        return made

    other = Ticks(versioned("1"))
    assert other() == {}
    other.assets = [versioned("2")]
    assert other() == {"made": {None}}
    assert other() == {}


def test_a_selection_of_assets() -> None:
    above, below = pair(C.missing())
    result = dg.evaluate_automation_conditions(
        [above, below], dg.DagsterInstance.ephemeral(), asset_selection=dg.AssetSelection.assets(above)
    )
    assert result.total_requested == 0
