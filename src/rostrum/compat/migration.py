"""Rewrites a project for good: imports of Dagster's names to Rostrum's, dependencies, and files.

Sources are changed at the places that the syntax tree tells, so that formatting and comments stay. Nothing is written
here: `migrate` gives new texts and a list of what a person has to look at.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import yaml

import rostrum
from rostrum.compat.aliases import EVERY
from rostrum.compat.dagster.names import _RENAMED, _TABLE  # pyright: ignore[reportPrivateUsage]
from rostrum.compat.dagster.placeholders import symbols
from rostrum.compat.migrated_packages import DEPENDENCIES, statement
from rostrum.config.classic import read_classic
from rostrum.model.errors import ConfigError

SKIPPED = {"node_modules", "__pycache__", "site-packages", "build", "dist", "venv"}
"""Folders that are left alone, as are hidden ones."""
_COMPAT = "rostrum.compat.dagster"
_OURS: dict[str, str] = vars(rostrum)["_MODULE_OF"]
"""Public name -> its module."""
_REQUIREMENT = re.compile(
    r"(?P<name>dag(?:ster(?:[-_][A-Za-z0-9-_]+)?|it))"
    r"(?P<rest>(?:\[[^\]]*\])?(?:[ \t]*[<>=!~@][^\"'#;\n]*?)?(?=[ \t]*(?:[\"'#;]|$)))",
    re.MULTILINE,
)
_TOOL_KEYS = {"module_name": "module", "code_location_name": "location_name"}


@dataclass
class Change:
    """What becomes of one file: a new text, a new name (both None: nothing), and what is left to do in it."""

    path: Path
    text: str | None = None
    name: str | None = None
    notes: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


def migrate(root: Path) -> list[Change]:
    """Changes of all files below a folder (or of one file) that have any, or a note."""
    found: list[Change] = []
    paths = [root] if root.is_file() else list(_files(root))
    own = frozenset(part for path in paths for part in (path.parent.name, path.stem))
    for path in paths:
        change = _change(path, own)
        if change is not None and (change.text is not None or change.name is not None or change.notes):
            found.append(change)
    return found


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink():
            if path.name not in SKIPPED and not path.name.startswith("."):
                yield from _files(path)
        elif path.is_file():
            yield path


def _change(path: Path, own: frozenset[str]) -> Change | None:
    """What becomes of a file. `own`: names of the project's modules and folders, `dagster_x` among them."""
    if path.suffix == ".py" and path.name != "setup.py":
        return _of_source(path, own)
    if path.name == "dagster.yaml":
        return _of_instance_file(path)
    if path.name == "pyproject.toml":
        return _of_pyproject(path)
    if re.fullmatch(r".*requirements.*\.(txt|in)", path.name):
        return _of_requirements(path)
    if (
        path.name.startswith("Dockerfile")
        or path.name in {"Makefile", "setup.py", "setup.cfg"}
        or path.suffix
        in {
            ".sh",
            ".yml",
            ".yaml",
            ".ipynb",
        }
    ):
        return _of_other(path)
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


# ------------------------------------------------------------------------------------------------------------- sources


@functools.lru_cache(maxsize=1)
def _renamed() -> dict[str, str]:
    """Name there -> public name here, where they differ."""
    found: dict[str, str] = {}
    for name, place in _RENAMED.items():
        module, _, attribute = place.partition(":")
        if _OURS.get(attribute) == module:
            found[name] = attribute
    return found


def counterpart(name: str) -> str | None:
    """The public name here of a public name there; None where Rostrum proper has none."""
    if name in _renamed():
        return _renamed()[name]
    return name if name in _OURS else None


def _of_source(path: Path, own: frozenset[str]) -> Change | None:
    text = _read(path)
    if text is None or "dag" not in text:
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return Change(path, notes=[(1, "cannot be parsed; not looked at")]) if "dagster" in text else None
    source = _Source(path, text, own)
    source.look(tree)
    return source.change()


