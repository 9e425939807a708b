"""The tables of names are consistent: each name has one place, and every place leads somewhere."""

from __future__ import annotations

import collections
import importlib

import pytest

from rostrum.compat.dagster import names


def test_a_name_has_one_place() -> None:
    places: dict[str, list[str]] = collections.defaultdict(list)
    for module, defined in names._TABLE.items():
        for name in defined:
            places[name].append(module)
    for name in names._RENAMED:
        places[name].append("renamed")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("module", names._TABLE)
def test_modules_define_their_names(module: str) -> None:
    found = importlib.import_module(f"rostrum.compat.dagster.{module}")
    assert [name for name in names._TABLE[module] if not hasattr(found, name)] == []


def test_places_lead_somewhere() -> None:
    wrong: list[str] = []
    for place in {*names._RENAMED.values(), *names.PRIVATE.values(), *names.PLACES.values()}:
        module, _, attribute = place.partition(":")
        if not hasattr(importlib.import_module(module), attribute):
            wrong.append(place)
    assert wrong == []
