"""From YAML to Python values: `Resolver` says how one value is made, a `Plan` how a type annotation is read."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from inspect import signature
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, PlainValidator, StringConstraints, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.fields import FieldInfo

from rostrum.components.resolution import ResolutionContext, gathered, holds_template
from rostrum.components.templates import is_template
from rostrum.model.errors import DefinitionError, ResolutionError

T = TypeVar("T")
Convert = Callable[[ResolutionContext, Any], Any]

Template = Annotated[str, StringConstraints(pattern=r"\{\{[\s\S]*\}\}")]
"""A text with an expression, which may stand for a value of any type."""
_SEQUENCES = (list, Sequence, tuple, set, frozenset, AbstractSet)


class Resolver:
    """How an attribute is made of its value in YAML: `Annotated[Path, Resolver(lambda context, value: ...)]`.

    `model_field_type` is what YAML may hold (default: the second parameter's annotation, else the attribute's own
    type), `model_field_name` the key there. Expressions in the value are replaced before the function is called,
    unless `inject_before_resolve` is False.
    """

    def __init__(
        self,
        fn: Callable[[ResolutionContext, Any], Any],
        *,
        model_field_name: str | None = None,
        model_field_type: Any = None,
        description: str | None = None,
        examples: list[Any] | None = None,
        inject_before_resolve: bool = True,
        json_schema_extra: dict[str, Any] | None = None,
        form_config: Any = None,
        _kind: Literal["attribute", "model", "default", "passthrough", "union"] = "attribute",
    ) -> None:
        self.fn, self.kind = fn, _kind
        self.model_field_name, self.model_field_type = model_field_name, model_field_type
        self.description, self.examples = description, examples
        self.inject_before_resolve, self.json_schema_extra = inject_before_resolve, json_schema_extra
        self.form_config = form_config

    @staticmethod
    def default(
        *,
        model_field_name: str | None = None,
        model_field_type: Any = None,
        description: str | None = None,
        examples: list[Any] | None = None,
        json_schema_extra: dict[str, Any] | None = None,
        form_config: Any = None,
    ) -> Resolver:
        """The resolution that types have by themselves, with another schema or a description."""
        return Resolver(
            lambda context, value: context.resolve_value(value),
            model_field_name=model_field_name,
            model_field_type=model_field_type,
            description=description,
            examples=examples,
            json_schema_extra=json_schema_extra,
            form_config=form_config,
            _kind="default",
        )

    @staticmethod
    def from_model(fn: Callable[[ResolutionContext, Any], Any], **kwargs: Any) -> Resolver:
        """A function of the whole model, for an attribute made of several keys."""
        return Resolver(fn, **kwargs, _kind="model")

    @staticmethod
    def passthrough(description: str | None = None, examples: list[Any] | None = None) -> Resolver:
        """The value as it is written, expressions and all."""
        return Resolver(lambda _context, value: value, description=description, examples=examples, _kind="passthrough")

    @staticmethod
    def union(arg_resolver_pairs: Sequence[tuple[type, Resolver]]) -> Resolver:
        """One of several resolvers: the first whose type fits the value."""
        alternatives = [Annotated[kind, resolver] for kind, resolver in arg_resolver_pairs]
        plan = plan_of(Union[tuple(alternatives)])  # noqa: UP007
        return Resolver(plan.convert, model_field_type=plan.schema, inject_before_resolve=False, _kind="union")

    @property
    def is_default(self) -> bool:
        """True where the type decides."""
        return self.kind == "default"

    @property
    def resolves_from_parent_object(self) -> bool:
        """True where the function gets the whole model."""
        return self.kind == "model"

    def with_outer_resolver(self, outer: Resolver) -> Resolver:
        """This resolver, with the key and description of another where that has them."""
        return Resolver(
            self.fn,
            model_field_name=outer.model_field_name or self.model_field_name,
            model_field_type=outer.model_field_type or self.model_field_type,
            description=outer.description or self.description,
            examples=outer.examples or self.examples,
            inject_before_resolve=self.inject_before_resolve,
            json_schema_extra=outer.json_schema_extra or self.json_schema_extra,
            form_config=outer.form_config or self.form_config,
            _kind=self.kind,  # pyright: ignore[reportArgumentType]
        )

    def execute(self, context: ResolutionContext, model: BaseModel, field_name: str) -> Any:
        """The attribute, from a model that holds its value."""
        if self.kind == "model":
            return _called(self.fn, context, model)
        name = self.model_field_name or field_name
        return self.convert(context.at_path(name), getattr(model, name))

    def convert(self, context: ResolutionContext, value: Any) -> Any:
        """The attribute, from its value. Raises ResolutionError."""
        if self.inject_before_resolve and self.kind == "attribute" and not isinstance(value, BaseModel):
            value = context.resolve_value(value) if _plain(value) else value
        return _called(self.fn, context, value)

    def schema(self, base: Any) -> Any:
        """What YAML may hold for an attribute of this type."""
        if self.model_field_type is not None:
            return self.model_field_type
        if self.kind in {"default", "passthrough"}:
            return plan_of(base).schema
        stated = _second_annotation(self.fn)
        if stated is not None:
            return stated
        try:
            return plan_of(base).schema
        except DefinitionError:
            return Any

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Classes that pydantic does not know may be annotated, too."""
        try:
            return handler(source)
        except PydanticSchemaGenerationError:
            return handler(Any)


