"""Where steps go, which of them share a worker, and how long values are wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.manifest import OpNode
from rostrum.model.plans import ISOLATIONS, Step
from rostrum.planning.placement import Chains, Readers, isolation_of, placed, shares

PLACES = st.sampled_from((None, *ISOLATIONS))


@st.composite
def plans(draw: st.DrawFn) -> list[Step]:
    """Steps in an order in which each comes after its upstream ones; some upstream are of an earlier run."""
    steps: list[Step] = []
    for number in range(draw(st.integers(1, 12))):
        above = draw(st.sets(st.sampled_from([*(step.key for step in steps), "before"]), max_size=3))
        mapped = (("source", "result"),) if draw(st.integers(0, 9)) == 0 else ()
        key = f"s{number}"
        steps.append(Step(key, key, upstream=tuple(sorted(above)), isolation=draw(PLACES), mapped_over=mapped))
    return steps


def names(*edges: tuple[str, ...]) -> list[Step]:
    return [Step(name, name, upstream=above) for name, *above in edges]  # type: ignore[arg-type]


def chains(steps: list[Step], default: str) -> dict[str, str]:
    found = Chains(steps, default)
    after = {step.key: found.after(step.key) for step in steps}
    assert bool(found) is any(after.values())
    return {key: following for key, following in after.items() if following is not None}


def test_a_line_of_steps_is_a_chain():
    assert chains(names(("a",), ("b", "a"), ("c", "b")), "process") == {"a": "b", "b": "c"}


def test_steps_for_the_same_items_are_chains():
    over = (("items", "result"),)
    steps = [
        Step("items", "items"),
        Step("f", "f", upstream=("items",), mapped_over=over),
        Step("g", "g", upstream=("f",), mapped_over=over),
        Step("all", "all", upstream=("g",)),
    ]
    assert chains(steps, "process") == {"f": "g"}
    assert Chains(steps).after("f[k0]") == "g[k0]"
    assert Chains(steps).after("g[k0]") is None


def test_a_fork_and_a_join_end_a_chain():
    steps = names(("a",), ("b", "a"), ("c", "a"), ("d", "b", "c"), ("e", "d"))
    assert chains(steps, "process") == {"d": "e"}


def test_steps_that_share_a_process_anyway_are_in_no_chain():
    assert chains(names(("a",), ("b", "a")), "thread") == {}


@given(plans(), st.sampled_from(ISOLATIONS))
def test_chains_are_lines_of_steps_that_wait_for_each_other_alone(steps: list[Step], default: str):
    by_key = {step.key: step for step in steps}
    found = chains(steps, default)
    assert len(set(found.values())) == len(found), "nobody goes on in two workers"
    for above, below in found.items():
        step = by_key[below]
        assert [up for up in step.upstream if up in by_key] == [above]
        assert [each.key for each in steps if above in each.upstream] == [below]
        assert isolation_of(step, default) == isolation_of(by_key[above], default)
        assert not shares(step, default)
        assert step.mapped_over == by_key[above].mapped_over


@given(plans(), st.sampled_from(ISOLATIONS), st.randoms(use_true_random=False))
def test_a_value_is_wanted_until_its_last_reader_has_ended(steps: list[Step], default: str, random):  # type: ignore[no-untyped-def]
    readers = Readers(steps, default)
    readers.add(steps)  # known twice: as when more of a step becomes known
    inside = {step.key: set(step.upstream) for step in steps if shares(step, default) and not step.mapped_over}
    order = [step.key for step in steps]
    random.shuffle(order)
    gone: set[str] = set()
    for key in order:
        gone.update(readers.ended(key))
        inside.pop(key, None)
        wanted = {above for upstream in inside.values() for above in upstream}
        assert not gone & wanted
        assert all(readers.wants(above) for above in wanted)
    assert not any(readers.wants(step.key) for step in steps)


def test_tags_of_the_graph_come_before_what_the_op_says():
    op = OpNode("f", isolation="thread", timeout_seconds=3.0)
    assert placed(op, {}) == ("thread", 3.0)
    assert placed(op, {"rostrum/isolation": "process", "rostrum/timeout": "1.5"}) == ("process", 1.5)
