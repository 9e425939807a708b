"""Schemas of config as values: `Field`, `Shape`, `Selector` and the like, and how a value is judged by them.

Each type judges a value (`evaluate`): what is wrong is noted, what is left out is filled, references to the environment
are replaced. Config classes are turned into the same types (`config_fields`), so there is one judge for all config.
"""

# ruff: noqa: D102 - what the methods do is told once, in ConfigType
from __future__ import annotations

import enum
import os
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Union, cast, get_args, get_origin

from rostrum.definitions.config.config_types import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    STRING,
    ConfigType,
    Enum,
    Evaluation,
    Scalar,
)
from rostrum.definitions.config.errors import EvaluationErrorReason, EvaluationStack, raise_errors
from rostrum.definitions.names import nearest
from rostrum.definitions.ops.signatures import MISSING
from rostrum.model.errors import ArgumentError, ConfigError, ConfigSchemaError

_Reason = EvaluationErrorReason


class Noneable(ConfigType):
    """Null, or a value of the inner type."""

    def __init__(self, inner_type: Any) -> None:
        self.inner_type = config_type(inner_type)

    @property
    def shown(self) -> str:
        return f"{self.inner_type.shown}?"

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        return None if value is None else self.inner_type.evaluate(value, at, evaluation)

    def example(self) -> Any:
        return None

    def type_iterator(self) -> Iterator[ConfigType]:
        yield from self.inner_type.type_iterator()
        yield self


class Array(ConfigType):
    """A list."""

    def __init__(self, inner_type: Any) -> None:
        self.inner_type = config_type(inner_type)

    @property
    def shown(self) -> str:
        return f"[{self.inner_type.shown}]"

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        if not isinstance(value, (list, tuple)):
            return self.mismatch(value, at, evaluation, f"a list ({self.shown})")
        items = cast("Sequence[Any]", value)
        return [self.inner_type.evaluate(each, at.item(number), evaluation) for number, each in enumerate(items)]

    def example(self) -> Any:
        return [self.inner_type.example()]

    def type_iterator(self) -> Iterator[ConfigType]:
        yield from self.inner_type.type_iterator()
        yield self


class Map(ConfigType):
    """A mapping with any keys of one scalar type and values of another type."""

    def __init__(self, key_type: Any, inner_type: Any, key_label_name: str | None = None) -> None:
        self.key_type, self.inner_type, self.key_label_name = (
            config_type(key_type),
            config_type(inner_type),
            key_label_name,
        )
        if not isinstance(self.key_type, (Scalar, Enum, ScalarUnion)):
            raise ArgumentError(f"Map: keys are scalars, not {self.key_type.shown}.")

    @property
    def shown(self) -> str:
        label = f"{self.key_label_name}: " if self.key_label_name else ""
        return f"{{ [{label}{self.key_type.shown}]: {self.inner_type.shown} }}"

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        if not isinstance(value, Mapping):
            return self.mismatch(value, at, evaluation, f"a mapping ({self.shown})")
        return {
            self.key_type.evaluate(key, at.key(key), evaluation): self.inner_type.evaluate(
                each, at.value(key), evaluation
            )
            for key, each in cast("Mapping[Any, Any]", value).items()
        }

    def example(self) -> Any:
        return {self.key_type.example(): self.inner_type.example()}

    def type_iterator(self) -> Iterator[ConfigType]:
        yield from self.key_type.type_iterator()
        yield from self.inner_type.type_iterator()
        yield self


class ScalarUnion(ConfigType):
    """A scalar, or a value of a type that is no scalar."""

    def __init__(self, scalar_type: Any, non_scalar_schema: Any, _key: str | None = None) -> None:
        self.scalar_type, self.non_scalar_type = config_type(scalar_type), config_type(non_scalar_schema)
        if not isinstance(self.scalar_type, (Scalar, Enum)):
            raise ArgumentError(f"ScalarUnion: scalar_type is {self.scalar_type.shown}, which is no scalar.")
        if isinstance(self.non_scalar_type, (Scalar, Enum)):
            raise ArgumentError(f"ScalarUnion: non_scalar_schema is {self.non_scalar_type.shown}, which is a scalar.")

    @property
    def shown(self) -> str:
        return f"({self.scalar_type.shown} | {self.non_scalar_type.shown})"

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        is_scalar = not isinstance(value, (Mapping, list, tuple))
        return (self.scalar_type if is_scalar else self.non_scalar_type).evaluate(value, at, evaluation)

    def example(self) -> Any:
        return self.scalar_type.example()

    def type_iterator(self) -> Iterator[ConfigType]:
        yield from self.scalar_type.type_iterator()
        yield from self.non_scalar_type.type_iterator()
        yield self


