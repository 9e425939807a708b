"""Typed config of ops, assets and resources. The only modules that import pydantic are this one, `config_fields` and
`resources`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from rostrum.definitions.config.env import EnvVar, IntEnvVar, reveal
from rostrum.definitions.config.errors import EvaluationStack
from rostrum.definitions.config.fields import RAW_VALIDATORS, model_type, plain_value, set_default, without_none
from rostrum.definitions.config.schema import Field, Shape, process
from rostrum.definitions.names import nearest
from rostrum.definitions.sources import user_level
from rostrum.model.errors import ConfigError, InvocationError
from rostrum.model.secrets import schema_without_secrets
from rostrum.planning.config_schemas import FREE

_SCALARS = (int, float, str, bool)


class Config(BaseModel):
    """Config of an op or asset: subclass with typed fields. Objects cannot be changed; unknown keys in run config
    are errors.
    """

    __rostrum_config__: ClassVar[bool] = True
    model_config = ConfigDict(
        frozen=True, extra="ignore", arbitrary_types_allowed=True, ignored_types=(cached_property,)
    )

    def __init__(self, **config_dict: Any) -> None:
        super().__init__(**config_dict)
        if not config_dict.keys() <= type(self).model_fields.keys():
            _warn_of_unknown(type(self), config_dict)
        keep_references(self, config_dict)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or isinstance(getattr(type(self), name, None), cached_property):
            super().__setattr__(name, value)
        else:
            raise InvocationError(
                f"{type(self).__name__}.{name} cannot be assigned: the class is a Pythonic config class and does not "
                "support item assignment, since config cannot be changed once it is made."
            )

    @classmethod
    def to_config_schema(cls) -> Field:
        """The class as a field of a schema, for `config_schema=`."""
        return Field(config_type_of(cls), description=cls.__doc__)

    @classmethod
    def to_fields_dict(cls) -> dict[str, Field]:
        """The fields as fields of a schema, by name."""
        return dict(config_type_of(cls).fields)

    @classmethod
    def __rostrum_config_type__(cls) -> Shape:
        return config_type_of(cls)

    @classmethod
    def from_run_config(cls, raw: Any, *path: str) -> Any:
        """An object from run config. Raises ConfigError that tells all mistakes with their paths, and pydantic's
        ValidationError for what only the validators of the class can tell.
        """
        return cls(**config_data(cls, raw, f"config class {cls.__name__}", EvaluationStack.at(*path)))

    @classmethod
    def run_config_schema(cls) -> dict[str, Any] | None:
        """JSON schema of the class; enums are listed by member name."""
        return config_schema(cls)

    def to_run_config(self) -> dict[str, Any]:
        """The object as run config: plain data, enums by member name, fields that are None left out."""
        fields = config_type_of(type(self)).fields
        plain: dict[str, Any] = {}
        for name, value in self.__dict__.items():
            info = type(self).model_fields.get(name)
            key = (info.alias if info is not None else None) or name
            if value is not None and (info is not None or type(self).model_config.get("extra") == "allow"):
                field = fields.get(key)
                plain[key] = plain_value(value, field.config_type if field is not None else None)
        for name, value in (self.model_extra or {}).items():
            plain[name] = plain_value(value)
        return plain

    def revealed(self) -> Any:
        """The object with references to the environment replaced by values. Raises ConfigError when one is not set."""
        fields = {**self.__dict__, **(self.model_extra or {})}
        found = reveal(fields)
        if not has_reference(fields):
            return self
        return validated(type(self), found, type(self).__name__)


class PermissiveConfig(Config):
    """Config that keeps keys it does not know as attributes."""

    model_config = ConfigDict(extra="allow")


def _warn_of_unknown(model: type[BaseModel], given: Mapping[str, Any]) -> None:
    """Arguments that no field has are ignored, as in pydantic: a warning tells of them, for most are misspelt."""
    decorators: Any = model.__pydantic_decorators__
    reads_them = any(each.info.mode != "after" for each in decorators.model_validators.values())
    if model.model_config.get("extra") != "ignore" or reads_them:
        return
    known = dict.fromkeys(model.model_fields)
    for info in model.model_fields.values():
        for alias in (info.alias, info.validation_alias):
            if alias is not None and not isinstance(alias, str):
                return  # one of several names, or a path
            if alias is not None:
                known[alias] = None
    for name in sorted(given.keys() - known.keys()):
        warnings.warn(
            f"{model.__name__} has no field {name!r}, it is ignored.{nearest(name, known)}",
            UserWarning,
            stacklevel=user_level(),
        )


def config_type_of(model: type[BaseModel]) -> Shape:
    """Schema of a model; made once. Raises ConfigSchemaError for fields whose type cannot be config."""
    found = _types.get(model)
    if found is None:
        skipped: Any = getattr(model, "__rostrum_skipped_fields__", tuple)
        skip: frozenset[str] = frozenset(skipped())
        found = _types[model] = model_type(model, skip)
    return found


_types: dict[type, Shape] = {}


def config_data(cls: type[BaseModel], raw: Any, what: str, at: EvaluationStack | None = None) -> dict[str, Any]:
    """What to make an object of the class from: run config with enum members and the values of the environment.
    Raises ConfigError that tells all mistakes.
    """
    if isinstance(raw, cls):
        return dict(raw.__dict__)
    return process(config_type_of(cls), {} if raw is None else raw, what, at, fill=False)


def bound_field(cls: type[BaseModel], values: dict[str, Any]) -> Field:
    """Schema of a class some of whose fields have values: those are defaults."""
    shape = config_type_of(cls)
    fields: dict[str, Field] = {}
    for name, field in shape.fields.items():
        if name in values:
            made = Field(field.config_type, is_required=False, description=field.description)
            set_default(made, plain_value(values[name], field.config_type))
            fields[name] = made
        else:
            fields[name] = field
    bound = type(shape)({})
    bound.fields, bound.given_name = fields, shape.given_name
    return Field(bound)


def keep_references(made: BaseModel, given: dict[str, Any]) -> None:
    """Validation makes plain str and int of references to the environment; they must survive until the run."""
    for key, value in given.items():
        if has_reference(value):
            fields = type(made).model_fields
            name = key if key in fields else next((each for each, info in fields.items() if info.alias == key), None)
            if name is not None:
                vars(made)[name] = _restored(value, vars(made).get(name))


def _restored(given: Any, made: Any) -> Any:
    if isinstance(given, (EnvVar, IntEnvVar)):
        return given
    if isinstance(given, dict) and isinstance(made, dict):
        before = cast("dict[Any, Any]", given)
        return {key: _restored(before.get(key), each) for key, each in cast("dict[Any, Any]", made).items()}
    if isinstance(given, (list, tuple)) and isinstance(made, (list, tuple)):
        pairs = zip(cast("list[Any]", given), cast("list[Any]", made), strict=False)
        return type(made)(_restored(before, each) for before, each in pairs)  # type: ignore[call-arg]
    return made


def has_reference(value: Any) -> bool:
    """True when a reference to the environment is anywhere in the value."""
    if isinstance(value, (EnvVar, IntEnvVar)):
        return True
    if isinstance(value, dict):
        return any(map(has_reference, cast("dict[Any, Any]", value).values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_reference, cast("list[Any]", value)))
    if isinstance(value, Config):
        return any(map(has_reference, value.__dict__.values()))
    return False


def config_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON schema of a model. Enums are listed by member name, as run config writes them. Defaults of fields that look
    like secrets are left out: the schema is shown.
    """
    if model not in _schemas:
        schema = model.model_json_schema()
        names = {enum.__name__: [member.name for member in enum] for enum in _enums(model)}
        for name, definition in schema.get("$defs", {}).items():
            if name in names:
                definition["enum"] = names[name]
        _mark_free(model, schema, schema.get("$defs", {}), set())
        _schemas[model] = schema_without_secrets(schema)
    return _schemas[model]