Injected = Annotated[T, Resolver.default(model_field_type=str)]
"""An attribute that only an expression can give: `client: Injected[Client]` with `client: "{{ my_client }}"`."""


@dataclass(frozen=True)
class Plan:
    """How values of an annotation are written (`schema`, for pydantic) and made (`convert`)."""

    schema: Any
    convert: Convert


def plan_of(annotation: Any) -> Plan:
    """Plan of an annotation. Raises DefinitionError for a class that YAML cannot give."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return annotated_plan(arguments[0], arguments[1:])
    model_of = getattr(annotation, "resolve_from_model", None)
    if model_of is not None and isinstance(annotation, type):
        return Plan(Annotated[Any, _Later(annotation)] | Template, _resolvable(annotation))
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin in _SEQUENCES and arguments:
        return _sequence(origin, arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping) and arguments:
        value = plan_of(arguments[1])
        return Plan(dict[arguments[0], value.schema] | Template, _mapping(value, annotation))
    return _simple(annotation)


def annotated_plan(base: Any, extras: Sequence[Any]) -> Plan:
    """Plan of `Annotated[base, *extras]`."""
    resolver = next((each for each in extras if isinstance(each, Resolver)), None)
    others = tuple(each for each in extras if not isinstance(each, (Resolver, FieldInfo)))
    if resolver is None:
        # What an expression stands for is checked when it is known.
        return _constrained(base, others) if others and _is_plain_type(base) else plan_of(base)
    schema = resolver.schema(base)
    if resolver.is_default and resolver.model_field_type is None:
        return plan_of(base)
    if resolver.kind != "passthrough" and schema is not str and schema is not Any:
        schema = schema | Template
    if resolver.is_default:
        return Plan(schema, lambda context, value: context.resolve_value(value))
    return Plan(schema, resolver.convert)


class _Later:
    """The schema of a Resolvable class, asked for when pydantic needs it: classes may hold themselves."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, _source: Any, handler: Callable[[Any], Any]) -> Any:
        if self.kind.__dict__.get("__resolvable_making__", False):  # it holds itself
            later = Annotated[Any, PlainValidator(lambda value: self.kind.model().model_validate(value))]
            return handler.generate_schema(later)  # pyright: ignore[reportFunctionMemberAccess]
        return handler.generate_schema(self.kind.model())  # pyright: ignore[reportFunctionMemberAccess]


def _resolvable(kind: Any) -> Convert:
    def convert(context: ResolutionContext, value: Any) -> Any:
        if isinstance(value, BaseModel) and not isinstance(value, kind):
            return kind.resolve_from_model(context, value)
        return context.resolve_value(value)

    return convert


def _union(arguments: Sequence[Any]) -> Plan:
    plans = [(each, plan_of(each)) for each in arguments if each is not type(None)]
    optional = len(plans) < len(arguments)
    schema: Any = Union[tuple(plan.schema for _, plan in plans)]  # noqa: UP007
    if len(plans) == 1:
        plan = plans[0][1]
        return Plan(schema | None, lambda context, value: None if value is None else plan.convert(context, value))

    def convert(context: ResolutionContext, value: Any) -> Any:
        if value is None and optional:
            return None
        for _, plan in plans:
            if _fits(plan.schema, value):
                return plan.convert(context, value)
        return context.resolve_value(value)

    return Plan(schema | None if optional else schema, convert)


