"""An IO manager of the project's own: data frames as Parquet files, a folder an asset, a file a partition."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from rostrum import ConfigurableIOManager, InputContext, MetadataValue, OutputContext, TableColumn, TableSchema


class FrameStore(ConfigurableIOManager):
    """Stores data frames under `folder`; several partitions load as one frame with a `day` column."""

    folder: str

    def _path(self, key: tuple[str, ...], partition: str | None) -> Path:
        name = quote(partition, safe="") if partition else "all"
        return Path(self.folder, *(quote(segment, safe="") for segment in key), f"{name}.parquet")

    def handle_output(self, context: OutputContext, value: pd.DataFrame) -> None:
        """Write, then rename: a reader never sees half a file."""
        path = self._path(context.asset_key.path, context.asset_partition_key if context.has_asset_partitions else None)
        path.parent.mkdir(parents=True, exist_ok=True)
        half_done = path.with_suffix(f".{os.getpid()}.tmp")
        value.to_parquet(half_done, index=False)
        half_done.replace(path)
        columns = tuple(TableColumn(str(name), str(kind)) for name, kind in value.dtypes.items())
        context.add_output_metadata(
            {
                "rows": len(value),
                "size (KB)": round(path.stat().st_size / 1024, 1),
                "schema": MetadataValue.table_schema(TableSchema(columns)),
            }
        )

    def load_input(self, context: InputContext) -> pd.DataFrame:
        """One file, or those of all partitions that exist, put together."""
        if not context.has_asset_partitions:
            return pd.read_parquet(self._path(context.asset_key.path, None))
        keys = list(context.asset_partition_keys)
        if len(keys) == 1:
            return pd.read_parquet(self._path(context.asset_key.path, keys[0]))
        found = [(key, path) for key in keys if (path := self._path(context.asset_key.path, key)).exists()]
        if not found:
            raise FileNotFoundError(f"no partition of {context.asset_key} has been materialised yet")
        return pd.concat([pd.read_parquet(path).assign(day=key) for key, path in found], ignore_index=True)
