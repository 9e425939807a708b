"""`Resolvable`: classes whose instances YAML can make. The schema of the YAML follows from the class's own fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, Self, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from rostrum.components.mistakes import validation_error
from rostrum.components.resolution import ResolutionContext, gathered
from rostrum.components.resolvers import Plan, Resolver, annotated_plan
from rostrum.components.yaml_files import parse_documents
from rostrum.definitions.names import nearest
from rostrum.model.errors import DefinitionError, ResolutionError


class Model(BaseModel):
    """A pydantic model that refuses unknown keys and takes values of any class."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True)
class ResolvableField:
    """One attribute of a Resolvable class."""

    name: str
    key: str
    """Its key in YAML."""
    plan: Plan
    resolver: Resolver | None
    required: bool
    description: str | None = None


class Resolvable:
    """Mix-in for a pydantic model, a dataclass or a class with an annotated `__init__`: `resolve_from_yaml` and
    `resolve_from_dict` make instances, `model()` is the schema. Attributes say with `Resolver` how they are made.
    """

    @classmethod
    def model(cls) -> type[BaseModel]:
        """The pydantic model of what YAML may hold. Unknown keys are refused."""
        return model_of(cls)

    @classmethod
    def get_form_config(cls) -> Any:
        """How a form for it looks; None: as the schema says."""
        return None

    @classmethod
    def resolve_from_model(cls, context: ResolutionContext, model: BaseModel) -> Self:
        """An instance from validated YAML. Raises ResolutionError that lists all that cannot be resolved."""
        attributes = resolve_fields(model, cls, context)
        try:
            return cls(**attributes)
        except ValidationError as error:
            raise validation_error(error, model.model_dump(exclude_unset=True), context) from error
        except DefinitionError as error:
            raise context.failed(str(error)) from error

    @classmethod
    def resolve_from_dict(cls, dictionary: dict[str, Any]) -> Self:
        """An instance from plain values."""
        return cls.resolve_from_model(ResolutionContext.default(), cls.model().model_validate(dictionary))

    @classmethod
    def resolve_from_yaml(cls, yaml: str, *, scope: Mapping[str, Any] | None = None) -> Self:
        """An instance from a YAML text; `scope` holds names for expressions."""
        return resolve_document(cls, yaml, "<string>", scope)

    @classmethod
    def resolve_from_path(cls, path: Path, *, scope: Mapping[str, Any] | None = None) -> Self:
        """An instance from a YAML file."""
        return resolve_document(cls, path.read_text(), str(path), scope)


def resolve_document(cls: Any, text: str, file: str, scope: Mapping[str, Any] | None) -> Any:
    """An instance of a Resolvable class from a text with one document."""
    documents = parse_documents(text, file)
    if len(documents) > 1:
        raise ResolutionError(f"{documents[1].positions.at(())}: there is more than one document.")
    if not documents:
        raise ResolutionError(f"{file}: the file is empty.")
    document = documents[0]
    context = ResolutionContext.default(document.positions).with_scope(**(scope or {}))
    return cls.resolve_from_model(context, validated(cls.model(), document.value, context))


def validated(model: type[BaseModel], value: Any, context: ResolutionContext) -> BaseModel:
    """The value as a model. Raises ResolutionError that lists all mistakes with their places."""
    try:
        return model.model_validate(value if value is not None else {})
    except ValidationError as error:
        raise validation_error(error, value, context, model) from error


def resolve_fields(model: BaseModel, resolvable_cls: Any, context: ResolutionContext) -> dict[str, Any]:
    """Attributes of a Resolvable class, from a model of it. Those that YAML leaves out are left out."""
    wanted = [
        each
        for each in fields_of(resolvable_cls)
        if each.key in model.model_fields_set or (each.resolver is not None and each.resolver.kind == "model")
    ]
    values = gathered([_step(each, model, context) for each in wanted])
    return dict(zip((each.name for each in wanted), values, strict=True))


