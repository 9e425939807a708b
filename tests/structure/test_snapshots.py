"""The committed snapshots are true: nobody changes the public API or the GraphQL schema unseen."""

from __future__ import annotations

import enum
from pathlib import Path

import pytest

from tests.structure.public_api import described
from tests.structure.snapshots import SNAPSHOTS
from tests.structure.source import ROOT


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_snapshot_is_current(path: Path) -> None:
    assert path.exists(), f"{path.name} is missing: run `./task generate`"
    assert path.read_text(encoding="utf-8") == SNAPSHOTS[path](), (
        "changed: run `./task generate` and review the difference"
    )


def test_a_description_names_arguments_and_members() -> None:
    class Thing:
        def __init__(self, name: str, *, size: int = 3) -> None: ...

        def grow(self, by: int) -> None: ...

        @property
        def size(self) -> int: ...

        @classmethod
        def load(cls, path: str) -> Thing: ...

        def _hidden(self) -> None: ...

    Thing.__module__ = "rostrum.planted"
    assert list(described("Thing", Thing)) == [
        "class Thing(name: 'str', *, size: 'int' = 3) -> 'None'",
        "    Thing.grow(self, by: 'int') -> 'None'",
        "    Thing.load(cls, path: 'str') -> 'Thing' (classmethod)",
        "    Thing.size (property)",
    ]


def test_a_description_of_a_function_and_of_a_value() -> None:
    def launch(job: str, default: object = enum.Enum) -> int: ...

    assert list(described("launch", launch)) == ["launch(job: 'str', default: 'object' = <enum 'Enum'>) -> 'int'"]
    assert list(described("VERSION", "1.0")) == ["VERSION: str"]
