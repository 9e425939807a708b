"""Typed values from function to function: through a run, partitions, processes, config."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

import rostrum as ro
from tests.s3_server import KEY_ID, SECRET, S3Server, s3_server

ROOT = Path(__file__).resolve().parents[3]
DAYS = ro.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05")


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server("data") as running:
        yield running


@pytest.fixture
def store(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("THE_KEY_ID", KEY_ID)
    monkeypatch.setenv("THE_SECRET", SECRET)
    return ro.ObjectStoreIOManager(
        url=f"s3://data/{uuid.uuid4()}",
        options={
            "aws_endpoint": server.url,
            "aws_region": "us-east-1",
            "aws_access_key_id": ro.EnvVar("THE_KEY_ID"),
            "aws_secret_access_key": ro.EnvVar("THE_SECRET"),
        },
    )


def keys(server: S3Server, store: Any) -> list[str]:
    prefix = f"{store.url.rpartition('/')[2]}/"
    found = server.client().list_objects_v2(Bucket="data", Prefix=prefix).get("Contents", ())
    return sorted(each["Key"].removeprefix(prefix) for each in found if not each["Key"].endswith("%meta"))


@ro.asset(key_prefix="raw")
def orders() -> pd.DataFrame:
    return pd.DataFrame({"id": [1, 2, 3], "amount": [10.0, 20.0, 30.0], "note": ["a", "b", "c"]})


@ro.asset(ins={"orders": ro.AssetIn(key_prefix="raw", metadata={"columns": ["amount"]})})
def total(orders: pl.LazyFrame) -> float:
    assert orders.collect_schema().names() == ["amount"]
    return orders.sum().collect()["amount"][0]


@ro.asset
def report(total: float) -> dict[str, float]:
    return {"total": total}


def test_tables_change_their_kind_on_the_way(server: S3Server, store: Any) -> None:
    result = ro.materialize([orders, total, report], resources={"io_manager": store})
    assert result.asset_value("report") == {"total": 60.0}
    assert keys(server, store) == ["raw/orders.parquet", "report.json", "total.json"]
    (made,) = result.asset_materializations_for_node("raw__orders")
    told = {name: value.value for name, value in made.metadata.items()}
    assert told["path"] == f"{store.url}/raw/orders.parquet"
    assert told["dagster/row_count"] == 3
    assert told["size_bytes"] > 100


def test_without_annotations_values_are_as_they_were(store: Any) -> None:
    @ro.asset
    def table():
        return pl.DataFrame({"n": [1]})

    @ro.asset
    def number():
        return 3

    @ro.asset
    def kinds(table, number):
        return [type(table).__module__.partition(".")[0], number]

    io = {"io_manager": store}
    assert ro.materialize([table, number, kinds], resources=io).asset_value("kinds") == ["polars", 3]
    defs = ro.Definitions(assets=[table, number], resources=io)
    assert isinstance(defs.load_asset_value("table"), pl.DataFrame)
    assert isinstance(defs.load_asset_value("table", python_type=pd.DataFrame), pd.DataFrame)


def test_pickles_of_before_are_loaded_where_they_are_trusted(tmp_path: Path) -> None:
    assert ro.materialize([orders], resources={"io_manager": ro.FilesystemIOManager(base_dir=str(tmp_path))}).success

    @ro.asset(ins={"orders": ro.AssetIn(key_prefix="raw")})
    def rows(orders: pd.DataFrame) -> int:
        return len(orders)

    typed = ro.FilesystemIOManager(base_dir=str(tmp_path), format="auto", trusted=True)
    assert ro.materialize([orders, rows], selection=[rows], resources={"io_manager": typed}).success
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw", "rows.%meta", "rows.json"]


def test_a_wrong_address_or_format_is_told_when_the_run_begins(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="'ftp://x' is no address of an object store"):
        ro.materialize([orders], resources={"io_manager": ro.ObjectStoreIOManager(url="ftp://x")})
    with pytest.raises(Exception, match="'csv' is no format: it is one of auto, arrow"):
        ro.materialize([orders], resources={"io_manager": ro.FilesystemIOManager(str(tmp_path), format="csv")})


def test_credentials_are_shown_nowhere(store: Any) -> None:
    assert store.shown_config()["options"]["aws_secret_access_key"] == {"env": "THE_SECRET"}
    plain = ro.ObjectStoreIOManager(url="s3://b", options={"aws_secret_access_key": SECRET, "region": "eu"})
    assert plain.shown_config()["options"] == {"aws_secret_access_key": "********", "region": "eu"}


@ro.asset(partitions_def=DAYS, backfill_policy=ro.BackfillPolicy.single_run())
def daily(context: ro.AssetExecutionContext) -> Any:
    frames = {key: pd.DataFrame({"day": [key]}) for key in context.partition_keys}
    return frames if len(frames) > 1 else next(iter(frames.values()))


@ro.asset(ins={"daily": ro.AssetIn(partition_mapping=ro.AllPartitionMapping())})
def every_day(daily: dict[str, pl.DataFrame]) -> list[str]:
    return [frame["day"][0] for _, frame in sorted(daily.items())]


def test_partitions_one_by_one_and_many_at_once(server: S3Server, store: Any) -> None:
    resources = {"io_manager": store}
    assert ro.materialize([daily], partition_key="2024-01-01", resources=resources).success
    tags = {"dagster/asset_partition_range_start": "2024-01-02", "dagster/asset_partition_range_end": "2024-01-04"}
    assert ro.materialize([daily], tags=tags, resources=resources).success
    assert keys(server, store) == [f"daily/2024-01-0{day}.parquet" for day in range(1, 5)]
    loaded = ro.materialize([daily, every_day], selection=[every_day], resources=resources)
    assert loaded.asset_value("every_day") == [f"2024-01-0{day}" for day in range(1, 5)]


@ro.op
def rows() -> pl.DataFrame:
    return pl.DataFrame({"n": [1, 2, 3]})


@ro.op
def summed(rows: pd.DataFrame) -> int:
    return int(rows["n"].sum())


def make_job() -> ro.JobDefinition:
    @ro.job(resource_defs={"io_manager": ro.ObjectStoreIOManager.configure_at_launch()})
    def launched() -> None:
        summed(rows())

    return launched


def launch_in_processes(url: str, home: str) -> None:
    """Run the job with a process a step; credentials are found in the environment."""
    config = {"resources": {"io_manager": {"config": {"url": url, "options": {"aws_endpoint": {"env": "THE_URL"}}}}}}
    with ro.Instance.ephemeral(home) as instance:
        assert ro.execute_job(ro.reconstructable(make_job), instance, run_config=config).success


def test_steps_in_processes_of_their_own_share_the_store(server: S3Server, store: Any, tmp_path: Path) -> None:
    """From a process that has used neither store nor polars: their threads do not survive a fork."""
    code = f"import {__name__} as t\nt.launch_in_processes({store.url!r}, {str(tmp_path)!r})"
    environment = {**os.environ, **server.variables, "THE_URL": server.url, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True, timeout=60)
    assert [key.partition("/")[2] for key in keys(server, store)] == ["rows/result.parquet", "summed/result.json"]


def test_a_folder_with_typed_values_and_versions(tmp_path: Path) -> None:
    io = ro.FilesystemIOManager(base_dir=str(tmp_path / "values"), format="auto", versions=True)
    first = ro.materialize([orders, total], resources={"io_manager": io})
    second = ro.materialize([orders, total], resources={"io_manager": io})
    kept = sorted(path.name for path in (tmp_path / "values/total/%versions").glob("*.json"))
    assert kept == sorted(f"{run.run_id}.json" for run in (first, second))

    @ro.asset(ins={"total": ro.AssetIn(metadata={"version": first.run_id})})
    def before(total: float) -> float:
        return total

    (tmp_path / f"values/total/%versions/{first.run_id}.json").write_text("1.5")
    result = ro.materialize([orders, total, before], selection=[before], resources={"io_manager": io})
    assert result.asset_value("before") == 1.5


def test_a_version_by_its_data_version(tmp_path: Path) -> None:
    @ro.asset
    def counted(context: ro.AssetExecutionContext) -> ro.Output[int]:
        number = len(list((tmp_path / "counted/%versions").glob("*.json")))
        return ro.Output(number, data_version=ro.DataVersion(f"v{number}"))

    @ro.asset(ins={"counted": ro.AssetIn(metadata={"version": "v1"})})
    def second(counted: int) -> int:
        return counted

    io = {"io_manager": ro.FilesystemIOManager(base_dir=str(tmp_path), format="auto", versions=True)}
    for _ in range(3):
        assert ro.materialize([counted], resources=io).success
    assert ro.materialize([counted, second], selection=[second], resources=io).asset_value("second") == 1


def test_without_pickles_no_pickle_is_made(tmp_path: Path) -> None:
    @ro.asset
    def pair() -> tuple[int, int]:
        return (1, 2)

    io = ro.FilesystemIOManager(base_dir=str(tmp_path), format="auto")
    with pytest.raises(ro.InvocationError, match=r"asset pair: a tuple could not be stored.*trusted=True"):
        ro.materialize([pair], resources={"io_manager": io})
    assert ro.materialize([pair], resources={"io_manager": ro.FilesystemIOManager(base_dir=str(tmp_path))}).success
    assert [path.name for path in tmp_path.iterdir()] == ["pair"]
