"""Rewrites a project for good: imports of Dagster's names to Rostrum's, dependencies, and files.

Nothing is written here: `migrate` gives new texts and a list of what a person has to look at.
"""

from __future__ import annotations

import ast
import functools
import io
import re
import stat
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import yaml

from rostrum.compat.migrated_packages import DEPENDENCIES, place
from rostrum.compat.migrated_sources import Source, taken_from_others
from rostrum.config.classic import read_classic
from rostrum.model.errors import ConfigError

SKIPPED = {"node_modules", "__pycache__", "site-packages", "build", "dist", "venv"}
"""Folders that are left alone, as are hidden ones but `.github`."""
_REQUIREMENT = re.compile(
    r"(?P<name>dag(?:ster(?:[-_][A-Za-z0-9-_]+)?|it))"
    r"(?P<rest>(?:\[[^\]]*\])?(?:[ \t]*[<>=!~@][^\"'#;\n]*?)?(?=[ \t]*(?:[\"'#;]|$)))",
    re.MULTILINE,
)
_TOOL_KEYS = {"module_name": "module", "code_location_name": "location_name"}
_COMPONENT_FILES = {"defs.yaml", "component.yaml"}
_COMPONENT_TYPE = re.compile(
    r"(?P<key>type[ \t]*:[ \t]+(?P<quote>[\"']?))(?P<named>dagster(?:_\w+)?(?:\.\w+)+)(?=(?P=quote)[ \t]*(?:#|\r?\n|$))"
)
"""The line that says which component a file makes; what is deeper in the file is somebody else's."""
_OTHER_FILES = {"Makefile", "setup.py", "setup.cfg", "tox.ini", "noxfile.py", "Pipfile", "environment.yml"}
_OTHER_SUFFIXES = {".sh", ".yml", ".yaml", ".ipynb"}


@dataclass
class Change:
    """What becomes of one file: a new text, a new name (both None: nothing), and what is left to do in it."""

    path: Path
    text: str | None = None
    name: str | None = None
    notes: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    encoding: str = "utf-8"
    before: str = ""
    """The text as it is."""

    @property
    def target(self) -> Path:
        """The file that is written."""
        return self.path.with_name(self.name) if self.name else self.path

    @property
    def data(self) -> bytes:
        """What is written."""
        return (self.text or "").encode(self.encoding)


def migrate(root: Path) -> list[Change]:
    """Changes of all files below a folder (or of one file) that have any, or a note. Links are not followed."""
    paths = [root] if root.is_file() else list(_files(root))
    own = frozenset(part for path in paths for part in (path.parent.name, path.stem))
    sources = {path: _read_source(path) for path in paths if path.suffix == ".py" and path.name != "setup.py"}
    trees = {path: tree for path, read in sources.items() if read is not None and (tree := _tree(read[0])) is not None}
    kept = taken_from_others(trees.values())
    found: list[Change] = []
    for path in paths:
        read = sources.get(path)
        change = _change(path) if path not in sources else _of_source(path, read, trees.get(path), own, kept)
        if change is None or (change.text is None and change.name is None and not change.notes):
            continue
        if change.text is not None and not stat.S_IMODE(path.stat().st_mode) & 0o222:
            change.text, change.notes = None, [(1, "is read-only: it is left")]
        found.append(change)
    return found


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.is_symlink():
            continue
        if path.is_dir():
            if path.name not in SKIPPED and (not path.name.startswith(".") or path.name == ".github"):
                yield from _files(path)
        elif path.is_file():
            yield path


def _change(path: Path) -> Change | None:
    """What becomes of a file that is no source."""
    if path.name == "dagster.yaml":
        return _of_instance_file(path)
    if path.name == "pyproject.toml":
        return _of_pyproject(path)
    if re.fullmatch(r".*requirements.*\.(txt|in)", path.name):
        return _of_requirements(path)
    if path.name in _COMPONENT_FILES:
        return _of_component_file(path)
    if path.name.startswith("Dockerfile") or path.name in _OTHER_FILES or path.suffix in _OTHER_SUFFIXES:
        return _of_other(path)
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


# ------------------------------------------------------------------------------------------------------------- sources


def _read_source(path: Path) -> tuple[str, str] | None:
    """A module's text and its encoding, as Python finds it; None where it has none."""
    try:
        data = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding), encoding
    except (OSError, SyntaxError, UnicodeDecodeError, LookupError):
        return None


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _of_source(
    path: Path, read: tuple[str, str] | None, tree: ast.Module | None, own: frozenset[str], kept: frozenset[str]
) -> Change | None:
    if read is None or tree is None:
        named = b"dagster" in path.read_bytes()
        return Change(path, notes=[(1, "cannot be parsed; not looked at")]) if named else None
    text, encoding = read
    if "dag" not in text:
        return None
    source = Source(text, own, kept)
    source.look(tree)
    new, notes = source.result()
    if new is not None and _tree(new) is None:
        new, notes = None, [(1, "could not be rewritten; change it by hand")]
    return Change(path, new, notes=notes, encoding=encoding, before=text)


