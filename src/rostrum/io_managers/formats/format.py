"""What a format of stored values is: how one kind of value becomes bytes and is read again."""

from __future__ import annotations

import importlib
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, BinaryIO, ClassVar, Protocol, Union, cast

import msgspec

from rostrum.definitions.ops.signatures import MISSING
from rostrum.interfaces.objects import Data
from rostrum.model.errors import InvocationError


class FormatError(InvocationError):
    """A value and the format that it is to be stored in, or loaded from, do not fit."""


class Wanted(msgspec.Struct, frozen=True):
    """How whoever loads a value wants to have it."""

    annotation: Any = None
    """Type that the user's function declares, without `Optional` and `Annotated`; None where it declares none."""
    columns: tuple[str, ...] | None = None
    """Columns of a table, all of them when None."""


class Stored(Protocol):
    """Bytes of a stored value, fetched only as they are asked for."""

    @property
    def path(self) -> str | None:
        """Path where the value is a file of this machine."""
        ...

    def data(self) -> Data:
        """All bytes."""
        ...

    def file(self) -> BinaryIO:
        """The bytes as a file that can be read from any position."""
        ...


class Format(ABC):
    """One format. Names and suffixes are part of what is stored: they never change."""

    name: ClassVar[str]
    suffix: ClassVar[str]
    """Ending of the file's name, with its dot."""

    @abstractmethod
    def kind_of(self, value: Any) -> str | None:
        """What the value is, such as `pandas`, where it is of this format by its type alone; None for other values."""

    @abstractmethod
    def dump(self, value: Any, file: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
        """Write a value; returns what is to be told of it. `options`: static metadata of the output. Raises FormatError
        for a value that the format cannot hold.
        """

    @abstractmethod
    def load(self, stored: Stored, kind: str, wanted: Wanted) -> Any:
        """Read a value, as it is wanted where that is known, else as it was (`kind`)."""


def engine(name: str, extra: str) -> Any:
    """A library that formats need. Raises ImportError naming the extra that brings it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise ImportError(f"This needs the package {package}: pip install 'rostrum[{extra}]'.") from error


def plain_annotation(annotation: Any) -> Any:
    """The type that an annotation is about: without `Annotated` and `| None`. None where it says nothing."""
    if typing.get_origin(annotation) is Annotated:
        return plain_annotation(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (Union, types.UnionType):
        named = [each for each in typing.get_args(annotation) if each is not type(None)]
        return plain_annotation(named[0]) if len(named) == 1 else annotation
    says_nothing = isinstance(annotation, str) or any(annotation is each for each in (Any, object, MISSING))
    return None if says_nothing else annotation


def library_class(annotation: Any) -> tuple[str, str]:
    """Library and name of a class, such as `("pandas", "DataFrame")`, known without loading the library."""
    kind: Any = typing.get_origin(annotation) or annotation
    if not isinstance(kind, type):
        return "", ""
    return kind.__module__.partition(".")[0], kind.__name__


def type_name(value: Any) -> str:
    """The type of a value, for people."""
    kind = cast("type[Any]", type(value))
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
