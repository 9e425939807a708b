"""`Definitions`: what is checked, how mistakes are told, what the manifest holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rostrum.definitions.assets.decorator import asset
from rostrum.definitions.assets.ports import AssetIn
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.automations.schedules import DefaultScheduleStatus, ScheduleDefinition, schedule
from rostrum.definitions.checks.definition import asset_check
from rostrum.definitions.config.config import Config
from rostrum.definitions.config.env import EnvVar
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.executors import (
    dask_executor,
    docker_executor,
    in_process_executor,
    multiprocess_executor,
)
from rostrum.definitions.ops.jobs import define_asset_job, job
from rostrum.definitions.ops.ops import op
from rostrum.definitions.partitions.definition import StaticPartitionsDefinition
from rostrum.definitions.partitions.time_windows import DailyPartitionsDefinition
from rostrum.definitions.resources.lifecycle import io_manager, resource
from rostrum.definitions.resources.resources import MASK, ConfigurableResource
from rostrum.model.errors import ArgumentError, ConfigSchemaError, DefinitionError, InvariantError
from rostrum.model.manifest_parts import decode_manifest, encode_manifest, manifest_hash

HERE = Path(__file__).name


def mistakes(**parts: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        Definitions(**parts).manifest()
    return str(caught.value)


@asset
def up() -> int:
    return 1


def test_all_mistakes_are_told_at_once_each_with_its_place():
    @asset(owners=["nobody"], group_name="a b", tags={"x y": "z"})
    def first(): ...

    @asset
    def second(upp): ...

    @asset(required_resource_keys={"db"})
    def third(): ...

    text = mistakes(
        assets=[up, first, second, third],
        jobs=[define_asset_job("j", "secnd")],
        schedules=[ScheduleDefinition(job_name="jj", cron_schedule="1 * * * *", execution_timezone="UTC")],
    )
    assert "7 mistakes" in text
    for part in (
        "'nobody'",
        "'a b'",
        "'x y'",
        "Did you mean 'up'",
        "'db'",
        "Did you mean 'second'",
        "Did you mean 'j'",
    ):
        assert part in text
    lines = text.splitlines()[1:]
    assert all(re.match(rf".*{HERE}:\d+: ", line) for line in lines)


def test_two_assets_of_one_key():
    def make():
        @asset(name="same")
        def made(): ...

        return made

    text = mistakes(assets=[make(), make()])
    assert "asset same is defined twice" in text
    assert text.count(HERE) == 2
    one = make()
    assert len(Definitions(assets=[one, [one]]).manifest().assets) == 1


def test_a_circle_is_named():
    @asset
    def a(c): ...

    @asset
    def b(a): ...

    @asset
    def c(b): ...

    assert re.search(r"(a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)", mistakes(assets=[a, b, c]))


def test_an_unknown_key_in_deps_is_an_external_asset_but_an_argument_must_exist():
    @asset(deps=["elsewhere"])
    def fine(): ...

    nodes = {str(node.key): node for node in Definitions(assets=[fine]).manifest().assets}
    assert nodes["elsewhere"].op is None

    @asset
    def wrong(elsewhere): ...

    assert "AssetSpec" in mistakes(assets=[wrong])
    assert Definitions(assets=[wrong, AssetSpec("elsewhere")]).manifest()


def test_names_of_ops_assets_and_jobs_do_not_collide():
    @op(name="up")
    def other(): ...

    @job
    def uses():
        other()

    assert "has the name of the asset" in mistakes(assets=[up], jobs=[uses])
    assert "defined twice" in mistakes(jobs=[define_asset_job("j"), define_asset_job("j")])


def test_resources_must_be_bound_and_io_managers_must_be_some():
    @asset(io_manager_key="lake")
    def stored(): ...

    assert "io manager with key 'lake' required by" in mistakes(assets=[stored])
    assert "no IO manager" in mistakes(assets=[stored], resources={"lake": 3})
    assert "no handle_output" in mistakes(assets=[up], resources={"io_manager": object()})

    @io_manager(required_resource_keys={"s3"})
    def lake(): ...

    assert "'s3'" in mistakes(assets=[stored], resources={"lake": lake})

    @resource
    def s3():
        return 1

    assert Definitions(assets=[stored], resources={"lake": lake, "s3": s3}).manifest()

    @asset(ins={"up": AssetIn(input_manager_key="loader")})
    def loaded(up): ...

    assert "'loader'" in mistakes(assets=[up, loaded])


def test_config_needs_an_annotation():
    with pytest.raises(ConfigSchemaError, match="needs an annotation"):

        @asset
        def bare(config): ...

    with pytest.raises(ConfigSchemaError, match=r"test_compile\.py:\d+: .*cannot be config"):

        @asset
        def odd(config: set): ...


def test_secrets_are_never_in_the_manifest():
    class Db(ConfigurableResource):
        host: str
        password: str
        user: str = "me"
        api_token: str = "t"

    @asset
    def uses(db: Db): ...

    manifest = Definitions(
        assets=[uses], resources={"db": Db(host=EnvVar("HOST"), password="hunter2", api_token="s3cr3t")}
    ).manifest()
    (node,) = manifest.resources
    assert node.config == {"host": {"env": "HOST"}, "password": MASK, "user": "me", "api_token": MASK}
    data = encode_manifest(manifest)
    assert b"hunter2" not in data
    assert b"s3cr3t" not in data


def test_the_manifest_is_the_same_each_time_and_survives_its_encoding():
    class Settings(Config):
        n: int = 1

    daily = DailyPartitionsDefinition("2024-01-01")

    @asset(partitions_def=daily)
    def a(config: Settings) -> int:
        return 1

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
    def b(a: int): ...

    @asset(partitions_def=StaticPartitionsDefinition(["x"]))
    def c(): ...

    @asset_check(asset=a, blocking=True)
    def good(a): ...

    def build() -> bytes:
        chosen = define_asset_job("both", "key:a+")
        return encode_manifest(
            Definitions(
                assets=[a, b, c],
                asset_checks=[good],
                jobs=[chosen],
                schedules=[
                    ScheduleDefinition(job=chosen, cron_schedule="@daily", default_status=DefaultScheduleStatus.RUNNING)
                ],
            ).manifest()
        )

    data = build()
    assert manifest_hash(data) == manifest_hash(build())
    manifest = decode_manifest(data)
    assert encode_manifest(manifest) == data
    assert set(manifest.partitions) == {"daily", "static"}  # equal definitions share one name
    (chosen,) = manifest.jobs
    assert [str(key) for key in chosen.asset_selection] == ["a", "b"]
    assert [str(key) for key in chosen.check_selection] == ["a:good"]
    assert chosen.partitions == "daily"
    assert manifest.checks[0].partitions == "daily"
    assert manifest.schedules[0].default_running
    ops = {node.name: node for node in manifest.ops}
    assert ops["a"].config_schema is not None
    assert ops["a_good"].kind == "check"


def test_the_job_of_a_schedule_needs_no_mention_of_its_own():
    chosen = define_asset_job("all_of_them")

    @schedule("0 1 * * *", job=chosen)
    def nightly(context): ...

    manifest = Definitions(assets=[up], schedules=[nightly]).manifest()
    assert [each.name for each in manifest.jobs] == ["all_of_them"]
    assert manifest.schedules[0].evaluates


def test_elements_of_a_wrong_type_are_told_at_once():
    with pytest.raises(ArgumentError, match="not a job"):
        Definitions(jobs=[up])  # type: ignore[list-item]
    with pytest.raises(ArgumentError, match="not an asset"):
        Definitions(assets=[3])
    with pytest.raises(DefinitionError, match="not a valid name of a resource"):
        Definitions(resources={"a b": 1})


def test_merge():
    one, shared = Definitions(assets=[up], resources={"db": 1}), Definitions(resources={"db": 1, "x": 2})
    merged = Definitions.merge(one, shared)
    assert merged.resources == {"db": 1, "x": 2}
    assert len(merged.manifest().assets) == 1
    with pytest.raises(InvariantError, match="different values"):
        Definitions.merge(one, Definitions(resources={"db": 2}))


def test_metadata_of_any_kind_is_kept_as_text_where_it_is_no_value():
    @asset(metadata={"n": 1, "kind": {1, 2}, "cls": Path})
    def described(): ...

    (node,) = Definitions(assets=[described]).manifest().assets
    assert set(node.metadata) == {"n", "kind", "cls"}


def test_ten_thousand_assets_stay_linear():
    """Not a time budget (benchmarks have that): the work a definition may cost, in calls."""
    assets = []
    for number in range(300):

        @asset(name=f"a{number}", deps=[f"a{number - 1}"] if number else [])
        def made() -> None: ...

        assets.append(made)
    manifest = Definitions(assets=assets).manifest()
    assert len(manifest.assets) == 300
    assert len(msgspec.msgpack.encode(manifest)) < 300 * 400


def test_config_of_executors_is_judged_with_the_rest():
    @op
    def nothing(): ...

    @job(executor_def=multiprocess_executor.configured({"max_concurrent": "4"}))
    def wrong():
        nothing()

    @job(executor_def=dask_executor.configured({"adress": "tcp://x"}))
    def misspelled():
        nothing()

    @job(executor_def=docker_executor.configured({"image": "x:1"}))
    def right():
        nothing()

    location = in_process_executor.configured({"max_concurrent": 4})
    with pytest.raises(DefinitionError) as told:
        Definitions(jobs=[wrong, misspelled, right], executor=location).manifest()
    text = str(told.value)
    assert "job wrong: executor 'multiprocess': execution.config.max_concurrent: '4'; give a whole number" in text
    assert "job misspelled: executor 'dask': execution.config.adress" in text
    assert "Definitions: executor 'in_process': execution.config.max_concurrent" in text
    assert "job right" not in text