def _step(each: ResolvableField, model: BaseModel, context: ResolutionContext) -> Callable[[], Any]:
    if each.resolver is not None and each.resolver.kind == "model":
        resolver = each.resolver
        return lambda: resolver.execute(context, model, each.key)
    return lambda: each.plan.convert(context.at_path(each.key), getattr(model, each.key))


def fields_of(cls: Any) -> list[ResolvableField]:
    """Fields of a Resolvable class, read once."""
    known = cls.__dict__.get("__resolvable_fields__")
    if known is None:
        known = [_field(cls, name, annotation, required, info) for name, annotation, required, info in _declared(cls)]
        cls.__resolvable_fields__ = known
    return cast("list[ResolvableField]", known)


def model_of(cls: Any) -> type[BaseModel]:
    """Schema of a Resolvable class, made once."""
    known = cls.__dict__.get("__resolvable_model__")
    if known is not None:
        return known
    fields: dict[str, Any] = {}
    for each in fields_of(cls):
        from_model = each.resolver is not None and each.resolver.kind == "model"
        if from_model and each.resolver is not None and each.resolver.model_field_type is None:
            continue
        extra = (each.resolver.json_schema_extra if each.resolver else None) or None
        examples = each.resolver.examples if each.resolver else None
        info = Field(
            ... if each.required else None, description=each.description, examples=examples, json_schema_extra=extra
        )
        fields.setdefault(each.key, (each.plan.schema, info))
    cls.__resolvable_making__ = True
    try:
        made = create_model(
            f"{cls.__name__}Model",
            __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=True),
            __doc__=cls.__doc__,
            **fields,
        )
    finally:
        cls.__resolvable_making__ = False
    cls.__resolvable_model__ = made
    return made


def _field(cls: Any, name: str, annotation: Any, required: bool, info: FieldInfo | None) -> ResolvableField:
    extras: tuple[Any, ...] = tuple(info.metadata) if info is not None else ()
    base = annotation
    if get_origin(annotation) is Annotated:
        base, *inner = get_args(annotation)
        extras = (*inner, *extras)
    resolver = next((each for each in extras if isinstance(each, Resolver)), None)
    described = info or next((each for each in extras if isinstance(each, FieldInfo)), None)
    description = (resolver.description if resolver else None) or (described.description if described else None)
    try:
        plan = annotated_plan(base, extras)
    except DefinitionError as error:
        raise DefinitionError(f"{cls.__name__}.{name}: {error}") from error
    key = (resolver.model_field_name if resolver else None) or (info.alias if info is not None else None) or name
    return ResolvableField(name, key, plan, resolver, required, description)


def _declared(cls: Any) -> list[tuple[str, Any, bool, FieldInfo | None]]:
    """Name, annotation, whether required, pydantic's field."""
    if issubclass(cls, BaseModel):
        return [(name, info.annotation, info.is_required(), info) for name, info in cls.model_fields.items()]
    hints = get_type_hints(cls if dataclasses.is_dataclass(cls) else cls.__init__, include_extras=True)
    if dataclasses.is_dataclass(cls):
        return [(each.name, hints[each.name], _required(each), None) for each in dataclasses.fields(cls) if each.init]
    found: list[tuple[str, Any, bool, FieldInfo | None]] = []
    if cls.__init__ is object.__init__:
        return found
    for parameter in list(signature(cls.__init__).parameters.values())[1:]:
        if parameter.kind in {Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL}:
            continue
        if parameter.name not in hints:
            raise DefinitionError(
                f"{cls.__name__}.__init__: {parameter.name!r} has no annotation; YAML cannot give it."
                f"{nearest(parameter.name, hints)}"
            )
        found.append((parameter.name, hints[parameter.name], parameter.default is Parameter.empty, None))
    return found


def _required(each: dataclasses.Field[Any]) -> bool:
    return each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
