"""Values as JSON: chosen by itself only for values that come back exactly as they were; by name for all that can be
written, and then loaded into the type that the function declares.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar, cast

import msgspec

from rostrum.io_managers.formats.format import Format, FormatError, Stored, Wanted

PLAIN = "plain"
"""Kind of the values that come back exactly as they were."""
_PLAIN = (dict, list, int, float, bool, type(None), str)
_encoder = msgspec.json.Encoder(enc_hook=lambda value: _plain_of(value))  # noqa: PLW0108 - defined below


class Json(Format):
    """JSON. Numbers that are none (`nan`, `inf`) are written as `NaN` and `Infinity`, as most readers take them."""

    name: ClassVar[str] = "json"
    suffix: ClassVar[str] = ".json"

    def kind_of(self, value: Any) -> str | None:
        """Values made of dicts, lists, texts, numbers, booleans and None, with nothing else inside."""
        if type(value) not in _PLAIN:
            return None
        try:
            return PLAIN if _same(_decoded(_encoded(value)), value) else None
        except (TypeError, ValueError, OverflowError, RecursionError):
            return None

    def dump(self, value: Any, file: BinaryIO, options: Mapping[str, Any]) -> dict[str, Any]:
        """Write a value."""
        try:
            file.write(_encoded(value))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise FormatError(f"it is no JSON: {error}.") from error
        return {}

    def load(self, stored: Stored, kind: str, wanted: Wanted) -> Any:
        """Read a value into the type that is declared."""
        value = _decoded(bytes(stored.data()))
        if wanted.annotation is None:
            return value
        is_plain = kind == PLAIN
        try:
            return msgspec.convert(value, wanted.annotation, strict=is_plain, str_keys=True, dec_hook=_typed)
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            if is_plain:
                return value  # as it was; the check of types tells, if there is something to tell
            raise FormatError(f"the JSON cannot be loaded as {wanted.annotation!r}: {error}.") from error


def _encoded(value: Any) -> bytes:
    data = _encoder.encode(value)
    return data if b"null" not in data else _with_odd_numbers(value, data)


def _with_odd_numbers(value: Any, data: bytes) -> bytes:
    """Numbers that are none became null: written anew where there is one."""
    plain = msgspec.to_builtins(value, enc_hook=_plain_of, str_keys=True)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode() if _has_odd_number(plain) else data


def _has_odd_number(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(_has_odd_number, cast("dict[Any, Any]", value).values()))
    return isinstance(value, list) and any(map(_has_odd_number, cast("list[Any]", value)))


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return json.loads(data)


def _same(one: Any, other: Any) -> bool:
    """Equal, of the same types in every part; nan is nan."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        pairs = cast("dict[Any, Any]", one)
        return pairs.keys() == other.keys() and all(_same(each, other[key]) for key, each in pairs.items())
    if isinstance(one, list):
        items = cast("list[Any]", one)
        return len(items) == len(other) and all(map(_same, items, other))
    return one == other or (one != one and other != other)  # noqa: PLR0124 - nan


def _plain_of(value: Any) -> Any:
    """Models of pydantic are told by themselves."""
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _typed(kind: Any, value: Any) -> Any:
    validate = getattr(kind, "model_validate", None)
    if callable(validate):
        return validate(value)
    raise TypeError(f"{kind!r} cannot be made of JSON")