class SourceType(ScalarUnion):
    """A scalar, or `{"env": NAME}`: the value of an environment variable when the run starts."""

    def __init__(self, name: str, scalar: Scalar, read: Callable[[str], Any]) -> None:
        super().__init__(scalar, Selector({"env": STRING}))
        self._name, self._read = name, read

    @property
    def shown(self) -> str:
        return f"({self.scalar_type.shown} | {{ env: String }})"

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        before = len(evaluation.errors)
        found = super().evaluate(value, at, evaluation)
        if not isinstance(value, Mapping) or len(evaluation.errors) > before:
            return found
        name: str = found["env"]
        text = os.environ.get(name)
        if text is None:
            why = f"You have attempted to fetch the environment variable {name!r}, which is not set."
        else:
            try:
                return self._read(text)
            except ValueError:
                words = {"IntSource": "a whole number", "BoolSource": "true or false"}[self._name]
                why = f"The environment variable {name!r} is not {words}."
        message = f"Post processing {at.told} of the value {dict(cast('Mapping[str, Any]', value))} failed: {why}"
        evaluation.note(at, _Reason.FAILED_POST_PROCESSING, message, why)
        return cast(Any, value)


def _truth(text: str) -> bool:
    lower = text.strip().lower()
    if lower in ("true", "1", "yes"):
        return True
    if lower in ("false", "0", "no", ""):
        return False
    raise ValueError(text)


class Field:
    """A field of a schema: its type, and whether it must be given. A default makes it optional."""

    __slots__ = ("_default", "_is_required", "config_type", "description", "is_secret")

    def __init__(
        self,
        config: Any,
        default_value: Any = MISSING,
        is_required: bool | None = None,
        description: str | None = None,
        is_secret: bool = False,
    ) -> None:
        self.config_type = config_type(config)
        self.description, self.is_secret = description, is_secret
        if default_value is not MISSING and is_required:
            raise ArgumentError("Field: a field with a default_value cannot have is_required=True.")
        if is_required is not None and not isinstance(is_required, bool):
            raise ArgumentError(f"Field: is_required is {is_required!r}; it must be True or False.")
        self._default: Any = default_value
        if default_value is MISSING and is_required is not True and isinstance(self.config_type, Noneable):
            self._default = None
        self._is_required = is_required
        if default_value is not MISSING:
            self._check_default()

    def _check_default(self) -> None:
        evaluation = Evaluation()
        self.config_type.evaluate(self._plain_default(), EvaluationStack(), evaluation)
        # A reference to the environment is read when a run starts, not here.
        errors = [each for each in evaluation.errors if each.reason is not _Reason.FAILED_POST_PROCESSING]
        raise_errors("the default value of a Field", errors, self._default)

    def _plain_default(self) -> Any:
        return self._default.name if isinstance(self._default, enum.Enum) else self._default

    @property
    def is_required(self) -> bool:
        """True when it must be given: it has no default, and something in it must be given."""
        if self._is_required is not None:
            return self._is_required
        if self._default is not MISSING:
            return False
        return not self.config_type.may_be_left_out if isinstance(self.config_type, Fields) else True

    @property
    def own_default(self) -> Any:
        """The field's own default as config writes it, MISSING for none."""
        return self._plain_default()

    @property
    def default_provided(self) -> bool:
        """Whether there is a default, its own or one of the fields inside."""
        return self._default is not MISSING or (not self.is_required and isinstance(self.config_type, Shape))

    @property
    def default_value(self) -> Any:
        """The default as config writes it. Raises InvariantError when there is none."""
        if self._default is not MISSING:
            return self._default
        if self.default_provided:
            return self.filled(Evaluation(), EvaluationStack())
        raise ArgumentError("this field has no default value.")

    @property
    def default_value_as_json_str(self) -> str:
        """The default as JSON."""
        import json  # seldom asked for

        return json.dumps(self._plain_default() if self._default is not MISSING else self.default_value)

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        """Judge a value that was given."""
        return self.config_type.evaluate(value, at, evaluation)

    def filled(self, evaluation: Evaluation, at: EvaluationStack) -> Any:
        """What the field has when it is not given; MISSING when that is nothing."""
        if self._default is not MISSING:
            return self.config_type.evaluate(self._plain_default(), at, evaluation)
        if isinstance(self.config_type, Shape) and not self.is_required and self._is_required is None:
            return self.config_type.evaluate({}, at, evaluation)
        return MISSING

    def example(self) -> Any:
        """A value that fits."""
        return self._plain_default() if self._default is not MISSING else self.config_type.example()


