"""Delta Lake: data frames in tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import deltalake
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import rostrum as ro
from rostrum.integrations.delta import (
    DeltaLakePandasIOManager,
    DeltaLakePolarsIOManager,
    DeltaLakePyarrowIOManager,
    DeltaTableResource,
    LocalConfig,
)


def table(root: Path, name: str) -> list[dict[str, Any]]:
    return deltalake.DeltaTable(str(root / name)).to_pyarrow_table().to_pylist()


def test_frames_of_pandas_and_columns(tmp_path: Path) -> None:
    @ro.asset(key_prefix="raw")
    def t() -> pd.DataFrame:
        return pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})

    @ro.asset(ins={"t": ro.AssetIn(key_prefix="raw", metadata={"columns": ["b"]})})
    def read(t: pd.DataFrame) -> None:
        assert t.to_dict("list") == {"b": ["x", "y"]}

    manager = DeltaLakePandasIOManager(root_uri=str(tmp_path), storage_options=LocalConfig())
    result = ro.materialize([t, read], resources={"io_manager": manager})
    assert result.success
    assert table(tmp_path, "raw/t") == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert result.asset_materializations_for_node("raw__t")[0].metadata["dagster/row_count"].value == 2


@pytest.mark.parametrize(("mode", "rows"), [("overwrite", 1), ("append", 2)])
def test_modes(tmp_path: Path, mode: str, rows: int) -> None:
    @ro.asset(metadata={"mode": mode})
    def t() -> pa.Table:
        return pa.table({"a": [1]})

    manager = DeltaLakePyarrowIOManager(root_uri=str(tmp_path), schema="s")
    for _ in range(2):
        assert ro.materialize([t], resources={"io_manager": manager}).success
    assert len(table(tmp_path, "s/t")) == rows


@pytest.mark.parametrize("kind", ["text", "date", "time"])
def test_partitions_of_several_dimensions_replace_their_rows_alone(tmp_path: Path, kind: str) -> None:
    both = ro.MultiPartitionsDefinition(
        {"day": ro.DailyPartitionsDefinition("2024-01-01"), "shop": ro.StaticPartitionsDefinition(["a", "b"])}
    )
    price = 1
    seen: list[Any] = []

    @ro.asset(partitions_def=both, metadata={"partition_expr": {"day": "day", "shop": "shop"}})
    def sales(context: ro.AssetExecutionContext) -> pl.DataFrame:
        keys = context.partition_key.keys_by_dimension
        day: Any = keys["day"]
        if kind == "date":
            day = dt.date.fromisoformat(day)
        elif kind == "time":
            day = dt.datetime.fromisoformat(day)
        return pl.DataFrame({"day": [day], "shop": [keys["shop"]], "price": [price]})

    @ro.asset(partitions_def=both)
    def read(sales: pl.DataFrame) -> None:
        seen.append(sales["price"].to_list())

    resources = {"io_manager": DeltaLakePolarsIOManager(root_uri=str(tmp_path))}
    runs = (("2024-01-01", "a", 1), ("2024-01-01", "b", 2), ("2024-01-02", "a", 3), ("2024-01-01", "a", 4))
    for day, shop, price in runs:  # noqa: B007
        key = ro.MultiPartitionKey({"day": day, "shop": shop})
        assert ro.materialize([sales, read], partition_key=key, resources=resources).success
    assert sorted(row["price"] for row in table(tmp_path, "public/sales")) == [2, 3, 4]
    assert seen == [[1], [2], [3], [4]]


def test_table_as_a_resource(tmp_path: Path) -> None:
    deltalake.write_deltalake(str(tmp_path / "t"), pa.table({"a": [1]}))
    deltalake.write_deltalake(str(tmp_path / "t"), pa.table({"a": [2]}), mode="overwrite")
    assert DeltaTableResource(url=str(tmp_path / "t")).load().version() == 1
    assert DeltaTableResource(url=str(tmp_path / "t"), version=0).load().version() == 0


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    t = ro.AssetSpec("t")

    @ro.asset
    def read(t: pd.DataFrame) -> None: ...

    with pytest.raises(Exception, match="no Delta table"):
        ro.materialize([t, read], resources={"io_manager": DeltaLakePandasIOManager(root_uri=str(tmp_path))})