# ---------------------------------------------------------------------------------------------------------- other files


def _dependency(found: re.Match[str], line: int, notes: list[tuple[int, str]]) -> str:
    name = found["name"].lower().replace("_", "-")
    if name in DEPENDENCIES:
        return DEPENDENCIES[name]
    notes.append((line, _left(found["name"])))
    return found[0]


def _left(name: str) -> str:
    return f"{name} has no counterpart in Rostrum's distributions; it is left, and may bring dagster along"


def _of_requirements(path: Path) -> Change | None:
    text = _read(path)
    if text is None:
        return None
    change = Change(path, before=text)
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        found = _REQUIREMENT.match(line)
        lines.append(_dependency(found, number, change.notes) + line[found.end() :] if found is not None else line)
        if found is None and re.search(r"\bdagster\b", line.partition("#")[0]):
            change.notes.append((number, f"change by hand: {line.strip()[:100]}"))
    new = _without_doubles(lines)
    change.text = new if new != text else None
    return change


def _without_doubles(lines: list[str]) -> str:
    """A dependency that two names have become is there once."""
    seen: set[str] = set()
    kept: list[str] = []
    for line in lines:
        word = line.strip()
        if word in DEPENDENCIES.values() and word in seen:
            continue
        seen.add(word)
        kept.append(line)
    return "".join(kept)


def _of_pyproject(path: Path) -> Change | None:
    text = _read(path)
    if text is None:
        return None
    change = Change(path, before=text)
    lines: list[str] = []
    table = ""
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        head = re.match(r"\s*\[+([^\]]+)\]+", line)
        table = head[1].strip() if head else table
        new = line
        if head and table == "tool.dagster":
            new = line.replace("tool.dagster", "tool.rostrum")
        elif head and (table == "tool.dg" or table.startswith("tool.dg.")):
            change.notes.append((number, f"[{table}] belongs to the command dg: it is left"))
        elif table == "tool.dagster":
            for old, here in _TOOL_KEYS.items():
                new = re.sub(rf"^(\s*){old}(\s*=)", rf"\g<1>{here}\g<2>", new)
        elif not head:
            new = re.sub(
                rf"(?P<quote>[\"']){_REQUIREMENT.pattern}(?P<marker>[ \t]*;(?:(?!(?P=quote)).)*)?(?P=quote)",
                functools.partial(_quoted_dependency, line=number, notes=change.notes),
                line,
            )
        lines.append(new)
    text_new = "".join(lines)
    change.text = text_new if text_new != text else None
    return change


def _quoted_dependency(found: re.Match[str], line: int, notes: list[tuple[int, str]]) -> str:
    """A string of a list of dependencies; any other string stays as it is."""
    if found["name"].lower().replace("_", "-") in DEPENDENCIES:
        return f"{found['quote']}{_dependency(found, line, notes)}{found['marker'] or ''}{found['quote']}"
    if "_" not in found["name"]:  # (a name of a package, else)
        notes.append((line, _left(found["name"])))
    return found[0]


def _of_instance_file(path: Path) -> Change | None:
    if (path.parent / "rostrum.yaml").exists():
        return Change(path, notes=[(1, "is not read: rostrum.yaml is there")])
    try:
        settings, notices = read_classic(path)
    except ConfigError as error:
        return Change(path, notes=[(1, str(error))])
    prefix = f"{path}:"
    notes: list[tuple[int, str]] = []
    for notice in notices:
        line, _, told = notice.removeprefix(prefix).partition(": ")
        notes.append((int(line), told))
    text = yaml.safe_dump(msgspec.to_builtins(settings), sort_keys=False) if settings else "{}\n"
    made = f"# Written by `rostrum migrate` from dagster.yaml.\n{text}"
    return Change(path, made, "rostrum.yaml", notes, before=_read(path) or "")


def _of_other(path: Path) -> Change | None:
    text = _read(path)
    if text is None:
        return None
    notes = [
        (number, f"change by hand: {line.strip()[:100]}")
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(r"\b(dagster(-webserver|-daemon)?|dagit)\b", line) and not line.lstrip().startswith("#")
    ]
    return Change(path, notes=notes)


def _of_component_file(path: Path) -> Change | None:
    """Its type is called as it is called here. (Only an alias would make the old name known.)"""
    text = _read(path)
    if text is None:
        return None
    change = Change(path, before=text)
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        found = _COMPONENT_TYPE.match(line)
        here = place(found["named"]) if found is not None else None
        if found is not None and here is not None:
            lines.append(f"{found['key']}{here}{line[found.end() :]}")
            continue
        if found is not None:
            change.notes.append((number, f"the type {found['named']} is not part of Rostrum: change it by hand"))
        elif re.search(r"\bdagster(_\w+)?\b", line) and not line.lstrip().startswith("#"):
            change.notes.append((number, f"change by hand: {line.strip()[:100]}"))
        lines.append(line)
    new = "".join(lines)
    change.text = new if new != text else None
    return change
