"""Typed config of ops, assets and resources. The only modules that import pydantic are this one and `resources.py`."""

from __future__ import annotations

import types
from enum import Enum
from typing import Any, ClassVar, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationError, WrapValidator

from rostrum.definitions.env import EnvVar, IntEnvVar, env_value, reveal
from rostrum.model.errors import ConfigError, InvocationError
from rostrum.model.secrets import MASK, looks_secret, schema_without_secrets
from rostrum.planning.config_schemas import FREE

_RAW_VALIDATORS = (BeforeValidator, WrapValidator, PlainValidator)
_SCALARS: dict[type, str] = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


class Config(BaseModel):
    """Config of an op or asset: subclass with typed fields. Objects cannot be changed; unknown keys in run config
    are errors.
    """

    __rostrum_config__: ClassVar[bool] = True
    model_config = ConfigDict(frozen=True, extra="ignore")

    def __init__(self, **data: Any) -> None:
        references = {key: value for key, value in data.items() if isinstance(value, (EnvVar, IntEnvVar))}
        super().__init__(**data)
        # Validation makes plain str and int of references; they must survive until the run.
        vars(self).update({key: value for key, value in references.items() if key in type(self).model_fields})

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            raise InvocationError(
                f"{type(self).__name__}.{name} cannot be assigned: config cannot be changed once it is made."
            )

    @classmethod
    def from_run_config(cls, raw: Any, path: str = "config") -> Any:
        """An object from run config. Raises ConfigError that tells all mistakes with their paths."""
        problems: list[str] = []
        data = prepared(cls, raw if raw is not None else {}, path, problems)
        if problems:
            raise ConfigError("; ".join(problems) + ".")
        return validated(cls, data, path)

    @classmethod
    def run_config_schema(cls) -> dict[str, Any]:
        """JSON schema of the class; enums are listed by member name."""
        return config_schema(cls)

    def to_run_config(self) -> dict[str, Any]:
        """The object as run config: plain data, enums by member name, fields that are None left out."""
        return {name: plain_value(value) for name, value in self.__dict__.items() if value is not None}

    def revealed(self) -> Any:
        """A copy with references to the environment replaced by values. Raises ConfigError when one is not set."""
        return validated(type(self), reveal(dict(self.__dict__)), type(self).__name__)


class PermissiveConfig(Config):
    """Config that keeps keys it does not know as attributes."""

    model_config = ConfigDict(frozen=True, extra="allow")


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
        inner = _optional(field.annotation)
        below = schema.get("properties", {}).get(field.alias or name)
        if below is None or inner in _SCALARS:  # scalars are checked before any validator sees them
            continue
        own_rules = any(isinstance(each, _RAW_VALIDATORS) for each in field.metadata) or "Annotated[" in str(inner)
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
        inner = _optional(field.annotation)
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


def prepared(cls: type[BaseModel], raw: Any, path: str, problems: list[str]) -> Any:
    """Raw config with env references and enum names replaced; mistakes that pydantic would let pass are noted."""
    if isinstance(raw, cls):
        return dict(raw.__dict__)
    given, raw = raw, _mapping(raw)
    if raw is None:
        problems.append(f"{path}: {_told(path, given)} is not a mapping")
        return {}
    fields = cls.model_fields
    by_key = {field.alias or name: name for name, field in fields.items()}
    data: dict[str, Any] = {}
    for key, value in raw.items():
        name = by_key.get(key)
        if name is None:
            if cls.model_config.get("extra") != "allow":
                problems.append(f"{path}.{key}: there is no such field; there are {', '.join(by_key) or 'none'}")
            data[str(key)] = value
        else:
            data[key] = _prepared_value(
                fields[name].annotation, value, f"{path}.{key}", problems, fields[name].discriminator
            )
    return data


def _prepared_value(annotation: Any, value: Any, path: str, problems: list[str], discriminator: Any = None) -> Any:
    inner = _optional(annotation)
    if isinstance(value, (EnvVar, IntEnvVar)):
        return value
    if isinstance(inner, type):
        if issubclass(inner, BaseModel) and isinstance(value, dict):
            return prepared(inner, value, path, problems)
        if issubclass(inner, Enum):
            return _member(inner, value, path, problems)
        if inner in _SCALARS:
            return _scalar(cast("type[Any]", inner), annotation, value, path, problems)
    origin, arguments = get_origin(inner), get_args(inner)
    if origin is list and isinstance(value, list):
        value = cast("list[Any]", value)
        return [
            _prepared_value(arguments[0], each, f"{path}[{position}]", problems) for position, each in enumerate(value)
        ]
    if origin is dict and (mapping := _mapping(value)) is not None:
        value = mapping
        return {key: _prepared_value(arguments[1], each, f"{path}.{key}", problems) for key, each in value.items()}
    if discriminator is not None and origin in (Union, types.UnionType):
        return _selected(arguments, discriminator, value, path, problems)
    return value


def _scalar(kind: type[Any], annotation: Any, value: Any, path: str, problems: list[str]) -> Any:
    if value is None and inner_is_optional(annotation):
        return None
    mapping = _mapping(value)
    if kind in (int, str, bool) and mapping is not None and set(mapping) == {"env"}:
        text = env_value(EnvVar(mapping["env"]))
        return text.lower() in ("true", "1", "yes") if kind is bool else kind(text)
    fits = type(value) is kind or (kind is float and type(value) is int) or (kind is str and isinstance(value, str))
    if not fits:
        problems.append(f"{path}: {_told(path, value)} is not {_SCALARS[kind]}")
    return value


def _told(path: str, value: Any) -> str:
    """A wrong value, as a message may repeat it."""
    return MASK if looks_secret(path.rpartition(".")[2]) else repr(value)


def _member(enum: type[Enum], value: Any, path: str, problems: list[str]) -> Any:
    if isinstance(value, enum):
        return value
    if isinstance(value, str) and value in enum.__members__:
        return enum[value]
    problems.append(f"{path}: {_told(path, value)} is none of {', '.join(enum.__members__)}")
    return value


def _selected(options: tuple[Any, ...], discriminator: str, value: Any, path: str, problems: list[str]) -> Any:
    """`{"cat": {...}}` selects the option whose discriminator is `cat`."""
    mapping = _mapping(value)
    if mapping is None or len(mapping) != 1:
        return value
    choice, inner = next(iter(mapping.items()))
    for option in options:
        field = option.model_fields[discriminator]
        if get_origin(field.annotation) is Literal and choice in get_args(field.annotation):
            return {**prepared(option, inner or {}, f"{path}.{choice}", problems), discriminator: choice}
    problems.append(f"{path}: there is no option {choice!r}")
    return value


def _mapping(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def inner_is_optional(annotation: Any) -> bool:
    """True for `T | None`."""
    return get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation)


def _optional(annotation: Any) -> Any:
    """T of `T | None`, else the annotation."""
    if inner_is_optional(annotation):
        others = [each for each in get_args(annotation) if each is not type(None)]
        return others[0] if len(others) == 1 else annotation
    return annotation


def plain_value(value: Any) -> Any:
    """The value as plain data: enums by member name, references as `{"env": name}`."""
    if isinstance(value, Config):
        return value.to_run_config()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (EnvVar, IntEnvVar)):
        return {"env": value.env_var_name}
    if isinstance(value, Enum):
        return value.name
    if (mapping := _mapping(value)) is not None:
        return {key: plain_value(each) for key, each in mapping.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(each) for each in cast("list[Any]", value)]
    return value
