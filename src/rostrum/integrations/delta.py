"""Delta Lake: tables as resources, and IO managers that keep data frames in them."""

# The library has no types of its own.
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeArgument=false
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Literal, cast

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, Field

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.resources.resources import ConfigurableIOManager, ConfigurableResource
from rostrum.integrations.tables import TablePartitionDimension, TableSlice, literal, quoted, table_slice
from rostrum.model.errors import InvariantError, NotFound
from rostrum.planning.time_windows import TimeWindow


class WriteMode(str, Enum):
    """What happens to rows that are there."""

    error = "error"
    append = "append"
    overwrite = "overwrite"
    ignore = "ignore"


class _Options(BaseModel):
    def options(self) -> dict[str, str]:
        """The settings as deltalake names them."""
        given = self.model_dump(exclude={"provider"}, exclude_none=True)
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


class LocalConfig(_Options):
    """Tables in a folder."""

    provider: Literal["local"] = "local"


class S3Config(_Options):
    """Tables in S3, or in a store that speaks like it."""

    provider: Literal["s3"] = "s3"
    access_key_id: str | None = None
    secret_access_key: str | None = None
    region: str | None = None
    bucket: str | None = None
    endpoint: str | None = None
    token: str | None = None
    allow_http: bool | None = None


class AzureConfig(_Options):
    """Tables in Azure."""

    provider: Literal["azure"] = "azure"
    account_name: str
    account_key: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    tenant_id: str | None = None
    sas_key: str | None = None


class GcsConfig(_Options):
    """Tables in Google's cloud."""

    provider: Literal["gcs"] = "gcs"
    service_account: str | None = None
    service_account_key: str | None = None
    bucket: str | None = None
    application_credentials: str | None = None


Storage = LocalConfig | S3Config | AzureConfig | GcsConfig


class DeltaTableResource(ConfigurableResource[Any]):
    """A Delta table: `table.load().to_pandas()`."""

    url: str
    storage_options: Storage = Field(default_factory=LocalConfig, discriminator="provider")
    version: int | None = Field(default=None, description="Version of the table; default: the last.")

    def load(self) -> deltalake.DeltaTable:
        """The table."""
        return deltalake.DeltaTable(self.url, version=self.version, storage_options=self.storage_options.options())


class DeltaLakeIOManager(ConfigurableIOManager):
    """Keeps each asset in the table `<root_uri>/<schema>/<table>`, each partition in the rows that its
    `partition_expr`, the name of a column, tells. Subclasses say what they store.
    """

    root_uri: str = Field(description="Folder or address under which all tables are.")
    mode: WriteMode = Field(default=WriteMode.overwrite, description="Default of the metadata `mode`.")
    overwrite_schema: bool = Field(default=False, description="A frame with other columns replaces those of the table.")
    storage_options: Storage = Field(default_factory=LocalConfig, discriminator="provider")
    schema_: str | None = Field(default=None, alias="schema", description="Schema of all tables.")

    @abstractmethod
    def to_arrow(self, value: Any) -> pa.Table:
        """A value as an Arrow table. Raises InvariantError for other types."""

    @abstractmethod
    def from_arrow(self, table: pa.Table, annotation: Any) -> Any:
        """An Arrow table as the value that an input declares."""

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write the rows of an output."""
        rows = table_slice(context, schema=self.schema_)
        table = self.to_arrow(obj)
        uri = self._uri(rows)
        mode = WriteMode(context.definition_metadata.get("mode", self.mode.value))
        there = deltalake.DeltaTable.is_deltatable(uri, self.storage_options.options())
        replaced = there and mode is WriteMode.overwrite and bool(rows.partition_dimensions)
        deltalake.write_deltalake(
            uri,
            table,
            mode=cast("Any", mode.value),
            predicate=_predicate(rows, table.schema) if replaced else None,
            partition_by=None if there else _partition_columns(rows, table.schema),
            schema_mode="overwrite" if self._replaces_schema(context) and not replaced else None,
            storage_options=self.storage_options.options(),
        )
        count = "dagster/partition_row_count" if rows.partition_dimensions else "dagster/row_count"
        version = deltalake.DeltaTable(uri, storage_options=self.storage_options.options()).version()
        context.add_output_metadata({count: table.num_rows, "table_uri": uri, "table_version": version})

    def load_input(self, context: InputContext) -> Any:
        """Read the rows of an input."""
        rows = table_slice(context, schema=self.schema_)
        uri, options = self._uri(rows), self.storage_options.options()
        if not deltalake.DeltaTable.is_deltatable(uri, options):
            raise NotFound(f"there is no Delta table at {uri}: materialize what makes it first.")
        data = deltalake.DeltaTable(uri, storage_options=options).to_pyarrow_dataset()
        columns = list(rows.columns) if rows.columns else None
        table = data.to_table(columns=columns, filter=_filter(rows, data.schema))
        return self.from_arrow(table, context.annotation)

    def _uri(self, rows: TableSlice) -> str:
        return f"{self.root_uri.rstrip('/')}/{rows.schema}/{rows.table}"

    def _replaces_schema(self, context: OutputContext) -> bool:
        return bool(context.definition_metadata.get("overwrite_schema", self.overwrite_schema))


class DeltaLakePyarrowIOManager(DeltaLakeIOManager):
    """Keeps Arrow tables in Delta Lake."""

    def to_arrow(self, value: Any) -> pa.Table:
        """The table itself; a reader's rows."""
        if isinstance(value, pa.RecordBatchReader):
            return value.read_all()
        return _expect(value, pa.Table)

    def from_arrow(self, table: pa.Table, annotation: Any) -> Any:
        """The table itself."""
        return table


