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


def mapped_plan() -> Plan:
    """d yields items; m is for each of them, c collects m, e collects d's items themselves."""
    return Plan(
        (
            Step("d", "d"),
            Step("m", "m", (StepInput("x", (FromStep("d", over="item"),)),), ("d",), mapped_over=(("d", "result"),)),
            Step("c", "c", (StepInput("xs", (FromStep("m", over="steps"),), fan_in=True),), ("m",)),
            Step("e", "e", (StepInput("xs", (FromStep("d", over="items"),), fan_in=True),), ("d",)),
        )
    )


def test_steps_for_items_join_while_it_runs():
    progress = PlanProgress(mapped_plan())
    assert keys(progress.ready()) == ["d"]
    mapped = progress.expand("d", {"result": ("x", "y")})
    assert keys(mapped.steps) == ["m[x]", "m[y]"]
    assert mapped.gone == ("m",)
    progress.succeeded("d")
    ready = progress.ready()
    assert keys(ready) == ["e", "m[x]", "m[y]"]
    assert ready[0].inputs[0].sources == (FromStep("d", mapping_key="x"), FromStep("d", mapping_key="y"))
    assert ready[1].inputs[0].sources == (FromStep("d", mapping_key="x"),)
    progress.succeeded("m[x]")
    assert progress.ready() == []
    progress.succeeded("m[y]")
    (collecting,) = progress.ready()
    assert collecting.inputs[0].sources == (FromStep("m[x]"), FromStep("m[y]"))
    progress.succeeded("e")
    progress.succeeded("c")
    assert progress.is_done
    assert progress.is_success


def test_no_items_leave_an_empty_list():
    progress = PlanProgress(mapped_plan())
    progress.ready()
    assert progress.expand("d", {"result": ()}).steps == []
    progress.succeeded("d", ["result"])
    ready = progress.ready()
    assert sorted(keys(ready)) == ["c", "e"]
    assert all(each.inputs[0].sources == () for each in ready)


def test_a_failed_item_blocks_what_collects_and_a_failed_source_blocks_all():
    progress = PlanProgress(mapped_plan())
    progress.ready()
    progress.expand("d", {"result": ("x", "y")})
    progress.succeeded("d")
    progress.ready()
    for key, end in (("m[x]", progress.failed), ("m[y]", progress.succeeded), ("e", progress.succeeded)):
        end(key)
    assert progress.is_done
    assert progress.not_run() == {"c": ("m[x]",)}
    source = PlanProgress(mapped_plan())
    source.ready()
    source.failed("d")
    assert source.is_done
    assert set(source.not_run()) == {"m", "c", "e"}


def test_items_of_items():
    over = (("d", "result"), ("n", "result"))
    plan = Plan(
        (
            Step("d", "d"),
            Step("n", "n", (StepInput("x", (FromStep("d", over="item"),)),), ("d",), mapped_over=over[:1]),
            Step("m", "m", (StepInput("x", (FromStep("n", over="item"),)),), ("n",), mapped_over=over),
            Step(
                "c", "c", (StepInput("xs", (FromStep("m", over="steps"),), fan_in=True),), ("m",), mapped_over=over[:1]
            ),
        )
    )
    progress = PlanProgress(plan)
    progress.ready()
    assert keys(progress.expand("d", {"result": ("a", "b")}).steps) == ["n[a]", "n[b]", "c[a]", "c[b]"]
    progress.succeeded("d")
    assert keys(progress.ready()) == ["n[a]", "n[b]"]
    assert keys(progress.expand("n[a]", {"result": ("1", "2")}).steps) == ["m[a][1]", "m[a][2]"]
    progress.succeeded("n[a]")
    first, second = progress.ready()
    assert first.inputs[0].sources == (FromStep("n[a]", mapping_key="1"),)
    progress.expand("n[b]", {"result": ()})
    progress.succeeded("n[b]", ["result"])
    assert keys(progress.ready()) == ["c[b]"]
    progress.succeeded(first.key)
    progress.succeeded(second.key)
    (collecting,) = progress.ready()
    assert collecting.inputs[0].sources == (FromStep("m[a][1]"), FromStep("m[a][2]"))


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
