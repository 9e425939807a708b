"""What becomes of one Python module of a project that moves to Rostrum's names.

It is changed at the places that the syntax tree tells, so that formatting and comments stay. Where a name means other
things in the same file, or others take it from there, the name stays, and the import says where it comes from now.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from rostrum.compat.aliases import EVERY
from rostrum.compat.dagster.names import _RENAMED, _TABLE  # pyright: ignore[reportPrivateUsage]
from rostrum.compat.dagster.placeholders import symbols
from rostrum.compat.migrated_packages import counterpart, is_module, renamed, statement

Note = tuple[int, str]
"""Line, and what a person has to look at there."""

_COMPAT = "rostrum.compat.dagster"
_BY_NAME = ("import_module", "__import__", "patch", "find_spec", "importorskip", "reload")
"""Functions that are given a module by its name."""
_PLACE = re.compile(r"dagster(?:_\w+)?(?:\.\w+)+$")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
"""A line as Python counts them: a form feed does not end one."""


def taken_from_others(trees: Iterable[ast.Module]) -> frozenset[str]:
    """Names that are called otherwise here, and that some module takes from a module of the project, or names in a
    text. They keep their names wherever they are imported.
    """
    found: set[str] = set()
    for tree in trees:
        modules = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name == "dagster"
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.level or not _is_theirs(node.module or "")):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.Attribute):
                if not (isinstance(node.value, ast.Name) and node.value.id in modules):
                    found.add(node.attr)
        for constant in _texts(tree):
            found.update(re.findall(r"\w+", str(constant.value)))
    return frozenset(found & set(renamed()))


def _is_theirs(module: str) -> bool:
    return re.match(r"dagster(\.|_|$)", module) is not None


def _annotations(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
            yield node.returns


def _quoted(tree: ast.Module) -> list[ast.Constant]:
    """Texts in annotations: they are code."""
    return [
        inner
        for annotation in _annotations(tree)
        for inner in ast.walk(annotation)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    ]


def _texts(tree: ast.Module) -> list[ast.Constant]:
    """Texts that are neither annotations nor docstrings."""
    apart = {id(each) for each in _quoted(tree)}
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):  # pyright: ignore[reportUnknownArgumentType]
            apart.add(id(body[0].value))
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart
    ]


class Source:
    """One module: edits by position, and notes.

    `own`: names of the project's modules and folders, `dagster_x` among them. `kept`: names that stay as they are.
    """

    def __init__(self, text: str, own: frozenset[str], kept: frozenset[str]) -> None:
        self._text, self._own, self._kept = text, own, kept
        self._lines: list[str] = _LINE.findall(text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._edits: dict[tuple[int, int], str] = {}
        self._notes: list[Note] = []
        self._modules: set[str] = set()
        """Local names of `import dagster` whose attributes are renamed."""
        self._names: dict[str, str] = {}
        """Local name -> what it is called from now on."""
        self._bound: set[str] = set()
        """Names that are bound by other things than imports."""
        self._imported: list[str] = []
        self._compat_alias = ""
        self._import_node: ast.Import | None = None

    def look(self, tree: ast.Module) -> None:
        """Find all edits."""
        nodes = list(ast.walk(tree))
        imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
        self._imported = [(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names]
        self._bound = set(_bindings(nodes))
        inside = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        alone = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in inside}
        for node in imports:
            if isinstance(node, ast.Import):
                self._import(node, alone)
            else:
                self._import_from(node)
        for node in nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self._modules:
                self._attribute(node, node.value)
            elif isinstance(node, ast.Name) and node.id in self._names:
                self._edits.setdefault(self._span(node), self._names[node.id])
            elif isinstance(node, ast.Call):
                self._note_module_by_name(node)
        for constant in _quoted(tree):
            self._quoted(constant)
        for constant in _texts(tree):
            if _PLACE.match(str(constant.value)):
                self._notes.append((constant.lineno, f"the text {constant.value!r} names a module; change it by hand"))

    def result(self) -> tuple[str | None, list[Note]]:
        """The new text, if any, and the notes."""
        text = self._text
        for (start, end), new in sorted(self._edits.items(), reverse=True):
            text = text[:start] + new + text[end:]
        return (text if self._edits else None), sorted(set(self._notes))

    def _at(self, line: int, column: int) -> int:
        """Place in the text of a line (from 1) and a column in UTF-8 bytes, as syntax trees count."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def _span(self, node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno or 0, node.end_col_offset or 0)

    def _is_own(self, module: str) -> bool:
        """Whether a module is the project's, as `dagster_example` may be; one of a known name never is."""
        top = module.partition(".")[0]
        return top in self._own and top not in EVERY

    # --- imports

    def _import(self, node: ast.Import, alone: set[str]) -> None:
        for alias in node.names:
            if alias.name == "dagster":
                self._import_module(node, alias, alone)
            elif _is_theirs(alias.name) and not self._is_own(alias.name):
                self._import_other(node, alias)

    def _import_other(self, node: ast.Import, alias: ast.alias) -> None:
        """`import dagster_dbt`, `import dagster.components as c`: of the package of compatibility, under its name."""
        local = alias.asname or alias.name
        if "." in local or alias.name == "dagster_pipes" or not is_module(alias.name):
            self._left(node, f"import {alias.name}")
            return
        self._edits[self._span(alias)] = f"rostrum.compat.{alias.name} as {local}"
        self._notes.append((node.lineno, f"{local} comes from rostrum.compat.{alias.name}"))

    def _import_module(self, node: ast.Import, alias: ast.alias, alone: set[str]) -> None:
        start, end = self._span(alias)
        local = alias.asname or "dagster"
        if local in self._bound or local in alone or self._imported.count(local) > 1:
            self._edits[start, end] = f"{_COMPAT} as {local}"
            self._notes.append((node.lineno, f"{local} comes from {_COMPAT}: it is more than a prefix in this file"))
            return
        self._edits[start, start + len("dagster")] = "rostrum"
        self._modules.add(local)
        if alias.asname is None:
            self._names["dagster"] = "rostrum"
        self._import_node = node

    def _left(self, node: ast.stmt, what: str) -> None:
        self._notes.append((node.lineno, f"`{what}` is left: it works where rostrum-dagster is installed"))

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or not _is_theirs(module) or self._is_own(module):
            return
        if module.split(".")[0] != "dagster":
            self._import_from_package(node, module)
            return
        public = {alias.name: counterpart(alias.name) for alias in node.names}
        if module != "dagster" and (module == "dagster.deprecated" or not all(public.values())):
            self._import_from_package(node, module)
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
        if new is None and module.startswith("dagster."):
            self._left(node, f"from {module} import ...")
            return
        if new is None:
            self._notes.append((node.lineno, f"`from {module} import ...` is left: not all of it is part of Rostrum"))
            return
        self._edits[self._span(node)] = new
        if new.startswith("from rostrum.compat."):
            self._notes.append((node.lineno, f"{module} comes from rostrum.compat"))

    def _choose(self, alias: ast.alias, here: str) -> tuple[str, str | None]:
        """What to import, and as what: the name changes in the whole file, unless one of the two means more there."""
        if alias.asname is not None or alias.name == here:
            return here, alias.asname
        taken = here in self._bound or here in self._imported
        if taken or alias.name in self._bound or alias.name in self._kept:
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
        between = f"\n{indent}" if self._is_alone(node) else "; "
        self._edits[self._span(node)] = between.join(parts)

    def _is_alone(self, node: ast.stmt) -> bool:
        """Whether the statement has its lines for itself."""
        start, end = self._span(node)
        before = self._text[self._starts[node.lineno - 1] : start]
        after = self._text[end : self._starts[node.end_lineno or 0]].strip()
        return not before.strip() and (not after or after.startswith("#"))

    # --- uses

    def _attribute(self, node: ast.Attribute, module: ast.Name) -> None:
        _, end = self._span(node)
        here = counterpart(node.attr)
        if here is None and not node.attr.startswith("__"):
            self._edits[self._span(module)] = self._compat(module.id)
            told = f"comes from {_COMPAT}" if node.attr in symbols()["dagster"] else "is not known; change it by hand"
            self._notes.append((node.lineno, f"{module.id}.{node.attr} {told}"))
        elif here is not None and here != node.attr:
            self._edits[end - len(node.attr), end] = here

    def _compat(self, local: str) -> str:
        """Name of the package of compatibility, imported where the module was."""
        node = self._import_node
        if not self._compat_alias and node is not None:
            self._compat_alias = f"{local}_compat"
            _, end = self._span(node)
            alone = self._is_alone(node)
            first = f"\n{' ' * node.col_offset}from rostrum.compat import dagster" if alone else f", {_COMPAT}"
            self._edits[end, end] = f"{first} as {self._compat_alias}"
        return self._compat_alias

    def _quoted(self, node: ast.Constant) -> None:
        """Code in a text."""
        start, end = self._span(node)
        text = old = self._text[start:end]
        for module in self._modules:
            text = re.sub(rf"\b{re.escape(module)}\.(\w+)", lambda found: self._quoted_attribute(node, found), text)
        for name, here in self._names.items():
            text = re.sub(rf"(?<![\w.]){re.escape(name)}\b", here, text)
        if text != old:
            self._edits[start, end] = text

    def _quoted_attribute(self, node: ast.Constant, found: re.Match[str]) -> str:
        module = found[0].partition(".")[0]
        here = counterpart(found[1])
        if here is None:
            self._notes.append((node.lineno, f"{found[0]} comes from {_COMPAT}"))
            return f"{self._compat(module)}.{found[1]}"
        return f"{self._names.get(module, module)}.{here}"

    def _note_module_by_name(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for argument in node.args[:1]:
            if called in _BY_NAME and isinstance(argument, ast.Constant) and argument.value == "dagster":
                self._notes.append((node.lineno, f"{called}('dagster') names the module; change it by hand"))


def _bindings(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names that something else than an import binds."""
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            yield from node.names


def _statement(module: str, imported: list[str], indent: str) -> str:
    line = f"from {module} import {', '.join(imported)}"
    if len(indent + line) <= 88:
        return line
    inner = "".join(f"{indent}    {each},\n" for each in imported)
    return f"from {module} import (\n{inner}{indent})"
