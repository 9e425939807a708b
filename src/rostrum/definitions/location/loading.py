"""Importing the user's code: from a file, a module and an attribute to `Definitions`. Whatever goes wrong is a
DefinitionError
that names the user's file and line; the original exception is its cause.
"""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from rostrum.definitions.broken import collecting
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.lazy import LazyDefinitions
from rostrum.definitions.location.load_errors import load_error
from rostrum.definitions.location.made_jobs import definitions_of_job, made_job, read
from rostrum.definitions.location.module_contents import definitions_of_module
from rostrum.definitions.problems import Broken, all_in_one
from rostrum.definitions.sources import relative
from rostrum.model.errors import DefinitionError, kind_of
from rostrum.planning.collector import seldom_collecting

ALIASES_GROUP = "rostrum.import_aliases"


class CodeTarget(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the code is: a Python file or an importable module, and the name in it (default: the one `Definitions`
    there).
    """

    python_file: str | None = None
    module_name: str | None = None
    attribute: str | None = None
    working_directory: str | None = None
    """Put on the import path and made the current directory; default: as it is."""
    compat: str = "auto"
    """Whose names imports lead to here (see `rostrum.compat.aliases`)."""
    job: str | None = None
    """Name of one job, or of a function that makes one: what it belongs to is loaded, or it alone."""
    arguments: str | None = None
    """Of that function, as `made_jobs.written` writes them; default: none."""


def load_definitions(target: CodeTarget) -> Definitions:
    """Import a target and return its definitions (not yet validated). Raises DefinitionError."""
    if (target.python_file is None) == (target.module_name is None):
        raise DefinitionError("say what to load: a Python file or a module, not both.")
    if target.working_directory is not None:
        folder = Path(target.working_directory).resolve()
        if not folder.is_dir():
            raise DefinitionError(f"the working directory {str(folder)!r} does not exist.")
        os.chdir(folder)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    hints = _use_import_aliases(target.compat)
    linecache.checkcache()
    with collecting() as mistakes, seldom_collecting():
        try:
            found = _found(target, hints)
            if not mistakes:
                return found
            found.check_what_is_there()
        except DefinitionError as error:
            if not mistakes:
                raise
            if not isinstance(error, Broken):
                mistakes.append(error)
    raise all_in_one(mistakes) from (mistakes[0] if len(mistakes) > 1 else mistakes[0].__cause__)


def _use_import_aliases(mode: str) -> list[Callable[[], str]]:
    """Have names of other packages lead here, as the project says. What does so is found by entry point. Gives what
    tells, once the code is imported, why definitions in it may be those of another package.
    """
    if mode == "off":
        return []
    from importlib import metadata  # slow to load, and scripts load no code by name

    return [point.load()(mode) for point in metadata.entry_points(group=ALIASES_GROUP)]


def _found(target: CodeTarget, hints: list[Callable[[], str]]) -> Definitions:
    module = (
        _import_file(target.python_file) if target.python_file is not None else _import_module(target.module_name or "")
    )
    if target.job is not None:
        return _definitions_of_job(module, target.job, target.arguments)
    return _definitions(module, target.attribute, hints)


def _definitions_of_job(module: ModuleType, name: str, arguments: str | None) -> Definitions:
    place = relative(getattr(module, "__file__", None) or module.__name__)
    if not hasattr(module, name):
        raise DefinitionError(f"{place} has no {name!r}.")
    args, kwargs = read(arguments) if arguments is not None else ((), {})
    what = f"{place}: {name}"
    return definitions_of_job(_guarded(lambda: made_job(getattr(module, name), what, args, kwargs), what))


def _import_file(file: str) -> ModuleType:
    path = Path(file).resolve()
    if not path.is_file():
        raise DefinitionError(f"there is no file {relative(str(path))!r}.")
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = path.stem
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) != str(path):
        # A module of that name is there already (`definitions.py` twice): never replace it.
        name = f"{name}__{abs(hash(str(path))):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DefinitionError(f"{relative(str(path))!r} is not a Python file.")
    loader = spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # As `import` does: by it Python knows a circular import, and says so.
    vars(spec)["_initializing"] = True
    try:
        _guarded(lambda: loader.exec_module(module), relative(str(path)))
    except DefinitionError:
        sys.modules.pop(name, None)
        raise
    finally:
        vars(spec)["_initializing"] = False
    return module


def _import_module(name: str) -> ModuleType:
    return _guarded(lambda: importlib.import_module(name), f"module {name}")


def _guarded(load: Any, what: str) -> Any:
    try:
        return load()
    except (Exception, SystemExit) as error:
        told = load_error(error, what)
        if told is error:
            raise
        raise told from error


def _definitions(module: ModuleType, attribute: str | None, hints: list[Callable[[], str]]) -> Definitions:
    place = relative(getattr(module, "__file__", None) or module.__name__)
    if attribute is not None:
        value: Any = module
        for part in attribute.split("."):
            if not hasattr(value, part):
                raise DefinitionError(f"{place} has no {attribute!r}.")
            value = getattr(value, part)
        if callable(value) and not isinstance(value, Definitions):
            value = _guarded(value, f"{place}: {attribute}()")
        if not isinstance(value, Definitions):
            hint = "".join(hint() for hint in hints)
            raise DefinitionError(f"{place}: {attribute} is {kind_of(value)}, not Definitions.{hint}")
        return value
    whole = (Definitions, LazyDefinitions)
    found = {id(value): (name, value) for name, value in vars(module).items() if isinstance(value, whole)}
    if len(found) > 1:
        names = ", ".join(name for name, _ in found.values())
        raise DefinitionError(
            f"{place} has several Definitions ({names}): name one, or merge them with Definitions.merge."
        )
    if found:
        name, value = next(iter(found.values()))
        return _guarded(value, f"{place}: {name}()") if isinstance(value, LazyDefinitions) else value
    loose = definitions_of_module(module)
    if loose is None:
        hint = "".join(hint() for hint in hints) or " Add `defs = Definitions(assets=[...])`."
        raise DefinitionError(f"{place} has no Definitions and no assets or jobs.{hint}")
    return loose
