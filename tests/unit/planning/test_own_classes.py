"""Names of what users' own classes mean: the same in each process, and of one meaning each."""

from __future__ import annotations

import pytest

from rostrum.model.errors import InvocationError
from rostrum.planning import own_classes


class Mine:
    def __init__(self, **fields: object) -> None:
        vars(self).update(fields)


def name(**fields: object) -> str:
    return own_classes.name_of(Mine(**fields), fields)


def test_attributes_are_told():
    assert name().endswith("test_own_classes.Mine")
    assert name(days=2, word="x").endswith("Mine(days=2, word='x')")


def test_sets_are_told_in_order():
    assert name(keys=frozenset("edcba")).endswith("Mine(keys={'a', 'b', 'c', 'd', 'e'})")


def test_equal_objects_share_a_name():
    assert name(days=3) == name(days=3)


def test_functions_are_never_shared():
    first, second = name(change=lambda: 1), name(change=lambda: 1)
    assert second == f"{first}#2"
    assert "0x" not in second


def test_classes_of_one_name_are_numbered():
    other = type("Mine", (), {"__module__": Mine.__module__, "__qualname__": "Mine"})()
    first = name(only="here")
    other.only = "here"
    assert own_classes.name_of(other, "other") == f"{first}#2"
    assert own_classes.find(first, "it") == {"only": "here"}


def test_long_attributes_are_cut():
    first, second = name(text="x" * 1000 + "a"), name(text="x" * 1000 + "b")
    assert len(first) < 300
    assert first != second


def test_what_is_not_loaded_is_told():
    with pytest.raises(InvocationError, match=r"the mapping shop\.Mine is user code"):
        own_classes.find("shop.Mine", "the mapping")
