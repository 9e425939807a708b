"""What the structure tests look at: the project's own modules, parsed once, and the files that git tracks."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@dataclass(frozen=True)
class Module:
    """One hand-written Python module of the product."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """Where a finding is, clickable in a terminal."""
        return f"{self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path}:{node.lineno}"  # type: ignore[attr-defined]


def parse(text: str, name: str = "rostrum.planted", path: Path = Path("planted.py")) -> Module:
    """A module made of text: how tests plant violations."""
    return Module(name, path, text, ast.parse(text))


def is_generated(path: Path) -> bool:
    """Generated code answers to its generator, not to our rules."""
    return path.name.endswith(("_pb2.py", "_pb2_grpc.py", "_pb2.pyi"))


@cache
def modules() -> tuple[Module, ...]:
    """Every hand-written module under src/, in the order of their names."""
    found: list[Module] = []
    for path in sorted(SRC.rglob("*.py")):
        if is_generated(path):
            continue
        parts = path.relative_to(SRC).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(parse(path.read_text(encoding="utf-8"), name, path))
    return tuple(found)


@cache
def tracked_files() -> tuple[Path, ...]:
    """Files that git tracks or would track: what a clone holds."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    paths = (ROOT / name for name in output.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def tracked_text() -> list[tuple[str, str]]:
    """Relative name and content of every tracked text file."""
    texts: list[tuple[str, str]] = []
    for path in tracked_files():
        try:
            texts.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return texts
