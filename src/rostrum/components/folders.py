"""`DefsFolderComponent`: a folder, whose definitions are those of all that lies in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from rostrum.components.component import Component
from rostrum.components.context import ComponentLoadContext
from rostrum.components.nodes import ComponentPath
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.location.lazy import LazyDefinitions
from rostrum.definitions.location.module_contents import definitions_of_module


@dataclass
class DefsFolderComponent(Component):
    """A folder of components and Python files. As `type` of a `defs.yaml` it lets `post_processing` change all that is
    below.
    """

    path: Path
    children: Mapping[Path, Component] = field(default_factory=dict[Path, Component])

    @classmethod
    def get_model_cls(cls) -> None:
        """It takes no attributes."""
        return

    @classmethod
    def load(cls, attributes: Any, context: ComponentLoadContext) -> DefsFolderComponent:  # noqa: ARG003 - none to read
        """The component of the context's folder."""
        return cls(context.path, context.component_tree.children_of(context.path))

    @classmethod
    def get(cls, context: ComponentLoadContext) -> DefsFolderComponent:
        """The component of the context's folder."""
        return cls.load(None, context)

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """Definitions of all children, merged. Mistakes of all are told at once."""
        return context.component_tree.merged_children(self.path)

    def iterate_components(self) -> Iterator[Component]:
        """All components below."""
        for _, component in self.iterate_path_component_pairs():
            yield component

    def iterate_path_component_pairs(self) -> Iterator[tuple[ComponentPath, Component]]:
        """All components below with their addresses."""
        for path, component in self.children.items():
            yield ComponentPath(path), component
            if isinstance(component, DefsFolderComponent):
                yield from component.iterate_path_component_pairs()
            elif isinstance(component, CompositeComponent):
                for index, each in component.children.items():
                    yield ComponentPath(path, index), each


@dataclass
class CompositeComponent(Component):
    """The several instances of one file."""

    path: Path
    children: Mapping[int | str, Component]

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """Definitions of all instances, merged."""
        return context.component_tree.merged_children(self.path)


@dataclass
class PythonFileComponent(Component):
    """A Python file, whose definitions are those at its top; a `@definitions` function there takes the place of all
    others.
    """

    path: Path
    module: ModuleType

    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """The file's definitions."""
        return module_definitions(self.module, context)


def module_definitions(module: ModuleType, context: ComponentLoadContext) -> Definitions:
    """What a Python file of a `defs` folder defines."""
    values = list({id(value): value for value in vars(module).values()}.values())
    lazy = [value for value in values if isinstance(value, LazyDefinitions)]
    if lazy:
        return Definitions.merge(*(each(context) for each in lazy))
    whole = [value for value in values if isinstance(value, Definitions)]
    if whole:
        return Definitions.merge(*whole)
    return definitions_of_module(module) or Definitions()
