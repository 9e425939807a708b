"""From one document of a `defs.yaml` to an instance: its type is imported, its names for expressions gathered, its
attributes are checked and resolved. All mistakes of a document are told at once.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rostrum.components.attributes import PostProcessingModel
from rostrum.components.context import ComponentLoadContext
from rostrum.components.foreign_types import FOREIGN_MODULES
from rostrum.components.mistakes import validation_error
from rostrum.components.nodes import PYTHON_INSTANCES
from rostrum.components.resolution import ResolutionContext
from rostrum.components.resolvable import validated
from rostrum.components.scope import scope_of_class, template_vars
from rostrum.components.yaml_files import Document
from rostrum.definitions.names import nearest
from rostrum.model.errors import ComponentTreeError, DefinitionError, ResolutionError, UnresolvableSymbol


class RequirementsModel(BaseModel):
    """What an instance needs of its environment. Told by `list envs`; nothing fails for want of it at load."""

    model_config = ConfigDict(extra="forbid")
    env: list[str] | None = Field(None, description="Names of environment variables.")


class ComponentFileModel(BaseModel):
    """One document of a `defs.yaml`."""

    model_config = ConfigDict(extra="forbid")
    type: str = Field(description="The component class, as `package.module.Class`.")
    attributes: dict[str, Any] | None = None
    template_vars_module: str | None = Field(None, description="File whose `@template_var` functions expressions see.")
    requirements: RequirementsModel | None = None
    post_processing: PostProcessingModel | None = None


@dataclass(frozen=True)
class Declared:
    """An instance, and how its definitions are to be changed."""

    component: Any
    post_processing: PostProcessingModel | None
    context: ComponentLoadContext


def load_document(document: Document, context: ComponentLoadContext, base: type) -> Declared:
    """The instance that a document declares; `base` is the class that its type must derive from. Raises
    ComponentTreeError that lists all mistakes.
    """
    context = context.with_source_position_tree(document.positions)
    place = ResolutionContext(source_position_tree=document.positions)
    if document.value is None or not isinstance(document.value, dict):
        raise ComponentTreeError(f"{place.place}this must be a mapping with the key `type`.")
    errors: list[DefinitionError] = []
    value = cast("dict[str, Any]", document.value)
    header = _header(value, place, errors)
    cls = _type(value, context, place, base, errors)
    scope = _scope(value, context, place, errors)
    if cls is not None:
        scope = {**scope_of_class(cls, context), **scope}
        context = context.with_rendering_scope(scope)
    component = _instance(cls, value, context, errors) if cls is not None else None
    if errors:
        raise _all_of(errors)
    return Declared(component, header.post_processing if header else None, context)


def _header(value: Mapping[str, Any], place: ResolutionContext, errors: list[DefinitionError]) -> Any:
    try:
        return ComponentFileModel.model_validate(value)
    except ValidationError as error:
        told = validation_error(error, value, place, ComponentFileModel)
        told.__cause__ = error
        errors.append(told)
        return None


def _type(
    value: Mapping[str, Any], context: ComponentLoadContext, place: ResolutionContext, base: type, errors: list[Any]
) -> Any:
    named = value.get("type")
    if not isinstance(named, str):
        return None
    at = place.at_path("type")
    try:
        found = component_type(named, context)
    except UnresolvableSymbol as error:
        told = UnresolvableSymbol(f"{at.place}{error}")
        told.__cause__ = error.__cause__
        errors.append(told)
        return None
    if isinstance(found, type) and issubclass(found, base):
        return found
    errors.append(
        ComponentTreeError(f"{at.place}{named!r} is not a component class: let it derive from {base.__name__}.")
    )
    return None


def component_type(named: str, context: ComponentLoadContext) -> Any:
    """The object that a type names. Raises UnresolvableSymbol."""
    module_name, _, attribute = context.normalize_component_type_str(named).rpartition(".")
    if not module_name:
        raise UnresolvableSymbol(f"{named!r} does not name a module: write `package.module.Class`.")
    folder = context.path if context.path.is_dir() else context.path.parent
    if named.startswith(".") and "." not in named[1:] and (folder / PYTHON_INSTANCES).is_file():
        module: ModuleType = context.load_defs_relative_python_module(folder / PYTHON_INSTANCES)
    else:
        module = _module(module_name, named)
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise UnresolvableSymbol(
            f"the module {module_name} has no {attribute!r}.{nearest(attribute, dir(module))}"
        ) from error


def _module(name: str, named: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if name in FOREIGN_MODULES and error.name == name.partition(".")[0]:
            return _module(FOREIGN_MODULES[name], named)
        missing = f"there is no module {error.name!r}"
        raise UnresolvableSymbol(f"the type {named!r} cannot be imported: {missing}.") from error
    except DefinitionError:
        raise
    except Exception as error:
        # The module is the user's: whatever it raises is told with the place where it was asked for.
        raise UnresolvableSymbol(f"the type {named!r} cannot be imported: {type(error).__name__}: {error}") from error


def _scope(
    value: Mapping[str, Any], context: ComponentLoadContext, place: ResolutionContext, errors: list[Any]
) -> dict[str, Any]:
    named = value.get("template_vars_module")
    if not isinstance(named, str):
        return {}
    at = place.at_path("template_vars_module")
    try:
        module = importlib.import_module(_vars_module(named, context))
    except ImportError as error:
        told = UnresolvableSymbol(f"{at.place}the module {named!r} cannot be imported: {error}.")
        told.__cause__ = error
        errors.append(told)
        return {}
    found = template_vars(vars(module), context)
    if not found:
        errors.append(ComponentTreeError(f"{at.place}the module {named!r} has no function with `@template_var`."))
    return found


def _vars_module(named: str, context: ComponentLoadContext) -> str:
    """`.vars` and `vars.py` are relative to the folder of the file."""
    folder = context.path if context.path.is_dir() else context.path.parent
    here = context.defs_relative_module_name(folder)
    if named.endswith(".py"):
        return f"{here}.{named.removeprefix('./').removesuffix('.py').replace('/', '.')}"
    return f"{here}{named}" if named.startswith(".") else named


def _instance(cls: Any, value: Mapping[str, Any], context: ComponentLoadContext, errors: list[DefinitionError]) -> Any:
    resolution = context.resolution_context.at_path("attributes")
    attributes = value.get("attributes")
    try:
        model = cls.get_model_cls()
        if model is None:
            if attributes:
                raise resolution.failed(f"{cls.__name__} takes no attributes.")
            return cls.load(None, context)
        if attributes is not None and not isinstance(attributes, dict):
            return None  # told by the header
        valid = validated(model, attributes, resolution)
        return cls.load(valid, context.with_resolution_context(resolution))
    except DefinitionError as error:
        errors.append(error)
        return None


def _all_of(errors: list[DefinitionError]) -> ComponentTreeError:
    first = errors[0]
    if len(errors) == 1 and isinstance(first, ComponentTreeError):
        return first
    lines = dict.fromkeys(line for error in errors for line in str(error).splitlines())
    told = ComponentTreeError("\n".join(lines))
    told.__cause__ = first.__cause__ if isinstance(first, ResolutionError) and _is_validation(first) else first
    return told


def _is_validation(error: BaseException) -> bool:
    return isinstance(error.__cause__, ValidationError)
