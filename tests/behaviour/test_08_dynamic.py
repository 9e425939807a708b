"""Section 8: dynamic outputs."""

from __future__ import annotations

import dagster as dg
import pytest


@dg.op(out=dg.DynamicOut())
def three():
    for i in range(3):
        yield dg.DynamicOutput(i, mapping_key=f"k{i}")


@dg.op(out=dg.DynamicOut())
def none():
    if False:
        yield dg.DynamicOutput(0, mapping_key="never")


@dg.op
def sq(x):
    return x * x


@dg.op
def total(xs):
    return sum(xs)


def test_map_and_collect():
    @dg.job
    def j():
        total(three().map(sq).collect())

    result = j.execute_in_process()
    assert result.output_for_node("total") == 5


def test_steps_have_the_mapping_key_and_outputs_are_a_dict():
    @dg.job
    def j():
        three().map(sq)

    result = j.execute_in_process()
    assert {event.step_key for event in result.get_step_success_events()} == {"three", "sq[k0]", "sq[k1]", "sq[k2]"}
    assert result.output_for_node("sq") == {"k0": 0, "k1": 1, "k2": 4}
    assert result.output_for_node("three") == {"k0": 0, "k1": 1, "k2": 2}


def test_a_list_of_dynamic_outputs_may_be_returned():
    @dg.op(out=dg.DynamicOut(int))
    def listed():
        return [dg.DynamicOutput(1, mapping_key="a"), dg.DynamicOutput(2, mapping_key="b")]

    @dg.job
    def j():
        total(listed().map(sq).collect())

    assert j.execute_in_process().output_for_node("total") == 5


@pytest.mark.parametrize("key", ["a-b", "a b", "a.b", "", "a/b"])
def test_mapping_keys_follow_the_name_rule(key):
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.DynamicOutput(1, mapping_key=key)


def test_duplicate_mapping_keys_fail():
    @dg.op(out=dg.DynamicOut())
    def twice():
        yield dg.DynamicOutput(1, mapping_key="a")
        yield dg.DynamicOutput(2, mapping_key="a")

    @dg.job
    def j():
        twice().map(sq)

    with pytest.raises(dg.DagsterInvariantViolationError):
        j.execute_in_process()


def test_no_items():
    @dg.job
    def j():
        total(none().map(sq).collect())

    result = j.execute_in_process()
    assert result.success
    assert {event.step_key for event in result.get_step_success_events()} == {"none", "total"}
    assert result.output_for_node("total") == 0


def test_row_33_direct_use_is_an_error():
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="must be unpacked by invoking map or collect"):

        @dg.job
        def j():
            sq(three())


def test_collect_without_map():
    @dg.job
    def j():
        total(three().collect())

    assert j.execute_in_process().output_for_node("total") == 3


def test_chains_of_mapped_steps_and_lambdas():
    @dg.op
    def add(x, y):
        return x + y

    @dg.op
    def ten():
        return 10

    @dg.job
    def j():
        base = ten()
        chained = three().map(lambda item: add(sq(item), base))
        total(chained.map(sq.alias("again")).collect())

    result = j.execute_in_process()
    assert result.output_for_node("add") == {"k0": 10, "k1": 11, "k2": 14}
    assert result.output_for_node("total") == 100 + 121 + 196


def test_mapped_graphs():
    @dg.graph
    def inner(x):
        return sq(sq.alias("first")(x))

    @dg.job
    def j():
        total(three().map(inner).collect())

    result = j.execute_in_process()
    assert result.output_for_node("inner.sq") == {"k0": 0, "k1": 1, "k2": 16}
    assert result.output_for_node("total") == 17


def test_dynamic_outputs_of_graphs():
    @dg.graph
    def outer():
        return three()

    @dg.graph
    def mapped():
        return three.alias("more")().map(sq)

    @dg.job
    def j():
        total(outer().map(sq.alias("own")).collect())
        total.alias("of_mapped")(mapped().collect())

    result = j.execute_in_process()
    assert result.output_for_node("total") == 5
    assert result.output_for_node("of_mapped") == 5


def test_several_dynamic_outs_and_a_plain_one():
    @dg.op(out={"a": dg.DynamicOut(), "b": dg.DynamicOut(), "c": dg.Out()})
    def several():
        yield dg.DynamicOutput(1, mapping_key="x", output_name="a")
        yield dg.DynamicOutput(2, mapping_key="x", output_name="b")
        yield dg.DynamicOutput(3, mapping_key="y", output_name="b")
        yield dg.Output(4, "c")

    @dg.job
    def j():
        a, b, c = several()
        total(a.collect())
        total.alias("total_b")(b.map(sq.alias("sq_b")).collect())
        sq(c)

    result = j.execute_in_process()
    assert result.output_for_node("total") == 1
    assert result.output_for_node("total_b") == 13
    assert result.output_for_node("sq") == 16