_schemas: dict[type, dict[str, Any]] = {}


def _mark_free(
    model: type[BaseModel], schema: dict[str, Any], defs: dict[str, dict[str, Any]], seen: set[type]
) -> None:
    """Mark what a schema cannot judge: models with validators that see raw values, and fields of other types."""
    seen.add(model)
    decorators = model.__pydantic_decorators__
    validators = [*decorators.model_validators.values(), *decorators.field_validators.values()]
    if any(each.info.mode != "after" for each in validators):
        schema[FREE] = True
    for name, field in model.model_fields.items():
        inner = without_none(field.annotation)
        below = schema.get("properties", {}).get(field.alias or name)
        if below is None or inner in _SCALARS:  # scalars are checked before any validator sees them
            continue
        own_rules = any(isinstance(each, RAW_VALIDATORS) for each in field.metadata) or "Annotated[" in str(inner)
        other_type = isinstance(inner, type) and get_origin(inner) is None and not issubclass(inner, (BaseModel, Enum))
        if schema.get(FREE) or own_rules or (other_type and inner not in (list, dict)):
            below[FREE] = True
        for each in _models_in(inner):
            if each not in seen:
                _mark_free(each, defs.get(each.__name__, {}), defs, seen)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for each in get_args(annotation) for model in _models_in(each)]


def _enums(model: type[BaseModel]) -> list[type[Enum]]:
    found: list[type[Enum]] = []
    for field in model.model_fields.values():
        inner = without_none(field.annotation)
        if isinstance(inner, type) and issubclass(inner, Enum):
            found.append(inner)
        elif isinstance(inner, type) and issubclass(inner, BaseModel) and inner is not model:
            found.extend(_enums(inner))
    return found


def validated(cls: type[BaseModel], data: Any, path: str) -> Any:
    """An object of the class. Raises ConfigError that tells all mistakes with their paths."""
    try:
        return cls(**data)
    except ValidationError as error:
        lines = [f"{'.'.join([path, *(str(part) for part in each['loc'])])}: {each['msg']}" for each in error.errors()]
        raise ConfigError("; ".join(lines) + ".") from error
