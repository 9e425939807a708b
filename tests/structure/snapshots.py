"""Snapshots that are committed so that review sees a change: the public API, its stub, the GraphQL schema.

`python -m tests.structure.snapshots` writes them (`./task generate`); the tests beside this file compare.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from tests.structure.facade_stub import facade_stub
from tests.structure.public_api import public_api
from tests.structure.source import ROOT


def graphql_schema() -> str:
    """The schema that the web process serves, in the schema definition language."""
    return importlib.import_module("rostrum.web.schema").sdl().rstrip() + "\n"


def compatibility_page() -> str:
    """docs/compatibility.md: which of the peer's names are there."""
    return importlib.import_module("rostrum.compat.coverage").page()


def _shims() -> dict[Path, Callable[[], str]]:
    """The packages of `rostrum-dagster`, with their stubs."""
    place = ROOT / "packages/rostrum-dagster/shims.py"
    spec = importlib.util.spec_from_file_location("rostrum_dagster_shims", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {path: functools.partial(str, text) for path, text in module.files()}


SNAPSHOTS: dict[Path, Callable[[], str]] = {
    ROOT / "src/rostrum/__init__.pyi": facade_stub,
    ROOT / "tests/structure/public_api.txt": public_api,
    ROOT / "ui/schema.graphql": graphql_schema,
    ROOT / "docs/compatibility.md": compatibility_page,
    **_shims(),
}


def main() -> int:
    """Write every snapshot that changed."""
    for path, make in SNAPSHOTS.items():
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
