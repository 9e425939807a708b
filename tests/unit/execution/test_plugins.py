"""Executors, IO managers and the clock by name."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from rostrum.execution.plugins import (
    CLOCKS,
    ELSEWHERE,
    ENGINES,
    EXECUTORS,
    IO_MANAGERS,
    LAUNCHERS,
    OWN,
    load_own,
    plugin,
)
from rostrum.model.errors import NotFound

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_our_own_parts_are_those_that_the_package_declares() -> None:
    declared = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["entry-points"]
    found = {
        (group, name): value
        for group in (EXECUTORS, ENGINES, LAUNCHERS, IO_MANAGERS, CLOCKS)
        for name, value in declared.get(group, {}).items()
    }
    assert found == OWN


@pytest.mark.parametrize(("group", "name"), list(OWN))
def test_each_of_our_own_can_be_loaded(group: str, name: str) -> None:
    assert plugin(group, name).__module__ == OWN[group, name].partition(":")[0]


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(NotFound, match=r"no 'celery' among .*in_process, .*multiprocess"):
        plugin(EXECUTORS, "celery")


def test_who_forks_loads_all_of_them_before() -> None:
    load_own()
    here = {OWN[each].partition(":")[0] for each in OWN if each[1] not in ELSEWHERE}
    assert here <= set(sys.modules)
