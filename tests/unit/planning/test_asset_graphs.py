"""Graph-backed and observable assets in the manifest and in plans."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rostrum.definitions.assets.data_versions import DataVersion
from rostrum.definitions.assets.decorator import asset
from rostrum.definitions.assets.graph_backed import graph_multi_asset
from rostrum.definitions.assets.observable import observable_source_asset
from rostrum.definitions.assets.ports import AssetOut
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.executors import multiprocess_executor
from rostrum.definitions.ops.jobs import define_asset_job
from rostrum.definitions.ops.ops import op
from rostrum.model.assets import AssetKey
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.manifest_parts import decode_manifest, encode_manifest
from rostrum.model.plans import FromAsset, FromStep
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import build_plan, planned


@op
def plus(x): ...


@asset
def up(): ...


@graph_multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, can_subset=True)
def pair(up):
    first = plus(up)
    return {"a": first, "b": plus.alias("second")(first)}


@asset
def below(b): ...


@observable_source_asset
def seen():
    return DataVersion("1")


RESOLVED = Definitions(
    assets=[below, pair, up, seen],
    jobs=[
        define_asset_job("look", selection="seen"),
        define_asset_job("apart", selection="a", executor_def=multiprocess_executor),
    ],
).resolved()
MANIFEST = RESOLVED.manifest


def plan_of(job: str, *keys: str):
    """Steps by key."""
    target = RunTarget(location="here", job=job, asset_selection=tuple(AssetKey(key) for key in keys))
    return {step.key: step for step in build_plan(MANIFEST, target, RESOLVED.graph).steps}


def test_the_manifest_tells_what_a_run_can_do():
    assert decode_manifest(encode_manifest(MANIFEST)) == MANIFEST
    assert {str(node.key): node.execution for node in MANIFEST.assets} == {
        "below": "materialize",
        "a": "materialize",
        "b": "materialize",
        "up": "materialize",
        "seen": "observe",
    }
    assert {node.name: node.graph for node in MANIFEST.ops if node.graph} == {"pair": "pair"}


def test_steps_of_a_graph():
    steps = plan_of(ASSET_JOB)
    assert list(steps) == ["up", "pair.plus", "pair.second", "below"]
    first, second = steps["pair.plus"], steps["pair.second"]
    assert first.inputs[0].sources == (FromAsset(AssetKey("up")),)
    assert second.inputs[0].sources == (FromStep("pair.plus"),)
    assert (first.asset_keys, second.asset_keys) == ((AssetKey("a"),), (AssetKey("b"),))
    assert (first.part_of, first.asset_outputs) == ("pair", {"result": "a"})
    assert first.upstream == ("up",)
    assert set(steps["below"].upstream) == {"pair.plus", "pair.second"}


@pytest.mark.parametrize(("wanted", "steps"), [("a", ["pair.plus"]), ("b", ["pair.plus", "pair.second"])])
def test_a_part_of_a_graph_takes_what_it_needs(wanted: str, steps: list[str]):
    assert list(plan_of(ASSET_JOB, wanted)) == steps


def test_what_is_observed_is_asked_for_by_key_or_alone():
    assert list(plan_of("look")) == ["seen"]
    assert list(plan_of(ASSET_JOB, "seen")) == ["seen"]
    assert "seen" not in plan_of(ASSET_JOB)


def test_what_is_observed_is_not_planned_as_made():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    (event,) = planned(RESOLVED.graph, [AssetKey("seen"), AssetKey("up")], [], [], now)
    assert event.asset_keys == (AssetKey("up"),)
    assert planned(RESOLVED.graph, [AssetKey("seen")], [], [], now) == []
