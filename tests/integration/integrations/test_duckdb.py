"""DuckDB: the resource, and data frames in tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import rostrum as ro
from rostrum.integrations.duckdb import (
    DuckDBPandasIOManager,
    DuckDBPandasTypeHandler,
    DuckDBPolarsIOManager,
    DuckDBPolarsTypeHandler,
    DuckDBResource,
    build_duckdb_io_manager,
)


def rows(database: Path, query: str) -> list[Any]:
    with duckdb.connect(str(database)) as connection:
        return connection.execute(query).fetchall()


def test_resource_gives_a_connection(tmp_path: Path) -> None:
    @ro.asset
    def made(database: DuckDBResource) -> None:
        with database.get_connection() as connection:
            connection.execute("create table t as select 3 as n")

    file = tmp_path / "a.duckdb"
    assert ro.materialize([made], resources={"database": DuckDBResource(database=str(file))}).success
    assert rows(file, "select n from t") == [(3,)]


@ro.asset(key_prefix=["raw", "sales"])
def orders() -> pd.DataFrame:
    return pd.DataFrame({"id": [1, 2], "price": [1.5, 2.5]})


@ro.asset(ins={"orders": ro.AssetIn(key=["raw", "sales", "orders"], metadata={"columns": ["id"]})})
def ids(orders: pd.DataFrame) -> pd.DataFrame:
    assert list(orders.columns) == ["id"]
    return orders


def test_schema_is_the_segment_before_the_table_and_columns_are_chosen(tmp_path: Path) -> None:
    file = tmp_path / "a.duckdb"
    manager = DuckDBPandasIOManager(database=str(file))
    result = ro.materialize([orders, ids], resources={"io_manager": manager})
    assert result.success
    assert rows(file, "select id, price from sales.orders order by id") == [(1, 1.5), (2, 2.5)]
    assert rows(file, "select * from public.ids order by id") == [(1,), (2,)]
    metadata = result.asset_materializations_for_node("raw__sales__orders")[0].metadata
    assert metadata["dagster/row_count"].value == 2
    assert [column.name for column in metadata["dataframe_columns"].value.columns] == ["id", "price"]


@pytest.mark.parametrize(("metadata", "schema"), [({}, "main_s"), ({"schema": "own"}, "own")])
def test_schema_of_the_metadata_and_of_the_manager(tmp_path: Path, metadata: dict[str, str], schema: str) -> None:
    @ro.asset(key_prefix="ignored", metadata=metadata)
    def t() -> pd.DataFrame:
        return pd.DataFrame({"n": [1]})

    file = tmp_path / "a.duckdb"
    ro.materialize([t], resources={"io_manager": DuckDBPandasIOManager(database=str(file), schema="main_s")})
    assert rows(file, f"select * from {schema}.t") == [(1,)]


def test_a_table_is_replaced_even_with_other_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1]})

    @ro.asset
    def t() -> pd.DataFrame:
        return frame

    manager = DuckDBPandasIOManager(database=str(tmp_path / "a.duckdb"))
    ro.materialize([t], resources={"io_manager": manager})
    frame = pd.DataFrame({"other": ["x"]})
    ro.materialize([t], resources={"io_manager": manager})
    assert rows(tmp_path / "a.duckdb", "select * from public.t") == [("x",)]


def test_partitions_of_time_replace_their_rows_alone(tmp_path: Path) -> None:
    daily = ro.DailyPartitionsDefinition("2024-01-01")
    price = 1

    @ro.asset(partitions_def=daily, metadata={"partition_expr": "day"})
    def prices(context: ro.AssetExecutionContext) -> pd.DataFrame:
        return pd.DataFrame({"day": [pd.Timestamp(context.partition_key)], "price": [price]})

    @ro.asset(partitions_def=daily)
    def doubled(prices: pd.DataFrame) -> None:
        seen.append(prices["price"].tolist())

    seen: list[Any] = []
    resources = {"io_manager": DuckDBPandasIOManager(database=str(tmp_path / "a.duckdb"))}
    for key, price in (("2024-01-01", 1), ("2024-01-02", 2), ("2024-01-01", 3)):  # noqa: B007
        assert ro.materialize([prices, doubled], partition_key=key, resources=resources).success
    assert rows(tmp_path / "a.duckdb", "select price from public.prices order by day") == [(3,), (2,)]
    assert seen == [[1], [2], [3]]


def test_partitions_of_several_dimensions(tmp_path: Path) -> None:
    both = ro.MultiPartitionsDefinition(
        {"day": ro.DailyPartitionsDefinition("2024-01-01"), "shop": ro.StaticPartitionsDefinition(["a", "it's"])}
    )

    @ro.asset(partitions_def=both, metadata={"partition_expr": {"day": "sold_at", "shop": "shop"}})
    def sales(context: ro.AssetExecutionContext) -> pl.DataFrame:
        keys = context.partition_key.keys_by_dimension
        return pl.DataFrame({"shop": [keys["shop"]], "sold_at": [keys["day"]]}).with_columns(
            pl.col("sold_at").str.to_date()
        )

    resources = {"io_manager": DuckDBPolarsIOManager(database=str(tmp_path / "a.duckdb"))}
    for day, shop in (("2024-01-01", "a"), ("2024-01-01", "it's"), ("2024-01-02", "a"), ("2024-01-01", "a")):
        key = ro.MultiPartitionKey({"day": day, "shop": shop})
        assert ro.materialize([sales], partition_key=key, resources=resources).success
    assert rows(tmp_path / "a.duckdb", "select count(*) from public.sales") == [(3,)]


def test_partitions_without_an_expression_are_told(tmp_path: Path) -> None:
    @ro.asset(partitions_def=ro.StaticPartitionsDefinition(["a"]))
    def t() -> pd.DataFrame:
        return pd.DataFrame({"n": [1]})

    manager = DuckDBPandasIOManager(database=str(tmp_path / "a.duckdb"))
    with pytest.raises(ro.RostrumError, match="partition_expr"):
        ro.materialize([t], partition_key="a", resources={"io_manager": manager})


def test_polars_frames_lazy_ones_and_several_handlers(tmp_path: Path) -> None:
    @ro.asset
    def eager() -> pl.DataFrame:
        return pl.DataFrame({"n": [1, 2]})

    @ro.asset
    def lazy(eager: pl.LazyFrame) -> pl.LazyFrame:
        assert isinstance(eager, pl.LazyFrame)
        return eager.filter(pl.col("n") > 1)

    @ro.asset
    def other(lazy: pd.DataFrame) -> None:
        assert lazy["n"].tolist() == [2]

    built = build_duckdb_io_manager([DuckDBPolarsTypeHandler(), DuckDBPandasTypeHandler()], pl.DataFrame)
    resources = {"io_manager": built.configured({"database": str(tmp_path / "a.duckdb")})}
    assert ro.materialize([eager, lazy, other], resources=resources).success


def test_a_type_without_a_handler_is_told(tmp_path: Path) -> None:
    @ro.asset
    def t() -> int:
        return 3

    with pytest.raises(ro.RostrumError, match="handler for type int"):
        ro.materialize([t], resources={"io_manager": DuckDBPandasIOManager(database=str(tmp_path / "a.duckdb"))})
