"""Import names of other packages that resolve to modules here: `import dagster` gives `rostrum.compat.dagster`.

A package that is installed wins (`auto`), unless the project says otherwise (`dagster`). What is found here is told
once, on standard error. Entry point group `rostrum.import_aliases`: `use(mode)` is what loaders of user code call.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from rostrum.model.errors import ConfigError

AUTO, ALWAYS, OFF = "auto", "dagster", "off"
"""Rostrum's where no such package is installed; Rostrum's in any case; never."""

ALIASES: dict[str, str] = {
    "dagster": "rostrum.compat.dagster",
    "dagster_pipes": "rostrum.compat.dagster_pipes",
    "dagster_shared": "rostrum.compat.dagster_shared",
}
"""Top-level name -> module here; submodules follow. What is no file here may exist by name only (see
`rostrum.compat.dagster.modules`).
"""

INTEGRATIONS: dict[str, str] = {
    name: f"rostrum.compat.{name}"
    for name in (
        "dagster_aws",
        "dagster_dask",
        "dagster_dbt",
        "dagster_deltalake",
        "dagster_deltalake_pandas",
        "dagster_deltalake_polars",
        "dagster_docker",
        "dagster_duckdb",
        "dagster_duckdb_pandas",
        "dagster_duckdb_polars",
        "dagster_k8s",
        "dagster_pandas",
        "dagster_polars",
        "dagster_slack",
    )
}
"""Integration packages, likewise. Each needs the library that it is for."""

EVERY: dict[str, str] = {**ALIASES, **INTEGRATIONS}
"""All of them."""

ANNOUNCED = "ROSTRUM_COMPAT_TOLD"
"""Variable that is set once the notice was given, so that child processes do not repeat it."""

SHIM = "_rostrum_shim.py"
"""File by which an installed package is known to be a shim of ours."""


_NO_SUCH = (
    "No module named {!r}. Rostrum has no such integration (docs/integrations lists those that it has): use the "
    "library itself, in a resource of your own."
)


class AliasFinder(MetaPathFinder, Loader):
    """Finds the names of `aliases` and everything below them. `forced`: even where such a package is installed."""

    def __init__(self, aliases: Mapping[str, str] = EVERY, *, forced: bool = False, quiet: bool = False) -> None:
        self.aliases, self.forced, self.quiet = aliases, forced, quiet

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for an aliased name, None for any other. Raises ModuleNotFoundError, which says why, for a path below
        an aliased name that leads nowhere, and for an integration that nobody has.
        """
        top, _, rest = fullname.partition(".")
        if top not in self.aliases:
            if _is_missing_integration(fullname) and not _asked_for_a_spec():
                raise ModuleNotFoundError(_NO_SUCH.format(fullname), name=fullname)
            return None
        if not rest and not self._is_ours(top):
            return None
        if rest and not _is_taken(top):
            return None  # the real package
        real = self._real(fullname)
        if real is not None:
            return ModuleSpec(fullname, self, is_package=real)
        if _asked_for_a_spec():
            return None
        raise ModuleNotFoundError(_modules().missing(fullname), name=fullname)

    def _is_ours(self, top: str) -> bool:
        return self.forced or not is_installed(top)

    def _real(self, fullname: str) -> bool | None:
        """Whether what a name leads to is a package; None where it leads nowhere."""
        top, _, rest = fullname.partition(".")
        base = self.aliases[top]
        if base:
            found = _spec_of(f"{base}.{rest}" if rest else base)
            if found is not None:
                return found.submodule_search_locations is not None or not rest
        return True if _modules().is_known(fullname) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module here, under its second name."""
        if "." not in spec.name and not self.quiet:
            _announce(spec.name, forced=self.forced)
        module = _resolved(spec.name, self.aliases)
        spec.loader_state = (module.__spec__, module.__loader__)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: it has been executed under its own name, which its spec goes on telling."""
        spec = module.__spec__
        if spec is not None and spec.loader is self and spec.loader_state is not None:
            own, loader = spec.loader_state
            if own is not None:
                module.__spec__, module.__loader__ = own, loader


_announcing = threading.Lock()
_warned: set[str] = set()


def _announce(name: str, *, forced: bool) -> None:
    """Tell once, on standard error, whose module this is and why; and what is wrong with how it is installed."""
    with _announcing:
        if os.environ.get(ANNOUNCED):
            return
        os.environ[ANNOUNCED] = "1"
    shim = _shim_of(name)
    why = (
        "rostrum-dagster is installed" if shim else "as this project says" if forced else "no such package is installed"
    )
    sys.stderr.write(f"rostrum: `import {name}` is Rostrum's own here ({why}; see docs/compatibility.md)\n")
    _warn_of_two(name, shim)


def _warn_of_two(name: str, shim: Path | None) -> None:
    """Tell where two distributions have been installed over each other."""
    other = _other_distribution(name, shim) if shim is not None else None
    if other is not None and other not in _warned:
        _warned.add(other)
        sys.stderr.write(
            f"rostrum: {other} is installed in the same place as rostrum-dagster, and both bring the package {name!r}: "
            f"one has overwritten the other. Mend it: `pip uninstall {other.partition(' ')[0]} rostrum-dagster`, then "
            "install the one that you want.\n"
        )


