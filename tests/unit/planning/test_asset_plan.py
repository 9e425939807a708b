"""Plans of assets and checks: which steps, in what order, with what inputs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.assets import AssetKey, CheckKey
from rostrum.model.errors import NotFound, StateError
from rostrum.model.manifest import (
    ASSET_JOB,
    AssetDependency,
    AssetNode,
    CheckNode,
    InputNode,
    JobNode,
    Manifest,
    OpNode,
    OutputNode,
)
from rostrum.model.plans import FromAsset
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import build_plan
from rostrum.planning.progress import PlanProgress


def key(name: str) -> AssetKey:
    return AssetKey((name,))


def manifest_of(deps: dict[str, list[str]], checks: list[tuple[str, str, bool]] = ()) -> Manifest:
    """Assets by name with what they load; checks as (asset, name, blocking)."""
    assets = tuple(
        AssetNode(key=key(name), op=name, deps=tuple(AssetDependency(key(up)) for up in above))
        for name, above in deps.items()
    )
    ops = [
        OpNode(
            name=name,
            kind="asset",
            inputs=tuple(InputNode(up, asset_key=key(up)) for up in above),
            outputs=(OutputNode(asset_key=key(name)),),
        )
        for name, above in deps.items()
    ]
    nodes = []
    for asset, check, blocking in checks:
        op = f"{asset}_{check}"
        check_key = CheckKey(key(asset), check)
        nodes.append(CheckNode(key=check_key, op=op, blocking=blocking))
        ops.append(
            OpNode(
                name=op,
                kind="check",
                inputs=(InputNode(asset, asset_key=key(asset)),),
                outputs=(OutputNode(op, check_key=check_key),),
            )
        )
    return Manifest(assets=assets, ops=tuple(ops), checks=tuple(nodes))


def target(**options: object) -> RunTarget:
    return RunTarget("here", ASSET_JOB, **options)  # type: ignore[arg-type]


def test_steps_run_in_the_order_in_which_they_become_ready():
    # z -> a and b -> c: not alphabetical, not depth first.
    plan = build_plan(manifest_of({"z": [], "a": ["z"], "b": [], "c": ["b"]}), target())
    assert plan.step_keys == ("b", "z", "c", "a")


def test_an_input_from_an_asset_that_is_not_selected_is_loaded_as_stored():
    plan = build_plan(manifest_of({"a": [], "b": ["a"]}), target(asset_selection=(key("b"),)))
    (step,) = plan.steps
    assert step.upstream == ()
    assert step.inputs[0].sources == (FromAsset(key("a")),)


def test_a_check_runs_after_its_asset_and_a_blocking_one_before_what_is_downstream():
    manifest = manifest_of({"a": [], "b": ["a"]}, [("a", "gate", True), ("a", "note", False)])
    steps = {step.key: step for step in build_plan(manifest, target()).steps}
    assert steps["a_gate"].upstream == ("a",)
    assert steps["a_note"].upstream == ("a",)
    assert set(steps["b"].upstream) == {"a", "a_gate"}


def test_checks_can_be_left_out_or_run_alone():
    manifest = manifest_of({"a": []}, [("a", "gate", True)])
    assert build_plan(manifest, target(check_selection=())).step_keys == ("a",)
    alone = build_plan(manifest, target(check_selection=(CheckKey(key("a"), "gate"),)))
    assert alone.step_keys == ("a_gate",)


def test_a_selected_asset_brings_its_checks():
    manifest = manifest_of({"a": [], "b": []}, [("a", "x", False), ("b", "y", False)])
    assert set(build_plan(manifest, target(asset_selection=(key("a"),))).step_keys) == {"a", "a_x"}


def test_unknown_names_are_told_with_the_nearest_one():
    manifest = manifest_of({"orders": []})
    with pytest.raises(NotFound, match="orders"):
        build_plan(manifest, target(asset_selection=(key("order"),)))
    with pytest.raises(NotFound, match="no job 'x'"):
        build_plan(manifest, RunTarget("here", "x"))
    with pytest.raises(NotFound, match="no step"):
        build_plan(manifest, target(step_selection=("nope",)))


def test_a_function_that_makes_several_assets_is_one_step():
    manifest = Manifest(
        assets=tuple(AssetNode(key=key(name), op="pair") for name in "xy"),
        ops=(OpNode(name="pair", kind="asset", outputs=tuple(OutputNode(n, asset_key=key(n)) for n in "xy")),),
    )
    (step,) = build_plan(manifest, target()).steps
    assert step.asset_keys == (key("x"), key("y"))
    with pytest.raises(StateError, match="can_subset"):
        build_plan(manifest, target(asset_selection=(key("x"),)))


def test_an_asset_that_depends_on_itself_does_not_wait_for_itself():
    manifest = Manifest(
        assets=(AssetNode(key=key("a"), op="a", deps=(AssetDependency(key("a")),)),),
        ops=(OpNode(name="a", kind="asset", inputs=(InputNode("a", asset_key=key("a")),)),),
    )
    assert build_plan(manifest, target()).steps[0].upstream == ()


def test_step_selection_keeps_only_those_steps_and_the_order_among_them():
    manifest = manifest_of({"a": [], "b": ["a"], "c": ["b"]})
    plan = build_plan(manifest, target(step_selection=("c", "b")))
    assert plan.step_keys == ("b", "c")
    assert plan.steps[0].upstream == ()


def test_a_job_offers_only_its_own_assets():
    manifest = manifest_of({"a": [], "b": ["a"]})
    manifest = Manifest(assets=manifest.assets, ops=manifest.ops, jobs=(JobNode("j", asset_selection=(key("a"),)),))
    assert build_plan(manifest, RunTarget("here", "j")).step_keys == ("a",)
    with pytest.raises(NotFound):
        build_plan(manifest, RunTarget("here", "j", asset_selection=(key("b"),)))


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    size = draw(st.integers(1, 12))
    names = draw(st.permutations([f"n{number}" for number in range(size)]))
    return {
        name: sorted(draw(st.sets(st.sampled_from(names[:position]), max_size=3))) if position else []
        for position, name in enumerate(names)
    }


@given(graphs())
def test_every_step_comes_after_its_upstream_ones(deps: dict[str, list[str]]):
    plan = build_plan(manifest_of(deps), target())
    position = {step.key: number for number, step in enumerate(plan.steps)}
    assert set(position) == set(deps)
    assert all(position[up] < position[name] for name, above in deps.items() for up in above)


@given(graphs())
def test_running_one_at_a_time_follows_the_order_of_the_plan(deps: dict[str, list[str]]):
    plan = build_plan(manifest_of(deps), target())
    progress = PlanProgress(plan)
    line, seen = progress.ready(), []
    while line:
        step = line.pop(0)
        seen.append(step.key)
        progress.succeeded(step.key)
        line += progress.ready()
    assert tuple(seen) == plan.step_keys
    assert progress.is_done
    assert progress.is_success
