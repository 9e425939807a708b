"""Section 4: assets made by graphs of ops."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest


@dg.op
def one() -> int:
    return 1


@dg.op
def plus(x: int) -> int:
    return x + 1


@dg.asset
def up() -> int:
    return 5


def steps(result: Any) -> list[str]:
    """Steps that ran, in order."""
    return [event.step_key for event in result.events if event.kind == "step_started"]


def made(result: Any) -> list[tuple[str, str]]:
    """Step and asset of each materialisation."""
    return [(event.step_key, str(event.asset_key)) for event in result.events if event.kind == "asset_materialized"]


def test_steps_are_named_below_the_asset() -> None:
    @dg.graph_asset
    def ga():  # type: ignore[no-untyped-def]
        return plus(one())

    result = dg.materialize([ga])
    assert steps(result) == ["ga.one", "ga.plus"]
    assert made(result) == [("ga.plus", "ga")]
    assert result.asset_value("ga") == 2


def test_what_is_between_is_stored_under_the_run(tmp_path: Any) -> None:
    @dg.graph_asset
    def ga():  # type: ignore[no-untyped-def]
        return plus(one())

    result = dg.materialize([ga], resources={"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))})
    assert (tmp_path / result.run_id / "ga.one" / "result").exists()
    assert (tmp_path / "ga").exists()


def test_parameters_are_upstream_assets_and_others_load_the_result() -> None:
    @dg.graph_asset
    def ga(up):  # type: ignore[no-untyped-def]
        return plus(plus.alias("first")(up))

    @dg.asset
    def below(ga: int) -> int:
        return ga * 10

    result = dg.materialize([below, ga, up])
    assert steps(result) == ["up", "ga.first", "ga.plus", "below"]
    assert result.output_for_node("below") == 70
    assert ga.dependency_keys == {up.key}


def test_names_keys_and_inputs() -> None:
    @dg.graph_asset(name="n", key_prefix="p", ins={"x": dg.AssetIn(key="up")}, group_name="g", kinds={"k"})
    def _made(x):  # type: ignore[no-untyped-def]
        return plus(x)

    @dg.graph_asset(key=["q", "m"])
    def _other():  # type: ignore[no-untyped-def]
        return one()

    assert (_made.key.path, _other.key.path) == (["p", "n"], ["q", "m"])
    assert _made.group_names_by_key == {_made.key: "g"}
    result = dg.materialize([up, _made, _other])
    assert set(made(result)) == {("up", "up"), ("p__n.plus", "p/n"), ("q__m.one", "q/m")}


def test_config_of_a_graph_asset() -> None:
    @dg.op
    def give(config: dict) -> int:  # type: ignore[type-arg]
        return int(config["n"])

    @dg.graph_asset(config={"give": {"config": {"n": 3}}})
    def ga():  # type: ignore[no-untyped-def]
        return plus(give())

    assert dg.materialize([ga]).asset_value("ga") == 4


def test_config_below_the_asset_and_the_op() -> None:
    @dg.op
    def give(config: dict) -> int:  # type: ignore[type-arg]
        return int(config["n"])

    @dg.graph_asset
    def ga():  # type: ignore[no-untyped-def]
        return plus(give())

    config = {"ops": {"ga": {"ops": {"give": {"config": {"n": 7}}}}}}
    assert dg.materialize([ga], run_config=config).asset_value("ga") == 8


def test_config_mappings() -> None:
    @dg.op
    def give(config: dict) -> int:  # type: ignore[type-arg]
        return int(config["n"])

    @dg.config_mapping(config_schema={"m": int})
    def mapped(value: Any) -> Any:
        return {"give": {"config": {"n": value["m"] + 1}}}

    @dg.graph_asset(config=mapped)
    def ga():  # type: ignore[no-untyped-def]
        return give()

    assert dg.materialize([ga], run_config={"ops": {"ga": {"config": {"m": 1}}}}).asset_value("ga") == 2


@pytest.mark.parametrize("as_tuple", [False, True])
def test_several_assets_of_one_graph(as_tuple: bool) -> None:
    @dg.graph_multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut(key_prefix="p")})
    def pair(up):  # type: ignore[no-untyped-def]
        first = plus(up)
        second = plus.alias("second")(first)
        return (first, second) if as_tuple else {"a": first, "b": second}

    result = dg.materialize([up, pair])
    assert made(result)[1:] == [("pair.plus", "a"), ("pair.second", "p/b")]
    assert result.asset_value(["p", "b"]) == 7


def test_a_part_of_a_graph() -> None:
    @dg.graph_multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()}, can_subset=True)
    def pair():  # type: ignore[no-untyped-def]
        first = one()
        return {"a": first, "b": plus(first)}

    assert steps(dg.materialize([pair], selection=["a"])) == ["pair.one"]
    assert steps(dg.materialize([pair], selection=["b"])) == ["pair.one", "pair.plus"]


def test_checks_of_a_graph_asset() -> None:
    @dg.op
    def good(x: int) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=x == 2)

    @dg.graph_asset(check_specs=[dg.AssetCheckSpec("c", asset="ga")])
    def ga():  # type: ignore[no-untyped-def]
        value = plus(one())
        return {"result": value, "ga_c": good(value)}

    result = dg.materialize([ga])
    (event,) = [event for event in result.events if event.kind == "check_evaluated"]
    assert (event.step_key, event.passed, event.check_key.name) == ("ga.good", True, "c")


def test_partitions_go_through() -> None:
    seen: list[str] = []
    part = dg.StaticPartitionsDefinition(["x", "y"])

    @dg.op
    def told(context: dg.OpExecutionContext) -> int:
        seen.append(context.partition_key)
        return 1

    @dg.graph_asset(partitions_def=part)
    def ga():  # type: ignore[no-untyped-def]
        return plus(told())

    result = dg.materialize([ga], partition_key="y")
    (event,) = [event for event in result.events if event.kind == "asset_materialized"]
    assert (event.partition_key, seen) == ("y", ["y"])


def test_a_body_that_returns_nothing_is_an_error() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="return"):

        @dg.graph_asset
        def _ga():  # type: ignore[no-untyped-def]
            one()


def test_from_op_with_keys_of_inputs_and_outputs() -> None:
    made_of = dg.AssetsDefinition.from_op(plus, keys_by_input_name={"x": up.key}, key_prefix="p")
    assert made_of.key == dg.AssetKey(["p", "plus"])
    assert dg.materialize([up, made_of]).asset_value(["p", "plus"]) == 6


def test_from_graph_with_an_unknown_output() -> None:
    @dg.graph
    def body():  # type: ignore[no-untyped-def]
        return one()

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="nope"):
        dg.AssetsDefinition.from_graph(body, keys_by_output_name={"nope": dg.AssetKey("x")})
