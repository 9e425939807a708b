"""Ops made by the constructor, and what the parameter of the context may be called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest


@dg.op
def one() -> int:
    return 1


@dg.op
def two() -> int:
    return 2


def test_a_function_of_context_and_all_inputs() -> None:
    def add(_context: Any, inputs: dict[str, int]) -> Iterator[dg.Output[int]]:
        yield dg.Output(inputs["left"] + inputs["right"])

    added = dg.OpDefinition(
        name="added",
        ins={"left": dg.In(int), "right": dg.In(int)},
        outs={"result": dg.Out(int)},
        compute_fn=add,
    )

    @dg.job
    def job() -> None:
        added(one(), right=two())

    assert list(added.ins) == ["left", "right"]
    assert job.execute_in_process().output_for_node("added") == 3


def test_a_function_of_no_inputs() -> None:
    def made(context: Any, inputs: Any) -> int:
        assert inputs == {}
        return len(context.op_def.ins)

    op = dg.OpDefinition(compute_fn=made, name="made")

    @dg.job
    def job() -> None:
        op()

    assert job.execute_in_process().output_for_node("made") == 0


def test_several_outputs() -> None:
    def split(_context: Any, inputs: Any) -> Iterator[dg.Output[int]]:
        yield dg.Output(inputs["n"], "same")
        yield dg.Output(-inputs["n"], "other")

    op = dg.OpDefinition(
        split, "split", ins={"n": dg.In(int)}, outs={"same": dg.Out(int), "other": dg.Out(int, is_required=False)}
    )

    @dg.job
    def job() -> None:
        op(two())

    result = job.execute_in_process()
    assert (result.output_for_node("split", "same"), result.output_for_node("split", "other")) == (2, -2)


def test_a_function_of_inputs_by_name() -> None:
    def add(context: Any, left: int) -> int:
        return left + 1

    op = dg.OpDefinition(add, "added", ins={"left": dg.In(int)})

    @dg.job
    def job() -> None:
        op(two())

    assert job.execute_in_process().output_for_node("added") == 3


def of_context(name: str) -> Any:
    """A function whose first parameter has that name."""
    made: dict[str, Any] = {}
    exec(f"def told({name}):\n    return type({name}).__name__", made)
    return made["told"]


@pytest.mark.parametrize("name", ["context", "_context", "context_", "_"])
def test_names_of_the_context(name: str) -> None:
    op, asset = dg.op(of_context(name)), dg.asset(of_context(name))

    @dg.job
    def job() -> None:
        op()

    assert job.execute_in_process().output_for_node("told") == "OpExecutionContext"
    assert dg.materialize([asset]).output_for_node("told") == "AssetExecutionContext"
    assert op(dg.build_op_context()).endswith("Context")


def test_a_check_may_leave_its_context_unused() -> None:
    @dg.asset
    def made() -> int:
        return 1

    @dg.asset_check(asset=made)
    def fine(_context: dg.AssetCheckExecutionContext, made: int) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=made == 1)

    result = dg.materialize([made, fine])
    assert result.get_asset_check_evaluations()[0].passed
