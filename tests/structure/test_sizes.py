"""Nothing grows past the limits; what already has may only shrink."""

from __future__ import annotations

import importlib
from collections.abc import Collection

import pytest

from tests.structure.sizes import FACADE_LINES, LIMITS, Size, measure, measure_all
from tests.structure.source import ROOT, parse

ALLOWED_FILE = ROOT / "tests/structure/sizes_allowed.txt"


def lines_of_the_list() -> list[list[str]]:
    """What the list allows, a line each."""
    return [line.split() for line in ALLOWED_FILE.read_text().splitlines() if line and not line.startswith("#")]


def allowed() -> dict[tuple[str, str], int]:
    """The exceptions: (kind, name) to size."""
    return {(line[0], line[1]): int(line[2]) for line in lines_of_the_list() if line[0] != "facade"}


def facades() -> set[str]:
    """Classes of the public API that may have as many methods as users know names."""
    return {line[1] for line in lines_of_the_list() if line[0] == "facade"}


def limit(size: Size, public: Collection[str]) -> int:
    """What holds for one measured thing."""
    if size.name in public and size.kind in {"methods", "class"}:
        return FACADE_LINES if size.kind == "class" else size.value
    return LIMITS[size.kind]


def too_long(sizes: list[Size], exceptions: dict[tuple[str, str], int], public: Collection[str] = ()) -> list[str]:
    """What is over its limit and over its exception."""
    return [
        f"{size.place}: {size.kind} {size.name} has {size.value}, limit {limit(size, public)}"
        for size in sizes
        if size.value > max(limit(size, public), exceptions.get((size.kind, size.name), 0))
    ]


def stale(sizes: list[Size], exceptions: dict[tuple[str, str], int]) -> list[str]:
    """Exceptions that allow more than is needed."""
    needed = {(size.kind, size.name): size.value for size in sizes if size.value > LIMITS[size.kind]}
    return [
        f"{kind} {name}: {value}" for (kind, name), value in exceptions.items() if needed.get((kind, name)) != value
    ]


def is_public(name: str) -> bool:
    """Whether users may import this class, or one that is made of it."""
    module, _, own = name.rpartition(".")
    made = getattr(importlib.import_module(module), own)
    facade = importlib.import_module("rostrum")
    known = [getattr(facade, each) for each in facade.__all__]
    return module.startswith("rostrum.integrations.") or any(
        isinstance(each, type) and issubclass(each, made) for each in known
    )


def test_nothing_is_longer_than_its_limit() -> None:
    found = too_long(measure_all(), allowed(), facades())
    assert not found, "split these:\n" + "\n".join(found)


def test_the_list_of_exceptions_only_shrinks() -> None:
    found = stale(measure_all(), allowed())
    assert not found, f"lower or remove these in {ALLOWED_FILE.name}:\n" + "\n".join(found)


def test_facades_are_public_classes_that_need_it() -> None:
    needed = {
        size.name for size in measure_all() if size.kind in {"methods", "class"} and size.value > LIMITS[size.kind]
    }
    assert not facades() - needed
    assert not [name for name in facades() if not is_public(name)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("file", "x = 1\n" * 701),
        ("function", "def f():\n" + "    x = 1\n" * 80),
        ("function", "class A:\n    async def f(self):\n" + "        x = 1\n" * 80),
        ("function", "def f():\n    def g():\n" + "        x = 1\n" * 80),
        ("class", "class A:\n" + "    x = 1\n" * 300),
        ("methods", "class A:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(13))),
    ],
)
def test_a_planted_giant_is_found(kind: str, text: str) -> None:
    assert any(f": {kind} " in line for line in too_long(list(measure(parse(text))), {}))


def test_docstrings_properties_and_overloads_are_free() -> None:
    docstring = '    """' + "why\n" * 100 + '    """\n'
    properties = "".join(f"    @property\n    def p{n}(self): ...\n" for n in range(13))
    overloads = "    @overload\n    def m(self): ...\n" * 13
    text = f"def f():\n{docstring}    return 1\nclass A:\n{properties}{overloads}"
    assert not too_long(list(measure(parse(text))), {})


def test_a_facade_has_many_methods_and_a_limit_of_lines() -> None:
    many = list(measure(parse("class A:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(40)))))
    assert not too_long(many, {}, {"rostrum.planted.A"})
    long = list(measure(parse("class A:\n" + "    x = 1\n" * FACADE_LINES)))
    assert too_long(long, {}, {"rostrum.planted.A"})


def test_an_exception_must_be_exact() -> None:
    sizes = list(measure(parse("def f():\n" + "    x = 1\n" * 90)))
    key = ("function", "rostrum.planted.f")
    assert not too_long(sizes, {key: 91})
    assert not stale(sizes, {key: 91})
    assert too_long(sizes, {key: 90})
    assert stale(sizes, {key: 95})
    assert stale(sizes, {("file", "rostrum.gone"): 800})
