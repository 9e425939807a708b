"""Progress of a plan: what may start, what is passed over, what can no longer run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.assets import AssetKey
from rostrum.model.plans import FromAsset, FromStep, Plan, Step, StepInput
from rostrum.planning.progress import PlanProgress


def step(name: str, *upstream: str, fan_in: bool = False) -> Step:
    sources = tuple(FromStep(up) for up in upstream)
    return Step(name, name, inputs=(StepInput("x", sources, fan_in),) if sources else (), upstream=upstream)


def keys(steps: list[Step]) -> list[str]:
    return [each.key for each in steps]


def test_first_ready_first_out():
    progress = PlanProgress(Plan((step("z"), step("a", "z"), step("b"), step("c", "b"))))
    assert keys(progress.ready()) == ["b", "z"]
    progress.succeeded("b")
    progress.succeeded("z")
    assert keys(progress.ready()) == ["c", "a"]
    assert progress.ready() == []


def test_a_failure_blocks_what_is_downstream_and_nothing_else():
    progress = PlanProgress(Plan((step("a"), step("b", "a"), step("c", "b"), step("d"))))
    assert keys(progress.ready()) == ["a", "d"]
    progress.failed("a")
    assert not progress.is_done
    progress.succeeded("d")
    assert progress.is_done
    assert not progress.is_success
    assert progress.not_run() == {"b": ("a",), "c": ("a",)}
    assert progress.failed_keys == ["a"]


def test_a_skipped_output_passes_over_all_that_need_it():
    progress = PlanProgress(Plan((step("a"), step("b", "a"), step("c", "b"), step("d", "a", "e"), step("e"))))
    progress.ready()
    progress.succeeded("a", skipped_outputs=["result"])
    progress.succeeded("e")
    assert keys(progress.newly_skipped()) == ["b", "c", "d"]
    assert progress.ready() == []
    assert progress.is_done
    assert progress.is_success


def test_a_fan_in_runs_with_what_is_left():
    progress = PlanProgress(Plan((step("a"), step("b"), step("c", "a", "b", fan_in=True))))
    progress.ready()
    progress.succeeded("a", skipped_outputs=["result"])
    progress.succeeded("b")
    assert keys(progress.ready()) == ["c"]
    assert progress.is_output_skipped("a", "result")


def test_a_fan_in_of_nothing_is_passed_over():
    progress = PlanProgress(Plan((step("a"), step("c", "a", fan_in=True))))
    progress.ready()
    progress.succeeded("a", skipped_outputs=["result"])
    assert keys(progress.newly_skipped()) == ["c"]


def test_a_skipped_asset_passes_over_those_that_load_it_and_those_that_only_follow():
    a, b = AssetKey(("a",)), AssetKey(("b",))
    loads = Step("b", "b", inputs=(StepInput("a", (FromAsset(a),)),), upstream=("a",), asset_keys=(b,))
    follows = Step("c", "c", upstream=("a",))
    progress = PlanProgress(Plan((Step("a", "a", asset_keys=(a,)), loads, follows)))
    progress.ready()
    progress.succeeded("a", skipped_assets=[a])
    assert keys(progress.newly_skipped()) == ["b", "c"]


def test_a_step_that_was_passed_over_by_its_runner_counts_the_same():
    progress = PlanProgress(Plan((step("a"), step("b", "a"))))
    progress.ready()
    progress.skipped("a")
    assert keys(progress.newly_skipped()) == ["b"]


def test_a_failure_outweighs_a_skip():
    progress = PlanProgress(Plan((step("a"), step("b"), step("c", "a", "b"))))
    progress.ready()
    progress.succeeded("a", skipped_outputs=["result"])
    progress.failed("b")
    assert progress.newly_skipped() == []
    assert progress.not_run() == {"c": ("b",)}


def test_no_step_ends_twice():
    progress = PlanProgress(Plan((step("a"),)))
    progress.succeeded("a")
    with pytest.raises(ValueError, match="ended before"):
        progress.failed("a")


def test_mapped_steps_join_while_it_runs():
    progress = PlanProgress(Plan((step("d"), step("end", "d"))))
    progress.ready()
    progress.add_mapped("d", [Step("m[x]", "m", upstream=("d",)), Step("c", "c", upstream=("m[x]",))])
    progress.succeeded("d")
    assert keys(progress.ready()) == ["end", "m[x]"]
    progress.succeeded("m[x]")
    assert keys(progress.ready()) == ["c"]
    assert not progress.is_done


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    size = draw(st.integers(1, 12))
    steps = []
    for number in range(size):
        above = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        steps.append(step(f"s{number}", *(f"s{each}" for each in sorted(above))))
    return Plan(tuple(steps))


@given(plans(), st.data())
def test_every_step_ends_in_exactly_one_way(plan: Plan, data: st.DataObject):
    progress = PlanProgress(plan)
    ended: dict[str, str] = {}
    running = progress.ready()
    while running:
        each = running.pop(data.draw(st.integers(0, len(running) - 1)))
        assert all(ended.get(up) == "ok" for up in each.upstream)
        outcome = data.draw(st.sampled_from(["ok", "failed", "no output"]))
        if outcome == "failed":
            progress.failed(each.key)
        else:
            progress.succeeded(each.key, ["result"] if outcome == "no output" else [])
        ended[each.key] = outcome
        running += progress.ready()
        for passed in progress.newly_skipped():
            ended[passed.key] = "skipped"
    assert progress.is_done
    blocked = progress.not_run()
    assert set(ended) | set(blocked) == {each.key for each in plan.steps}
    assert not set(ended) & set(blocked)
    assert all(because and all(ended[each] == "failed" for each in because) for because in blocked.values())
