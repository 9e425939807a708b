"""Bytes of an external process as lines, however they come."""

from __future__ import annotations

import random

import pytest

from rostrum.pipes import lines as module
from rostrum.pipes.lines import Lines


def test_lines_are_the_same_however_they_are_cut() -> None:
    text = "one\n\ntwo\r\nthr\u00e9e\nfour"
    data, chance = text.encode(), random.Random(1)
    for _ in range(50):
        lines, found, rest = Lines(), list[str](), data
        while rest:
            size = chance.randint(1, 4)
            found += lines.add(rest[:size])
            rest = rest[size:]
        assert [*found, *lines.end(), *lines.end()] == ["one", "", "two", "thr\u00e9e", "four"]


def test_a_line_that_never_ends_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 1000)
    lines = Lines()
    found = [line for _ in range(100) for line in lines.add(b"x" * 100)]
    assert [len(line) for line in found] == [1100] * 9
    assert [len(line) for line in lines.end()] == [100]
