"""`ComponentLoadContext`: where a component is loaded, and the way to others of the project."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, overload

from rostrum.components.nodes import ComponentPath, Node
from rostrum.components.resolution import ResolutionContext
from rostrum.components.yaml_files import Positions
from rostrum.definitions.location.definitions import Definitions
from rostrum.model.errors import CodeImportError, InvocationError

_STASHED = "component_load_context"
Expected = TypeVar("Expected")


@dataclass(frozen=True)
class ComponentLoadContext:
    """Paths of the project and of the instance that is being loaded, and what its expressions see."""

    project_root: Path
    defs_module_path: Path
    defs_module_name: str
    resolution_context: ResolutionContext
    component_tree: Any
    """The ComponentTree; None where a component is made outside a project."""
    terminate_autoloading_on_keyword_files: bool
    component_loc: ComponentPath
    component_decl: Node | None = None

    @staticmethod
    def detached() -> ComponentLoadContext:
        """A context outside any project, at the working directory: for tests."""
        here = Path.cwd()
        made = ComponentLoadContext(here, here, "defs", ResolutionContext.default(), None, False, ComponentPath(here))
        return made.with_rendering_scope({"context": made, "project_root": str(here)})

    @staticmethod
    def from_resolution_context(resolution_context: ResolutionContext) -> ComponentLoadContext:
        """The context that a resolver runs in."""
        found = resolution_context.stash.get(_STASHED)
        if not isinstance(found, ComponentLoadContext):
            raise InvocationError("this value is not resolved while a component is loaded: there is no load context.")
        return found

    @staticmethod
    def from_decl_load_context(decl_load_context: ComponentLoadContext, component_decl: Node) -> ComponentLoadContext:
        """The context of an instance of the tree."""
        return replace(decl_load_context, component_decl=component_decl).for_component_loc(component_decl.address)

    @property
    def path(self) -> Path:
        """Folder or file of the instance."""
        return self.component_loc.file_path

    @property
    def component_path(self) -> ComponentPath:
        """Address of the instance."""
        return self.component_loc

    def for_component_loc(self, component_loc: ComponentPath) -> ComponentLoadContext:
        """The context at another address."""
        return replace(self, component_loc=component_loc)

    def for_path(self, path: Path) -> ComponentLoadContext:
        """The context at another path."""
        return self.for_component_loc(ComponentPath(path))

    def with_rendering_scope(self, rendering_scope: Mapping[str, Any]) -> ComponentLoadContext:
        """The context with more names for expressions."""
        return self.with_resolution_context(self.resolution_context.with_scope(**rendering_scope))

    def with_source_position_tree(self, source_position_tree: Positions) -> ComponentLoadContext:
        """The context for a document with these places."""
        return self.with_resolution_context(self.resolution_context.with_source_position_tree(source_position_tree))

    def with_resolution_context(self, resolution_context: ResolutionContext) -> ComponentLoadContext:
        """The context with another one for expressions, from which resolvers find their way back."""
        made = replace(self, resolution_context=resolution_context)
        return replace(made, resolution_context=resolution_context.with_stashed_value(_STASHED, made))

    @overload
    def load_component(self, defs_path: Any, expected_type: None = None) -> Any: ...
    @overload
    def load_component(self, defs_path: Any, expected_type: type[Expected]) -> Expected: ...
    def load_component(self, defs_path: Any, expected_type: type | None = None) -> Any:
        """Another instance of the project, by its path in the `defs` folder. Raises ComponentTreeError."""
        return self._tree().load_component(defs_path, expected_type)

    load_component_at_path = load_component
    load_structural_component_at_loc = load_component
    load_structural_component_at_path = load_component

    def build_defs(self, loc: Any) -> Definitions:
        """Definitions of another instance."""
        return self._tree().build_defs(loc)

    def build_defs_at_path(self, defs_path: Any) -> Definitions:
        """Definitions of another instance."""
        return self.build_defs(defs_path)

    def defs_relative_module_name(self, path: Path) -> str:
        """Name under which a file or folder of the `defs` folder is imported."""
        relative = Path(path).absolute().relative_to(self.defs_module_path.absolute())
        parts = [*relative.parts[:-1], relative.stem] if relative.suffix == ".py" else list(relative.parts)
        if parts and parts[-1] == "__init__":
            parts.pop()
        return ".".join([self.defs_module_name, *parts])

    def load_defs_relative_python_module(self, path: Path) -> ModuleType:
        """Import a file of the `defs` folder, by its path (relative paths: to the instance's folder)."""
        folder = self.path if self.path.is_dir() else self.path.parent
        file = Path(path) if Path(path).is_absolute() else folder / path
        name = self.defs_relative_module_name(file)
        if all(part.isidentifier() for part in name.split(".")) and self.defs_module_name in sys.modules:
            return importlib.import_module(name)
        return imported_file(file, name)

    def normalize_component_type_str(self, type_str: str) -> str:
        """The full name of a type: one that begins with a dot is relative to the instance's folder."""
        if not type_str.startswith("."):
            return type_str
        folder = self.path if self.path.is_dir() else self.path.parent
        return f"{self.defs_relative_module_name(folder)}{type_str}"

    def _tree(self) -> Any:
        if self.component_tree is None:
            raise InvocationError("there is no project here: other components cannot be loaded.")
        return self.component_tree


def imported_file(file: Path, name: str) -> ModuleType:
    """A module from a file whose name cannot be imported, once."""
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(file):
        return known
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CodeImportError(f"{file} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
