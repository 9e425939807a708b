"""polars: data frames in files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import rostrum as ro
from rostrum.integrations.polars import BasePolarsUPathIOManager, PolarsDeltaIOManager, PolarsParquetIOManager

STATIC = ro.StaticPartitionsDefinition(["a", "b"])


@ro.asset(key_prefix="raw")
def t() -> pl.DataFrame:
    return pl.DataFrame({"n": [1, 2], "m": ["x", "y"]})


@ro.asset(ins={"t": ro.AssetIn(key_prefix="raw", metadata={"columns": ["n"]})})
def eager(t: pl.DataFrame) -> pl.LazyFrame:
    assert t.columns == ["n"]
    return t.lazy()


@ro.asset
def lazy(eager: pl.LazyFrame) -> None:
    assert isinstance(eager, pl.LazyFrame)
    assert eager.collect()["n"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("manager", "file"), [(PolarsParquetIOManager, "raw/t.parquet"), (PolarsDeltaIOManager, "raw/t.delta")]
)
def test_frames_are_stored_and_loaded_as_declared(
    tmp_path: Path, manager: type[BasePolarsUPathIOManager], file: str
) -> None:
    result = ro.materialize([t, eager, lazy], resources={"io_manager": manager(base_dir=str(tmp_path))})
    assert result.success
    assert (tmp_path / file).exists()
    metadata = result.asset_materializations_for_node("raw__t")[0].metadata
    assert metadata["dagster/row_count"].value == 2
    assert [column.name for column in metadata["dagster/column_schema"].value.columns] == ["n", "m"]


@ro.asset(partitions_def=STATIC)
def parts(context: ro.AssetExecutionContext) -> pl.DataFrame:
    return pl.DataFrame({"n": [context.partition_key]})


@ro.asset
def by_partition(parts: dict[str, pl.DataFrame]) -> None:
    assert {key: frame["n"].to_list() for key, frame in parts.items()} == {"a": ["a"], "b": ["b"]}


@ro.asset
def together(parts: pl.DataFrame) -> None:
    assert parts["n"].to_list() == ["a", "b"]


def test_partitions(tmp_path: Path) -> None:
    resources = {"io_manager": PolarsParquetIOManager(base_dir=str(tmp_path))}
    for key in STATIC.get_partition_keys():
        assert ro.materialize([parts], partition_key=key, resources=resources).success
    assert (tmp_path / "parts" / "a.parquet").exists()
    reading = [by_partition, together]
    assert ro.materialize([parts, *reading], selection=reading, resources=resources).success


def test_nothing_is_stored_of_none(tmp_path: Path) -> None:
    @ro.asset
    def maybe() -> pl.DataFrame | None:
        return None

    assert ro.materialize([maybe], resources={"io_manager": PolarsParquetIOManager(base_dir=str(tmp_path))}).success
    assert not list(tmp_path.iterdir())


def test_no_partition_leaves_the_folder_and_no_half_file_stays(tmp_path: Path) -> None:
    keys = ["../../x", "..", "/abs", "2024-01-01-00:00"]

    @ro.asset(partitions_def=ro.StaticPartitionsDefinition(keys))
    def parts(context: ro.AssetExecutionContext) -> pl.DataFrame:
        return pl.DataFrame({"key": [context.partition_key]})

    resources = {"io_manager": PolarsParquetIOManager(base_dir=str(tmp_path / "frames"))}
    for key in keys:
        assert ro.materialize([parts], partition_key=key, resources=resources).success
    found = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    names = ("..%2F..%2Fx", "%2E%2E", "%2Fabs", "2024-01-01-00:00")
    assert found == {Path(f"frames/parts/{name}.parquet") for name in names}
