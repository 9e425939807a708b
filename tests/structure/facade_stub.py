"""`src/rostrum/__init__.pyi`: what the table of the façade says, for type checkers and editors, which do not run it."""

from __future__ import annotations

import importlib

HEADER = """\
# Public names of Rostrum, for type checkers and editors; `__init__.py` loads them lazily.
# Written by `./task generate` from the table there.

"""
LONGEST_LINE = 120


def facade_stub() -> str:
    """The stub: one import a name, in the order that the formatter wants."""
    table: dict[str, tuple[str, ...]] = vars(importlib.import_module("rostrum"))["_TABLE"]
    lines = [_import(module, name) for module in sorted(table) for name in sorted(table[module], key=_order)]
    return HEADER + "\n".join([*lines, "", "__version__: str"]) + "\n"


def _order(name: str) -> tuple[int, str, str]:
    """Constants, classes, functions, each by the alphabet."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name.lower(), name


def _import(module: str, name: str) -> str:
    line = f"from {module} import {name} as {name}"
    return line if len(line) <= LONGEST_LINE else f"from {module} import (\n    {name} as {name},\n)"
