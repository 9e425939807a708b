"""Nothing that users can set, call or meet is missing from the pages."""

from __future__ import annotations

import ast
import importlib
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

import rostrum
from rostrum.auth.authorize import ROLES
from rostrum.cli.main import command as root
from rostrum.config.instance import InstanceSettings
from rostrum.config.workspace import WorkspaceFile
from rostrum.model import errors
from rostrum.model import events as ev
from rostrum.model.principals import Permission
from rostrum.model.runs import RunStatus
from rostrum.web.mutations import PERMISSIONS
from tests.docs.pages import DOCS, blocks, pages, prose, section
from tests.docs.reference import PAGE, SECTIONS, anchor, docstring_of, reference, sections


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """All commands that do something, with their full names."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for word in command.list_commands(context):
        inner = command.get_command(context, word)
        assert inner is not None
        yield from walk(inner, f"{name} {word}")


COMMANDS = dict(walk(root, "rostrum"))


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(name: str) -> None:
    """A section for each command; every option in it, or among the shared ones."""
    page = DOCS / "cli.md"
    text = section(page, name)
    assert text, f"docs/cli.md has no section `## {name}`"
    if "See [`rostrum" in text:
        text = section(page, "rostrum code-server start")
    text += section(page, "Options of several commands")
    for option in COMMANDS[name].params:
        for word in (*option.opts, *option.secondary_opts) if isinstance(option, click.Option) else ():
            assert re.search(rf"`{re.escape(word)}[` ]", text), f"docs/cli.md: `{word}` of `{name}` is missing"


def keys(struct: Any, above: str = "") -> Iterator[str]:
    """Dotted names of all keys that a settings file may have."""
    for field in msgspec.structs.fields(struct):
        name = f"{above}{field.name}"
        inner = list(_structs(field.type))
        if not inner or field.required:
            yield name
        for kind in inner:
            yield from keys(kind, f"{name}.")


def _structs(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType, list):
        for inner in typing.get_args(annotation):
            yield from _structs(inner)


@pytest.mark.parametrize(("kind", "title"), [(InstanceSettings, "rostrum.yaml"), (WorkspaceFile, "workspace.yaml")])
def test_settings(kind: Any, title: str) -> None:
    rows = set(re.findall(r"^\| `([\w.]+)` \|", section(DOCS / "configuration.md", title), re.MULTILINE))
    wanted = set(keys(kind))
    assert wanted - rows == set(), "missing in docs/configuration.md"
    of_groups = {key.rpartition(".")[0] for key in wanted}
    assert rows - wanted - of_groups == set(), "docs/configuration.md describes keys that do not exist"


def test_reference_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run ./task generate"


def test_public_names() -> None:
    """Each has an entry of its own in the reference, once."""
    entries = re.findall(r"^#### `(\w+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(entries) == sorted(name for name in rostrum.__all__ if name != "__version__")


@pytest.mark.parametrize("title", SECTIONS)
def test_public_names_have_docstrings(title: str) -> None:
    for name, module in sections()[title].items():
        assert docstring_of(name, importlib.import_module(module)), name


def test_sections_have_guides() -> None:
    missing = [title for title, section in SECTIONS.items() if not (DOCS / "concepts" / f"{section.guide}.md").exists()]
    assert missing == []


@pytest.mark.parametrize("title", SECTIONS)
def test_guides_lead_to_the_reference(title: str) -> None:
    page = DOCS / "concepts" / f"{SECTIONS[title].guide}.md"
    assert f"reference.md#{anchor(title)})" in page.read_text(encoding="utf-8")


def test_guides_name_what_is_public() -> None:
    """What the guides import from rostrum is public."""
    found = {
        name
        for page in pages()
        for block in blocks(page, "python")
        for node in ast.walk(ast.parse(block.text))
        if isinstance(node, ast.ImportFrom) and node.module == "rostrum"
        for name in (alias.name for alias in node.names)
    }
    assert found - set(rostrum.__all__) == set()


def test_public_names_in_the_pages() -> None:
    """Names of pages exist: what looks like one of ours in code style is public."""
    text = " ".join(prose(page) for page in (DOCS / "concepts").glob("*.md"))
    imported = set(re.findall(r"`@(\w+)", text))
    assert imported - set(rostrum.__all__) == set()


def test_event_kinds() -> None:
    text = section(PAGE, "Event kinds")
    kinds = [kind.__struct_config__.tag for kind in typing.get_args(ev.AnyEvent) if kind is not ev.UnknownEvent]
    assert [kind for kind in kinds if f"`{kind}`" not in text] == []


def test_run_statuses() -> None:
    text = prose(DOCS / "concepts/runs-and-retries.md")
    assert [status.value for status in RunStatus if f"| {status.value} |" not in text] == []


def test_roles_and_permissions() -> None:
    page = DOCS / "security.md"
    text = prose(page)
    assert [role for role in ROLES if f"| `{role}` |" not in text] == []
    assert [permission.value for permission in Permission if f"`{permission.value}`" not in text] == []
    rows = re.findall(r"^\| (.*) \| `(\w+)` \|$", section(page, "Principals and roles"), re.MULTILINE)
    told = {name: permission for names, permission in rows for name in re.findall(r"`(\w+)`", names)}
    assert {name: told.get(name) for name in PERMISSIONS} == {name: found.value for name, found in PERMISSIONS.items()}


def test_error_codes() -> None:
    text = prose(DOCS / "errors.md")
    classes = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RostrumError)
    ]
    assert [kind.code for kind in classes if kind.code != "error" and f"`{kind.code}`" not in text] == []


def test_every_page_is_in_the_index() -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    missing = [path for path in pages()[1:] if path.name != "README.md" and str(path.relative_to(DOCS)) not in text]
    assert missing == []


def test_pages_that_name_it_say_that_we_are_not_affiliated() -> None:
    found = [str(page) for page in pages() if page != PAGE and re.search(r"\bDagster\b", prose(page))]
    silent = [page for page in found if not re.search("not\\s+affiliated|independent", Path(page).read_text("utf-8"))]
    assert silent == []


def test_pages_speak_of_it_by_its_name() -> None:
    assert [str(page) for page in pages() if re.search(r"\bthe peer\b", page.read_text("utf-8"))] == []


def test_every_public_name_is_in_a_guide() -> None:
    text = " ".join(
        page.read_text("utf-8") for page in pages() if page.name not in {"reference.md", "compatibility.md"}
    )
    words = set(re.findall(r"\w+", text))
    assert sorted(set(rostrum.__all__) - words - {"__version__"}) == []