class Fields(ConfigType):
    """A type with named fields."""

    def __init__(self, fields: Mapping[str, Any], description: str | None = None) -> None:
        if not isinstance(fields, Mapping):
            raise ConfigSchemaError(
                f"{type(self).__name__}: fields is {fields!r}; give a dict of name to type or Field."
            )
        self.fields: dict[str, Field] = {}
        for name, each in fields.items():
            if not isinstance(name, str):
                raise ConfigSchemaError(f"{type(self).__name__}: the name of a field is {name!r}; names are text.")
            self.fields[name] = field_of(each, f"field {name!r}")
        self.description = description

    @property
    def may_be_left_out(self) -> bool:
        """True when nothing in it must be given."""
        return not any(field.is_required for field in self.fields.values())

    @property
    def shown(self) -> str:
        """`{ a: Int, b?: String }`."""
        parts = [
            f"{name}{'' if field.is_required else '?'}: {field.config_type.shown}"
            for name, field in self.fields.items()
        ]
        return "{ " + ", ".join(parts) + " }" if parts else "{ }"

    def example(self) -> Any:
        return {name: field.example() for name, field in self.fields.items() if field.is_required}

    def type_iterator(self) -> Iterator[ConfigType]:
        for field in self.fields.values():
            yield from field.config_type.type_iterator()
        yield self


