"""Snapshots that are committed so that review sees a change: the public API and the GraphQL schema.

`python -m tests.structure.snapshots` writes them (`./task generate`); the tests beside this file compare.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from tests.structure.public_api import public_api
from tests.structure.source import ROOT


def graphql_schema() -> str:
    """The schema that the web process serves, in the schema definition language."""
    return importlib.import_module("rostrum.web.schema").sdl().rstrip() + "\n"


def compatibility_page() -> str:
    """docs/compatibility.md: which of the peer's names are there."""
    return importlib.import_module("rostrum.compat.coverage").page()


SNAPSHOTS: dict[Path, Callable[[], str]] = {
    ROOT / "tests/structure/public_api.txt": public_api,
    ROOT / "ui/schema.graphql": graphql_schema,
    ROOT / "docs/compatibility.md": compatibility_page,
}


def main() -> int:
    """Write every snapshot that changed."""
    for path, make in SNAPSHOTS.items():
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