class _Source:
    """One module: edits by position, and notes."""

    def __init__(self, path: Path, text: str, own: frozenset[str]) -> None:
        self._path, self._text, self._own = path, text, own
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._edits: dict[tuple[int, int], str] = {}
        self._notes: list[tuple[int, str]] = []
        self._modules: set[str] = set()
        """Local names of `import dagster`."""
        self._names: dict[str, str] = {}
        """Local name -> what it is called from now on."""
        self._bound: set[str] = set()
        self._compat_alias = ""
        self._compat_place = self._indent = 0
        """Where the statement that imports the module ends, and how far it is indented."""

    def look(self, tree: ast.Module) -> None:
        """Find all edits."""
        self._bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self._bound |= {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        }
        self._bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
        self._bound |= {alias.asname or alias.name for node in imports for alias in node.names}
        for node in imports:
            if isinstance(node, ast.Import):
                self._import(node)
            else:
                self._import_from(node)
        for node in ast.walk(tree):
            self._use(node)

    def change(self) -> Change:
        """The new text, if any, and the notes."""
        text = self._text
        for (start, end), new in sorted(self._edits.items(), reverse=True):
            text = text[:start] + new + text[end:]
        return Change(self._path, text if self._edits else None, notes=sorted(set(self._notes)))

    def _at(self, line: int, column: int) -> int:
        """Place in the text of a line (from 1) and a column in UTF-8 bytes, as syntax trees count."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def _span(self, node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno or 0, node.end_col_offset or 0)

    def _is_own(self, module: str) -> bool:
        """Whether a module is the project's, as `dagster_example` may be; one of a known name never is."""
        top = module.partition(".")[0]
        return top in self._own and top not in EVERY

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name == "dagster":
                start, _ = self._span(alias)
                self._edits[start, start + len("dagster")] = "rostrum"
                self._modules.add(alias.asname or "dagster")
                if alias.asname is None:
                    self._names["dagster"] = "rostrum"
                self._compat_place = self._span(node)[1]
                self._indent = node.col_offset
            elif re.match(r"dagster(\.|_|$)", alias.name) and not self._is_own(alias.name):
                self._notes.append((node.lineno, f"`import {alias.name}` is left: `import dagster` goes on working"))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or not re.match(r"dagster(\.|_|$)", module) or self._is_own(module):
            return
        if module.split(".")[0] != "dagster":
            self._import_from_package(node, module)
            return
        public = {alias.name: counterpart(alias.name) for alias in node.names}
        if module != "dagster" and (module == "dagster.deprecated" or not all(public.values())):
            self._notes.append((node.lineno, f"`from {module} import ...` is left: it goes on working by its alias"))
            return
        for name in [name for name, here in public.items() if here is None]:
            known = name in _RENAMED or any(name in defined for defined in _TABLE.values())
            listed = name in symbols()["dagster"] and not known
            told = "is not part of Rostrum" if listed else f"comes from {_COMPAT}"
            self._notes.append((node.lineno, f"{name} {told}"))
        if None in public.values():
            self._split(node, public)
            return
        start, end = self._span(node)
        head = re.match(r"from\s+" + re.escape(module), self._text[start:end])
        if head is None:
            return
        self._edits[start, start + head.end()] = "from rostrum"
        for alias in node.names:
            new, local = self._choose(alias, public[alias.name] or alias.name)
            if alias.name != new or local is not None:
                self._edits[self._span(alias)] = f"{new} as {local}" if local else new

    def _import_from_package(self, node: ast.ImportFrom, module: str) -> None:
        """Names of an integration, or of `dagster_pipes`."""
        if module == "dagster_pipes":
            told = "works with the package dagster-pipes, too, or with rostrum-dagster"
            self._notes.append((node.lineno, f"`from {module} import ...` is left: it {told}"))
            return
        new = statement(module, [(alias.name, alias.asname) for alias in node.names])
        if new is None:
            self._notes.append((node.lineno, f"`from {module} import ...` is left: not all of it is part of Rostrum"))
            return
        self._edits[self._span(node)] = new
        if new.startswith("from rostrum.compat."):
            self._notes.append((node.lineno, f"{module} comes from rostrum.compat"))

    def _choose(self, alias: ast.alias, here: str) -> tuple[str, str | None]:
        """What to import, and as what: the name changes in the whole file, unless the new one is taken."""
        if alias.asname is not None or alias.name == here:
            return here, alias.asname
        if here in self._bound:
            return here, alias.name
        self._names[alias.name] = here
        return here, None

    def _split(self, node: ast.ImportFrom, public: dict[str, str | None]) -> None:
        """Two statements: what Rostrum proper has, and what only the package of compatibility has."""
        own: list[str] = []
        other: list[str] = []
        for alias in node.names:
            here = public[alias.name]
            if here is None:
                other.append(f"{alias.name} as {alias.asname}" if alias.asname else alias.name)
            else:
                new, local = self._choose(alias, here)
                own.append(f"{new} as {local}" if local else new)
        indent = " " * node.col_offset
        parts = [_statement("rostrum", own, indent)] if own else []
        parts.append(_statement(_COMPAT, other, indent))
        self._edits[self._span(node)] = f"\n{indent}".join(parts)

    def _use(self, node: ast.AST) -> None:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self._modules:
            self._attribute(node, node.value)
        elif isinstance(node, ast.Name) and node.id in self._names:
            self._edits.setdefault(self._span(node), self._names[node.id])
        elif isinstance(node, (ast.arg, ast.AnnAssign)) and isinstance(node.annotation, ast.Constant):
            self._quoted(node.annotation)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and isinstance(node.returns, ast.Constant):
            self._quoted(node.returns)

    def _attribute(self, node: ast.Attribute, module: ast.Name) -> None:
        _, end = self._span(node)
        here = counterpart(node.attr)
        if here is None and node.attr in symbols()["dagster"]:
            alias = f"{module.id}_compat"
            if not self._compat_alias:
                self._compat_alias = alias
                place = self._compat_place
                self._edits[place, place] = f"\n{' ' * self._indent}from rostrum.compat import dagster as {alias}"
            self._edits[self._span(module)] = self._compat_alias
            self._notes.append((node.lineno, f"{module.id}.{node.attr} comes from {_COMPAT}"))
        elif here is None and not node.attr.startswith("__"):
            self._notes.append((node.lineno, f"{module.id}.{node.attr} is not known; change it by hand"))
        elif here is not None and here != node.attr:
            self._edits[end - len(node.attr), end] = here

    def _quoted(self, node: ast.Constant) -> None:
        """An annotation in quotes."""
        if not isinstance(node.value, str):
            return
        start, end = self._span(node)
        text = old = self._text[start:end]
        for name, here in self._names.items():
            text = re.sub(rf"\b{re.escape(name)}\b", here, text)
        if text != old:
            self._edits[start, end] = text


