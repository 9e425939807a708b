"""`Component`: a class that makes definitions from a few attributes, which YAML or Python gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from rostrum.components.context import ComponentLoadContext
from rostrum.components.declarations import load_document
from rostrum.components.nodes import Node
from rostrum.components.resolvable import Resolvable, validated
from rostrum.components.scope import scope_of_class
from rostrum.components.yaml_files import Position, parse_documents
from rostrum.definitions.location.definitions import Definitions
from rostrum.model.errors import DefinitionError

C = TypeVar("C")
_INSTANCE = "__rostrum_component_instance__"


@dataclass(frozen=True)
class ComponentTypeSpec:
    """What lists of component types show of one."""

    description: str | None = None
    tags: Sequence[str] | None = None
    owners: Sequence[str] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    produces: Sequence[str] | None = None


class Component(ABC):
    """Makes definitions. Subclasses are dataclasses or pydantic models that are `Resolvable`, too, where YAML is to
    give their attributes.
    """

    @abstractmethod
    def build_defs(self, context: ComponentLoadContext) -> Definitions:
        """The definitions."""

    @classmethod
    def get_schema(cls) -> type[BaseModel] | None:
        """Schema of the attributes, for classes that make their own. See `get_model_cls`."""
        return None

    @classmethod
    def get_model_cls(cls) -> type[BaseModel] | None:
        """Schema of `attributes` in YAML; None: there are none."""
        if issubclass(cls, Resolvable):
            return cls.model()
        own = cls.get_schema()
        return own if own is not None else (cls if issubclass(cls, BaseModel) else None)

    @classmethod
    def get_spec(cls) -> ComponentTypeSpec:
        """Description, owners and tags of the type."""
        return ComponentTypeSpec()

    @classmethod
    def get_description(cls) -> str | None:
        """What the type is for: that of the spec, or the docstring."""
        return cls.get_spec().description or cls.__doc__

    @classmethod
    def get_additional_scope(cls) -> Mapping[str, Any]:
        """Names for expressions in the YAML of this type. Static methods with `@template_var` do the same."""
        return {}

    @classmethod
    def get_decl_type(cls) -> type:
        """Class of what the tree keeps of an instance before it is loaded."""
        return Node

    @classmethod
    def get_code_references_for_yaml(
        cls,
        yaml_path: Path,
        source_position: Position,
        context: ComponentLoadContext,  # noqa: ARG003 - for overrides
    ) -> Sequence[Any]:
        """Where the definitions come from, for links to the code."""
        return [Position(str(yaml_path), source_position.line)]

    @classmethod
    def load(cls, attributes: BaseModel | None, context: ComponentLoadContext) -> Self:
        """An instance from validated attributes."""
        resolution = context.resolution_context
        if issubclass(cls, Resolvable):
            model = attributes if attributes is not None else validated(cls.model(), {}, resolution)
            return cls.resolve_from_model(resolution, model)
        if attributes is None:
            return cls()
        if isinstance(attributes, cls):
            return attributes
        return cls(**resolution.resolve_value(attributes))

    @classmethod
    def from_attributes_dict(cls, *, attributes: dict[str, Any], context: ComponentLoadContext | None = None) -> Self:
        """An instance from plain values, as if they stood in YAML; for tests."""
        used = context if context is not None else ComponentLoadContext.detached()
        used = used.with_rendering_scope(scope_of_class(cls, used))
        model = cls.get_model_cls()
        return cls.load(validated(model, attributes, used.resolution_context) if model is not None else None, used)

    @classmethod
    def from_yaml_path(cls, yaml_path: Path, context: ComponentLoadContext | None = None) -> Component:
        """The one instance that a `defs.yaml` declares; for tests."""
        used = context if context is not None else ComponentLoadContext.detached()
        documents = parse_documents(Path(yaml_path).read_text(encoding="utf-8"), str(yaml_path))
        if len(documents) != 1:
            raise DefinitionError(f"{yaml_path} declares {len(documents)} instances, not one.")
        return load_document(documents[0], used.for_path(Path(yaml_path).parent.absolute()), cls).component


def component_instance(fn: Callable[[ComponentLoadContext], C]) -> Callable[[ComponentLoadContext], C]:
    """Marks a function of `component.py` that makes an instance. It takes a ComponentLoadContext."""

    @wraps(fn)
    def made(context: ComponentLoadContext) -> C:
        return fn(context)

    setattr(made, _INSTANCE, True)
    return made


def is_component_instance(value: Any) -> bool:
    """Made by `@component_instance`."""
    return callable(value) and getattr(value, _INSTANCE, False) is True
