"""YAML with positions, and expressions in it."""

from __future__ import annotations

import pytest

from rostrum.components.resolution import ResolutionContext, told_path
from rostrum.components.templates import Lazily, render
from rostrum.components.yaml_files import YamlMistake, parse_documents
from rostrum.model.errors import ResolutionError

TEXT = """\
a:
  b: [1, {c: 2}]
  d: {e: 3,
      f: 4}
---
- x
-
  y: 1
"""


@pytest.mark.parametrize(
    ("document", "path", "line", "column"),
    [
        (0, ("a",), 1, 1),
        (0, ("a", "b"), 2, 3),
        (0, ("a", "b", 1, "c"), 2, 11),
        (0, ("a", "d", "f"), 4, 7),
        (0, ("a", "missing", "deep"), 1, 1),
        (1, (0,), 6, 3),
        (1, (1, "y"), 8, 3),
        (1, (), 6, 1),
    ],
)
def test_places_of_values(document: int, path: tuple[str | int, ...], line: int, column: int) -> None:
    found = parse_documents(TEXT, "f.yaml")[document].positions.at(path)
    assert (found.file, found.line, found.column) == ("f.yaml", line, column)


def test_merged_keys_have_the_place_of_where_they_stand() -> None:
    document = parse_documents("base: &b {x: 1}\nother:\n  <<: *b\n  y: 2\n", "f")[0]
    assert document.value["other"] == {"x": 1, "y": 2}
    assert document.positions.at(("other", "x")).line == 1


def test_an_empty_text_has_no_documents_and_an_empty_document_is_none() -> None:
    assert parse_documents("", "f") == []
    assert parse_documents("# only a comment\n", "f") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "f:1: "),
        ("a: 1\n b: 2\n", "f:2: "),
        ("a: 1\na: 2\n", "f:2: the key 'a' is there already (line 1)"),
        ("a: !!python/object:os.system x\n", "f:1: "),
    ],
)
def test_what_is_no_yaml(text: str, said: str) -> None:
    with pytest.raises(YamlMistake) as caught:
        parse_documents(text, "f")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("{{ n + 1 }}", 3),
        ("  {{ n }}  ", 2),
        ("{{- n -}}", 2),
        ("{{ n }}{{ n }}", "22"),
        ("{{ {'a': [n]} }}", {"a": [2]}),
        ("{{ '5432' }}", "5432"),
        ("{{ -3 }}", -3),
        ("{{ none }}", None),
        ("{% if n > 1 %}many{% endif %}", "many"),
        ("{{ late }}", "made"),
        ("{{ missing | default('d') }}", "d"),
    ],
)
def test_expressions(text: str, value: object) -> None:
    assert render(text, {"n": 2, "late": Lazily(lambda: "made")}) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ nn }}", "Did you mean 'n'?"),
        ("{{ nn.deep }}", "'nn' is not defined"),
        ("{{ n + }}", "cannot be read"),
        ("{{ n.__class__ }}", "unsafe"),
        ("{{ n / 0 }}", "ZeroDivisionError"),
        ("text {{ nn }}", "'nn' is not defined"),
    ],
)
def test_wrong_expressions(text: str, said: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        render(text, {"n": 2})
    assert said in str(caught.value)


def test_a_lazy_value_is_made_once_and_only_when_it_is_named() -> None:
    made: list[int] = []
    late = Lazily(lambda: made.append(1))
    render("{{ 1 }}", {"late": late})
    assert not made
    render("{{ late }}{{ late }}", {"late": late})
    assert made == [1]


def test_mistakes_in_nested_values_have_their_own_place() -> None:
    document = parse_documents("a:\n  - ok\n  - '{{ gone }}'\n", "f")[0]
    with pytest.raises(ResolutionError, match=r"^a\[1\] at f:3: "):
        ResolutionContext.default(document.positions).resolve_value(document.value)
    assert told_path(("a", 1, "b")) == "a[1].b"
