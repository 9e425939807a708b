"""Plans of graphs of ops: nested graphs become flat steps."""

from __future__ import annotations

from rostrum.model.manifest import (
    Edge,
    GraphInvocation,
    GraphNode,
    InputNode,
    JobNode,
    Manifest,
    OpNode,
    OutputNode,
    RetryPolicy,
)
from rostrum.model.plans import FromConfig, FromDefault, FromStep, Step
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import build_plan

ONE = OpNode("one")
ADD = OpNode("add", inputs=(InputNode("xs"),), retry_policy=RetryPolicy(2), pool="db", tags={"a": "1", "b": "1"})
AFTER = OpNode("after", inputs=(InputNode("start", nothing=True), InputNode("n", has_default=True)))


def steps_of(graph: GraphNode, *graphs: GraphNode, ops: tuple[OpNode, ...] = (ONE, ADD, AFTER)) -> dict[str, Step]:
    manifest = Manifest(ops=ops, graphs=(graph, *graphs), jobs=(JobNode("j", graph=graph.name),))
    return {step.key: step for step in build_plan(manifest, RunTarget("here", "j")).steps}


def test_fan_in_is_a_list_of_all_sources():
    graph = GraphNode(
        "g",
        nodes=(
            GraphInvocation("one", op="one"),
            GraphInvocation("one_2", op="one"),
            GraphInvocation("add", op="add", inputs={"xs": (Edge("one"), Edge("one_2"))}),
        ),
    )
    add = steps_of(graph)["add"]
    assert add.upstream == ("one", "one_2")
    assert add.inputs[0].fan_in
    assert add.inputs[0].sources == (FromStep("one"), FromStep("one_2"))


def test_a_list_of_one_is_still_a_list():
    nodes = (
        GraphInvocation("one", op="one"),
        GraphInvocation("add", op="add", inputs={"xs": (Edge("one", "result", "list"),)}),
    )
    assert steps_of(GraphNode("g", nodes=nodes))["add"].inputs[0].fan_in


def test_nested_graphs_get_dotted_keys_and_values_pass_their_borders():
    inner = GraphNode(
        "inner",
        nodes=(GraphInvocation("add", op="add", inputs={"xs": (Edge("", "x"),)}),),
        inputs=(InputNode("x"),),
        outputs={"sum": Edge("add")},
    )
    outer = GraphNode(
        "outer",
        nodes=(
            GraphInvocation("one", op="one"),
            GraphInvocation("inner", graph="inner", inputs={"x": (Edge("one"),)}),
            GraphInvocation("add", op="add", inputs={"xs": (Edge("inner", "sum"),)}),
        ),
    )
    steps = steps_of(outer, inner)
    assert set(steps) == {"one", "inner.add", "add"}
    assert steps["inner.add"].inputs[0].sources == (FromStep("one"),)
    assert steps["add"].inputs[0].sources == (FromStep("inner.add"),)


def test_an_input_that_nothing_is_connected_to_comes_from_config_or_its_default():
    steps = steps_of(GraphNode("g", nodes=(GraphInvocation("add", op="add"), GraphInvocation("after", op="after"))))
    assert steps["add"].inputs[0].sources == (FromConfig(("ops", "add", "inputs", "xs")),)
    (n,) = steps["after"].inputs
    assert n.sources == (FromConfig(("ops", "after", "inputs", "n")), FromDefault())


def test_inputs_of_the_job_come_from_config():
    graph = GraphNode(
        "g", nodes=(GraphInvocation("add", op="add", inputs={"xs": (Edge("", "x"),)}),), inputs=(InputNode("x"),)
    )
    assert steps_of(graph)["add"].inputs[0].sources == (FromConfig(("inputs", "x")),)


def test_nothing_orders_and_loads_no_value():
    nodes = (GraphInvocation("one", op="one"), GraphInvocation("after", op="after", inputs={"start": (Edge("one"),)}))
    after = steps_of(GraphNode("g", nodes=nodes))["after"]
    assert after.upstream == ("one",)
    assert [item.name for item in after.inputs] == ["n"]


def test_an_op_s_settings_reach_its_steps_and_a_use_of_it_can_change_them():
    nodes = (
        GraphInvocation("add", op="add"),
        GraphInvocation("again", op="add", retry_policy=RetryPolicy(5), tags={"b": "2"}),
    )
    steps = steps_of(GraphNode("g", nodes=nodes))
    assert steps["add"].retry_policy == RetryPolicy(2)
    assert steps["add"].pool == "db"
    assert steps["again"].retry_policy == RetryPolicy(5)
    assert steps["again"].tags == {"a": "1", "b": "2"}


def test_several_outputs_are_told_apart():
    split = OpNode("split", outputs=(OutputNode("x"), OutputNode("y")))
    nodes = (
        GraphInvocation("split", op="split"),
        GraphInvocation("add", op="add", inputs={"xs": (Edge("split", "y"),)}),
    )
    assert steps_of(GraphNode("g", nodes=nodes), ops=(split, ADD))["add"].inputs[0].sources == (FromStep("split", "y"),)
