"""From the fields of Config classes to schemas of config. Loaded with pydantic only.

What a schema cannot judge (fields with validators that see raw values, types that pydantic reads from text) takes
anything there, and pydantic judges it when the object is made.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, PlainValidator, TypeAdapter, WrapValidator
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from pydantic.fields import FieldInfo

from rostrum.definitions.config.env import EnvVar, IntEnvVar
from rostrum.definitions.config.errors import EvaluationErrorReason, EvaluationStack
from rostrum.definitions.config.schema import (
    ANY,
    FLOAT,
    Array,
    BoolSource,
    ConfigType,
    Enum,
    Evaluation,
    Field,
    IntSource,
    Map,
    Noneable,
    Permissive,
    Selector,
    Shape,
    StringSource,
)
from rostrum.definitions.ops.signatures import MISSING
from rostrum.model.errors import ConfigSchemaError

RAW_VALIDATORS = (BeforeValidator, WrapValidator, PlainValidator)
_SCALARS: Mapping[Any, ConfigType] = {int: IntSource, float: FLOAT, str: StringSource, bool: BoolSource}


class Choice(Selector):
    """A union of models: config names the option, `{"cat": {...}}`. What pydantic reads has the name as a field."""

    def __init__(self, options: Mapping[str, ConfigType], discriminator: str) -> None:
        super().__init__({name: Field(each) for name, each in options.items()})
        self._discriminator = discriminator

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        """The fields of the chosen option, and its name."""
        given = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None
        if (
            given is not None
            and isinstance(given.get(self._discriminator), str)
            and self._discriminator not in self.fields
        ):
            rest = {key: each for key, each in given.items() if key != self._discriminator}
            value = {given[self._discriminator]: rest}
        before = len(evaluation.errors)
        found = super().evaluate(value, at, evaluation)
        if len(evaluation.errors) > before:
            return found
        name, inner = next(iter(found.items()))
        fields = cast("dict[str, Any]", inner or {})
        return {**fields, self._discriminator: name}


class Options(ConfigType):
    """One of several literal values."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = list(values)

    @property
    def shown(self) -> str:
        """The values."""
        return " | ".join(repr(each) for each in self._values)

    @property
    def config_values(self) -> list[Any]:
        """What config may say."""
        return list(self._values)

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        """The value, when it is one of them."""
        if any(value == each and type(value) is type(each) for each in self._values):
            return value
        message = f"Value {at.told} is {at.shown(value)}, which is none of {', '.join(map(str, self._values))}."
        evaluation.note(at, EvaluationErrorReason.RUNTIME_TYPE_MISMATCH, message, value)
        return value

    def example(self) -> Any:
        """The first one."""
        return self._values[0]


def model_type(model: type[BaseModel], skip: frozenset[str] = frozenset()) -> Shape:
    """Schema of a model's fields. Raises ConfigSchemaError for fields whose type cannot be config."""
    made = Permissive({}) if model.model_config.get("extra") == "allow" else Shape({})
    made.given_name, made.description = model.__name__, model.__doc__
    _made_now[model] = made  # a model may hold itself
    try:
        made.fields.update(model_fields(model, skip))
    finally:
        del _made_now[model]
    return made


_made_now: dict[type[BaseModel], Shape] = {}


def model_fields(model: type[BaseModel], skip: frozenset[str] = frozenset()) -> dict[str, Field]:
    """Fields of a model by the name that config uses."""
    raw = _sees_raw(model)
    return {
        field.alias or name: _field(model, name, field, raw)
        for name, field in model.model_fields.items()
        if name not in skip
    }


def _field(model: type[BaseModel], name: str, field: FieldInfo, raw: frozenset[str] | None) -> Field:
    label = f"{model.__name__}.{name}"
    is_free = raw is None or name in raw or any(isinstance(each, RAW_VALIDATORS) for each in field.metadata)
    inner = without_none(field.annotation)
    if is_free and inner not in _SCALARS:
        kind: ConfigType = ANY
    else:
        kind = _type(field.annotation, label, discriminator=field.discriminator)
    is_required = field.is_required() and raw is not None
    made = Field(kind, is_required=is_required, description=field.description)
    if not is_required and not field.is_required() and field.default_factory is None:
        set_default(made, default_of(field.default, kind))
    return made


def can_be_config(model: type[BaseModel], name: str) -> bool:
    """False for a field that only code can fill: a client, a function."""
    try:
        _field(model, name, model.model_fields[name], _sees_raw(model))
    except ConfigSchemaError:
        return False
    return True


def set_default(field: Field, value: Any) -> None:
    """Give a default that has been checked by pydantic: it is not judged again until it is used. None where the type
    does not allow it (`size: float = None`, which pydantic lets pass) is no value for config: the field is optional.
    """
    if value is None and not isinstance(field.config_type, Noneable) and field.config_type is not ANY:
        return
    field._default = value  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - made here


