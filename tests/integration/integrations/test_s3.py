"""S3, against a store in memory that behaves as S3 does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import rostrum as ro
from rostrum.integrations.s3 import (
    S3FileManagerResource,
    S3PickleIOManager,
    S3Resource,
    get_s3_keys,
    s3_pickle_io_manager,
)
from rostrum.integrations.s3_pipes import PipesS3ContextInjector, PipesS3MessageReader
from rostrum.pipes.stores import PipesS3ContextLoader, PipesS3MessageWriter

S3 = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        made = boto3.client("s3", **S3)
        made.create_bucket(Bucket="data")
        yield made


def keys(client: Any) -> list[str]:
    return sorted(each["Key"] for each in client.list_objects_v2(Bucket="data").get("Contents", ()))


def test_resource_gives_a_client(client: Any) -> None:
    @ro.asset
    def stored(s3: S3Resource) -> None:
        s3.get_client().put_object(Bucket="data", Key="k", Body=b"x")

    assert ro.materialize([stored], resources={"s3": S3Resource(**S3)}).success
    assert keys(client) == ["k"]


@ro.asset(key_prefix="raw")
def number() -> int:
    return 3


@ro.asset(ins={"number": ro.AssetIn(key_prefix="raw")})
def doubled(number: int) -> int:
    return number * 2


def test_pickles_of_assets(client: Any) -> None:
    manager = S3PickleIOManager(s3_resource=S3Resource(**S3), s3_bucket="data", s3_prefix="p")
    result = ro.materialize([number, doubled], resources={"io_manager": manager})
    assert result.output_for_node("doubled") == 6
    assert keys(client) == ["p/doubled", "p/raw/number"]


def test_pickles_of_partitions(client: Any) -> None:
    static = ro.StaticPartitionsDefinition(["a", "b"])

    @ro.asset(partitions_def=static)
    def parts(context: ro.AssetExecutionContext) -> str:
        return context.partition_key.upper()

    @ro.asset
    def whole(parts: dict[str, str]) -> None:
        assert parts == {"a": "A", "b": "B"}

    resources = {"io_manager": S3PickleIOManager(s3_resource=S3Resource(**S3), s3_bucket="data")}
    for key in ("a", "b"):
        assert ro.materialize([parts], partition_key=key, resources=resources).success
    assert ro.materialize([parts, whole], selection=[whole], resources=resources).success
    assert keys(client) == ["dagster/parts/a", "dagster/parts/b"]


def test_no_partition_leaves_the_prefix(client: Any) -> None:
    hostile = ro.StaticPartitionsDefinition(["../../x", "..", "a/b", "2024-01-01-00:00"])

    @ro.asset(partitions_def=hostile)
    def parts(context: ro.AssetExecutionContext) -> str:
        return context.partition_key

    resources = {"io_manager": S3PickleIOManager(s3_resource=S3Resource(**S3), s3_bucket="data", s3_prefix="p")}
    for key in hostile.get_partition_keys():
        assert ro.materialize([parts], partition_key=key, resources=resources).success
    assert keys(client) == ["p/parts/%2E%2E", "p/parts/..%2F..%2Fx", "p/parts/2024-01-01-00:00", "p/parts/a%2Fb"]


def test_a_missing_object_is_told(client: Any) -> None:
    manager = S3PickleIOManager(s3_resource=S3Resource(**S3), s3_bucket="data")
    with pytest.raises(Exception, match="s3://data/dagster/raw/number"):
        ro.materialize([number, doubled], selection=[doubled], resources={"io_manager": manager})


def test_io_manager_in_the_style_of_functions(client: Any) -> None:
    resources = {"io_manager": s3_pickle_io_manager.configured({"s3_bucket": "data"}), "s3": S3Resource(**S3)}
    assert ro.materialize([number], resources=resources).success
    assert keys(client) == ["dagster/raw/number"]


def test_files(client: Any) -> None:
    manager = S3FileManagerResource(**S3, s3_bucket="data", s3_prefix="files").get_client()
    handle = manager.write_data(b"abc", ext="txt")
    assert handle.s3_path == f"s3://data/{keys(client)[0]}"
    assert manager.read_data(handle) == b"abc"
    with manager.read(handle, "r") as file:
        assert file.read() == "abc"
    local = Path(manager.copy_handle_to_local_temp(handle))
    assert local.read_bytes() == b"abc"
    manager.delete_local_temp()
    assert not local.exists()


def test_keys_for_sensors(client: Any) -> None:
    for key in ("in/a", "in/b", "out/c"):
        client.put_object(Bucket="data", Key=key, Body=b"")
    assert get_s3_keys("data", "in/", client=client) == ["in/a", "in/b"]
    assert get_s3_keys("data", "in/", since_key="in/a", client=client) == ["in/b"]


def test_pipes_over_objects(client: Any) -> None:
    """Both ends in one process: the store is in its memory."""
    from rostrum.pipes.external import open_pipes
    from rostrum.pipes.params import PipesMappingParamsLoader
    from rostrum.pipes.session import open_pipes_session

    @ro.asset
    def remote(context: ro.AssetExecutionContext) -> Any:
        injector = PipesS3ContextInjector(bucket="data", client=client)
        reader = PipesS3MessageReader(bucket="data", client=client, interval=0.02)
        with open_pipes_session(context, injector, reader, extras={"n": 2}) as session:
            variables = session.get_bootstrap_env_vars()
            with open_pipes(
                context_loader=PipesS3ContextLoader(client),
                message_writer=PipesS3MessageWriter(client, interval=0.02),
                params_loader=PipesMappingParamsLoader(variables),
            ) as pipes:
                pipes.report_asset_materialization(metadata={"rows": pipes.get_extra("n")})
        yield from session.get_results()

    result = ro.materialize([remote])
    assert result.asset_materializations_for_node("remote")[0].metadata["rows"].value == 2
    assert all("context.json" not in key for key in keys(client))
    assert "boto3" in sys.modules
