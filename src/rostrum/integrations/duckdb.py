"""DuckDB: a connection as a resource, and IO managers that keep data frames in tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, cast

import duckdb
from pydantic import Field

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.events.metadata import MetadataValue
from rostrum.definitions.resources.io import IOManager
from rostrum.definitions.resources.lifecycle import InitResourceContext, IOManagerDefinition
from rostrum.definitions.resources.resources import ConfigurableIOManagerFactory, ConfigurableResource
from rostrum.integrations.tables import TableSlice, quoted, table_slice
from rostrum.model.errors import InvariantError
from rostrum.model.tables import TableColumn, TableSchema

T = TypeVar("T")


class DuckDBResource(ConfigurableResource[Any]):
    """A DuckDB database: `with database.get_connection() as connection: connection.execute(...)`."""

    database: str = Field(description="Path of the database file; `:memory:` for one that is gone at the end.")
    connection_config: dict[str, Any] = Field(default={}, description="Configuration of DuckDB.")

    @contextmanager
    def get_connection(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """A connection, closed at the end."""
        connection = _connected(self.database, self.connection_config)
        try:
            yield connection
        finally:
            connection.close()


def _connected(database: str, config: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(database=database, read_only=False, config=dict(config))


class DbTypeHandler(ABC, Generic[T]):
    """How values of some types are stored in a table and loaded from it."""

    @abstractmethod
    def handle_output(
        self, context: OutputContext, table_slice: TableSlice, obj: T, connection: Any
    ) -> Mapping[str, Any] | None:
        """Store a value in rows that have been deleted before; returns metadata."""

    @abstractmethod
    def load_input(self, context: InputContext, table_slice: TableSlice, connection: Any) -> T:
        """Load rows."""

    @property
    @abstractmethod
    def supported_types(self) -> Sequence[type[Any]]:
        """The types."""


class DuckDBPandasTypeHandler(DbTypeHandler[Any]):
    """pandas data frames."""

    def handle_output(
        self, context: OutputContext, table_slice: TableSlice, obj: Any, connection: Any
    ) -> Mapping[str, Any]:
        """Insert the rows of a frame."""
        _insert(connection, table_slice, obj)
        columns = [TableColumn(name=str(name), type=str(kind)) for name, kind in obj.dtypes.items()]
        return _described(len(obj), columns, table_slice)

    def load_input(self, context: InputContext, table_slice: TableSlice, connection: Any) -> Any:
        """The rows as a frame."""
        return connection.execute(table_slice.select).fetch_df()

    @property
    def supported_types(self) -> Sequence[type[Any]]:
        """`pandas.DataFrame`."""
        import pandas as pd

        return [pd.DataFrame]


class DuckDBPolarsTypeHandler(DbTypeHandler[Any]):
    """polars data frames, also lazy ones."""

    def handle_output(
        self, context: OutputContext, table_slice: TableSlice, obj: Any, connection: Any
    ) -> Mapping[str, Any]:
        """Insert the rows of a frame."""
        frame = obj.collect() if hasattr(obj, "collect") else obj
        _insert(connection, table_slice, frame.to_arrow())
        columns = [TableColumn(name=name, type=str(kind)) for name, kind in frame.schema.items()]
        return _described(frame.height, columns, table_slice)

    def load_input(self, context: InputContext, table_slice: TableSlice, connection: Any) -> Any:
        """The rows as a frame; lazy where the input is declared so."""
        import polars as pl

        frame = cast("Any", pl.from_arrow(connection.sql(table_slice.select).to_arrow_table()))
        return frame.lazy() if context.annotation is pl.LazyFrame else frame

    @property
    def supported_types(self) -> Sequence[type[Any]]:
        """`polars.DataFrame`, `polars.LazyFrame`."""
        import polars as pl

        return [pl.DataFrame, pl.LazyFrame]


def _insert(connection: Any, into: TableSlice, frame: Any) -> None:
    connection.register("rostrum_frame", frame)
    try:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {into.name} AS SELECT * FROM rostrum_frame LIMIT 0")  # noqa: S608 - quoted
        # By name: a later frame may have its columns in another order.
        connection.execute(f"INSERT INTO {into.name} BY NAME SELECT * FROM rostrum_frame")  # noqa: S608 - quoted
    finally:
        connection.unregister("rostrum_frame")


def _described(rows: int, columns: Sequence[TableColumn], into: TableSlice) -> Mapping[str, Any]:
    relation = ".".join(part for part in (into.database, into.schema, into.table) if part)
    metadata: dict[str, Any] = {
        "dataframe_columns": MetadataValue.table_schema(TableSchema(columns=columns)),
        "dagster/relation_identifier": relation,
    }
    # Of a partition the rows are not those of the table.
    metadata["dagster/partition_row_count" if into.partition_dimensions else "dagster/row_count"] = rows
    return metadata


class DuckDBTables(IOManager):
    """Keeps each asset in a table, each partition in the rows that its `partition_expr` tells."""

    def __init__(
        self,
        connect: Callable[[], Any],
        database: str,
        schema: str | None,
        handlers: Sequence[DbTypeHandler[Any]],
        default_load_type: type[Any] | None,
    ) -> None:
        self._connect, self._database, self._schema = connect, database, schema
        self._by_type = {kind: handler for handler in handlers for kind in handler.supported_types}
        self._default = default_load_type
        if default_load_type is None and len(self._by_type) == 1:
            self._default = next(iter(self._by_type))

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Replace the rows of the output. Raises InvariantError for a type that no handler stores."""
        if obj is None:
            raise InvariantError(
                f"{context.name}: there is nothing to store. Annotate the function `-> None`, so that no IO manager is "
                "asked, or return a data frame."
            )
        rows = table_slice(context, self._database_name, self._schema)
        handler = self._handler(type(obj))
        with self._connection() as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(rows.schema)}")
            connection.execute("BEGIN TRANSACTION")
            try:
                _clear(connection, rows)
                metadata = handler.handle_output(context, rows, obj, connection)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        query = rows.select
        context.add_output_metadata({**(metadata or {}), "Query": query})

    def load_input(self, context: InputContext) -> Any:
        """The rows of the input. Raises InvariantError for a type that no handler loads."""
        kind = context.annotation
        if not isinstance(kind, type) or kind not in self._by_type:
            kind = self._default if not isinstance(kind, type) or kind is object else kind
        handler = self._handler(kind)
        rows = table_slice(context, self._database_name, self._schema)
        with self._connection() as connection:
            return handler.load_input(context, rows, connection)

    @property
    def _database_name(self) -> str:
        return self._database

    @contextmanager
    def _connection(self) -> Generator[Any, None, None]:
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    def _handler(self, kind: Any) -> DbTypeHandler[Any]:
        for each, handler in self._by_type.items():
            if isinstance(kind, type) and issubclass(kind, each):
                return handler
        known = ", ".join(f"{each.__module__.partition('.')[0]}.{each.__name__}" for each in self._by_type)
        name = getattr(kind, "__name__", kind)
        raise InvariantError(f"The DuckDB IO manager does not have a handler for type {name}: it has {known}.")