def _shim_of(name: str) -> Path | None:
    """Folder of the shim package of that name, where `rostrum-dagster` is installed."""
    found = PathFinder.find_spec(name)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    return folder if (folder / SHIM).exists() else None


def _other_distribution(name: str, shim: Path) -> str | None:
    """Name and version of a distribution called as the package, in the folder that the shim is in. (By the names of
    folders: `importlib.metadata` would be the slowest part of `import dagster`.)
    """
    wanted = name.replace("_", "-")
    for entry in shim.parent.iterdir():
        if entry.suffix in (".dist-info", ".egg-info"):
            project, _, rest = entry.stem.replace("_", "-").rpartition("-")
            if project.lower() == wanted:
                return f"{wanted} {rest}"
    return None


def _modules() -> Any:
    """What knows all paths; loaded when the first alias is imported."""
    return importlib.import_module("rostrum.compat.dagster.modules")


def _resolved(fullname: str, aliases: Mapping[str, str]) -> ModuleType:
    """The module that a name leads to: a file of ours, or one that exists by name only."""
    top, _, rest = fullname.partition(".")
    base = aliases[top]
    real = f"{base}.{rest}" if rest else base
    modules = _modules()
    if not base or _spec_of(real) is None:
        return modules.module(fullname)
    module = importlib.import_module(real)
    if top in ALIASES and "__getattr__" not in vars(module):  # names that the file does not define
        vars(module)["__getattr__"] = functools.partial(modules.lookup, fullname)
    return module


def _spec_of(name: str) -> ModuleSpec | None:
    """Spec of a module of ours; None where there is none (or its parent is no package)."""
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None


def _is_missing_integration(name: str) -> bool:
    """Whether a name looks like a package of an integration, and no other finder knows it."""
    if not name.startswith("dagster_") or "." in name:
        return False
    others = [finder for finder in sys.meta_path if not isinstance(finder, AliasFinder)]
    return all(finder.find_spec(name, None) is None for finder in others)


def _asked_for_a_spec() -> bool:
    """Whether `importlib.util.find_spec` wants to know, which is to give None rather than raise."""
    frame = sys._getframe(1)  # (the finder's protocol does not tell) # pyright: ignore[reportPrivateUsage]
    for _ in range(6):
        if frame.f_back is None:
            return False
        frame = frame.f_back
        if frame.f_code.co_filename == importlib.util.__file__ or frame.f_code.co_filename.endswith(
            "<frozen importlib.util>"
        ):
            return True
    return False


def _is_taken(top: str) -> bool:
    """Whether the top-level module that is imported is one of ours."""
    module = sys.modules.get(top)
    if module is None or module.__name__.startswith("rostrum.") or type(module).__module__.startswith("rostrum."):
        return True
    return module.__spec__ is not None and isinstance(module.__spec__.loader, AliasFinder)


def is_installed(name: str) -> bool:
    """Whether a package of that name, other than a shim of ours, can be imported without an alias. A folder without
    `__init__.py` is no package.
    """
    found = PathFinder.find_spec(name)
    if found is None or found.origin is None:
        return False
    shim = _shim_of(name)
    if shim is None:
        return True
    if b"rostrum.compat.aliases" in Path(found.origin).read_bytes():
        return False
    _warn_of_two(name, shim)  # a package was installed over the shim
    return True


def install(aliases: Mapping[str, str] = EVERY, *, forced: bool = True, quiet: bool = True) -> None:
    """Put the finder first. Doing it twice changes nothing, except that `forced` holds from then on."""
    for finder in sys.meta_path:
        if isinstance(finder, AliasFinder):
            finder.forced = finder.forced or forced
            return
    sys.meta_path.insert(0, AliasFinder(aliases, forced=forced, quiet=quiet))


def uninstall() -> None:
    """Take the finder out. Modules that have been imported stay."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, AliasFinder)]


def use(mode: str) -> Callable[[], str]:
    """Do as a project says: `auto`, `dagster` or `off`. Gives `foreign`. Raises ConfigError for another word."""
    if mode not in {AUTO, ALWAYS, OFF}:
        raise ConfigError(f"compat: {mode!r} is none of auto, dagster, off")
    if mode != OFF:
        install(forced=mode == ALWAYS, quiet=False)
    return foreign


def foreign() -> str:
    """A hint for code in which no definitions were found: it imported the package that is installed. Else empty."""
    for name in ALIASES:
        if not _is_taken(name):
            return f" The package {name!r} that is installed was imported: with `--compat dagster` it is Rostrum's."
    return ""


def take_over(name: str) -> None:
    """Called by an installed shim package while it is imported: its name is ours from here on, submodules too."""
    install(forced=True, quiet=True)
    if name in ALIASES:
        _announce(name, forced=False)
    sys.modules[name] = _resolved(name, EVERY)
