"""Metadata values: what users attach to events and definitions, as a closed tagged union.

Raw Python values are turned into these by `metadata_value` (definitions and events go through it).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from typing import Any, cast

import msgspec

from rostrum.model.errors import ArgumentError, MetadataError, kind_of
from rostrum.model.keys import AssetKey
from rostrum.model.tables import Cell, TableColumnLineage, TableRecord, TableSchema
from rostrum.model.texts import storable

MAX_VALUE_BYTES = 1024 * 1024
"""A larger value is refused: metadata describes data, it does not hold them."""
_SMALLEST_INT, _LARGEST_INT = -(2**63), 2**63 - 1


class _Value(msgspec.Struct, frozen=True, tag_field="kind"):
    """Root of the tagged union. Each kind has its value as `value`, and under the name that says what it is."""


class TextMetadata(_Value, frozen=True, tag="text"):
    """Plain text."""

    value: str

    @property
    def text(self) -> str:
        """The text."""
        return self.value


class IntMetadata(_Value, frozen=True, tag="int"):
    """A whole number."""

    value: int


class FloatMetadata(_Value, frozen=True, tag="float"):
    """A number."""

    value: float


class BoolMetadata(_Value, frozen=True, tag="bool"):
    """Yes or no."""

    value: bool


class NullMetadata(_Value, frozen=True, tag="null"):
    """Nothing."""

    @property
    def value(self) -> None:
        """None."""
        return None


class JsonMetadata(_Value, frozen=True, tag="json"):
    """What can be written as JSON."""

    value: Any

    @property
    def data(self) -> Any:
        """The value."""
        return self.value


class MarkdownMetadata(_Value, frozen=True, tag="markdown"):
    """Markdown."""

    value: str

    @property
    def md_str(self) -> str:
        """The text."""
        return self.value


class UrlMetadata(_Value, frozen=True, tag="url"):
    """A link."""

    value: str

    @property
    def url(self) -> str:
        """The address."""
        return self.value


class PathMetadata(_Value, frozen=True, tag="path"):
    """A path of a file system or object store."""

    value: str

    @property
    def path(self) -> str:
        """The path."""
        return self.value

    @property
    def fspath(self) -> str:
        """The path."""
        return self.value


class NotebookMetadata(_Value, frozen=True, tag="notebook"):
    """Path of a notebook."""

    value: str

    @property
    def path(self) -> str:
        """The path."""
        return self.value

    @property
    def fspath(self) -> str:
        """The path."""
        return self.value


class AssetMetadata(_Value, frozen=True, tag="asset"):
    """A link to an asset."""

    text: str = msgspec.field(name="value")
    """Asset key in text form."""

    @property
    def asset_key(self) -> AssetKey:
        """Key of the asset."""
        return AssetKey.of(self.text)

    @property
    def value(self) -> AssetKey:
        """Key of the asset."""
        return AssetKey.of(self.text)


class RunMetadata(_Value, frozen=True, tag="run"):
    """A link to a run."""

    value: str

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.value


class TimestampMetadata(_Value, frozen=True, tag="timestamp"):
    """A moment."""

    at: datetime = msgspec.field(name="value")
    """Aware UTC."""

    @property
    def value(self) -> float:
        """Seconds since 1970."""
        return self.at.timestamp()


class PoolMetadata(_Value, frozen=True, tag="pool"):
    """A pool of slots."""

    value: str

    @property
    def name(self) -> str:
        """Name of the pool."""
        return self.value

    @property
    def pool(self) -> str:
        """Name of the pool."""
        return self.value


class JobMetadata(_Value, frozen=True, tag="job", omit_defaults=True):
    """A link to a job."""

    job_name: str
    location_name: str
    repository_name: str | None = None

    @property
    def value(self) -> JobMetadata:
        """Itself: the three names."""
        return self


class PythonArtifactMetadata(_Value, frozen=True, tag="python_artifact"):
    """A class or function, by its module and name."""

    module: str
    name: str

    @property
    def value(self) -> PythonArtifactMetadata:
        """Itself: both names."""
        return self


class TableSchemaMetadata(_Value, frozen=True, tag="table_schema"):
    """Columns of a table."""

    value: TableSchema

    @property
    def schema(self) -> TableSchema:
        """The schema."""
        return self.value


class TableMetadata(_Value, frozen=True, tag="table"):
    """A small table."""

    schema: TableSchema
    rows: tuple[tuple[Cell, ...], ...] = msgspec.field(name="records")
    """Each as long as `schema.columns`."""

    @property
    def records(self) -> list[TableRecord]:
        """Rows by column name."""
        names = [column.name for column in self.schema.columns]
        return [TableRecord(dict(zip(names, row, strict=True))) for row in self.rows]

    @property
    def value(self) -> TableMetadata:
        """Itself: schema and records."""
        return self


class TableColumnLineageMetadata(_Value, frozen=True, tag="column_lineage"):
    """Which columns upstream the columns of a table were made of."""

    value: TableColumnLineage

    @property
    def column_lineage(self) -> TableColumnLineage:
        """The lineage."""
        return self.value

    @property
    def lineage(self) -> TableColumnLineage:
        """The lineage."""
        return self.value


class LocalFileCodeReference(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="file"):
    """A place in a source file of this machine."""

    file_path: str
    line_number: int | None = None
    label: str | None = None

    @property
    def source(self) -> str:
        """The path."""
        return self.file_path


class UrlCodeReference(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="url"):
    """A place in a source file, by address."""

    url: str
    label: str | None = None

    @property
    def source(self) -> str:
        """The address."""
        return self.url


class CodeReferencesMetadata(_Value, frozen=True, tag="code_references"):
    """Where the code of a definition is."""

    code_references: list[LocalFileCodeReference | UrlCodeReference]

    @property
    def value(self) -> CodeReferencesMetadata:
        """Itself: the list of references."""
        return self


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

    @property
    def value(self) -> ChartMetadata:
        """Itself: points and labels."""
        return self


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
    | NotebookMetadata
    | PoolMetadata
    | JobMetadata
    | PythonArtifactMetadata
    | TableColumnLineageMetadata
    | CodeReferencesMetadata
)


KINDS = _Value
"""Class of all kinds, for isinstance."""


def metadata_value(key: str, raw: object) -> MetadataValue:
    """Turn a raw value into a metadata value.

    str, int, float, bool, None, dict, list, Path, AssetKey, aware datetime, TableSchema, TableColumnLineage and other
    metadata values are accepted; numpy-like scalars through `.item()`. An int beyond 64 bits becomes text, a lone
    surrogate in a text `?`. Raises MetadataError naming `key` for anything else, and for a value larger than
    `MAX_VALUE_BYTES`.
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
    if isinstance(raw, AssetKey):
        return AssetMetadata(str(raw))
    if isinstance(raw, TableSchema):
        return TableSchemaMetadata(raw)
    if isinstance(raw, TableColumnLineage):
        return TableColumnLineageMetadata(raw)
    if isinstance(raw, PathLike):
        return PathMetadata(str(cast("object", raw)))
    if isinstance(raw, datetime) and raw.tzinfo is not None:
        return TimestampMetadata(raw)
    if isinstance(raw, (dict, list)):
        return JsonMetadata(_plain(key, cast("object", raw)))
    item = getattr(raw, "item", None)
    if callable(item) and not getattr(raw, "shape", ()):
        return _value(key, item())
    hint = "Use str, int, float, bool, None, dict, list, Path, AssetKey or one of MetadataValue's constructors."
    if isinstance(raw, (tuple, set, frozenset)):
        hint = f"Make it a list: list({key})."
    elif isinstance(raw, datetime):
        hint = "It has no time zone: give it one, or use MetadataValue.timestamp(seconds)."
    elif isinstance(raw, type) or callable(raw):
        hint = "MetadataValue.python_artifact(...) refers to a class or function."
    raise MetadataError(
        f"Could not resolve the metadata value for {key!r}: {kind_of(cast('object', raw))} is not a metadata value. "
        + hint
    )


