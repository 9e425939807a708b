"""Writes docs/reference.md: how each public name is called and what it means, and each kind of event, from the source.

`python -m tests.docs.reference` (part of `./task generate`) writes it; a test compares.
"""

from __future__ import annotations

import ast
import enum
import fnmatch
import importlib
import inspect
import itertools
import re
import sys
import textwrap
import typing
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import rostrum
from rostrum.model import events as ev

PAGE = Path(__file__).resolve().parents[2] / "docs/reference.md"
GUIDES = "concepts"
"""Folder of the guides that sections link to."""


class Section(NamedTuple):
    """A part of the reference: the concept, its guide, and the modules whose public names belong to it."""

    guide: str
    modules: tuple[str, ...]


SECTIONS: dict[str, Section] = {
    "Assets": Section("assets", ("definitions.assets.*", "model.assets")),
    "Selection": Section("selection", ("definitions.assets.selection",)),
    "Checks": Section("checks", ("definitions.checks.*",)),
    "Ops, graphs and jobs": Section("ops-graphs-jobs", ("definitions.ops.*", "definitions.location.live")),
    "What functions return, yield or raise": Section("assets", ("definitions.events.outputs",)),
    "Retries": Section("runs-and-retries", ("definitions.ops.retries",)),
    "Hooks": Section("hooks", ("definitions.ops.hooks",)),
    "Loggers": Section("loggers", ("definitions.ops.loggers", "definitions.ops.logs", "definitions.masking")),
    "Types": Section("types", ("definitions.config.types", "definitions.config.type_loaders")),
    "Config": Section(
        "config", ("definitions.config.*", "definitions.ops.configured", "definitions.ops.config_mapping")
    ),
    "Resources": Section("resources", ("definitions.resources.*",)),
    "IO managers": Section(
        "io-managers",
        (
            *("definitions.resources.io", "definitions.resources.input_managers", "definitions.assets.value_loader"),
            "io_managers.*",
        ),
    ),
    "Partitions": Section("partitions", ("definitions.partitions.*", "planning.partitions", "planning.time_windows")),
    "Schedules": Section("schedules", ("definitions.automations.*schedules",)),
    "Sensors": Section(
        "sensors",
        (
            *("definitions.automations.*sensor*", "definitions.automations.multi_asset_context"),
            *("definitions.automations.failure_email", "definitions.automations.run_requests"),
            "definitions.checks.freshness_sensor",
        ),
    ),
    "Automation and freshness": Section("automation", ("definitions.automations.*",)),
    "Metadata and tables": Section(
        "events-and-metadata", ("definitions.events.metadata", "model.metadata", "model.tables")
    ),
    "Events and records": Section("events-and-metadata", ("definitions.events.*",)),
    "Contexts": Section("contexts", ("definitions.contexts.*", "definitions.automations.*tick_context*")),
    "Definitions and loaders": Section("definitions", ("definitions.location.*",)),
    "Executing": Section("testing", ("definitions.assets.materializing", "definitions.events.outcome")),
    "The instance": Section("instance", ("definitions.instance.*", "model.runs")),
    "Executing again": Section("re-execution", ("definitions.ops.reexecution",)),
    "Components": Section("components", ("components.*",)),
    "Pipes": Section("pipes", ("pipes.*",)),
    "Errors": Section("../errors", ("model.errors",)),
}
HEAD = """\
# Reference

Written by `./task generate` from the signatures and docstrings; do not edit. Types of parameters and of what is
returned: your editor, or `help(rostrum.asset)`.

## Public Python names

Everything here is imported from `rostrum`. `rostrum.__version__` is the version. A name is followed by how it is
called, by the first paragraph of its docstring, and by its other members.
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
    text = inspect.getdoc(value) if own else _in_source(name, module)
    if not text:
        raise SystemExit(f"{module.__name__}.{name} is public and has no docstring")
    return first_sentences(text)


def _in_source(name: str, module: ModuleType) -> str | None:
    """Below an assignment, or of the function that a decorator has made something else of."""
    body = ast.parse(inspect.getsource(module)).body
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node)
    for node, following in itertools.pairwise(body):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                return str(following.value.value)
    return None if name != "ResourceParam" else ast.get_docstring(ast.parse(inspect.getsource(module)))


def call_of(name: str, value: object) -> str:
    """How a function or class is called: its parameters with their defaults; empty for other values."""
    if not (inspect.isroutine(value) or inspect.isclass(value)) or _is_enum(value) or _is_exception(value):
        return ""
    parameters = [
        parameter
        for parameter in _parameters(value)
        if not parameter.name.startswith("_") and parameter.name != "kwargs"
    ]
    words: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in words and not any(w[0] == "*" for w in words):
            words.append("*")
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        words.append(f"{stars}{parameter.name}{_default(parameter)}")
    text = f"{name}({', '.join(words)})"
    return "\n".join(textwrap.wrap(text, 108, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))


def _parameters(value: object) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(value).parameters.values())  # type: ignore[arg-type]
    except ValueError:  # a subclass of a built-in type that leaves its constructor alone
        return [inspect.Parameter("value", inspect.Parameter.POSITIONAL_ONLY)]


def _default(parameter: inspect.Parameter) -> str:
    value = parameter.default
    if value is parameter.empty:
        return ""
    if isinstance(value, enum.Enum):
        return f"={type(value).__name__}.{value.name}"
    plain = value is None or isinstance(value, str | int | float) or value in ((), [], {})
    return f"={value!r}" if plain else "=..."


def _is_enum(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, enum.Enum)


def _is_exception(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseException)


def members_of(value: object) -> list[str]:
    """Public methods (with parentheses) and properties of a class, those of libraries and parameters left out."""
    if not inspect.isclass(value):
        return []
    if issubclass(value, enum.Enum):
        return list(value.__members__)
    ours = [kind for kind in value.__mro__ if kind.__module__.startswith("rostrum.")]
    told = set() if _is_exception(value) else {parameter.name for parameter in _parameters(value)}
    found: dict[str, str] = {}
    for kind in ours:
        for name, member in vars(kind).items():
            if not name.startswith(("_", "model_")) and name not in told and not inspect.isclass(member):
                method = inspect.isroutine(member) or isinstance(member, classmethod | staticmethod)
                found.setdefault(name, f"{name}()" if method and not inspect.isdatadescriptor(member) else name)
    return [found[name] for name in sorted(found)]


def _entry(name: str, module: ModuleType) -> list[str]:
    value = getattr(module, name)
    lines = [f"#### `{name}`", ""]
    if called := call_of(name, value):
        lines += ["```text", called, "```", ""]
    lines += textwrap.wrap(docstring_of(name, module), 118, break_long_words=False, break_on_hyphens=False)
    if members := members_of(value):
        text = ", ".join(f"`{member}`" for member in members)
        lines += ["", *textwrap.wrap(f"Members: {text}", 118, break_long_words=False, break_on_hyphens=False)]
    return [*lines, ""]


def sections() -> dict[str, dict[str, str]]:
    """Section -> public name -> its module."""
    table: dict[str, tuple[str, ...]] = rostrum._TABLE  # pyright: ignore[reportPrivateUsage]
    left = {module.removeprefix("rostrum."): names for module, names in table.items()}
    found: dict[str, dict[str, str]] = {title: {} for title in SECTIONS}
    for module in sorted(left):
        titles = [title for title in SECTIONS if _match(title, module)]
        if not titles:
            raise SystemExit(f"{__file__}: put this module under a heading in SECTIONS: {module}")
        title = max(titles, key=lambda title: _match(title, module))
        found[title] |= dict.fromkeys(left[module], f"rostrum.{module}")
    return found


def _match(title: str, module: str) -> int:
    """How closely the module is meant by a pattern of the section: its length; 0 for not at all."""
    return max((len(each) for each in SECTIONS[title].modules if fnmatch.fnmatch(module, each)), default=0)


def anchor(title: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def reference() -> str:
    """The page."""
    found = sections()
    lines = [HEAD, "| concept | names |", "|---|---|"]
    for title, names in found.items():
        lines.append(f"| [{title}](#{anchor(title)}) | {', '.join(f'`{name}`' for name in _sorted(names))} |")
    lines.append("")
    for title, names in found.items():
        guide = SECTIONS[title].guide
        lines += [f"### {title}", "", f"Guide: [{Path(guide).name}]({Path(GUIDES, guide).as_posix()}.md)", ""]
        for name in _sorted(names):
            lines += _entry(name, importlib.import_module(names[name]))
    rows = [_event_row(kind) for kind in typing.get_args(ev.AnyEvent) if kind is not ev.UnknownEvent]
    return "\n".join(lines).rstrip().replace("concepts/../", "") + "\n" + EVENTS + "\n".join(rows) + "\n"


def _sorted(names: typing.Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name.lower(), name))


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