class Shape(Fields):
    """A mapping with exactly these fields."""

    def __init__(
        self, fields: Mapping[str, Any], description: str | None = None, field_aliases: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(fields, description)
        self.field_aliases: dict[str, str] = dict(field_aliases or {})
        """Field -> the other name that config may use for it."""

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        if not isinstance(value, Mapping):
            return self.mismatch(value, at, evaluation, f"a mapping ({self.shown:.500})")
        given = self._unaliased(cast("Mapping[str, Any]", value), at, evaluation)
        found: dict[str, Any] = {}
        missing: list[str] = []
        for name, field in self.fields.items():
            if name in given:
                found[name] = field.evaluate(given[name], at.field(name), evaluation)
            elif field.is_required:
                missing.append(name)
            elif evaluation.fill and (filled := field.filled(evaluation, at.field(name))) is not MISSING:
                found[name] = filled
        if missing:
            _note_missing(self, missing, at, evaluation)
        self._others([name for name in given if name not in self.fields], given, found, at, evaluation)
        return found

    def _others(
        self,
        names: list[str],
        given: Mapping[str, Any],
        found: dict[str, Any],
        at: EvaluationStack,
        evaluation: Evaluation,
    ) -> None:
        if names:
            _note_unknown(self, names, at, evaluation)

    def _unaliased(self, given: Mapping[str, Any], at: EvaluationStack, evaluation: Evaluation) -> Mapping[str, Any]:
        if not self.field_aliases:
            return given
        names = {alias: name for name, alias in self.field_aliases.items()}
        result: dict[str, Any] = {}
        for key, value in given.items():
            name = names.get(key, key)
            if name in result:
                message = f"The field {name!r} is given twice {at.told}: by its name and by its alias."
                evaluation.note(at, _Reason.FIELD_ALIAS_COLLISION, message, name)
            result[name] = value
        return result


class Permissive(Shape):
    """A mapping with these fields, and any others."""

    def __init__(self, fields: Mapping[str, Any] | None = None, description: str | None = None) -> None:
        super().__init__(fields or {}, description)

    def _others(
        self,
        names: list[str],
        given: Mapping[str, Any],
        found: dict[str, Any],
        at: EvaluationStack,
        evaluation: Evaluation,
    ) -> None:
        found.update({name: given[name] for name in names})

    @property
    def shown(self) -> str:
        inner = super().shown
        return f"{inner[:-2]}, ... }}" if self.fields else "{ ... }"


class Selector(Fields):
    """A mapping with exactly one of these fields."""

    @property
    def may_be_left_out(self) -> bool:
        """One choice that needs nothing."""
        return len(self.fields) == 1 and super().may_be_left_out

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        if isinstance(value, str) and value in self.fields:
            value = {value: {}}
        if not isinstance(value, Mapping):
            return self.mismatch(value, at, evaluation, f"a mapping with one of {', '.join(self.fields)}")
        given = cast("Mapping[str, Any]", value)
        choices = ", ".join(self.fields)
        if len(given) > 1:
            message = f"You can only specify a single field {at.told}. You specified {', '.join(map(str, given))}. "
            evaluation.note(at, _Reason.SELECTOR_FIELD_ERROR, f"{message}The choices are: {choices}.", list(given))
            return given
        if not given:
            if len(self.fields) == 1 and evaluation.fill:
                name, field = next(iter(self.fields.items()))
                if not field.is_required:
                    filled = field.filled(evaluation, at.field(name))
                    return {name: None if filled is MISSING else filled}
            message = f"Must specify a field {at.told} if more than one field is defined. The choices are: {choices}."
            evaluation.note(at, _Reason.SELECTOR_FIELD_ERROR, message, [])
            return given
        name, inner = next(iter(given.items()))
        if name not in self.fields:
            _note_unknown(self, [name], at, evaluation)
            return given
        field = self.fields[name]
        if inner is None and isinstance(field.config_type, (Fields, Map)):
            inner = {}
        return {name: field.evaluate(inner, at.field(name), evaluation)}

    def example(self) -> Any:
        name, field = next(iter(self.fields.items()))
        return {name: field.example()}


def config_type(schema: Any) -> ConfigType:
    """The type that a schema stands for: a type, a Python type, a dict (`Shape`, or `Map` for one key that is a type),
    a list of one type, a Config class. Raises ConfigSchemaError for anything else.
    """
    if isinstance(schema, ConfigType):
        return schema
    if isinstance(schema, Field):
        return schema.config_type
    if isinstance(schema, Mapping):
        return _of_mapping(cast("Mapping[Any, Any]", schema))
    if isinstance(schema, list):
        return _of_list(cast("list[Any]", schema))
    if schema is dict:
        return Permissive()
    convert = getattr(schema, "__rostrum_config_type__", None)
    if convert is not None:
        return cast(ConfigType, convert() if callable(convert) else convert)
    try:
        found = _OF_PYTHON.get(schema)
    except TypeError:
        found = None
    if found is None and (origin := get_origin(schema)) is not None:
        found = _of_generic(origin, get_args(schema))
    if found is None:
        raise ConfigSchemaError(
            f"{schema!r} cannot be the type of config. Use int, float, str, bool, dict, list, Any, a dict of fields, a "
            "list of one type, or one of Shape, Permissive, Selector, Map, Array, Noneable, ScalarUnion, Enum, "
            "StringSource, IntSource, BoolSource."
        )
    return found


def _of_mapping(schema: Mapping[Any, Any]) -> ConfigType:
    if len(schema) == 1:
        key, inner = next(iter(schema.items()))
        if not isinstance(key, str):
            return Map(key, inner)
    return Shape(schema)


def _of_generic(origin: Any, arguments: tuple[Any, ...]) -> ConfigType | None:
    """`list[int]`, `dict[str, int]`, `int | None`."""
    if origin is list:
        return Array(arguments[0])
    if origin is dict:
        return Map(*arguments)
    others = [each for each in arguments if each is not type(None)]
    if origin in (Union, types.UnionType) and len(others) == 1:
        return Noneable(others[0])
    return None


def _of_list(schema: list[Any]) -> ConfigType:
    if len(schema) != 1:
        raise ConfigSchemaError(f"{schema!r} cannot be the type of config: a list has exactly one type in it.")
    return Array(schema[0])


def field_of(schema: Any, what: str = "config_schema") -> Field:
    """The schema as a field. Raises ConfigSchemaError, telling `what` it is the schema of."""
    if isinstance(schema, Field):
        return schema
    try:
        return Field(schema)
    except ConfigSchemaError as error:
        raise ConfigSchemaError(f"{what}: {error}") from error


def process(
    schema: Field | ConfigType, value: Any, what: str, at: EvaluationStack | None = None, *, fill: bool = True
) -> Any:
    """The value with defaults and environment filled in. MISSING stands for no value. Raises ConfigError that tells
    all mistakes.
    """
    try:
        return _processed(schema, value, what, at, fill=fill)
    except RecursionError:
        raise ConfigError(f"Error in config for {what}\n    Error 1: it is nested too deeply.") from None


def _processed(schema: Field | ConfigType, value: Any, what: str, at: EvaluationStack | None, *, fill: bool) -> Any:
    place, evaluation = at or EvaluationStack(), Evaluation(fill=fill)
    field = schema if isinstance(schema, Field) else Field(schema)
    if value is MISSING:
        found = field.filled(evaluation, place)
        if found is MISSING and field.is_required:
            if isinstance(field.config_type, Fields):
                field.evaluate({}, place, evaluation)
            else:
                message = f"Missing required config {place.told}: it must be {field.config_type.shown}."
                evaluation.note(place, _Reason.MISSING_REQUIRED_FIELD, message)
    else:
        if value is None and isinstance(field.config_type, (Fields, Map)):
            value = {}
        found = field.evaluate(value, place, evaluation)
    raise_errors(what, evaluation.errors, value if value is not MISSING else None)
    return None if found is MISSING else found


def _note_missing(shape: Fields, missing: list[str], at: EvaluationStack, evaluation: Evaluation) -> None:
    sample = {name: shape.fields[name].config_type.example() for name in missing}
    if len(missing) == 1:
        name = missing[0]
        known = shape.fields[name]
        what = "" if isinstance(known.config_type, Fields) else f" ({known.config_type.shown})"
        message = f'Missing required config entry "{name}" {at.told}{what}. Sample config for missing entry: {sample}'
        evaluation.note(at, _Reason.MISSING_REQUIRED_FIELD, message, name)
        return
    listed = ", ".join(f'"{name}"' for name in missing)
    message = f"Missing required config entries [{listed}] {at.told}. Sample config for missing entries: {sample}"
    evaluation.note(at, _Reason.MISSING_REQUIRED_FIELDS, message, missing)


def _note_unknown(shape: Fields, unknown: list[str], at: EvaluationStack, evaluation: Evaluation) -> None:
    hints = "".join(nearest(str(name), shape.fields) for name in unknown)
    expected = f'Expected: "{shape.shown:.2000}".{hints}'
    if len(unknown) == 1:
        message = f'Received unexpected config entry "{unknown[0]}" {at.told}. {expected}'
        evaluation.note(at, _Reason.FIELD_NOT_DEFINED, message, unknown[0])
        return
    listed = ", ".join(f'"{name}"' for name in unknown)
    message = f"Received unexpected config entries [{listed}] {at.told}. {expected}"
    evaluation.note(at, _Reason.FIELDS_NOT_DEFINED, message, unknown)


StringSource = SourceType("StringSource", STRING, str)
"""Text: literally, or as `{"env": NAME}`."""
IntSource = SourceType("IntSource", INT, int)
"""A whole number: literally, or as `{"env": NAME}`."""
BoolSource = SourceType("BoolSource", BOOL, _truth)
"""A truth value: literally, or as `{"env": NAME}`."""
_OF_PYTHON: dict[Any, ConfigType] = {int: INT, float: FLOAT, str: STRING, bool: BOOL, Any: ANY, list: Array(ANY)}
