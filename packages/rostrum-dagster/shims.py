"""Writes the packages of this distribution: one folder a name of `rostrum.compat.aliases`, with a stub for editors.

Part of `./task generate` (see tests/structure/snapshots.py): `files()` gives path -> text.
"""

from __future__ import annotations

import importlib
import importlib.util
import keyword
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import rostrum.compat
from rostrum.compat import aliases
from rostrum.compat.dagster import names
from rostrum.compat.dagster.placeholders import symbols

SOURCE = Path(__file__).resolve().parent / "src"
COMPAT = Path(rostrum.compat.__file__).parent
_INIT = '''"""`{name}`, as Rostrum's. Not affiliated with Dagster Labs."""

from __future__ import annotations

from rostrum.compat.aliases import take_over

take_over("{name}")
'''
_MARK = '''"""By this file Rostrum knows that this package is a shim of its own."""

from __future__ import annotations
'''
_STUB = """# What editors and type checkers see of `{name}`. Written by `./task generate`; do not edit.
from typing import Any

"""


def files() -> Iterator[tuple[Path, str]]:
    """Every generated file."""
    for name in aliases.EVERY:
        yield SOURCE / name / "__init__.py", _INIT.format(name=name)
        yield SOURCE / name / aliases.SHIM, _MARK
        yield SOURCE / name / "py.typed", ""
    for name, place in aliases.INTEGRATIONS.items():
        yield SOURCE / name / "__init__.pyi", f"from {place} import *\n"
    for name, place in _submodules():
        yield SOURCE.joinpath(*name.split("."), "__init__.pyi"), f"from {place} import *\n"
    for name in aliases.ALIASES.keys() - symbols().keys():  # known by the names that programs use
        yield SOURCE / name / "__init__.pyi", _STUB.format(name=name) + "def __getattr__(name: str) -> Any: ...\n"
    for module, listed in symbols().items():
        folder = SOURCE.joinpath(*module.split("."))
        yield folder / "__init__.pyi", _stub(module, listed)
    for package in ("dagster/preview",):
        yield SOURCE / package / "__init__.pyi", ""


def _submodules() -> Iterator[tuple[str, str]]:
    """Modules of integrations and of `dagster.components` that are files of Rostrum: name, and where it is."""
    listed = symbols()
    for package in (*aliases.INTEGRATIONS, "dagster.components"):
        folder = COMPAT.joinpath(*package.split("."))
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(COMPAT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if name != package and name not in listed:
                yield name, f"rostrum.compat.{name}"


def _stub(module: str, listed: dict[str, dict[str, Any]]) -> str:
    lines: list[str] = []
    imports: list[str] = []
    listed = {name: facts for name, facts in listed.items() if name != "TYPE_CHECKING"}
    for name, facts in listed.items():
        place = _place(module, name)
        if place is not None:
            source, _, attribute = place.partition(":")
            imports.append(f"from {source} import {attribute} as {name}")
        else:
            lines += _placeholder(name, facts)
    extra = ("__version__", "components") if module == "dagster" else ()
    if module == "dagster":
        imports.append("from dagster import components as components")
        lines.append("__version__: str")
    exported = ["__all__ = [", *(f'    "{name}",' for name in sorted({*listed, *extra})), "]"]
    return _STUB.format(name=module) + "\n".join([*sorted(imports), "", *exported, "", *lines]).strip() + "\n"


def _place(module: str, name: str) -> str | None:
    """`module:name` in Rostrum; None for what only exists by name."""
    if module != "dagster":
        own = _module(f"rostrum.compat.{module}")
        if own is not None and name in vars(own):
            return f"{own.__name__}:{name}"
        return f"dagster:{name}" if module != "dagster.deprecated" and name in symbols()["dagster"] else None
    for file, defined in names._TABLE.items():  # the tables are this distribution's source
        if name in defined:
            return f"rostrum.compat.dagster.{file}:{name}"
    if name in names._RENAMED:
        return names._RENAMED[name]
    return f"rostrum:{name}" if name in rostrum.__all__ else None


def _module(name: str) -> ModuleType | None:
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # of the parent
        found = None
    return importlib.import_module(name) if found is not None else None


def _placeholder(name: str, facts: dict[str, Any]) -> Iterator[str]:
    """A name that cannot be used yet, or whose place the tables do not tell."""
    if facts["kind"] == "exception":
        yield f"class {name}(Exception): ..."
    elif facts["kind"] in ("class", "enum", "warning") and not keyword.iskeyword(name):
        yield f"class {name}:"
        yield "    def __init__(self, *args: Any, **kwargs: Any) -> None: ..."
        yield "    def __getattr__(self, name: str) -> Any: ..."
    elif facts["kind"] in ("function", "decorator"):
        yield f"def {name}(*args: Any, **kwargs: Any) -> Any: ..."
    else:
        yield f"{name}: Any"


def main() -> None:
    """Write them."""
    for path, text in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
