"""Metadata values: what users attach to events and definitions, as a closed tagged union.

Raw Python values are turned into these by `metadata_value` (definitions and events go through it).
"""

from __future__ import annotations

import math
from datetime import datetime
from os import PathLike
from typing import Any, cast

import msgspec

from rostrum.model.errors import InvocationError
from rostrum.model.texts import storable

MAX_VALUE_BYTES = 1024 * 1024
"""A larger value is refused: metadata describes data, it does not hold them."""
_SMALLEST_INT, _LARGEST_INT = -(2**63), 2**63 - 1


class _Value(msgspec.Struct, frozen=True, tag_field="kind"):
    """Root of the tagged union."""


class TextMetadata(_Value, frozen=True, tag="text"):
    value: str


class IntMetadata(_Value, frozen=True, tag="int"):
    value: int


class FloatMetadata(_Value, frozen=True, tag="float"):
    value: float


class BoolMetadata(_Value, frozen=True, tag="bool"):
    value: bool


class NullMetadata(_Value, frozen=True, tag="null"):
    pass


class JsonMetadata(_Value, frozen=True, tag="json"):
    value: Any


class MarkdownMetadata(_Value, frozen=True, tag="markdown"):
    value: str


class UrlMetadata(_Value, frozen=True, tag="url"):
    value: str


class PathMetadata(_Value, frozen=True, tag="path"):
    value: str


class AssetMetadata(_Value, frozen=True, tag="asset"):
    value: str
    """Asset key in text form."""


class RunMetadata(_Value, frozen=True, tag="run"):
    value: str


class TimestampMetadata(_Value, frozen=True, tag="timestamp"):
    value: datetime


class TableColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column of a table schema."""

    name: str
    type: str = "string"
    description: str | None = None
    nullable: bool = True
    unique: bool = False
    constraints: tuple[str, ...] = ()
    tags: dict[str, str] = {}


class TableSchema(msgspec.Struct, frozen=True, omit_defaults=True):
    """Columns of a table."""

    columns: tuple[TableColumn, ...]
    constraints: tuple[str, ...] = ()


class TableSchemaMetadata(_Value, frozen=True, tag="table_schema"):
    value: TableSchema


class TableMetadata(_Value, frozen=True, tag="table"):
    """A small table. `records` are rows, each as long as `schema.columns`."""

    schema: TableSchema
    records: tuple[tuple[str | int | float | bool | None, ...], ...]


class ChartSeries(msgspec.Struct, frozen=True):
    """One line or set of bars of a chart: as many `values` as the chart has `x`."""

    name: str
    values: tuple[float | None, ...]


class ChartMetadata(_Value, frozen=True, tag="chart", omit_defaults=True):
    """A chart as data (never as markup): the screen draws it."""

    type: str
    """`line`, `bar` or `scatter`."""
    x: tuple[str | int | float, ...]
    series: tuple[ChartSeries, ...]
    x_label: str = ""
    y_label: str = ""


MetadataValue = (
    TextMetadata
    | IntMetadata
    | FloatMetadata
    | BoolMetadata
    | NullMetadata
    | JsonMetadata
    | MarkdownMetadata
    | UrlMetadata
    | PathMetadata
    | AssetMetadata
    | RunMetadata
    | TimestampMetadata
    | TableSchemaMetadata
    | TableMetadata
    | ChartMetadata
)


def metadata_value(key: str, raw: object) -> MetadataValue:
    """Turn a raw value into a metadata value.

    str, int, float, bool, None, dict, list, Path, aware datetime and metadata values are accepted; numpy-like scalars
    through `.item()`. An int beyond 64 bits becomes text, a lone surrogate in a text `?`. Raises InvocationError naming
    `key` for anything else, and for a value larger than `MAX_VALUE_BYTES`.
    """
    return _fitting(key, _value(key, raw))


def _value(key: str, raw: object) -> MetadataValue:
    if isinstance(raw, _Value):
        return cast("MetadataValue", raw)  # the union names every subclass
    if raw is None:
        return NullMetadata()
    if isinstance(raw, bool):
        return BoolMetadata(raw)
    if isinstance(raw, str):
        return TextMetadata(str(raw))
    if isinstance(raw, int):
        return IntMetadata(int(raw))
    if isinstance(raw, float):
        return FloatMetadata(float(raw))
    if isinstance(raw, TableSchema):
        return TableSchemaMetadata(raw)
    if isinstance(raw, PathLike):
        return PathMetadata(str(cast("object", raw)))
    if isinstance(raw, datetime) and raw.tzinfo is not None:
        return TimestampMetadata(raw)
    if isinstance(raw, (dict, list)):
        return JsonMetadata(_plain(key, cast("object", raw)))
    item = getattr(raw, "item", None)
    if callable(item) and not getattr(raw, "shape", ()):
        return _value(key, item())
    raise InvocationError(
        f"metadata {key!r} is a {type(raw).__name__}, which is not a metadata value. "
        "Use str, int, float, bool, None, dict, list, Path, an aware datetime or one of MetadataValue's constructors."
    )


def metadata_values(raw: dict[str, Any] | None) -> dict[str, MetadataValue]:
    """Turn a dict of raw values into metadata values. Keys must be str."""
    values: dict[str, MetadataValue] = {}
    for key, value in (raw or {}).items():
        if not isinstance(key, str):
            raise InvocationError(f"metadata key {key!r} is a {type(key).__name__}; keys are str.")
        values[storable(key)] = metadata_value(key, value)
    return values


def _fitting(key: str, value: MetadataValue) -> MetadataValue:
    """The value as it can be stored."""
    if isinstance(value, (FloatMetadata, BoolMetadata, NullMetadata, TimestampMetadata)):
        return value
    if isinstance(value, IntMetadata):
        return value if _SMALLEST_INT <= value.value <= _LARGEST_INT else TextMetadata(_digits(key, value.value))
    try:
        size = len(msgspec.msgpack.encode(value))
    except (UnicodeEncodeError, OverflowError):
        value = cast("MetadataValue", _mended(key, value))
        size = len(msgspec.msgpack.encode(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvocationError(f"metadata {key!r} cannot be stored: {error}") from None
    if size > MAX_VALUE_BYTES:
        raise InvocationError(
            f"metadata {key!r} takes {size:,} bytes; a value may take {MAX_VALUE_BYTES:,}. "
            "Store large data elsewhere, and give its path or address here."
        )
    return value


def _mended(key: str, part: Any) -> Any:
    """A copy in which all text and all ints can be stored."""
    if isinstance(part, str):
        return storable(part)
    if isinstance(part, int) and not isinstance(part, bool):
        return part if _SMALLEST_INT <= part <= _LARGEST_INT else _digits(key, part)
    if isinstance(part, dict):
        return {_mended(key, name): _mended(key, each) for name, each in cast("dict[Any, Any]", part).items()}
    if isinstance(part, list):
        return [_mended(key, each) for each in cast("list[Any]", part)]
    if isinstance(part, tuple):
        return tuple(_mended(key, each) for each in cast("tuple[Any, ...]", part))
    if isinstance(part, msgspec.Struct):
        changes = {name: _mended(key, getattr(part, name)) for name in part.__struct_fields__}
        return msgspec.structs.replace(part, **changes)
    return part


def _digits(key: str, number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python writes no number of more than 4300 digits
        raise InvocationError(f"metadata {key!r} is a number of {number.bit_length():,} bits: too large.") from None


def _plain(key: str, raw: object) -> Any:
    import json  # few metadata need it

    try:
        return json.loads(json.dumps(raw, allow_nan=True))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvocationError(f"metadata {key!r} cannot be written as JSON: {error}") from None


def is_number(value: MetadataValue) -> float | None:
    """The number of an int or finite float value, else None: what trends are drawn from."""
    if isinstance(value, (IntMetadata, FloatMetadata)) and math.isfinite(value.value):
        return float(value.value)
    return None
