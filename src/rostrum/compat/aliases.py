"""Import names of other packages that resolve to modules here: `import dagster` gives `rostrum.compat.dagster`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

ALIASES = {"dagster": "rostrum.compat.dagster", "dagster_pipes": "rostrum.compat.dagster_pipes"}
"""Top-level name -> module here. Submodules follow."""


class AliasFinder(MetaPathFinder, Loader):
    """Finds the names of `ALIASES` and everything below them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for an aliased name, None for any other."""
        top, _, rest = fullname.partition(".")
        if top not in ALIASES:
            return None
        real = ALIASES[top] + (f".{rest}" if rest else "")
        if importlib.util.find_spec(real) is None:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module here, under its second name."""
        top, _, rest = spec.name.partition(".")
        module = importlib.import_module(ALIASES[top] + (f".{rest}" if rest else ""))
        spec.loader_state = (module.__spec__, module.__loader__)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: it has been executed under its own name."""
        name = module.__name__
        spec = module.__spec__
        if spec is not None and spec.name != name and spec.loader_state is not None:
            module.__spec__, module.__loader__ = spec.loader_state


def install() -> None:
    """Put the finder first. Doing it twice changes nothing."""
    if not any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, AliasFinder())
