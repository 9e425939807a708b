"""Counts which of the peer's public names are there, and writes the table of docs/compatibility.md."""

from __future__ import annotations

import collections
import importlib
from collections.abc import Iterator

from rostrum.compat import aliases
from rostrum.compat.dagster.placeholders import instead_of, is_placeholder, symbols

_HEAD = """\
# Compatibility with Dagster

Written by `./task generate`; do not edit. Rostrum is an independent project and not affiliated with Dagster Labs.

`import dagster` (and `dagster_pipes`, and their submodules) gives Rostrum's own names in processes that load your code:
where no such package is installed, or where the project says so with `--compat dagster`, with `compat: dagster` in the
[instance or workspace file](configuration.md), or with `[tool.rostrum] compat = "dagster"` in `pyproject.toml`. It is
told once, on standard error. With the distribution `rostrum-dagster` it holds in plain Python, pytest, notebooks and
editors, too, and is told there as well. Where that is installed over the real package, or the real one over it, files
of one are gone: the notice says so, and how to mend it.

Every public name can be imported. A name of the lists below is a placeholder: importing it is silent, using it raises
`NotImplementedError` with the name. Exceptions among them can be caught and are never raised.

## Counts

Core, common and rare: how often the name is met in public projects. Submodules are counted apart.

"""


def states() -> Iterator[tuple[str, str, str, bool]]:
    """Module, name, use and whether it is there, for each public name."""
    aliases.install()
    for module, names in symbols().items():
        found = importlib.import_module(module)
        for name, facts in names.items():
            use = facts.get("use") or "submodules"
            yield module, name, use, not is_placeholder(getattr(found, name))


def page() -> str:
    """The text of docs/compatibility.md."""
    counts: collections.Counter[tuple[str, bool]] = collections.Counter()
    missing: dict[str, list[str]] = collections.defaultdict(list)
    for module, name, use, there in states():
        counts[use, there] += 1
        if not there:
            missing[module].append(name)
    lines = ["| use | there | placeholder | all |", "|---|---|---|---|"]
    for use in ("core", "common", "rare", "submodules"):
        there, absent = counts[use, True], counts[use, False]
        lines.append(f"| {use} | {there} | {absent} | {there + absent} |")
    lines += ["", "## Placeholders", ""]
    for module, names in missing.items():
        lines += [f"### {module}", ""]
        by_hint: dict[str | None, list[str]] = collections.defaultdict(list)
        for name in names:
            by_hint[instead_of(f"{module}.{name}")].append(f"`{name}`")
        lines += [f"- {', '.join(told)}{f': {hint}' if hint else ''}" for hint, told in by_hint.items()]
        lines.append("")
    if not missing:
        lines += ["None.", ""]
    return _HEAD + "\n".join(lines).rstrip() + "\n"
