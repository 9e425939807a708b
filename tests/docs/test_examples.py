"""What the pages show works: Python is executed, commands and queries are checked against the product."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from graphql import parse, validate

from rostrum.cli.main import command as root
from rostrum.config.files import parse_struct
from rostrum.config.instance import InstanceSettings
from rostrum.config.workspace import WorkspaceFile
from rostrum.web.schema import schema
from tests.docs.pages import DOCS, NO_RUN, OUTPUT, ROOT, Block, anchors, blocks, code, links, pages, write_files

PYTHON = [page for page in pages() if any(blocks(page, "python"))]
MOST_NOT_RUN = 2
"""How many Python blocks may be compiled only."""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PYTHON, ids=name)
def test_python_is_executed(page: Path, tmp_path: Path) -> None:
    """In a process and a folder of its own; the blocks of a page build on each other."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ROSTRUM_", "PYTEST"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "tests/docs/pages.py"), name(page)],
        cwd=tmp_path,
        env=environment | {"HOME": str(tmp_path), "ROSTRUM_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_few_blocks_are_not_run() -> None:
    skipped = [block for page in PYTHON for block in blocks(page, "python") if NO_RUN in block.info]
    assert len(skipped) <= MOST_NOT_RUN, f"make these run: {', '.join(map(str, skipped))}"
    for block in skipped:
        code(block)


def commands(block: Block) -> list[str]:
    """Commands of a console block, continued lines joined."""
    text = block.text.replace("\\\n", " ")
    return [line for line in text.splitlines() if line.startswith(("rostrum ", "eval "))]


CONSOLE = [(str(block), line) for page in pages() for block in blocks(page, "console") for line in commands(block)]


@pytest.mark.parametrize(("place", "line"), CONSOLE, ids=[f"{place} {line}" for place, line in CONSOLE])
def test_commands_exist(place: str, line: str) -> None:
    """Parsed as the command line would be, not executed."""
    inside = re.search(r"\$\((.*)\)", line)
    arguments = shlex.split(inside[1] if inside else line.partition(" < ")[0])[1:]
    found: click.Command = root
    context: click.Context | None = None
    while isinstance(found, click.Group):
        context = found.make_context(found.name, arguments, parent=context)
        _, inner, arguments = found.resolve_command(context, [*context._protected_args, *context.args])
        assert inner is not None
        found = inner
    found.make_context(found.name, arguments, parent=context)


def outputs(page: Path) -> list[tuple[Block, Block]]:
    """Console blocks with the output that is shown below them."""
    found = list(blocks(page))
    return [(one, two) for one, two in itertools.pairwise(found) if OUTPUT in two.info.split(" ")]


def without_chance(text: str) -> str:
    """The text with ids of runs, times and numbers of library frames made equal."""
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}(?:-[0-9a-f]+)*\b", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d+)?", "TIME", text)
    text = re.sub(r"and \d+ library frames", "and N library frames", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


SHOWN = [page for page in pages() if outputs(page)]


@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_output_is_what_is_printed(page: Path, tmp_path: Path) -> None:
    """Of commands on files that the page shows, in a folder of their own."""
    write_files(page, tmp_path)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ROSTRUM_", "PYTEST"))}
    environment |= {"HOME": str(tmp_path), "ROSTRUM_HOME": str(tmp_path / "home")}
    for console, shown in outputs(page):
        printed = ""
        for line in commands(console):
            done = subprocess.run(
                [sys.executable, "-m", "rostrum.cli.main", *shlex.split(line)[1:]],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=30,
            )
            printed += done.stdout
        assert without_chance(printed) == without_chance(shown.text), str(shown)


def test_commands_were_found() -> None:
    assert len(CONSOLE) > 20


@pytest.mark.parametrize("kind", [InstanceSettings, WorkspaceFile])
def test_files_are_valid(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODE_SERVER_TOKEN", "secret")
    marker = "# rostrum.yaml" if kind is InstanceSettings else "# workspace.yaml"
    found = [block for page in pages() for block in blocks(page, "yaml") if block.text.startswith(marker)]
    assert found
    for block in found:
        parse_struct(block.text, kind, str(block))


def test_shown_defaults_are_the_defaults() -> None:
    """The example of rostrum.yaml says that it shows defaults."""
    block = next(
        block for block in blocks(DOCS / "configuration.md", "yaml") if block.text.startswith("# rostrum.yaml")
    )
    shown, plain = parse_struct(block.text, InstanceSettings, str(block)), InstanceSettings()
    for key in ("deployment", "storage", "logs", "launcher", "monitor", "web", "gateway"):
        assert getattr(shown, key) == getattr(plain, key), key
    assert shown.run_queue.max_concurrent_runs == plain.run_queue.max_concurrent_runs


def test_queries_fit_the_schema() -> None:
    queries = [(str(block), block.text) for page in pages() for block in blocks(page, "graphql")]
    for page in pages():
        for block in blocks(page, "console"):
            for body in re.findall(r"-d '(\{.*?\})'\n", block.text, re.DOTALL):
                queries.append((str(block), json.loads(body)["query"]))
    assert len(queries) > 5
    for place, query in queries:
        assert not validate(schema(), parse(query)), place


def test_json_is_json() -> None:
    for page in pages():
        for block in blocks(page, "json"):
            json.loads(block.text)


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        if path.startswith(("http://", "https://")):
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name(page)}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{name(page)}: {target}"