def default_of(value: Any, kind: ConfigType) -> Any:
    """A field's default as config writes it; MISSING for what has no such form."""
    plain = plain_value(value, kind)
    return plain if _is_plain(plain) else MISSING


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, cast("dict[Any, Any]", value).values()))
    if isinstance(value, list):
        return all(map(_is_plain, cast("list[Any]", value)))
    return value is None or isinstance(value, (str, int, float, bool))


def plain_value(value: Any, kind: ConfigType | None = None) -> Any:
    """The value as run config writes it: enums by member name, references as `{"env": name}`, an option of a union
    under its name.
    """
    if isinstance(value, (EnvVar, IntEnvVar)):
        return {"env": value.env_var_name}
    if isinstance(kind, Noneable):
        kind = kind.inner_type
    if isinstance(value, BaseModel):
        return _plain_model(value, kind)
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, dict):
        inner = kind.inner_type if isinstance(kind, Map) else None
        return {key: plain_value(each, inner) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        inner = kind.inner_type if isinstance(kind, Array) else None
        return [plain_value(each, inner) for each in cast("Sequence[Any]", value)]
    return value


def _plain_model(value: BaseModel, kind: ConfigType | None) -> Any:
    convert = getattr(value, "to_run_config", None)
    plain = cast("dict[str, Any]", convert() if callable(convert) else value.model_dump(mode="json"))
    if isinstance(kind, Choice):
        name = plain.pop(kind._discriminator, None)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        return {name: plain}
    return plain


def _sees_raw(model: type[BaseModel]) -> frozenset[str] | None:
    """Fields whose validators see raw values; None when a validator of the whole model does."""
    decorators = model.__pydantic_decorators__
    if any(each.info.mode != "after" for each in decorators.model_validators.values()):
        return None
    names: set[str] = set()
    for each in decorators.field_validators.values():
        if each.info.mode != "after":
            names.update(model.model_fields if "*" in each.info.fields else each.info.fields)
    return frozenset(names)


def _type(annotation: Any, label: str, *, discriminator: Any = None) -> ConfigType:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if any(isinstance(each, RAW_VALIDATORS) for each in arguments[1:]):
            return ANY
        found = next((each.discriminator for each in arguments[1:] if isinstance(each, FieldInfo)), None)
        return _type(arguments[0], label, discriminator=found or discriminator)
    if origin in (Union, types.UnionType):
        return _union(annotation, arguments, label, discriminator)
    if origin is Literal:
        return Options(arguments)
    if origin is list:
        return Array(_type(arguments[0], label))
    if origin is dict:
        return Map(_type(arguments[0], label), _type(arguments[1], label))
    if isinstance(annotation, type):
        return _of_class(annotation, label)
    if annotation is Any:
        return ANY
    return _judged_by_pydantic(annotation, label)


def _of_class(annotation: type[Any], label: str) -> ConfigType:
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if issubclass(annotation, BaseModel):
        return _made_now[annotation] if annotation in _made_now else model_type(annotation)
    if issubclass(annotation, enum.Enum):
        return Enum.from_python_enum(annotation)
    if annotation is dict:
        return Permissive()
    if annotation is list:
        return Array(ANY)
    return _judged_by_pydantic(annotation, label)


def _union(annotation: Any, arguments: tuple[Any, ...], label: str, discriminator: Any) -> ConfigType:
    others = [each for each in arguments if each is not type(None)]
    optional = len(others) < len(arguments)
    if len(others) == 1:
        return Noneable(_type(others[0], label, discriminator=discriminator))
    if isinstance(discriminator, str):
        options: dict[str, ConfigType] = {}
        for option in others:
            for name in get_args(option.model_fields[discriminator].annotation):
                options[name] = model_type(option, frozenset({discriminator}))
        made = Choice(options, discriminator)
        return Noneable(made) if optional else made
    found = _judged_by_pydantic(annotation, label)
    return Noneable(found) if optional else found


def _judged_by_pydantic(annotation: Any, label: str) -> ConfigType:
    """Dates, paths, unions of scalars and the like: any value passes here, and pydantic judges it."""
    try:
        TypeAdapter(annotation).json_schema()
    except (PydanticSchemaGenerationError, PydanticUserError):
        raise ConfigSchemaError(unsupported(label, annotation)) from None
    return ANY


def unsupported(label: str, annotation: Any) -> str:
    """The message about a type that cannot be config."""
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
    return (
        f"{label} is annotated with {name}, which cannot be config. Use int, float, bool, str, Optional, list, "
        "dict[str, T], Literal, an Enum, a Config class, a union of Config classes with a discriminator, or a type "
        "that pydantic can read. To hand an object to the function, make it a resource: a ConfigurableResource, or "
        "ResourceParam[T]."
    )


def without_none(annotation: Any) -> Any:
    """T of `T | None`, else the annotation."""
    arguments = get_args(annotation)
    if get_origin(annotation) in (Union, types.UnionType) and type(None) in arguments:
        others = [each for each in arguments if each is not type(None)]
        return others[0] if len(others) == 1 else annotation
    return annotation
