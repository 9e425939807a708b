"""`MetadataValue`: constructors for metadata that a raw Python value does not say."""

from __future__ import annotations

import builtins
from abc import ABCMeta
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, cast, runtime_checkable

from rostrum.model import metadata as model
from rostrum.model.errors import ArgumentError, InvocationError, kind_of, one_of
from rostrum.model.keys import AssetKey
from rostrum.model.metadata import ChartSeries
from rostrum.model.tables import TableColumn, TableColumnLineage, TableRecord, TableSchema

_TYPES: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "string"}


class _Kinds(type):
    """Makes `isinstance(value, MetadataValue)` true for values of all kinds, which are made elsewhere."""

    native: ClassVar[type] = model.KINDS

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.native)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.native) or super().__subclasscheck__(subclass)


class Constructors:
    """Constructors of metadata values."""

    @staticmethod
    def text(text: str) -> model.TextMetadata:
        """Plain text."""
        return model.TextMetadata(str(text))

    @staticmethod
    def md(data: str) -> model.MarkdownMetadata:
        """Markdown."""
        return model.MarkdownMetadata(_is("md", data, str))

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
        return model.UrlMetadata(_is("url", url, str))

    @staticmethod
    def path(path: str | PathLike[str]) -> model.PathMetadata:
        """A path of a file system or object store."""
        return model.PathMetadata(str(path))

    @staticmethod
    def notebook(path: str | PathLike[str]) -> model.NotebookMetadata:
        """Path of a notebook."""
        return model.NotebookMetadata(str(path))

    @staticmethod
    def int(value: builtins.int) -> model.IntMetadata:
        """A whole number."""
        return model.IntMetadata(_is("int", value, builtins.int))

    @staticmethod
    def float(value: builtins.float) -> model.FloatMetadata:
        """A number; not finite ones are kept. An int is no float: there is `int` for it."""
        return model.FloatMetadata(_is("float", value, builtins.float))

    @staticmethod
    def bool(value: builtins.bool) -> model.BoolMetadata:
        """Yes or no."""
        return model.BoolMetadata(_is("bool", value, builtins.bool))

    @staticmethod
    def null() -> model.NullMetadata:
        """Nothing."""
        return model.NullMetadata()

    @staticmethod
    def asset(asset_key: AssetKey) -> model.AssetMetadata:
        """A link to an asset. Takes an AssetKey only: text would not say whether a slash splits it."""
        return model.AssetMetadata(str(_is("asset", asset_key, AssetKey)))

    @staticmethod
    def run(run_id: str) -> model.RunMetadata:
        """A link to a run."""
        return model.RunMetadata(_is("run", run_id, str))

    @staticmethod
    def job(job_name: str, location_name: str, *, repository_name: str | None = None) -> model.JobMetadata:
        """A link to a job of a code location."""
        return model.JobMetadata(
            _is("job", job_name, str), _is("job", location_name, str), repository_name=repository_name
        )

    @staticmethod
    def pool(pool: str) -> model.PoolMetadata:
        """A pool of slots."""
        return model.PoolMetadata(_is("pool", pool, str))

    @staticmethod
    def python_artifact(python_artifact: Any) -> model.PythonArtifactMetadata:
        """A class or function, by its module and name."""
        module, name = getattr(python_artifact, "__module__", None), getattr(python_artifact, "__name__", None)
        if not isinstance(module, str) or not isinstance(name, str):
            raise ArgumentError(f"MetadataValue.python_artifact: {kind_of(python_artifact)} is no class or function.")
        return model.PythonArtifactMetadata(module, name)

    @staticmethod
    def timestamp(value: datetime | builtins.float) -> model.TimestampMetadata:
        """A moment: an aware datetime, or seconds since 1970."""
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ArgumentError("MetadataValue.timestamp: the datetime has no time zone.")
            return model.TimestampMetadata(value)
        if isinstance(value, (builtins.int, builtins.float)) and not isinstance(value, builtins.bool):
            return model.TimestampMetadata(datetime.fromtimestamp(value, UTC))
        raise ArgumentError(
            f"MetadataValue.timestamp takes an aware datetime or seconds since 1970, and got {kind_of(value)}."
        )

    @staticmethod
    def table_schema(schema: TableSchema) -> model.TableSchemaMetadata:
        """Columns of a table."""
        return model.TableSchemaMetadata(_is("table_schema", schema, TableSchema))

    @staticmethod
    def column_lineage(lineage: TableColumnLineage) -> model.TableColumnLineageMetadata:
        """Which columns upstream the columns of a table were made of."""
        return model.TableColumnLineageMetadata(_is("column_lineage", lineage, TableColumnLineage))

    @staticmethod
    def table(
        records: Sequence[TableRecord | Mapping[str, Any]], schema: TableSchema | None = None
    ) -> model.TableMetadata:
        """A small table: rows as TableRecords or dicts. Without a schema columns and types come from the rows."""
        plain = [record.data if isinstance(record, TableRecord) else record for record in records]
        for record in cast("list[Any]", plain):
            if not isinstance(record, Mapping):
                raise ArgumentError(f"MetadataValue.table: a record is {kind_of(record)}; it is a dict.")
        schema = schema or _schema_of(plain)
        names = [column.name for column in schema.columns]
        rows = tuple(tuple(_cell(name, record.get(name)) for name in names) for record in plain)
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


if TYPE_CHECKING:
    # Values of all kinds are such values, and are made elsewhere. What is of the metaclass is called on the class, and
    # no value needs it.
    class ConstructorsOfClass(Constructors, ABCMeta):
        """The constructors, as checkers see them."""

    @runtime_checkable
    class MetadataValue(Protocol, metaclass=ConstructorsOfClass):
        """Constructors of metadata values; `metadata={"rows": 3}` needs none of them.

        Every value has `.value`. Raises ArgumentError for an argument of another type.
        """

        @property
        def value(self) -> Any:
            """What the value says, as plain Python."""
            ...

else:

    class MetadataValue(Constructors, metaclass=_Kinds):
        """Constructors of metadata values; `metadata={"rows": 3}` needs none of them.

        Every value has `.value`. Raises ArgumentError for an argument of another type.
        """

        def __new__(cls) -> Self:
            """Never: there are only constructors of values."""
            raise InvocationError(
                "MetadataValue is not made itself: use its constructors, such as MetadataValue.md(...)."
            )

        @property
        def value(self) -> Any:
            """What the value says, as plain Python."""
            raise NotImplementedError


def _is(name: str, value: Any, kind: type[Any]) -> Any:
    if isinstance(value, kind):
        return value
    raise ArgumentError(f"MetadataValue.{name} takes {one_of(kind)}, and got {value!r:.80} ({type(value).__name__}).")


def _schema_of(records: Sequence[Mapping[str, Any]]) -> TableSchema:
    types: dict[str, str] = {}
    for record in records:
        for name, value in record.items():
            if types.get(name) is None and value is not None:
                types[name] = _TYPES.get(type(_cell(name, value)), "string")
            types.setdefault(name, None)  # type: ignore[arg-type]
    return TableSchema([TableColumn(name, kind or "string") for name, kind in types.items()])


def _cell(name: str, value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    item = getattr(value, "item", None)
    if callable(item):
        return _cell(name, item())
    raise ArgumentError(
        f"MetadataValue.table: column {name!r} has {kind_of(value)}; cells are str, int, float, bool or None."
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _label(value: Any) -> str | int | float:
    if isinstance(value, (str, int, float)):
        return value
    item = getattr(value, "item", None)
    return _label(item()) if callable(item) else str(value)
