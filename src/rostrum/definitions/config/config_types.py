"""What a type of config is, and those that hold no other types: scalars, enums, anything."""

# ruff: noqa: D102 - what the methods do is told once, in ConfigType
from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from rostrum.definitions.config.errors import EvaluationError, EvaluationErrorReason, EvaluationStack
from rostrum.definitions.names import nearest
from rostrum.model.errors import ArgumentError, ConfigSchemaError, kind_of

_Reason = EvaluationErrorReason
_KINDS = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "a truth value",
    list: "a list",
    dict: "a mapping",
}


class Evaluation:
    """One judgement of a value: mistakes so far, and whether defaults are filled in."""

    __slots__ = ("errors", "fill")

    def __init__(self, *, fill: bool = True) -> None:
        self.errors: list[EvaluationError] = []
        self.fill = fill

    def note(self, at: EvaluationStack, reason: EvaluationErrorReason, message: str, data: Any = None) -> None:
        """Note a mistake."""
        self.errors.append(EvaluationError(at, reason, message, data))


class ConfigType:
    """A type of config."""

    given_name: str | None = None
    description: str | None = None

    @property
    def shown(self) -> str:
        """The type in one line, as messages show it."""
        return self.given_name or type(self).__name__

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        """The processed value; mistakes are noted."""
        raise NotImplementedError

    def post_process(self, value: Any) -> Any:
        """Called with a value that fits; what it returns is used. For subclasses of users."""
        return value

    def example(self) -> Any:
        """A value that fits, for messages."""
        return "..."

    def type_iterator(self) -> Iterator[ConfigType]:
        """The types inside, then this one."""
        yield self

    def mismatch(self, value: Any, at: EvaluationStack, evaluation: Evaluation, expected: str = "") -> Any:
        """Note that the value is of another type."""
        wanted = expected or self.shown
        evaluation.note(
            at,
            _Reason.RUNTIME_TYPE_MISMATCH,
            f"Value {at.told} is {at.shown(value)}, {_kind_of(value)}, and must be {wanted}.",
            value,
        )
        return value


class Scalar(ConfigType):
    """Whole number, number, text, or truth value."""

    def __init__(self, name: str, words: str, fits: Callable[[Any], bool], sample: Any) -> None:
        self.given_name, self._words, self._fits, self._sample = name, words, fits, sample

    def accepts(self, value: Any) -> bool:
        """True for a value of the type."""
        return self._fits(value)

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        if self._fits(value):
            return float(value) if self is FLOAT else value
        evaluation.note(
            at,
            _Reason.RUNTIME_TYPE_MISMATCH,
            f"Invalid scalar {at.told}: {at.shown(value)} is {_kind_of(value)}, and must be {self._words}.",
            value,
        )
        return value

    def example(self) -> Any:
        return self._sample


INT = Scalar("Int", "a whole number (Int)", lambda value: type(value) is int, 0)
FLOAT = Scalar("Float", "a number (Float)", lambda value: type(value) in (int, float), 0.0)
STRING = Scalar("String", "text (String)", lambda value: isinstance(value, str), "...")
BOOL = Scalar("Bool", "true or false (Bool)", lambda value: type(value) is bool, True)


class AnyType(ConfigType):
    """Takes any value."""

    given_name = "Any"

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        return value


ANY = AnyType()


class EnumValue:
    """One value of an `Enum`: as config writes it, and as user code gets it."""

    __slots__ = ("config_value", "description", "python_value")

    def __init__(self, config_value: str, python_value: Any = None, description: str | None = None) -> None:
        if not isinstance(config_value, str):
            raise ArgumentError(f"EnumValue: config_value is {config_value!r}; it must be text.")
        self.config_value, self.description = config_value, description
        self.python_value = config_value if python_value is None else python_value


class Enum(ConfigType):
    """One of several names."""

    def __init__(self, name: str, enum_values: Sequence[EnumValue]) -> None:
        self.given_name, self.enum_values = name, list(enum_values)
        for each in self.enum_values:
            if not isinstance(each, EnumValue):
                raise ArgumentError(f"Enum {name!r}: {each!r} is no EnumValue.")
        self._values = {each.config_value: each for each in self.enum_values}
        if len(self._values) != len(self.enum_values):
            raise ConfigSchemaError(f"Enum {name!r} has the same value twice.")

    @property
    def config_values(self) -> list[str]:
        """What config may say."""
        return list(self._values)

    def is_valid_config_enum_value(self, config_value: Any) -> bool:
        """True for one of them."""
        return isinstance(config_value, str) and config_value in self._values

    @classmethod
    def from_python_enum(cls, enum: type[enum.Enum], name: str | None = None) -> Enum:
        """Config names the members."""
        return cls(name or enum.__name__, [EnumValue(each.name, python_value=each) for each in enum])

    @classmethod
    def from_python_enum_direct_values(cls, enum: type[enum.Enum], name: str | None = None) -> Enum:
        """Config names the members; user code gets their values."""
        return cls(name or enum.__name__, [EnumValue(each.name, python_value=each.value) for each in enum])

    def evaluate(self, value: Any, at: EvaluationStack, evaluation: Evaluation) -> Any:
        if isinstance(value, enum.Enum):
            value = next((name for name, each in self._values.items() if each.python_value is value), value)
        if isinstance(value, str) and value in self._values:
            return self._values[value].python_value
        hint = nearest(value, self._values) if isinstance(value, str) else ""
        evaluation.note(
            at,
            _Reason.RUNTIME_TYPE_MISMATCH,
            f"Value {at.told} is {at.shown(value)}, which is none of {', '.join(self._values)} "
            f"(enum {self.given_name}).{hint}",
            value,
        )
        return value

    def example(self) -> Any:
        return next(iter(self._values), "...")


def _kind_of(value: Any) -> str:
    return "null" if value is None else _KINDS.get(cast(Any, type(value)), f"{kind_of(value)}")
