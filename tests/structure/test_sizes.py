"""Nothing grows past the limits; what already has may only shrink."""

from __future__ import annotations

import pytest

from tests.structure.sizes import LIMITS, Size, measure, measure_all
from tests.structure.source import ROOT, parse

ALLOWED_FILE = ROOT / "tests/structure/sizes_allowed.txt"


def allowed() -> dict[tuple[str, str], int]:
    """The exceptions: (kind, name) to size."""
    lines = [line.split() for line in ALLOWED_FILE.read_text().splitlines() if line and not line.startswith("#")]
    return {(kind, name): int(size) for kind, name, size in lines}


def too_long(sizes: list[Size], exceptions: dict[tuple[str, str], int]) -> list[str]:
    """What is over its limit and over its exception."""
    return [
        f"{size.place}: {size.kind} {size.name} has {size.value}, limit {LIMITS[size.kind]}"
        for size in sizes
        if size.value > max(LIMITS[size.kind], exceptions.get((size.kind, size.name), 0))
    ]


def stale(sizes: list[Size], exceptions: dict[tuple[str, str], int]) -> list[str]:
    """Exceptions that allow more than is needed."""
    needed = {(size.kind, size.name): size.value for size in sizes if size.value > LIMITS[size.kind]}
    return [
        f"{kind} {name}: {value}" for (kind, name), value in exceptions.items() if needed.get((kind, name)) != value
    ]


def test_nothing_is_longer_than_its_limit() -> None:
    found = too_long(measure_all(), allowed())
    assert not found, "split these:\n" + "\n".join(found)


def test_the_list_of_exceptions_only_shrinks() -> None:
    found = stale(measure_all(), allowed())
    assert not found, f"lower or remove these in {ALLOWED_FILE.name}:\n" + "\n".join(found)


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


def test_an_exception_must_be_exact() -> None:
    sizes = list(measure(parse("def f():\n" + "    x = 1\n" * 90)))
    key = ("function", "rostrum.planted.f")
    assert not too_long(sizes, {key: 91})
    assert not stale(sizes, {key: 91})
    assert too_long(sizes, {key: 90})
    assert stale(sizes, {key: 95})
    assert stale(sizes, {("file", "rostrum.gone"): 800})
