"""Section 1: asset keys."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._check import CheckError


def test_the_constructor_takes_one_segment_or_several() -> None:
    assert dg.AssetKey("a/b").path == ["a/b"]
    assert dg.AssetKey(["a", "b"]).path == ["a", "b"]
    assert dg.AssetKey(("a", "b")).parts == ("a", "b")


def test_user_strings_split_and_constructors_do_not() -> None:
    assert dg.AssetKey(["a", "b"]).to_user_string() == "a/b"
    assert dg.AssetKey.from_user_string("a/b") == dg.AssetKey(["a", "b"])
    assert dg.AssetKey.from_coercible("a/b") == dg.AssetKey(["a/b"])
    assert dg.AssetKey.from_coercible(["a", "b"]) == dg.AssetKey(["a", "b"])
    assert dg.AssetKey.from_coercible(dg.AssetKey("a")) == dg.AssetKey("a")


def test_user_strings_have_no_escapes() -> None:
    assert dg.AssetKey(["a/b", "c"]).to_user_string() == "a/b/c"
    assert dg.AssetKey.from_user_string("a\\/b").path == ["a\\", "b"]


def test_to_string_is_a_json_list() -> None:
    assert dg.AssetKey(["a", "b"]).to_string() == '["a", "b"]'
    assert dg.AssetKey.from_db_string('["a", "b"]') == dg.AssetKey(["a", "b"])


def test_path_is_a_list_and_parts_a_tuple() -> None:
    key = dg.AssetKey(["a", "b"])
    assert type(key.path) is list
    assert type(key.parts) is tuple


def test_an_empty_key_is_accepted() -> None:
    assert dg.AssetKey([]).path == []


def test_keys_equal_only_keys() -> None:
    assert dg.AssetKey("a") == dg.AssetKey(["a"])
    assert (dg.AssetKey("a") == "a") is False


def test_keys_are_hashable_and_ordered() -> None:
    keys = {dg.AssetKey("b"), dg.AssetKey("a"), dg.AssetKey(["a"])}
    assert [key.path for key in sorted(keys)] == [["a"], ["b"]]


def test_prefixes() -> None:
    key = dg.AssetKey("b").with_prefix("a")
    assert key == dg.AssetKey(["a", "b"])
    assert key.with_prefix(["x", "y"]).path == ["x", "y", "a", "b"]
    assert key.has_prefix(["a"])
    assert not key.has_prefix(["b"])


def test_python_identifiers() -> None:
    assert dg.AssetKey(["a-b", "c.d"]).to_python_identifier() == "a_b__c_d"
    assert dg.AssetKey(["a"]).to_python_identifier("x") == "a__x"


def test_segments_are_text() -> None:
    with pytest.raises(CheckError, match="segment"):
        dg.AssetKey([1])  # type: ignore[list-item]


def test_segments_may_be_given_as_path() -> None:
    assert dg.AssetKey(path=["a", "b"]) == dg.AssetKey(["a", "b"])
    assert dg.AssetKey(path="a") == dg.AssetKey("a")