def test_nothing_inputs_order_after_all_items():
    order = []

    @dg.op
    def noted(x):
        order.append(x)

    @dg.op(ins={"start": dg.In(dg.Nothing)})
    def last():
        order.append("last")

    @dg.job
    def j():
        last(start=three().map(noted).collect())

    j.execute_in_process()
    assert sorted(order[:3]) == [0, 1, 2]
    assert order[3] == "last"


def test_a_failed_item_blocks_only_what_collects():
    @dg.op
    def fails_at_one(x):
        if x == 1:
            raise ValueError("one")
        return x

    @dg.job
    def j():
        total(three().map(fails_at_one).collect())

    result = j.execute_in_process(raise_on_error=False)
    assert not result.success
    assert result.get_failed_step_keys() == {"fails_at_one[k1]"}
    assert result.output_for_node("fails_at_one") == {"k0": 0, "k2": 2}
    assert result.is_node_untouched("total")


def test_skipped_items_are_left_out_of_the_list():
    @dg.op(out=dg.Out(is_required=False))
    def odd(x):
        if x % 2:
            yield dg.Output(x)

    @dg.job
    def j():
        total(three().map(odd).collect())

    assert j.execute_in_process().output_for_node("total") == 1


def test_differs_items_of_items():
    """The peer accepts the definition and cannot run it; here each item may have items of its own."""

    @dg.op(out=dg.DynamicOut())
    def upto(n):
        for i in range(n):
            yield dg.DynamicOutput(i, mapping_key=f"i{i}")

    @dg.job
    def j():
        three().map(lambda n: upto(n).map(sq))

    result = j.execute_in_process()
    assert {event.step_key for event in result.get_step_success_events()} >= {"sq[k1][i0]", "sq[k2][i0]", "sq[k2][i1]"}
    assert result.output_for_node("sq") == {"k1/i0": 0, "k2/i0": 0, "k2/i1": 1}


def test_config_and_mapping_key_of_mapped_steps():
    @dg.op(config_schema={"plus": int})
    def plus(context, x):
        return (context.get_mapping_key(), x + context.op_config["plus"])

    @dg.job
    def j():
        three().map(plus)

    result = j.execute_in_process(run_config={"ops": {"plus": {"config": {"plus": 5}}}})
    assert result.output_for_node("plus") == {"k0": ("k0", 5), "k1": ("k1", 6), "k2": ("k2", 7)}


def test_output_metadata_by_mapping_key():
    @dg.op(out=dg.DynamicOut())
    def told(context):
        context.add_output_metadata({"n": 1}, mapping_key="a")
        yield dg.DynamicOutput(1, mapping_key="a", metadata={"own": 2})

    @dg.job
    def j():
        told().map(sq)

    assert j.execute_in_process().success


def test_annotations_of_items():
    @dg.op(out=dg.DynamicOut())
    def listed() -> list[dg.DynamicOutput[int]]:
        return [dg.DynamicOutput("text", mapping_key="a")]  # type: ignore[list-item]

    @dg.op(out=dg.DynamicOut(int))
    def typed() -> list[dg.DynamicOutput[int]]:
        return [dg.DynamicOutput(1, mapping_key="a")]

    @dg.job
    def wrong():
        listed().map(sq)

    @dg.job
    def right():
        typed().map(sq)

    assert right.execute_in_process().output_for_node("sq") == {"a": 1}
    with pytest.raises(dg.DagsterTypeCheckDidNotPass):
        wrong.execute_in_process()


def test_plain_values_for_a_dynamic_output_fail():
    @dg.op(out=dg.DynamicOut())
    def plain():
        return 1

    @dg.op(out=dg.DynamicOut())
    def wrong_kind():
        yield dg.Output(1)

    for each in (plain, wrong_kind):

        @dg.job
        def j():
            each().map(sq)  # noqa: B023

        with pytest.raises(dg.DagsterInvariantViolationError):
            j.execute_in_process()


def test_the_graph_of_the_job_shows_the_step_that_stands_for_all():
    @dg.job
    def j():
        total(three().map(sq).collect())

    manifest = dg.Definitions(jobs=[j]).manifest()
    (graph,) = manifest.graphs
    nodes = {node.name: node for node in graph.nodes}
    assert nodes["sq"].inputs["x"][0].collect == "map"
    assert nodes["total"].inputs["xs"][0].collect == "collect"
