"""Automation conditions of users' own classes: `evaluate` says where they are true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

C = dg.AutomationCondition
NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)
LETTERS = dg.StaticPartitionsDefinition(["a", "b", "c"])


class Ticks:
    """Evaluations one after another, a minute apart."""

    def __init__(self, *assets: Any) -> None:
        self.assets, self.instance = list(assets), dg.DagsterInstance.ephemeral()
        self.cursor: Any = None
        self.at = NOON

    def __call__(self) -> dict[str, set[str | None]]:
        self.at += timedelta(minutes=1)
        result = dg.evaluate_automation_conditions(
            self.assets, self.instance, evaluation_time=self.at, cursor=self.cursor
        )
        self.cursor = result.cursor
        found = {each.key.to_user_string(): result.get_requested_partitions(each.key) for each in self.assets}
        return {name: set(parts) for name, parts in found.items() if parts}


def with_condition(condition: Any, **options: Any) -> Any:
    @dg.asset(automation_condition=condition, **options)
    def mine() -> None: ...

    return mine


class OnEvenDays(dg.AutomationCondition):
    def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:
        even = context.evaluation_time.day % 2 == 0
        true_subset = context.candidate_subset if even else context.get_empty_subset()
        return dg.AutomationResult(true_subset=true_subset, context=context)


@dataclass(frozen=True)
class Only(dg.AutomationCondition[dg.AssetKey]):
    """True of some partitions."""

    keys: frozenset[str]

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        true = context.candidate_subset.compute_intersection_with_partition_keys(self.keys)
        return dg.AutomationResult(context, true)


def test_it_is_called() -> None:
    assert Ticks(with_condition(OnEvenDays()))() == {"mine": {None}}


def test_the_time_is_that_of_the_evaluation() -> None:
    tick = Ticks(with_condition(OnEvenDays()))
    tick.at += timedelta(days=1)
    assert tick() == {}


def test_of_partitions() -> None:
    assert Ticks(with_condition(Only(frozenset("ac")), partitions_def=LETTERS))() == {"mine": {"a", "c"}}


def test_combined_with_others() -> None:
    tick = Ticks(with_condition(C.missing() & Only(frozenset("ac")) & ~Only(frozenset("a")), partitions_def=LETTERS))
    assert tick() == {"mine": {"c"}}
    tick = Ticks(with_condition(OnEvenDays().newly_true()))
    assert [tick(), tick()] == [{"mine": {None}}, {}]
    tick = Ticks(with_condition(OnEvenDays() | C.in_progress()))
    assert tick() == {"mine": {None}}


def test_in_an_operator_over_assets_upstream() -> None:
    @dg.asset(partitions_def=LETTERS)
    def above() -> None: ...

    @dg.asset(partitions_def=LETTERS, deps=[above], automation_condition=C.any_deps_match(Only(frozenset("b"))))
    def below() -> None: ...

    assert Ticks(above, below)() == {"below": {"b"}}


def test_async() -> None:
    class Slow(dg.AutomationCondition):
        async def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:  # type: ignore[override]
            import asyncio

            await asyncio.sleep(0.001)
            return dg.AutomationResult(context, context.candidate_subset)

    assert Ticks(with_condition(Slow()))() == {"mine": {None}}


@pytest.mark.parametrize("is_async", [True, False])
def test_a_condition_made_of_others(is_async: bool) -> None:
    class Either(dg.AutomationCondition):
        def __init__(self, *operands: Any) -> None:
            self.operands = operands

        def subset(self, context: Any, result: Any) -> Any:
            return result.true_subset

        def children_contexts(self, context: dg.AutomationContext) -> list[dg.AutomationContext]:
            return [
                context.for_child_condition(
                    child_condition=each, child_indices=[n], candidate_subset=context.candidate_subset
                )
                for n, each in enumerate(self.operands)
            ]

        def told(self, context: dg.AutomationContext, results: list[Any]) -> dg.AutomationResult:
            true = context.get_empty_subset()
            for each in results:
                true = true.compute_union(each.true_subset)
            return dg.AutomationResult(context, true, child_results=results)

        if is_async:

            async def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:  # type: ignore[override]
                return self.told(context, [await each.evaluate_async() for each in self.children_contexts(context)])

        else:

            def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:
                contexts = self.children_contexts(context)
                return self.told(context, [each.condition.evaluate(each) for each in contexts])

    one, other = Only(frozenset("a")), C.missing() & Only(frozenset("c"))
    assert Ticks(with_condition(Either(one, other), partitions_def=LETTERS))() == {"mine": {"a", "c"}}


def test_what_it_remembers() -> None:
    seen: list[Any] = []

    class Counting(dg.AutomationCondition):
        def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:
            previous = context.previous_true_subset
            seen.append((context.cursor, context.previous_evaluation_time, previous and sorted(previous.parts)))
            seen.append(context.get_previous_requested_subset(context.key))
            count = int(context.cursor or 0) + 1
            true = context.candidate_subset.compute_intersection_with_partition_keys({"abc"[count - 1]})
            return dg.AutomationResult(context, true, cursor=str(count))

    tick = Ticks(with_condition(Counting(), partitions_def=LETTERS))
    assert [tick(), tick(), tick()] == [{"mine": {"a"}}, {"mine": {"b"}}, {"mine": {"c"}}]
    assert seen[0] == (None, None, None)
    assert seen[1] is None
    assert seen[2] == ("1", NOON + timedelta(minutes=1), ["a"])
    assert set(seen[3].expensively_compute_partition_keys()) == {"a"}
    assert seen[4] == ("2", NOON + timedelta(minutes=2), ["b"])


def test_what_its_context_tells() -> None:
    seen: dict[str, Any] = {}

    class Looking(dg.AutomationCondition):
        def evaluate(self, context: dg.AutomationContext) -> dg.AutomationResult:
            seen.update(
                key=context.key,
                partitions=context.partitions_def,
                size=context.candidate_subset.size,
                empty=context.get_empty_subset().is_empty,
                whole=context.asset_graph_view.get_full_subset(key=context.key),
                requested=dict(context.request_subsets_by_key),
                root=context.root_context is context,
                id=context.evaluation_id,
                condition=context.condition,
            )
            context.log.info("looked")
            return dg.AutomationResult(context, context.get_empty_subset())

    @dg.asset(automation_condition=OnEvenDays())
    def first() -> None: ...

    condition = Looking()

    @dg.asset(deps=[first], automation_condition=condition, partitions_def=LETTERS)
    def second() -> None: ...

    assert Ticks(first, second)() == {"first": {None}}
    assert seen["key"] == second.key
    assert seen["partitions"] == LETTERS
    assert (seen["size"], seen["empty"], seen["root"], seen["id"]) == (3, True, True, 1)
    assert seen["whole"].size == 3
    assert list(seen["requested"]) == [first.key]
    assert seen["condition"] is condition


def test_objects_are_equal_by_what_they_say() -> None:
    assert Only(frozenset("a")) == Only(frozenset("a"))
    assert Only(frozenset("a")) != Only(frozenset("b"))
    assert OnEvenDays() == OnEvenDays()
    assert not OnEvenDays().is_serializable
    assert not (C.missing() & OnEvenDays()).is_serializable


def test_its_label_is_shown() -> None:
    assert OnEvenDays().with_label("even").get_label() == "even"
    assert "OnEvenDays" in str(OnEvenDays())
    assert Ticks(with_condition(OnEvenDays().with_label("even")))() == {"mine": {None}}
    replaced = (C.missing() & OnEvenDays().with_label("day")).replace("day", C.missing())
    assert replaced == C.missing() & C.missing()


def test_something_else_than_a_result_is_refused() -> None:
    class Odd(dg.AutomationCondition):
        def evaluate(self, context: dg.AutomationContext) -> Any:
            return True

    with pytest.raises(dg.DagsterInvalidInvocationError, match=r"Odd\.evaluate is to return an AutomationResult"):
        Ticks(with_condition(Odd()))()


def test_a_class_without_evaluate_says_what_it_lacks() -> None:
    class Empty(dg.AutomationCondition): ...

    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"Empty .*define evaluate"):
        Ticks(with_condition(Empty()))()


def test_code_loads_with_it() -> None:
    defs = dg.Definitions(
        assets=[with_condition(OnEvenDays())],
        sensors=[
            dg.AutomationConditionSensorDefinition(
                "mine_too", target=dg.AssetSelection.all(), use_user_code_server=True
            )
        ],
    )
    dg.Definitions.validate_loadable(defs)
    assert [sensor.name for sensor in defs.manifest().sensors] == ["mine_too"]