def _fits(schema: Any, value: Any) -> bool:
    try:
        TypeAdapter(schema).validate_python(value)
    except ValidationError:
        return False
    return True


def _sequence(origin: Any, arguments: Sequence[Any]) -> Plan:
    inner = [each for each in arguments if each is not Ellipsis]
    fixed = origin is tuple and Ellipsis not in arguments
    plans = [plan_of(each) for each in inner]
    make: Any = list if origin is Sequence else set if origin is AbstractSet else origin

    def convert(context: ResolutionContext, value: Any) -> Any:
        if not isinstance(value, (list, tuple, set)):
            return make(context.resolve_value(value))
        steps: list[Callable[[], Any]] = []
        for index, each in enumerate(cast("Sequence[Any]", value)):
            plan = plans[index] if fixed else plans[0]
            steps.append(lambda index=index, each=each, plan=plan: plan.convert(context.at_path(index), each))
        return make(gathered(steps))

    items: Any = tuple[tuple(plan.schema for plan in plans)] if fixed else list[plans[0].schema]
    return Plan(items | Template, convert)


def _mapping(plan: Plan, annotation: Any) -> Convert:
    def convert(context: ResolutionContext, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return context.checked(context.resolve_value(value), annotation)
        found = cast("Mapping[Any, Any]", value)
        made = gathered(
            [lambda key=key, each=each: plan.convert(context.at_path(str(key)), each) for key, each in found.items()]
        )
        return dict(zip((context.resolve_value(key) for key in found), made, strict=True))

    return convert


def _constrained(base: Any, others: Sequence[Any]) -> Plan:
    annotation: Any = Annotated[base, *others]
    return Plan(
        Union[annotation, Template],  # noqa: UP007
        lambda context, value: context.checked(context.resolve_value(value), annotation),
    )


def _simple(annotation: Any) -> Plan:
    if annotation is str:
        # A number is taken for a text where the value is an expression: a text is what was asked for.
        return Plan(str, lambda context, value: _text(context.resolve_value(value)))
    if annotation is Any:
        return Plan(Any, lambda context, value: context.resolve_value(value))
    try:
        TypeAdapter(annotation)
    except PydanticSchemaGenerationError as error:
        name = getattr(annotation, "__name__", str(annotation))
        raise DefinitionError(
            f"YAML cannot give a {name}: annotate it with `Annotated[{name}, Resolver(...)]`, or `Injected[{name}]` "
            "for a value that an expression gives."
        ) from error

    def convert(context: ResolutionContext, value: Any) -> Any:
        if isinstance(value, BaseModel) or holds_template(value):
            resolved = context.resolve_value(value)
            return context.checked(resolved, annotation)
        return value

    return Plan(annotation | Template if _takes_union(annotation) else Union[annotation, Template], convert)  # noqa: UP007


def _takes_union(annotation: Any) -> bool:
    return isinstance(annotation, type)


def _is_plain_type(base: Any) -> bool:
    return get_origin(base) is None and isinstance(base, type)


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _plain(value: Any) -> bool:
    """No models in it: those are resolved by who knows them."""
    if isinstance(value, (list, tuple)):
        return all(_plain(each) for each in cast("Sequence[Any]", value))
    if isinstance(value, Mapping):
        return all(_plain(each) for each in cast("Mapping[Any, Any]", value).values())
    return not isinstance(value, BaseModel)


def _second_annotation(function: Any) -> Any:
    """Annotation of a function's second parameter, None without one."""
    try:
        names = list(signature(function).parameters)
        hints = get_type_hints(function, include_extras=True)
    except (TypeError, ValueError, NameError):
        return None
    return hints.get(names[1]) if len(names) > 1 else None


def _called(function: Callable[[ResolutionContext, Any], Any], context: ResolutionContext, value: Any) -> Any:
    try:
        return function(context, value)
    except ResolutionError:
        raise
    except Exception as error:
        # Resolvers are the user's; the place in the YAML file is what they cannot know.
        what = f"{value!r} cannot be resolved: " if is_template(value) or isinstance(value, (str, int, float)) else ""
        said = str(error) if isinstance(error, DefinitionError) else f"{type(error).__name__}: {error}"
        raise context.failed(f"{what}{said}") from error
