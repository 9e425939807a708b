"""The documentation as data: pages, fenced blocks, sections, links.

Run as a program it executes the Python blocks of one page, in order, in one fresh module: `python pages.py docs/x.md`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
NO_RUN = "no-run"
"""A Python block whose first line is ```` ```python no-run ```` is compiled only."""
OUTPUT = "output"
"""A block that begins with ```` ```text output ```` is what the commands of the console block before it print."""


@dataclass(frozen=True)
class Block:
    """A fenced block. `line` is the number of its first line of text, from 1."""

    page: str
    line: int
    info: str
    text: str

    @property
    def language(self) -> str:
        return self.info.split(" ")[0]

    @property
    def file(self) -> str | None:
        """Name of the file that the block is: ```` ```python file=weather.py ```` is written, not executed."""
        found = re.search(r"\bfile=(\S+)", self.info)
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page for users: those of docs/ without the contributors' checklists, and the README."""
    found = [path for path in DOCS.rglob("*.md") if "contributing" not in path.relative_to(DOCS).parts]
    return [ROOT / "README.md", *sorted(found)]


def blocks(page: Path, language: str = "") -> Iterator[Block]:
    """Fenced blocks of a page, also those inside of lists."""
    opened: tuple[int, str, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.fullmatch(r"( *)```(.*)", line)
        if fence and opened is None:
            opened, lines = (number + 1, fence[1], fence[2].strip()), []
        elif fence and opened is not None:
            block = Block(str(page.relative_to(ROOT)), opened[0], opened[2], "\n".join(lines) + "\n")
            if not language or block.language == language:
                yield block
            opened = None
        elif opened is not None:
            lines.append(line.removeprefix(opened[1]))
    assert opened is None, f"{page}: the block at line {opened[0]} does not end"


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def section(page: Path, heading: str) -> str:
    """Text below a heading of the second level, up to the next; empty when there is none."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", prose(page), re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def anchors(page: Path) -> set[str]:
    """What links may point to inside of a page."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[str]:
    """Targets of the page's links."""
    yield from re.findall(r"\]\(([^)\s]+)\)", prose(page))


def code(block: Block) -> object:
    """The block compiled with its real place, so that a traceback names the line of the page."""
    return compile("\n" * (block.line - 1) + block.text, block.page, "exec")


def write_files(page: Path, folder: Path) -> None:
    """Write the files that a page shows."""
    for block in blocks(page):
        if block.file is not None:
            (folder / block.file).write_text(block.text, encoding="utf-8")


def main(name: str) -> None:
    """Execute a page."""
    write_files(ROOT / name, Path())
    sys.path.insert(0, "")
    module = ModuleType("page")
    sys.modules["page"] = module
    for block in blocks(ROOT / name, "python"):
        compiled = code(block)
        if NO_RUN not in block.info and block.file is None:
            exec(compiled, module.__dict__)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1])
