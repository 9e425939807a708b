"""`ComponentTree`: all components of a `defs` folder. Each is loaded once, when it is first asked for; the mistakes of
all are told together.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, overload

from rostrum.components.attributes import post_processed
from rostrum.components.component import Component, is_component_instance
from rostrum.components.context import ComponentLoadContext
from rostrum.components.declarations import Declared, load_document
from rostrum.components.folders import CompositeComponent, DefsFolderComponent, PythonFileComponent, module_definitions
from rostrum.components.nodes import (
    PYTHON_INSTANCES,
    ComponentPath,
    Node,
    add_instances,
    scan,
    scan_children,
    yaml_file,
)
from rostrum.components.origin import stamped
from rostrum.components.picture import picture
from rostrum.components.project import find_project, folder_of, import_package
from rostrum.components.resolution import ResolutionContext
from rostrum.components.scope_names import standard_scope
from rostrum.components.telling import each_of, mistake_lines, node_place, telling, told_with
from rostrum.definitions.broken import is_collecting, note
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.sources import relative
from rostrum.model.errors import ComponentTreeError, DefinitionError, kind_of, one_of

T = TypeVar("T")


class ComponentTree:
    """The components below one package, which is usually `<project>.defs`."""

    def __init__(
        self,
        *,
        defs_module: ModuleType,
        project_root: Path,
        terminate_autoloading_on_keyword_files: bool | None = None,
        code_location_name: str | None = None,
    ) -> None:
        self.defs_module, self.project_root = defs_module, Path(project_root).absolute()
        self.terminate_autoloading_on_keyword_files = terminate_autoloading_on_keyword_files
        self.code_location_name = code_location_name
        self._root: Node | None = None
        self._declared: dict[ComponentPath, Declared] = {}
        self._built: dict[ComponentPath, Definitions] = {}
        self._mistakes: dict[ComponentPath, int] = {}
        self._under_way: list[ComponentPath] = []

    @classmethod
    def for_project(cls, path_within_project: Path) -> ComponentTree:
        """The tree of the project that a path is in. Raises DefinitionError, CodeImportError."""
        project = find_project(Path(path_within_project))
        import_package(project.root_module, project.root)
        module = import_package(project.defs_module, project.root)
        return cls(defs_module=module, project_root=project.root, code_location_name=project.code_location_name)

    @staticmethod
    def from_module(defs_module: ModuleType, project_root: Path) -> ComponentTree:
        """The tree of a package."""
        return ComponentTree(defs_module=defs_module, project_root=project_root)

    @staticmethod
    def for_test() -> ComponentTree:
        """An empty tree at the working directory."""
        module = ModuleType("defs")
        module.__path__ = [str(Path.cwd() / "defs")]
        return ComponentTree(defs_module=module, project_root=Path.cwd())

    @property
    def defs_module_name(self) -> str:
        """Name of the package."""
        return self.defs_module.__name__

    @property
    def defs_module_path(self) -> Path:
        """Folder of the package."""
        return folder_of(self.defs_module)

    @property
    def load_context(self) -> ComponentLoadContext:
        """Context of the root."""
        return self._context(ComponentPath(self.defs_module_path), None)

    decl_load_context = load_context

    def find_root_decl(self) -> Node:
        """What lies in the folder; nothing of it is imported."""
        if self._root is None:
            folder = self.defs_module_path
            stop = self.terminate_autoloading_on_keyword_files is True
            children = scan_children(folder, stop) if folder.is_dir() else []
            self._root = Node("folder", folder, children=children) if yaml_file(folder) is None else scan(folder, stop)
        return self._root

    def find_decl_at_path(self, defs_path: Any) -> Node:
        """The entry at a path. Raises ComponentTreeError that names those that there are."""
        wanted = ComponentPath.of(defs_path, self.defs_module_path)
        for each in self.find_root_decl().walk():
            if each.address == wanted or (each.kind == "python" and each.path.with_suffix("") == wanted.file_path):
                return each
        for each in list(self.find_root_decl().walk()):
            if each.kind in {"file", "yaml"} and each.path in (wanted.file_path, *wanted.file_path.parents):
                self._grow(each)
        for each in self.find_root_decl().walk():
            if each.address == wanted or (wanted.instance_key == 0 and each.address == ComponentPath(wanted.file_path)):
                return each
        told = wanted.told(self.defs_module_path)
        there = ", ".join(sorted(each.address.told(self.defs_module_path) for each in self.find_root_decl().walk())[1:])
        raise ComponentTreeError(
            f"there is no component {told!r} in {relative(str(self.defs_module_path))}; there are: {there}."
        )

    @overload
    def load_component(self, defs_path: Any, expected_type: None = None) -> Any: ...
    @overload
    def load_component(self, defs_path: Any, expected_type: type[T]) -> T: ...
    def load_component(self, defs_path: Any, expected_type: type | None = None) -> Any:
        """The instance at a path. Raises ComponentTreeError."""
        node = self.find_decl_at_path(defs_path)
        component = self._loaded(node).component
        if expected_type is not None and not isinstance(component, expected_type):
            told = node.address.told(self.defs_module_path)
            raise ComponentTreeError(f"the component {told!r} is {kind_of(component)}, not {one_of(expected_type)}.")
        return component

    load_structural_component_at_loc = load_component

    def load_root_component(self) -> Component:
        """The component of the whole folder."""
        return self._loaded(self.find_root_decl()).component

    def get_all_components(self, of_type: type[T]) -> list[T]:
        """All instances of a class."""
        self._grow_all()
        found = [
            self._loaded(each).component for each in self.find_root_decl().walk() if each.kind in {"yaml", "instance"}
        ]
        return [each for each in found if isinstance(each, of_type)]

    def build_defs(self, loc: Any = None) -> Definitions:
        """Definitions of one component, or of all. Raises ComponentTreeError that lists all mistakes and draws the
        tree.
        """
        try:
            return self._build(self.find_root_decl() if loc is None else self.find_decl_at_path(loc))
        except DefinitionError as error:
            if self._under_way:
                raise
            told = told_with(error, self.to_string_representation())
            if not is_collecting():
                raise told from (error.__cause__ or error)
            told.__cause__ = error.__cause__ or error
            note(told)
            return self._what_was_built()

    build_defs_at_path = build_defs

    def _what_was_built(self) -> Definitions:
        """Definitions of those components that have no mistake of their own, for those of the definitions to be told
        as well.
        """
        whole: list[Definitions] = []

        def add(node: Node) -> None:
            if node.address in self._built:
                whole.append(self._built[node.address])
            else:
                for child in node.children:
                    add(child)

        add(self.find_root_decl())
        found = merged(whole)
        found.incomplete = frozenset({"assets", "jobs", "resources"})
        return found

    def has_built_all_defs(self) -> bool:
        """The whole tree has been built."""
        return self.find_root_decl().address in self._built

    def is_fully_loaded(self) -> bool:
        """Every instance has been loaded."""
        return all(each.address in self._declared for each in self.find_root_decl().walk() if each.kind == "yaml")

    def to_string_representation(
        self,
        include_load_and_build_status: bool = False,
        hide_plain_defs: bool = False,
        match_path: ComponentPath | None = None,
    ) -> str:
        """The tree as a picture."""
        status = self._status if include_load_and_build_status else self._failures
        return picture(self.find_root_decl(), status, hide_plain_defs, match_path)

    # --- what components of this package use ---------------------------------------------------------------------

    def children_of(self, folder: Path) -> Mapping[Path, Component]:
        """Instances that lie directly in a folder."""
        node = self._folder(folder)
        made = each_of(node.children, lambda each: (each.path, self._loaded(each).component))
        return dict(made)

    def merged_children(self, folder: Path) -> Definitions:
        """Definitions of all that lies directly in a folder."""
        return merged(each_of(self._folder(folder).children, self._build))

    # --- parts ---------------------------------------------------------------------------------------------------

    def _context(self, address: ComponentPath, node: Node | None) -> ComponentLoadContext:
        made = ComponentLoadContext(
            self.project_root,
            self.defs_module_path,
            self.defs_module_name,
            ResolutionContext.default(),
            self,
            self.terminate_autoloading_on_keyword_files is True,
            address,
            node,
        )
        return made.with_rendering_scope(standard_scope(made))

    def _folder(self, folder: Path) -> Node:
        for each in self.find_root_decl().walk():
            if each.path == folder and each.kind in {"folder", "file", "yaml"}:
                self._grow(each)
                return each
        raise ComponentTreeError(f"there is no folder {relative(str(folder))} in the tree.")

    def _grow_all(self) -> None:
        for each in list(self.find_root_decl().walk()):
            self._grow(each)

    def _grow(self, node: Node) -> None:
        """Find the children that only an import or a type tells."""
        if node.kind == "file" and not node.children and node.mistake is None and yaml_file(node.path) is None:
            self._add_instances(node)
        elif node.kind == "yaml" and not node.children and node.instance_key is None:
            named = node.type_name or ""
            declared = self._declared.get(node.address)
            if named.endswith(".DefsFolderComponent") or (
                declared is not None and isinstance(declared.component, DefsFolderComponent)
            ):
                node.children = scan_children(node.path, self.terminate_autoloading_on_keyword_files is True)

    def _add_instances(self, node: Node) -> None:
        module = self._imported(node.path / PYTHON_INSTANCES, self._context(node.address, node))
        functions = {name: value for name, value in vars(module).items() if is_component_instance(value)}
        add_instances(node, functions, self.terminate_autoloading_on_keyword_files is True)

    def _imported(self, file: Path, context: ComponentLoadContext) -> ModuleType:
        with telling(f"{relative(str(file))} could not be loaded", None):
            return context.load_defs_relative_python_module(file)

    def _loaded(self, node: Node) -> Declared:
        known = self._declared.get(node.address)
        if known is not None:
            return known
        with self._entered(node), self._counting(node):
            self._declared[node.address] = made = self._load(node)
        return made

    def _load(self, node: Node) -> Declared:
        self._grow(node)
        context = self._context(node.address, node)
        if node.mistake is not None:
            raise node.mistake
        if node.kind == "yaml" and node.document is not None:
            return load_document(node.document, context, Component)
        if node.kind == "instance":
            component = _made_by_function(node, context)
        elif node.kind == "python":
            component = PythonFileComponent(node.path, self._imported(node.path, context))
        elif node.kind == "file":
            if not node.children:
                file = relative(str(yaml_file(node.path) or node.path))
                raise ComponentTreeError(f"{file}:1: the file is empty: a component needs a `type`.")
            made = each_of(node.children, lambda each: (each.instance_key or 0, self._loaded(each).component))
            component = CompositeComponent(node.path, dict(made))
        else:
            component = DefsFolderComponent(node.path, self.children_of(node.path))
        return Declared(component, None, context)

    def _build(self, node: Node) -> Definitions:
        known = self._built.get(node.address)
        if known is not None:
            return known
        self._grow(node)
        if node.kind == "folder" or (node.kind == "file" and node.children):
            made = merged(each_of(node.children, self._build))
        else:
            declared = self._loaded(node)
            with self._entered(node), self._counting(node):
                made = self._definitions(node, declared)
        self._built[node.address] = made
        return made

    def _definitions(self, node: Node, declared: Declared) -> Definitions:
        component, context = declared.component, declared.context
        if isinstance(component, PythonFileComponent):
            with telling(f"{relative(str(node.path))} could not be loaded", None):
                return module_definitions(component.module, context)
        place = node_place(node)
        with telling(f"{type(component).__name__}.build_defs failed", place):
            found: Any = component.build_defs(context)
        if not isinstance(found, Definitions):
            raise ComponentTreeError(
                f"{place}: {type(component).__name__}.build_defs returned {kind_of(found)}, not Definitions."
            )
        if not isinstance(component, DefsFolderComponent):
            found = stamped(found, component, node, self.project_root)
        if declared.post_processing is not None:
            resolution = context.resolution_context.at_path("post_processing")
            with telling("post_processing failed", place):
                found = post_processed(found, declared.post_processing, resolution)
        return found

    @contextmanager
    def _entered(self, node: Node) -> Generator[None, None, None]:
        """Refuse what waits for itself."""
        if node.address in self._under_way and node.kind != "folder":
            circle = [*self._under_way[self._under_way.index(node.address) :], node.address]
            told = " -> ".join(each.told(self.defs_module_path) for each in circle)
            raise ComponentTreeError(f"{node_place(node)}: components wait for each other: {told}.")
        self._under_way.append(node.address)
        try:
            yield
        finally:
            self._under_way.pop()

    @contextmanager
    def _counting(self, node: Node) -> Generator[None, None, None]:
        try:
            yield
        except DefinitionError as error:
            if node.kind != "folder" and not node.children:
                self._mistakes[node.address] = len(mistake_lines(error))
            raise

    def _failures(self, node: Node) -> str:
        count = self._mistakes.get(node.address)
        return "" if count is None else f"<- {count} mistake{'s' if count > 1 else ''}"

    def _status(self, node: Node) -> str:
        failed = self._failures(node)
        if failed:
            return failed
        return (
            "(built)"
            if node.address in self._built
            else "(loaded)"
            if node.address in self._declared
            else "(not loaded)"
        )


def merged(found: Sequence[Definitions]) -> Definitions:
    """The union; what a file imports from another counts once."""
    return Definitions.merge(*found) if found else Definitions()


def _made_by_function(node: Node, context: ComponentLoadContext) -> Component:
    name = getattr(node.function, "__name__", "component_instance")
    place = f"{relative(str(node.path / PYTHON_INSTANCES))}:{_line(node.function)}"
    with telling(f"the component instance {name} failed", place):
        found = node.function(context)
    if isinstance(found, Component):
        return found
    raise ComponentTreeError(f"{place}: {name} returned {kind_of(found)}, not a component.")


def _line(function: Any) -> int:
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    return code.co_firstlineno if code is not None else 1