class DeltaLakePandasIOManager(DeltaLakeIOManager):
    """Keeps pandas data frames in Delta Lake."""

    def to_arrow(self, value: Any) -> pa.Table:
        """The rows, without the index."""
        import pandas as pd

        return pa.Table.from_pandas(_expect(value, pd.DataFrame), preserve_index=False)

    def from_arrow(self, table: pa.Table, annotation: Any) -> Any:
        """The rows as a frame."""
        return table if annotation is pa.Table else table.to_pandas()


class DeltaLakePolarsIOManager(DeltaLakeIOManager):
    """Keeps polars data frames in Delta Lake."""

    def to_arrow(self, value: Any) -> pa.Table:
        """The rows; lazy frames are collected."""
        import polars as pl

        frame = value.collect() if isinstance(value, pl.LazyFrame) else _expect(value, pl.DataFrame)
        return frame.to_arrow()

    def from_arrow(self, table: pa.Table, annotation: Any) -> Any:
        """The rows as a frame, lazy where the input is declared so."""
        import polars as pl

        frame: Any = pl.from_arrow(table)
        return frame.lazy() if annotation is pl.LazyFrame else frame


def _expect(value: Any, kind: type[Any]) -> Any:
    if not isinstance(value, kind):
        raise InvariantError(f"The Delta Lake IO manager stores a {kind.__name__} here, not a {type(value).__name__}.")
    return value


def _partition_columns(rows: TableSlice, schema: pa.Schema) -> list[str] | None:
    names = [each.partition_expr for each in rows.partition_dimensions if each.partition_expr in schema.names]
    return names or None


def _predicate(rows: TableSlice, schema: pa.Schema) -> str:
    return " AND ".join(_sql(each, schema) for each in rows.partition_dimensions)


def _sql(each: TablePartitionDimension, schema: pa.Schema) -> str:
    name = quoted(each.partition_expr)
    windows, keys = _parts(each)
    if windows:
        kind = schema.field(each.partition_expr).type
        told = [f"({name} >= {_moment(one.start, kind)} AND {name} < {_moment(one.end, kind)})" for one in windows]
        return "(" + " OR ".join(told) + ")"
    return f"{name} IN ({', '.join(literal(key) for key in keys)})" if keys else "FALSE"


def _moment(moment: datetime, kind: pa.DataType) -> str:
    text = literal(_text(moment))
    if pa.types.is_date(kind):
        return f"CAST({text} AS DATE)"
    if pa.types.is_timestamp(kind):
        # Delta keeps microseconds, a plain TIMESTAMP has nanoseconds: the two do not compare.
        zone = 'Some("UTC")' if kind.tz else "None"
        return f"arrow_cast({text}, 'Timestamp(Microsecond, {zone})')"
    return text


def _text(moment: datetime) -> str:
    """Without a time of day at midnight, so that it compares with texts of days."""
    return moment.strftime("%Y-%m-%d" if moment.hour == moment.minute == moment.second == 0 else "%Y-%m-%d %H:%M:%S")


def _filter(rows: TableSlice, schema: pa.Schema) -> Any:
    wanted: Any = None
    for each in rows.partition_dimensions:
        windows, keys = _parts(each)
        column = pc.field(each.partition_expr)
        kind = schema.field(each.partition_expr).type
        one: Any = column.isin([_typed(key, kind) for key in keys]) if not windows else _within(column, windows, kind)
        wanted = one if wanted is None else wanted & one
    return wanted


def _within(column: Any, windows: Sequence[TimeWindow], kind: pa.DataType) -> Any:
    found: Any = None
    for window in windows:
        one = (column >= _typed(_text(window.start), kind)) & (column < _typed(_text(window.end), kind))
        found = one if found is None else found | one
    return found


def _typed(text: str, kind: pa.DataType) -> Any:
    """A text as a value of the column's type."""
    return pc.cast(pa.scalar(text), kind) if not pa.types.is_string(kind) else pa.scalar(text, kind)


def _parts(each: TablePartitionDimension) -> tuple[list[TimeWindow], list[str]]:
    windows = [one for one in each.partitions if isinstance(one, TimeWindow)]
    return windows, [one for one in each.partitions if isinstance(one, str)]


def storage_options(values: Mapping[str, Any]) -> Storage:
    """Storage options from plain values with `provider`."""
    kinds = {"local": LocalConfig, "s3": S3Config, "azure": AzureConfig, "gcs": GcsConfig}
    return kinds[str(values.get("provider", "local"))](**values)
