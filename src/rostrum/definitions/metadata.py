"""`MetadataValue`: constructors for metadata that a raw Python value does not say."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from typing import Any, Self, cast

from rostrum.definitions.names import asset_key_of
from rostrum.model import metadata as model
from rostrum.model.errors import InvocationError
from rostrum.model.metadata import ChartSeries, TableColumn, TableSchema

_TYPES: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "string"}


class MetadataValue:
    """Constructors of metadata values; `metadata={"rows": 3}` needs none of them."""

    def __new__(cls) -> Self:
        """Never: there are only constructors of values."""
        raise InvocationError("MetadataValue is not made itself: use its constructors, such as MetadataValue.md(...).")

    @staticmethod
    def text(text: str) -> model.TextMetadata:
        """Plain text."""
        return model.TextMetadata(str(text))

    @staticmethod
    def md(md_str: str) -> model.MarkdownMetadata:
        """Markdown."""
        return model.MarkdownMetadata(md_str)

    @staticmethod
    def json(data: Any) -> model.JsonMetadata:
        """Anything that can be written as JSON."""
        wrapped = cast("Any", data if isinstance(data, (dict, list)) else [data])
        value = model.metadata_value("json", wrapped)
        assert isinstance(value, model.JsonMetadata)
        return value if isinstance(data, (dict, list)) else model.JsonMetadata(data)

    @staticmethod
    def url(url: str) -> model.UrlMetadata:
        """A link."""
        return model.UrlMetadata(url)

    @staticmethod
    def path(path: str | PathLike[str]) -> model.PathMetadata:
        """A path of a file system or object store."""
        return model.PathMetadata(str(path))

    @staticmethod
    def int(value: builtins.int) -> model.IntMetadata:
        """A whole number."""
        return model.IntMetadata(value)

    @staticmethod
    def float(value: builtins.float) -> model.FloatMetadata:
        """A number; not finite ones are kept."""
        return model.FloatMetadata(value)

    @staticmethod
    def bool(value: builtins.bool) -> model.BoolMetadata:
        """Yes or no."""
        return model.BoolMetadata(value)

    @staticmethod
    def null() -> model.NullMetadata:
        """Nothing."""
        return model.NullMetadata()

    @staticmethod
    def asset(asset_key: Any) -> model.AssetMetadata:
        """A link to an asset."""
        return model.AssetMetadata(str(asset_key_of(asset_key)))

    @staticmethod
    def run(run_id: str) -> model.RunMetadata:
        """A link to a run."""
        return model.RunMetadata(run_id)

    @staticmethod
    def timestamp(value: datetime | builtins.float) -> model.TimestampMetadata:
        """A moment: an aware datetime, or seconds since 1970."""
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise InvocationError("MetadataValue.timestamp: the datetime has no time zone.")
            return model.TimestampMetadata(value)
        return model.TimestampMetadata(datetime.fromtimestamp(value, UTC))

    @staticmethod
    def table_schema(schema: TableSchema) -> model.TableSchemaMetadata:
        """Columns of a table."""
        return model.TableSchemaMetadata(schema)

    @staticmethod
    def table(records: Sequence[Mapping[str, Any]], schema: TableSchema | None = None) -> model.TableMetadata:
        """A small table: rows as dicts. Without a schema columns and types come from the rows."""
        schema = schema or _schema_of(records)
        names = [column.name for column in schema.columns]
        rows = tuple(tuple(_cell(name, record.get(name)) for name in names) for record in records)
        return model.TableMetadata(schema, rows)

    @staticmethod
    def chart(
        type: str,
        x: Sequence[Any],
        series: Mapping[str, Sequence[builtins.float | None]] | Sequence[ChartSeries],
        x_label: str = "",
        y_label: str = "",
    ) -> model.ChartMetadata:
        """A chart as data. `type` is line, bar or scatter; each of `series` (a dict, or ChartSeries) has a value
        for each x.
        """
        if type not in ("line", "bar", "scatter"):
            raise InvocationError(
                f"MetadataValue.chart: {type!r} is not a type of chart; there are line, bar and scatter."
            )
        named = list(series.items()) if isinstance(series, Mapping) else [(each.name, each.values) for each in series]
        for name, values in named:
            if len(values) != len(x):
                raise InvocationError(f"MetadataValue.chart: series {name!r} has {len(values)} values for {len(x)} x.")
        lines = tuple(ChartSeries(name, tuple(_number(value) for value in values)) for name, values in named)
        return model.ChartMetadata(type, tuple(_label(each) for each in x), lines, x_label, y_label)


def _schema_of(records: Sequence[Mapping[str, Any]]) -> TableSchema:
    types: dict[str, str] = {}
    for record in records:
        for name, value in record.items():
            if types.get(name) is None and value is not None:
                types[name] = _TYPES.get(type(_cell(name, value)), "string")
            types.setdefault(name, None)  # type: ignore[arg-type]
    return TableSchema(tuple(TableColumn(name, kind or "string") for name, kind in types.items()))


def _cell(name: str, value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    item = getattr(value, "item", None)
    if callable(item):
        return _cell(name, item())
    raise InvocationError(
        f"MetadataValue.table: column {name!r} has a {type(value).__name__}; cells are str, int, float, bool or None."
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _label(value: Any) -> str | int | float:
    if isinstance(value, (str, int, float)):
        return value
    item = getattr(value, "item", None)
    return _label(item()) if callable(item) else str(value)
