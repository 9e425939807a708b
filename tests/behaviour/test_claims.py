"""The corpus is complete: each claim of `claims.md` and each row of the catalogue of mistakes has a test."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
SECTIONS = [*map(str, range(27)), "Errors"]
"""Headings of `claims.md`: the number of a section, or its title."""
CLAIMS = 375
"""At least as many claims are told. It only grows."""
ROWS = 70
"""Number of the last mistake in the catalogue: a test of mistake 7 is called `test_row_07_...`, or names several as
`test_rows_07_and_09_...`.
"""
SURPRISES = 25
"""Number of the last surprise: a test of surprise 7 is called `test_07_...` in `test_27_surprises.py`."""
_REFERENCE = re.compile(r"\[(\w+): ([\w, ]+)\]")


@cache
def functions_of(file: str) -> Counter[str]:
    """Names of the test functions of a file, with how often each is there."""
    tree = ast.parse((FOLDER / f"test_{file}.py").read_text(encoding="utf-8"))
    return Counter(
        node.name.removeprefix("test_")
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    )


def files() -> list[str]:
    """Files of the corpus, without `test_`."""
    return sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))


def claims() -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """(section, claim, tests of it) of each line."""
    section = ""
    for line in (FOLDER / "claims.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].split(".")[0]
        elif line.startswith("- "):
            references = [(file, name.strip()) for file, names in _REFERENCE.findall(line) for name in names.split(",")]
            yield section, line[2:].split(" [")[0], references


def test_each_claim_has_tests_that_exist() -> None:
    missing = [
        f"{claim}: test_{file}.py has no test_{name}"
        for _, claim, references in claims()
        for file, name in references
        if file not in files() or name not in functions_of(file)
    ]
    assert missing == []
    assert [claim for _, claim, references in claims() if not references] == []


def test_each_section_has_its_claims() -> None:
    told = [section for section, _, _ in claims()]
    assert list(dict.fromkeys(told)) == SECTIONS
    assert len(told) >= CLAIMS


def test_no_claim_is_told_twice() -> None:
    twice = [claim for claim, times in Counter((section, claim) for section, claim, _ in claims()).items() if times > 1]
    assert twice == []


def test_each_difference_is_a_claim_with_a_reason() -> None:
    told = {reference for _, _, references in claims() for reference in references}
    silent: list[str] = []
    for file in files():
        tree = ast.parse((FOLDER / f"test_{file}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and "differs" in node.name.split("_"):
                if (file, node.name.removeprefix("test_")) not in told or not ast.get_docstring(node):
                    silent.append(f"test_{file}.py::{node.name}")
    assert silent == []


@cache
def rows() -> frozenset[int]:
    """Mistakes that a test is named after."""
    found: set[int] = set()
    for file in files():
        for name in functions_of(file):
            numbers = re.match(r"(?:differs_)?rows?_(\d+)((?:_and_\d+)*)", name)
            if numbers:
                found |= {int(each) for each in re.findall(r"\d+", numbers.group(0))}
    return frozenset(found)


@pytest.mark.parametrize("row", range(1, ROWS + 1))
def test_each_mistake_has_a_test(row: int) -> None:
    assert row in rows()


def test_no_test_is_named_after_a_mistake_that_is_not_there() -> None:
    assert max(rows()) == ROWS


@pytest.mark.parametrize("number", range(1, SURPRISES + 1))
def test_each_surprise_has_a_test(number: int) -> None:
    assert any(name.startswith(f"{number:02}_") for name in functions_of("27_surprises"))


def test_no_function_hides_another_of_its_name() -> None:
    """In a module or a class the second of two functions of one name is the only one that runs."""
    hidden: list[str] = []
    for file in files():
        tree = ast.parse((FOLDER / f"test_{file}.py").read_text(encoding="utf-8"))
        for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]:
            names = Counter(node.name for node in scope.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)))
            hidden += [f"test_{file}.py::{name}" for name, times in names.items() if times > 1]
    assert hidden == []


def test_each_test_can_fail() -> None:
    """A test asserts something, or expects an error or a warning."""
    empty: list[str] = []
    for file in files():
        tree = ast.parse((FOLDER / f"test_{file}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                expects = (
                    part.attr in ("raises", "warns") for part in ast.walk(node) if isinstance(part, ast.Attribute)
                )
                if not any(expects) and not any(isinstance(part, ast.Assert) for part in ast.walk(node)):
                    empty.append(f"test_{file}.py::{node.name}")
    assert empty == []
