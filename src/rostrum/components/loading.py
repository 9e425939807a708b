"""Functions that load what a `defs` folder holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from rostrum.components.component import Component
from rostrum.components.context import ComponentLoadContext
from rostrum.components.project import find_project, folder_of
from rostrum.components.tree import ComponentTree
from rostrum.definitions.location.definitions import Definitions
from rostrum.model.errors import DefinitionError


def load_from_defs_folder(*, path_within_project: Path | None = None, project_root: Path | None = None) -> Definitions:
    """Definitions of the project that a path is in (default: the calling file): all that lies in its `defs` folder.
    Raises ComponentTreeError that lists all mistakes, CodeImportError where the package cannot be imported.
    """
    start = path_within_project if path_within_project is not None else project_root
    if start is None:
        file = sys._getframe(1).f_globals.get("__file__")  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - who calls
        start = Path(file).parent if file else Path.cwd()
    return _built(ComponentTree.for_project(Path(start)))


def load_defs(
    defs_root: ModuleType, project_root: Path | None = None, terminate_autoloading_on_keyword_files: bool = True
) -> Definitions:
    """Definitions of a package. In a folder with a `definitions.py` only that file counts, unless
    `terminate_autoloading_on_keyword_files` is False.
    """
    if not hasattr(defs_root, "__path__"):
        raise DefinitionError(f"{defs_root.__name__} is not a package: load_defs takes the module of a folder.")
    root = project_root if project_root is not None else _root_of(folder_of(defs_root))
    tree = ComponentTree(
        defs_module=defs_root,
        project_root=root,
        terminate_autoloading_on_keyword_files=terminate_autoloading_on_keyword_files,
    )
    return _built(tree)


def build_component_defs(components_root: Path) -> Definitions:
    """Definitions of a folder that need not be part of a package."""
    folder = Path(components_root).absolute()
    module = ModuleType(folder.name)
    module.__path__ = [str(folder)]
    return _built(ComponentTree(defs_module=module, project_root=_root_of(folder)))


def build_defs_for_component(component: Component) -> Definitions:
    """Definitions of one instance, outside any project."""
    return component.build_defs(ComponentLoadContext.detached())


def component_defs(
    *, component: Component, resources: Mapping[str, Any] | None = None, context: ComponentLoadContext | None = None
) -> Definitions:
    """Definitions of one instance, with resources."""
    made = component.build_defs(context if context is not None else ComponentLoadContext.detached())
    return Definitions.merge(made, Definitions(resources=resources or {}))


def get_component_defs_within_project(
    *, project_root: str | Path, component_path: str | Path, instance_key: int = 0
) -> tuple[Component, Definitions]:
    """One instance of a project and its definitions, for tests. `component_path` is relative to the `defs` folder."""
    return get_all_components_defs_within_project(project_root=project_root, component_path=component_path)[
        instance_key
    ]


def get_all_components_defs_within_project(
    *, project_root: str | Path, component_path: str | Path
) -> list[tuple[Component, Definitions]]:
    """All instances at a path, with their definitions; for tests."""
    tree = ComponentTree.for_project(Path(project_root))
    node = tree.find_decl_at_path(component_path)
    nodes = node.children if node.kind == "file" and node.children else [node]
    return [(tree.load_component(each.address), tree.build_defs(each.address)) for each in nodes]


def _built(tree: ComponentTree) -> Definitions:
    made = tree.build_defs()
    if hasattr(made, "component_tree"):
        made.component_tree = tree
    return made


def _root_of(folder: Path) -> Path:
    try:
        return find_project(folder).root
    except DefinitionError:
        return folder.parent