def metadata_values(raw: Mapping[str, Any] | None) -> dict[str, MetadataValue]:
    """Turn a dict of raw values into metadata values. Keys must be str.

    Raises ArgumentError for another key, MetadataError for a value that cannot be metadata.
    """
    values: dict[str, MetadataValue] = {}
    for key, value in (raw or {}).items():
        if not isinstance(key, str):
            raise ArgumentError(f"metadata key {key!r} is {kind_of(key)}; keys are str.")
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
        raise MetadataError(f"metadata {key!r} cannot be stored: {error}") from None
    if size > MAX_VALUE_BYTES:
        raise MetadataError(
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
        raise MetadataError(f"metadata {key!r} is a number of {number.bit_length():,} bits: too large.") from None


def _plain(key: str, raw: object) -> Any:
    import json  # few metadata need it

    try:
        return json.loads(json.dumps(raw, allow_nan=True))
    except (TypeError, ValueError, RecursionError) as error:
        raise MetadataError(f"metadata {key!r} cannot be written as JSON: {error}") from None


def is_number(value: MetadataValue) -> float | None:
    """The number of an int or finite float value, else None: what trends are drawn from."""
    if isinstance(value, (IntMetadata, FloatMetadata)) and math.isfinite(value.value):
        return float(value.value)
    return None
