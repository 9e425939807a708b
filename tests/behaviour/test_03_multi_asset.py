"""Section 3: `@multi_asset`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._check import CheckError

A, B, C = dg.AssetKey("a"), dg.AssetKey("b"), dg.AssetKey("c")


def run(*assets: Any, **options: Any) -> Any:
    """Make assets in memory, whatever happens."""
    return dg.materialize_to_memory(list(assets), raise_on_error=False, **options)


def made(result: Any) -> list[dg.AssetKey]:
    """Keys of the assets that were made, in order."""
    return [event.asset_key for event in result.events if event.kind == "asset_materialized"]


class TestOuts:
    def test_either_outs_or_specs(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="either specs or outs"):

            @dg.multi_asset(outs={"a": dg.AssetOut()}, specs=[dg.AssetSpec("b")])
            def _both() -> None: ...

    def test_values_in_a_tuple(self) -> None:
        @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut(key_prefix="p")})
        def pair() -> tuple[int, int]:
            return 1, 2

        @dg.asset(ins={"x": dg.AssetIn(key=["p", "b"])})
        def below(a: int, x: int) -> int:
            return a + x

        result = run(pair, below)
        assert made(result)[:2] == [A, dg.AssetKey(["p", "b"])]
        assert result.output_for_node("below") == 3
        assert result.output_for_node("pair", "b") == 2

    def test_yielded_outputs_by_name(self) -> None:
        @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut(is_required=False)})
        def pair() -> Iterator[Any]:
            yield dg.Output(1, output_name="a")

        result = run(pair)
        assert result.success
        assert made(result) == [A]

    def test_an_out_of_a_spec(self) -> None:
        out = dg.AssetOut.from_spec(dg.AssetSpec("x", group_name="g", kinds={"k"}), io_manager_key="m")

        @dg.multi_asset(outs={"o": out})
        def pair() -> int:
            return 1

        assert pair.key == dg.AssetKey("x")
        assert set(pair.get_asset_spec().kinds) == {"k"}
        assert pair.required_resource_keys == {"m"}

    def test_internal_dependencies(self) -> None:
        @dg.multi_asset(
            outs={"a": dg.AssetOut(), "b": dg.AssetOut()}, internal_asset_deps={"a": {dg.AssetKey("up")}, "b": {A}}
        )
        def pair(up: int) -> Any: ...

        assert pair.asset_deps == {A: {dg.AssetKey("up")}, B: {A}}

    def test_internal_dependencies_of_an_unknown_out(self) -> None:
        with pytest.raises(CheckError, match="nope"):

            @dg.multi_asset(outs={"a": dg.AssetOut()}, internal_asset_deps={"nope": {A}})
            def _pair() -> Any: ...

    @pytest.mark.parametrize(
        "options",
        [{"specs": [dg.AssetSpec("a", group_name="x")]}, {"outs": {"a": dg.AssetOut(group_name="x")}}],
        ids=["specs", "outs"],
    )
    def test_groups_at_one_place_only(self, options: dict[str, Any]) -> None:
        with pytest.raises(CheckError, match="group"):

            @dg.multi_asset(group_name="g", **options)
            def _pair() -> Any: ...


class TestSpecs:
    def test_nothing_goes_through_io(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
        def pair() -> None: ...

        assert pair.required_resource_keys == frozenset()

    def test_returning_nothing_makes_all_required(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b"), dg.AssetSpec("c", skippable=True)])
        def three():  # type: ignore[no-untyped-def]
            return None

        assert made(run(three)) == [A, B]

    def test_required_ones_are_completed(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b"), dg.AssetSpec("c", skippable=True)])
        def three() -> Iterator[Any]:
            yield dg.MaterializeResult(asset_key="b", metadata={"n": 1})

        assert made(run(three)) == [B, A]

    def test_a_tuple_of_results(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
        def pair() -> tuple[dg.MaterializeResult, dg.MaterializeResult]:
            return dg.MaterializeResult(asset_key="a"), dg.MaterializeResult(asset_key="b")

        assert made(run(pair)) == [A, B]

    def test_a_list_of_results_fails(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
        def pair() -> Any:
            return [dg.MaterializeResult(asset_key="a"), dg.MaterializeResult(asset_key="b")]

        with pytest.raises(dg.DagsterInvariantViolationError, match="tuple"):
            dg.materialize([pair])

    def test_differs_a_single_result_with_its_key_is_taken(self) -> None:
        """In Dagster a single returned MaterializeResult of a function with several assets fails, with an error about
        the length of a tuple. Ours takes it for the asset that it names, and completes the others.
        """

        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
        def pair() -> Any:
            return dg.MaterializeResult(asset_key="b")

        assert made(run(pair)) == [B, A]

    def test_row_38_a_result_without_a_key(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
        def pair() -> Iterator[Any]:
            yield dg.MaterializeResult()

        with pytest.raises(dg.DagsterInvariantViolationError, match="one of a, b"):
            dg.materialize([pair])

    def test_dependencies_on_siblings(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b", deps=["a"])])
        def pair() -> None: ...

        assert run(pair).success
        assert pair.asset_deps == {A: frozenset(), B: {A}}

    def test_dependencies_of_the_decorator_are_everyones(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")], deps=["up"])
        def pair() -> None: ...

        assert pair.dependency_keys == {dg.AssetKey("up")}


class TestSubsets:
    def test_row_44_a_part_of_what_is_made_together(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
        def pair() -> None: ...

        defs = dg.Definitions(assets=[pair], jobs=[dg.define_asset_job("part", selection=["a"])])
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="together") as raised:
            defs.resolve_job_def("part")
        assert isinstance(raised.value.__cause__, dg.DagsterInvalidSubsetError)

    def test_specs_need_nothing_special(self) -> None:
        seen: dict[str, Any] = {}

        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b"), dg.AssetSpec("c")], can_subset=True)
        def three(context: dg.AssetExecutionContext) -> Iterator[Any]:
            seen["keys"] = context.selected_asset_keys
            seen["subset"] = context.is_subset
            seen["checks"] = context.selected_asset_check_keys
            seen["outputs"] = set(context.op_execution_context.selected_output_names)
            for key in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=key)

        result = run(three, selection=["a", "c"])
        assert set(made(result)) == {A, C}
        assert seen == {"keys": {A, C}, "subset": True, "checks": set(), "outputs": {"a", "c"}}
        assert set(made(run(three))) == {A, B, C}
        assert seen["subset"] is False

    def test_the_key_of_the_only_selected_one(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")], can_subset=True)
        def pair(context: dg.AssetExecutionContext) -> Iterator[Any]:
            yield dg.MaterializeResult(asset_key=context.asset_key)

        assert made(run(pair, selection=["b"])) == [B]

    def test_optional_outs(self) -> None:
        outs = {"a": dg.AssetOut(is_required=False), "b": dg.AssetOut(is_required=False)}

        @dg.multi_asset(outs=outs, can_subset=True)
        def pair(context: dg.AssetExecutionContext) -> Iterator[Any]:
            for name in sorted(context.op_execution_context.selected_output_names):
                yield dg.Output(1, output_name=name)

        assert made(run(pair, selection=["b"])) == [B]

    def test_differs_required_outs_that_are_not_selected_are_not_missed(self) -> None:
        """Dagster fails a step that does not yield a required out which was not selected. Ours misses only what was
        selected.
        """

        @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()}, can_subset=True)
        def pair(context: dg.AssetExecutionContext) -> Iterator[Any]:
            for name in sorted(context.op_execution_context.selected_output_names):
                yield dg.Output(1, output_name=name)

        assert made(run(pair, selection=["b"])) == [B]
