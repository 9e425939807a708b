"""Selections: what a text selects, what is wrong with it, and that it can be printed and read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostrum.model.assets import AssetKey
from rostrum.model.errors import SelectionError, SubsetError
from rostrum.model.manifest import AssetDependency, AssetNode, Manifest
from rostrum.planning import selection as tree
from rostrum.planning.graph import AssetGraph
from rostrum.planning.selection_grammar import parse, resolve


def node(name: str, *deps: str, **options: object) -> AssetNode:
    made = {"op": name.replace("/", "__"), **options}
    return AssetNode(key=AssetKey.of(name), deps=tuple(AssetDependency(AssetKey.of(dep)) for dep in deps), **made)  # type: ignore[arg-type]


GRAPH = AssetGraph(
    Manifest(
        assets=(
            node("src", op=None),
            node("s1", "src", group="g1", kinds=("python",)),
            node("s2", "s1", group="g1", tags={"t": "", "u": "v"}, owners=("team:x",)),
            node("s3", "s2", group="g2", owners=("me@x.com",), kinds=("dbt", "sql")),
            node("p/s1", group="g2", tags={"t": "v"}),
        )
    )
)


def chosen(text: str) -> str:
    return " ".join(str(key) for key in resolve(text, GRAPH))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", "s1 s2 s3 p/s1"),
        ("s2", "s2"),
        ("p/s1", "p/s1"),
        ("s1+", "s1 s2"),  # short form: one layer a sign
        ("s1++", "s1 s2 s3"),
        ("s1*", "s1 s2 s3"),
        ("+s3", "s2 s3"),
        ("*s3", "s1 s2 s3"),
        ('key:"s1"+', "s1 s2 s3"),  # long form: no limit
        ("key:s1+1", "s1 s2"),
        ("1+key:s3", "s2 s3"),
        ("+key:s3", "s1 s2 s3"),
        ("key:s*", "src s1 s2 s3"),
        ('key:"p/*"', "p/s1"),
        ("key:nothing", ""),
        ("group:g1", "s1 s2"),
        ("kind:python", "s1"),
        ("kind:<null>", "src s2 p/s1"),
        ("tag:t", "s2"),  # the empty value only
        ("tag:t=v", "p/s1"),
        ('owner:"team:x"', "s2"),
        ('owner:"me@x.com"', "s3"),
        ("group:g1 and tag:t", "s2"),
        ("group:g1 or kind:sql", "s1 s2 s3"),
        ("not group:g1", "s3 p/s1"),
        ("NOT group:g1 AND kind:dbt", "s3"),
        ("key:s1 or key:s1 and key:s2", "s1"),
        ("roots(group:g1 or group:g2)", "s1 p/s1"),
        ("sinks(*)", "s3 p/s1"),
        ("(group:g1) and not key:s1", "s2"),
        ("roots(*)+", "s1 s2 s3 p/s1"),
    ],
)
def test_what_is_selected(text: str, expected: str):
    assert chosen(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("group:", "needs a value"),
        ("grup:x", "Did you mean 'group'"),
        ("key:*", "write `\\*`"),
        ("kind:k*", "only in `key:`"),
        ("(key:s1", "is missing"),
        ("key:s1 key:s2", "at character 8"),
        ("key:s1 and", "missing at the end"),
        ("and key:s1", "not expected"),
        ("s1+ or s2", "write|written `key:s1`"),
        ("owner:team:x", "quote"),
        ("key:s1++", "as a number"),
        ('key:"s1', "not closed"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, message: str):
    with pytest.raises(SelectionError, match=message):
        resolve(text, GRAPH)


def test_a_bare_key_must_exist():
    with pytest.raises(SubsetError, match="Did you mean 'p/s1'"):
        resolve("p/s2", GRAPH)


LEAVES = st.sampled_from(
    [
        tree.Everything(),
        tree.Keys((AssetKey(("s1",)),)),
        tree.Keys((AssetKey(("s1",)), AssetKey(("s2",)))),
        tree.Attribute("group", "g1"),
        tree.Attribute("owner", "team:x"),
        tree.Attribute("tag", "u=v"),
        tree.Attribute("key", "s*"),
    ]
)
DISTANCE = st.sampled_from([None, 0, 1, 2])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: tree.And((a, b)), inner, inner),
        st.builds(lambda a, b: tree.Or((a, b)), inner, inner),
        st.builds(tree.Not, inner),
        st.builds(tree.Minus, inner, inner),
        st.builds(tree.Around, inner, DISTANCE, DISTANCE),
        st.builds(tree.Ends, st.sampled_from(["roots", "sinks"]), inner),
    ),
    max_leaves=6,
)


@given(TREES)
def test_what_is_printed_reads_as_the_same_selection(selection: tree.Node):
    assert parse(str(selection)).resolve(GRAPH) == selection.resolve(GRAPH)
