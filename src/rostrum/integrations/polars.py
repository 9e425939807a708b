"""polars: IO managers that keep data frames in files, in a folder or an object store."""

from __future__ import annotations

import os
import typing
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field
from upath import UPath

from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.events.metadata import MetadataValue
from rostrum.definitions.resources.resources import ConfigurableIOManager
from rostrum.io_managers.folder import replacing
from rostrum.io_managers.paths import contained
from rostrum.model.errors import InvariantError, NotFound
from rostrum.model.tables import TableColumn, TableSchema

DataFramePartitions = dict[str, pl.DataFrame]
"""What an input over several partitions may be declared as: frames by partition."""
LazyFramePartitions = dict[str, pl.LazyFrame]


class BasePolarsUPathIOManager(ConfigurableIOManager):
    """Keeps frames in files: `<base_dir>/<segments of the key>[/<partition>]<extension>`.

    Inputs are loaded as they are declared: `pl.DataFrame`, `pl.LazyFrame`, or a dict of these by partition. Of a None
    from a function that is declared `-> pl.DataFrame | None` nothing is stored. `columns` of an AssetIn's metadata
    chooses columns.
    """

    base_dir: str | None = Field(default=None, description="Folder or address; default: `storage` in ROSTRUM_HOME.")
    cloud_storage_options: dict[str, Any] | None = Field(default=None, description="Options of the object store.")

    @property
    @abstractmethod
    def extension(self) -> str:
        """End of the names of files."""

    @abstractmethod
    def write_df_to_path(self, context: OutputContext, df: pl.DataFrame, path: Any) -> Mapping[str, Any] | None:
        """Write a frame; returns metadata."""

    @abstractmethod
    def scan_df_from_path(self, path: Any, context: InputContext) -> pl.LazyFrame:
        """Read a frame lazily."""

    def sink_df_to_path(self, context: OutputContext, df: pl.LazyFrame, path: Any) -> Mapping[str, Any] | None:
        """Write a lazy frame; returns metadata."""
        return self.write_df_to_path(context, df.collect(), path)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write the frame of an output, or those of its partitions."""
        if obj is None:
            context.log.warning("%s returned None: nothing is stored.", context.name)
            return
        partitions = _partitions(context)
        if isinstance(obj, Mapping):
            for partition, frame in typing.cast("Mapping[str, Any]", obj).items():
                self._store(context, frame, self._path(context, partition))
            return
        if len(partitions) != 1:
            raise InvariantError(
                f"{context.asset_key}: one frame was returned for {len(partitions)} partitions; return a dict by "
                "partition."
            )
        context.add_output_metadata(self._store(context, obj, self._path(context, partitions[0])))

    def load_input(self, context: InputContext) -> Any:
        """The frame of an input, or those of its partitions."""
        wanted = _wanted(context.annotation)
        partitions = _partitions(context)
        if context.has_asset_key and context.has_asset_partitions and (wanted.mapped or len(partitions) != 1):
            found = {str(each): self._load(context, each, wanted.lazy) for each in partitions}
            if wanted.mapped or not found or not wanted.known:
                return found
            return pl.concat(list(found.values()))
        return self._load(context, partitions[0], wanted.lazy)

    def _store(self, context: OutputContext, frame: Any, path: Any) -> dict[str, Any]:
        if not isinstance(frame, (pl.DataFrame, pl.LazyFrame)):
            raise InvariantError(f"{context.name}: a {type(frame).__name__} is no polars frame.")
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata: dict[str, Any] = {"path": MetadataValue.path(str(path))}
        if isinstance(frame, pl.LazyFrame):
            schema = frame.collect_schema()
            written = self.sink_df_to_path(context, frame, path)
        else:
            schema = frame.schema
            written = self.write_df_to_path(context, frame, path)
            count = "partition_row_count" if context.has_asset_key and context.has_asset_partitions else "row_count"
            metadata[f"dagster/{count}"] = frame.height
        columns = [TableColumn(name=name, type=str(kind)) for name, kind in schema.items()]
        metadata["dagster/column_schema"] = MetadataValue.table_schema(TableSchema(columns=columns))
        return {**metadata, **(written or {})}

    def _load(self, context: InputContext, partition: str | None, lazy: bool) -> Any:
        path = self._path(context, partition)
        if not path.exists():
            raise NotFound(f"there is no file {path}: materialize what makes it first.")
        frame = self.scan_df_from_path(path, context)
        columns = context.definition_metadata.get("columns")
        if columns:
            frame = frame.select(columns)
        return frame if lazy else frame.collect()

    def _path(self, context: OutputContext | InputContext, partition: str | None) -> Any:
        home = os.environ.get("ROSTRUM_HOME") or str(Path.home() / ".rostrum")
        base = UPath(self.base_dir or f"{home}/storage", **(self.cloud_storage_options or {}))
        if context.has_asset_key:
            parts = [*context.asset_key.parts, *(partition.split("|") if partition is not None else [])]
        else:
            parts = list(context.get_identifier())
        full = base.joinpath(*map(contained, parts))
        return full.parent / f"{full.name}{self.extension}"


class PolarsParquetIOManager(BasePolarsUPathIOManager):
    """Keeps polars frames in Parquet files."""

    @property
    def extension(self) -> str:
        """`.parquet`."""
        return ".parquet"

    def write_df_to_path(self, context: OutputContext, df: pl.DataFrame, path: Any) -> Mapping[str, Any] | None:
        """Write a file; the metadata `compression` says how."""
        with replacing(str(path)) if path.protocol in ("", "file", "local") else path.open("wb") as file:
            df.write_parquet(file, compression=context.definition_metadata.get("compression", "zstd"))
        return None

    def scan_df_from_path(self, path: Any, context: InputContext) -> pl.LazyFrame:
        """Read a file lazily."""
        return pl.scan_parquet(str(path), storage_options=self.cloud_storage_options)


class PolarsDeltaIOManager(BasePolarsUPathIOManager):
    """Keeps polars frames in Delta tables, each partition in one of its own. The metadata `mode` says what happens to
    rows that are there (default `overwrite`), `delta_write_options` holds more.
    """

    @property
    def extension(self) -> str:
        """`.delta`."""
        return ".delta"

    def write_df_to_path(self, context: OutputContext, df: pl.DataFrame, path: Any) -> Mapping[str, Any] | None:
        """Write a version of the table."""
        options = context.definition_metadata
        df.write_delta(
            str(path),
            mode=options.get("mode", "overwrite"),
            storage_options=self.cloud_storage_options,
            delta_write_options=options.get("delta_write_options"),
        )
        return None

    def scan_df_from_path(self, path: Any, context: InputContext) -> pl.LazyFrame:
        """Read the table lazily; the metadata `version` of an AssetIn chooses a version."""
        version = context.definition_metadata.get("version")
        return pl.scan_delta(str(path), version=version, storage_options=self.cloud_storage_options)


class _Wanted(typing.NamedTuple):
    lazy: bool
    mapped: bool
    known: bool


def _wanted(annotation: Any) -> _Wanted:
    """What an input is declared as."""
    arguments = [each for each in typing.get_args(annotation) if each is not type(None)]
    origin = typing.get_origin(annotation)
    mapped = isinstance(origin, type) and issubclass(origin, Mapping)
    inner = arguments[-1] if arguments else annotation
    return _Wanted(inner is pl.LazyFrame, mapped, inner in (pl.DataFrame, pl.LazyFrame))


def _partitions(context: OutputContext | InputContext) -> Sequence[str | None]:
    if context.has_asset_key and context.has_asset_partitions:
        return list(context.asset_partition_keys)
    return [None]