def _statement(module: str, imported: list[str], indent: str) -> str:
    line = f"from {module} import {', '.join(imported)}"
    if len(indent + line) <= 88:
        return line
    inner = "".join(f"{indent}    {each},\n" for each in imported)
    return f"from {module} import (\n{inner}{indent})"


# ---------------------------------------------------------------------------------------------------------- other files


def _dependency(found: re.Match[str], line: int, notes: list[tuple[int, str]]) -> str:
    name = found["name"].lower().replace("_", "-")
    if name in DEPENDENCIES:
        return DEPENDENCIES[name]
    notes.append((line, f"{found['name']} has no counterpart in Rostrum's distributions; it is left"))
    return found[0]


def _of_requirements(path: Path) -> Change | None:
    text = _read(path)
    if text is None:
        return None
    change = Change(path)
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        found = _REQUIREMENT.match(line)
        lines.append(_dependency(found, number, change.notes) + line[found.end() :] if found is not None else line)
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
    if text is None or "dag" not in text:
        return None
    change = Change(path)
    lines: list[str] = []
    table = ""
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        head = re.match(r"\s*\[+([^\]]+)\]+", line)
        table = head[1].strip() if head else table
        new = line
        if head and table == "tool.dagster":
            new = line.replace("tool.dagster", "tool.rostrum")
        elif table == "tool.dagster":
            for old, here in _TOOL_KEYS.items():
                new = re.sub(rf"^(\s*){old}(\s*=)", rf"\g<1>{here}\g<2>", new)
        elif not head:
            new = re.sub(
                rf"(?P<quote>[\"']){_REQUIREMENT.pattern}(?P=quote)",
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
        return f"{found['quote']}{_dependency(found, line, notes)}{found['quote']}"
    if "_" not in found["name"]:  # (a name of a package, else)
        notes.append((line, f"{found['name']} has no counterpart in Rostrum's distributions; it is left"))
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
    return Change(path, f"# Written by `rostrum migrate` from dagster.yaml.\n{text}", "rostrum.yaml", notes)


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
