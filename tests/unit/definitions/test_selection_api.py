"""`AssetSelection` in code."""

from __future__ import annotations

import pytest

from rostrum.definitions.assets.decorator import asset
from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.checks.definition import asset_check
from rostrum.definitions.location.definitions import Definitions
from rostrum.model.errors import ArgumentError, SubsetError


@asset(group_name="g", kinds={"sql"}, tags={"t": "v"}, owners=["team:x"], deps=["src"])
def a(): ...


@asset(key=["p", "b"], deps=[a])
def b(): ...


@asset_check(asset=a)
def ok(): ...


GRAPH = Definitions(assets=[a, b, AssetSpec("src")], asset_checks=[ok]).resolved().graph
A = AssetSelection


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (A.all(), "a p/b"),
        (A.all(include_sources=True), "a p/b src"),
        (A.assets(a, "p/b"), "a p/b"),
        (A.keys(["p", "b"]), "p/b"),
        (A.groups("g", "default", include_sources=True), "a p/b src"),
        (A.kind("sql"), "a"),
        (A.tag("t", "v"), "a"),
        (A.owner("team:x"), "a"),
        (A.key_prefixes("p"), "p/b"),
        (A.key_substring("/"), "p/b"),
        (A.assets(a).downstream(), "a p/b"),
        (A.assets(a).downstream(include_self=False), "p/b"),
        (A.assets(b).upstream(), "a p/b"),
        (A.all() - A.assets(a), "p/b"),
        (A.assets(a) | A.assets(b), "a p/b"),
        (A.all() & A.kind("sql"), "a"),
        (A.all().roots(), "a"),
        (A.all().sinks(), "p/b"),
        (A.from_coercible(["a", b]), "a p/b"),
        (A.from_coercible("a+"), "a p/b"),
        (A.checks(ok), ""),
    ],
)
def test_what_is_selected(selection: AssetSelection, expected: str):
    assert " ".join(sorted(str(key) for key in selection.resolve(GRAPH))) == expected
    assert str(selection)


def test_checks_come_with_their_assets_unless_left_out():
    assert len(A.assets(a).resolve_checks(GRAPH)) == 1
    assert not A.assets(a).without_checks().resolve_checks(GRAPH)
    assert len(A.checks(ok).resolve_checks(GRAPH)) == 1
    assert not A.assets(b).resolve_checks(GRAPH)


def test_what_is_no_selection():
    with pytest.raises(ArgumentError):
        A.from_coercible(3)


def test_lists_may_be_as_long_as_they_like():
    """Thousands of texts, keys or checks are no deep tree."""
    many = [a, b, *(f"nothing_{number}" for number in range(3000))]
    selection = A.from_coercible(many)
    assert {str(key) for key in selection.resolve(GRAPH, allow_missing=True)} == {"a", "p/b"}
    with pytest.raises(SubsetError, match="'nothing_9' and 2990 others were selected"):
        selection.resolve(GRAPH)
    assert len(A.from_coercible([a, b, *[ok] * 3000]).resolve_checks(GRAPH)) == 1
    assert A.from_coercible([a.key, b.key]) == A.assets(a, b)


def test_a_part_of_a_list_without_checks_has_none():
    both = A.from_coercible([A.assets(a).without_checks(), A.assets(b)])
    assert {str(key) for key in both.resolve(GRAPH)} == {"a", "p/b"}
    assert not both.resolve_checks(GRAPH)