def _clear(connection: Any, rows: TableSlice) -> None:
    if not rows.partition_dimensions:
        # A table of its own: its columns may have changed.
        connection.execute(f"DROP TABLE IF EXISTS {rows.name}")
        return
    found = connection.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
        [rows.schema, rows.table],
    ).fetchall()
    if found[0][0]:
        connection.execute(rows.delete)


class DuckDBIOManager(ConfigurableIOManagerFactory[Any]):
    """IO manager over DuckDB. Subclasses say in `type_handlers` what they store."""

    database: str = Field(description="Path of the database file.")
    connection_config: dict[str, Any] = Field(default={}, description="Configuration of DuckDB.")
    schema_: str | None = Field(default=None, alias="schema", description="Schema of all tables; default: see above.")

    @staticmethod
    @abstractmethod
    def type_handlers() -> Sequence[DbTypeHandler[Any]]:
        """Handlers of the types that are stored."""

    @staticmethod
    def default_load_type() -> type[Any] | None:
        """Type that an input without annotation is loaded as; None: the only one there is."""
        return None

    def create_io_manager(self, context: InitResourceContext) -> DuckDBTables:
        """The IO manager."""
        database, config = self.database, self.connection_config
        return DuckDBTables(
            lambda: _connected(database, config),
            database,
            self.schema_,
            self.type_handlers(),
            self.default_load_type(),
        )


class DuckDBPandasIOManager(DuckDBIOManager):
    """Keeps pandas data frames in DuckDB."""

    @staticmethod
    def type_handlers() -> Sequence[DbTypeHandler[Any]]:
        """Pandas."""
        return [DuckDBPandasTypeHandler()]

    @staticmethod
    def default_load_type() -> type[Any] | None:
        """`pandas.DataFrame`."""
        import pandas as pd

        return pd.DataFrame


class DuckDBPolarsIOManager(DuckDBIOManager):
    """Keeps polars data frames in DuckDB."""

    @staticmethod
    def type_handlers() -> Sequence[DbTypeHandler[Any]]:
        """Polars."""
        return [DuckDBPolarsTypeHandler()]

    @staticmethod
    def default_load_type() -> type[Any] | None:
        """`polars.DataFrame`."""
        import polars as pl

        return pl.DataFrame


def build_duckdb_io_manager(
    type_handlers: Sequence[DbTypeHandler[Any]], default_load_type: type[Any] | None = None
) -> IOManagerDefinition:
    """An IO manager over DuckDB that stores what the handlers store: `.configured({"database": ...})`, or with config
    of the run. A class of your own with `type_handlers` is the form with typed fields.
    """
    handlers = list(type_handlers)

    class BuiltDuckDBIOManager(DuckDBIOManager):
        @staticmethod
        def type_handlers() -> Sequence[DbTypeHandler[Any]]:
            return handlers

        @staticmethod
        def default_load_type() -> type[Any] | None:
            return default_load_type

    return cast("IOManagerDefinition", BuiltDuckDBIOManager.configure_at_launch().get_resource_definition())
