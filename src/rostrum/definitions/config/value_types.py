"""How a context tells the declared type of a value."""

from __future__ import annotations

from typing import Any, get_origin

from rostrum.definitions.events.outputs import inner_type
from rostrum.definitions.ops.signatures import MISSING


class ValueType:
    """A declared type: the annotation, and how it is shown."""

    __slots__ = ("typing_type",)

    def __init__(self, typing_type: Any) -> None:
        self.typing_type = typing_type
        """The annotation; `Any` where there is none."""

    @property
    def display_name(self) -> str:
        """How it is shown."""
        kind = self.typing_type
        if isinstance(kind, type) and get_origin(kind) is None:
            return "Nothing" if kind is type(None) else kind.__name__
        return "Any" if kind is Any else str(kind).replace("typing.", "")

    @property
    def key(self) -> str:
        """Same as `display_name`."""
        return self.display_name

    @property
    def is_nothing(self) -> bool:
        """Whether no value is passed."""
        return self.typing_type is type(None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ValueType) and other.typing_type == self.typing_type

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"ValueType({self.display_name})"


def value_type(annotation: Any) -> Any:
    """The type that an annotation declares. An object that is a type definition itself (has a `typing_type`) is it."""
    if hasattr(annotation, "typing_type"):
        return annotation
    inner = inner_type(annotation, MISSING)
    if inner is MISSING or inner is None:
        return ValueType(Any if inner is MISSING else type(None))
    return inner if hasattr(inner, "typing_type") else ValueType(inner)
