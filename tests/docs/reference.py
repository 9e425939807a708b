"""Writes docs/reference.md: a line for each public name and each kind of event, from their docstrings.

`python -m tests.docs.reference` (part of `./task generate`) writes it; a test compares.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import sys
import typing
from pathlib import Path
from types import ModuleType

import rostrum
from rostrum.model import events as ev

PAGE = Path(__file__).resolve().parents[2] / "docs/reference.md"
SECTIONS: dict[str, tuple[str, ...]] = {
    "Assets": ("definitions.assets", "definitions.selection", "model.assets"),
    "Checks": ("definitions.checks", "definitions.check_specs"),
    "Ops, graphs and jobs": ("definitions.ops", "definitions.graphs", "definitions.jobs", "definitions.live"),
    "What functions return, yield or raise": ("definitions.outputs", "definitions.retries"),
    "Metadata": ("definitions.metadata", "model.metadata"),
    "Config and resources": (
        "definitions.config",
        "definitions.run_config",
        "definitions.env",
        "definitions.resources",
        "definitions.resource_param",
        "definitions.lifecycle",
    ),
    "IO managers": ("definitions.io", "io_managers.filesystem", "io_managers.memory"),
    "Partitions": ("definitions.partitions", "planning.partitions"),
    "Schedules": ("definitions.schedules",),
    "Contexts and logs": ("definitions.contexts", "definitions.build_context", "definitions.logs"),
    "Putting together and executing": (
        "definitions.definitions",
        "definitions.module_contents",
        "definitions.materializing",
        "definitions.instance",
        "execution.outcome",
    ),
    "Errors": ("model.errors",),
}
HEAD = """\
# Reference

Written by `./task generate` from the docstrings; do not edit. Parameters: `help(rostrum.asset)`, or your editor.

## Public Python names

Everything here is imported from `rostrum`. `rostrum.__version__` is the version.
"""
EVENTS = """
## Event kinds

As in the API (`events`), in `rostrum run logs --json`, and in `ExecutionResult.all_events`. Every event has `run_id`,
`stream`, `sequence`, `at` and, where it concerns a step, `step_key`.

| kind | meaning | further fields |
|---|---|---|
"""


def first_sentences(text: str) -> str:
    """The first paragraph in one line, fit for a table."""
    return re.sub(r"\s+", " ", text.strip().split("\n\n")[0]).replace("|", "\\|")


def docstring_of(name: str, module: ModuleType) -> str:
    """The text that the source has for a name: of its function or class, or below its assignment."""
    value = getattr(module, name)
    own = inspect.isroutine(value) or (inspect.isclass(value) and value.__module__.startswith("rostrum."))
    text = inspect.getdoc(value) if own else _below_assignment(name, module)
    if not text:
        raise SystemExit(f"{module.__name__}.{name} is public and has no docstring")
    return first_sentences(text)


def _below_assignment(name: str, module: ModuleType) -> str | None:
    body = ast.parse(inspect.getsource(module)).body
    for node, following in itertools.pairwise(body):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                return str(following.value.value)
    return None if name != "ResourceParam" else ast.get_docstring(ast.parse(inspect.getsource(module)))


def reference() -> str:
    """The page."""
    table: dict[str, tuple[str, ...]] = rostrum._TABLE  # pyright: ignore[reportPrivateUsage]
    left = {module.removeprefix("rostrum."): names for module, names in table.items()}
    lines = [HEAD]
    for title, modules in SECTIONS.items():
        names = {name: module for module in modules for name in left.pop(module, ())}
        lines += [f"### {title}\n", "| name | meaning |", "|---|---|"]
        for name in sorted(names, key=str.lower):
            lines.append(f"| `{name}` | {docstring_of(name, importlib.import_module(f'rostrum.{names[name]}'))} |")
        lines.append("")
    if left:
        raise SystemExit(f"{__file__}: put these modules under a heading in SECTIONS: {', '.join(left)}")
    rows = [_event_row(kind) for kind in typing.get_args(ev.AnyEvent) if kind is not ev.UnknownEvent]
    return "\n".join(lines).rstrip() + "\n" + EVENTS + "\n".join(rows) + "\n"


def _event_row(kind: type[ev.Event]) -> str:
    common = set(ev.Event.__struct_fields__)
    fields = ", ".join(f"`{name}`" for name in kind.__struct_fields__ if name not in common)
    return f"| `{kind.__struct_config__.tag}` | {first_sentences(inspect.getdoc(kind) or '')} | {fields} |"


def main() -> int:
    """Write the page if it changed."""
    text = reference()
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        PAGE.write_text(text, encoding="utf-8")
        print("wrote docs/reference.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
