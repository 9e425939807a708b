"""Composing graphs of ops."""

from __future__ import annotations

import pytest

from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.graphs import GraphOut
from rostrum.definitions.ops.jobs import graph, job
from rostrum.definitions.ops.ops import In, Nothing, Out, op
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.model.errors import DefinitionError
from rostrum.model.manifest import Edge
from rostrum.model.plans import Step
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import build_plan


@op
def one() -> int:
    return 1


@op
def add(xs, n: int = 0): ...


@op(out={"x": Out(int), "y": Out(is_required=False)})
def split(): ...


@op(ins={"start": In(Nothing)})
def after(): ...


def steps_of(definition) -> dict[str, Step]:
    manifest = Definitions(jobs=[definition]).manifest()
    return {step.key: step for step in build_plan(manifest, RunTarget("here", definition.name)).steps}


def test_calls_outside_of_a_graph_are_calls():
    assert one() == 1


def test_repeated_ops_get_numbers_and_aliases_names():
    @job
    def j():
        add([one(), one(), one.alias("uno")()])

    assert set(steps_of(j)) == {"one", "one_2", "uno", "add"}
    assert j.graph.nodes["add"].inputs["xs"] == (Edge("one"), Edge("one_2"), Edge("uno"))


def test_several_outputs_by_name_and_unpacked():
    @job
    def j():
        x, _ = split()
        add(x)
        add(split().y)

    nodes = j.graph.nodes
    assert nodes["add"].inputs["xs"] == (Edge("split", "x"),)
    assert nodes["add_2"].inputs["xs"] == (Edge("split_2", "y"),)


def test_order_without_values():
    @job
    def j():
        after(start=[one(), one()])

    assert steps_of(j)["after"].upstream == ("one", "one_2")


def test_graphs_in_graphs():
    @graph
    def inner(v):
        return add(v)

    @graph(out={"p": GraphOut(), "q": GraphOut()})
    def two():
        return {"p": inner(one()), "q": one()}

    @job
    def j():
        p, _ = two()
        add(p)

    steps = steps_of(j)
    assert set(steps) == {"two.one", "two.inner.add", "two.one_2", "add"}
    assert steps["add"].upstream == ("two.inner.add",)
    assert two.to_job("again").name == "again"


def test_settings_of_a_use():
    @job(op_retry_policy=RetryPolicy(1))
    def j():
        one.with_retry_policy(RetryPolicy(4)).alias("patient")()
        one.tag({"k": "v"})()

    steps = steps_of(j)
    assert steps["patient"].retry_policy.max_retries == 4
    assert steps["one"].retry_policy.max_retries == 1
    assert steps["one"].tags == {"k": "v"}


def broken(body):
    with pytest.raises(DefinitionError) as caught:
        job(name="j")(body)
    assert "test_graphs.py:" in str(caught.value)
    return str(caught.value)


def test_mistakes_name_their_place():
    assert "Constants" in broken(lambda: add(3))
    assert "no input 'zs'" in broken(lambda: add(zs=one()))
    assert "takes 0 inputs" in broken(lambda: one(one()))
    assert "twice" in broken(lambda: add(one(), xs=one()))
    assert "conditions belong" in broken(lambda: 1 if one() else 2)
    assert "several outs" in broken(lambda: list(one()))
    assert "choose one by name" in broken(lambda: add(split()))
    assert "used twice" in broken(lambda: (one.alias("a")(), one.alias("a")()))


def test_a_dict_needs_declared_outputs():
    with pytest.raises(DefinitionError, match="GraphOut"):

        @graph
        def g():
            return {"p": one()}

    with pytest.raises(DefinitionError, match="declares the outputs"):

        @graph(out={"p": GraphOut()})
        def h():
            return {"q": one()}


def test_names_that_are_reserved():
    for name in ("input", "conf", "class", "a-b", ""):
        with pytest.raises(DefinitionError):
            op(name=name or "-")(lambda: None)


def test_an_input_must_be_a_parameter():
    with pytest.raises(DefinitionError, match="not a parameter"):

        @op(ins={"x": In(int)})
        def wrong(): ...


def test_two_ops_of_one_name():
    def make():
        @op(name="same")
        def made(): ...

        return made

    first, second = make(), make()

    with pytest.raises(DefinitionError, match="rename"):

        @job
        def j():
            first()
            second.alias("other")()

    @job
    def one():
        first()

    @job
    def two():
        second()

    with pytest.raises(DefinitionError, match="rename"):
        Definitions(jobs=[one, two]).manifest()
