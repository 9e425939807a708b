"""One word a concept: the words that docs/glossary.md replaces are not used as names in the product."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.structure.source import ROOT, Module, modules, parse

FOREIGN_NAMES_ALLOWED = ("rostrum.compat", "rostrum.integrations")
NAMES_THAT_USERS_KNOW = {
    # Arguments and attributes of the public API: projects that exist write them, so they are kept as they are.
    "repository_def", "repository_name", "get_repository_def", "has_resolved_repository_def",
    "file_anchor_path_in_repository", "has_repository_load_data",
    "Repository", "repository_data", "repository_load_data", "repositories",
    "reexecution", "ReexecutionOptions", "reexecution_options", "RECONSTRUCTABLE_PIPELINE",
    "STEP_EXPECTATION_RESULT", "StepExpectationResultData", "step_expectation_result_data", "is_expectation_result",
    "expectation_results_for_node",
}  # fmt: skip
ROW = re.compile(r"^\|\s*\*\*(?P<word>[^*]+)\*\*[^|]*\|[^|]*\|(?P<instead>[^|]*)\|\s*$")


def replaced_words() -> dict[str, str]:
    """Banned word -> the word to use, from the third column of the glossary's table."""
    words: dict[str, str] = {}
    for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines():
        if row := ROW.match(line):
            words.update(dict.fromkeys(re.findall(r"`(\w+)`", row["instead"]), row["word"]))
    return words


def defined_names(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Names that we choose: classes, functions, arguments, variables, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.attr


def words_of(name: str) -> list[str]:
    """`PipelineRun_id` -> pipeline, run, id; plurals count as their singular."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return [form for word in words for form in {word.lower(), word.lower().removesuffix("s")}]


def banned_names(module: Module, words: dict[str, str]) -> Iterator[str]:
    """Names in a module that use a replaced word."""
    if module.name.startswith(FOREIGN_NAMES_ALLOWED):
        return
    own_name = module.name.rpartition(".")[2]
    for word in set(words_of(module.name)) & set(words) if own_name not in NAMES_THAT_USERS_KNOW else ():
        yield f"{module.name}: say {words[word]}, not {word}"
    for node, name in defined_names(module.tree):
        if name.lstrip("_") in NAMES_THAT_USERS_KNOW:
            continue
        for word in set(words_of(name)) & set(words):
            yield f"{module.at(node)}: `{name}`: say {words[word]}, not {word}"


def test_the_glossary_lists_words() -> None:
    assert {"pipeline", "solid", "flow", "instigator", "repository"} <= set(replaced_words())


def test_names_use_the_words_of_the_glossary() -> None:
    words = replaced_words()
    found = [line for module in modules() for line in banned_names(module, words)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "class PipelineRun: ...",
        "def get_solids(): ...",
        "def start(flow): ...",
        "instigator_id = 1",
        "self.repository = 1",
        "class A:\n    pipeline: str = ''",
    ],
)
def test_a_planted_name_is_found(text: str) -> None:
    assert list(banned_names(parse(text), replaced_words()))


@pytest.mark.parametrize("text", ["overflow = 1", "solidity = 2", "x = other.pipeline", "def dagger(): ..."])
def test_other_names_pass(text: str) -> None:
    assert not list(banned_names(parse(text), replaced_words()))


def test_names_of_the_public_api_are_kept() -> None:
    assert not list(banned_names(parse("def look(repository_name): ..."), replaced_words()))
    assert list(banned_names(parse("def look(repository_label): ..."), replaced_words()))
