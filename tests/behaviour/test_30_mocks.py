"""Mocks as resources: what unit tests of projects do most. They are handed over as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock, Mock

import dagster as dg
import pytest


class Api(dg.ConfigurableResource):
    url: str = ""

    def get(self) -> list[int]:
        raise AssertionError("the real one")


@dg.asset(required_resource_keys={"api"})
def by_key(context: dg.AssetExecutionContext) -> list[int]:
    return context.resources.api.get()


@dg.asset
def by_class(api: Api) -> list[int]:
    return api.get()


@dg.asset
def by_param(api: dg.ResourceParam[Any]) -> list[int]:
    return api.get()


MOCKS = {
    "magic": MagicMock,
    "mock": Mock,
    "magic of a class": lambda: MagicMock(spec=Api),
    "mock of a class": lambda: Mock(spec=Api),
}


@pytest.fixture(params=MOCKS.values(), ids=MOCKS.keys())
def api(request: pytest.FixtureRequest) -> Any:
    make: Callable[[], Any] = request.param
    mock = make()
    mock.get.return_value = [5]
    return mock


@pytest.mark.parametrize("asset", [by_key, by_class, by_param], ids=lambda asset: asset.key.to_user_string())
def test_in_runs(api: Any, asset: dg.AssetsDefinition) -> None:
    for bound in (api, dg.ResourceDefinition.hardcoded_resource(api)):
        result = dg.materialize([asset], resources={"api": bound})
        assert result.asset_value(asset.key) == [5]
    assert api.get.call_count == 2
    (asset,) = dg.with_resources([asset], {"api": dg.ResourceDefinition.hardcoded_resource(api)})
    assert dg.materialize([asset]).success


def test_in_jobs_sensors_and_contexts(api: Any) -> None:
    @dg.op(required_resource_keys={"api"})
    def ask(context: dg.OpExecutionContext) -> list[int]:
        return context.resources.api.get()

    @dg.job(resource_defs={"api": api})
    def asking() -> None:
        ask()

    @dg.sensor(job=asking, required_resource_keys={"api"})
    def told(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(str(context.resources.api.get()))

    assert asking.execute_in_process().output_for_node("ask") == [5]
    assert told(dg.build_sensor_context(resources={"api": api})) == dg.SkipReason("[5]")
    assert by_key(dg.build_asset_context(resources={"api": api})) == [5]
    assert by_class(api=api) == [5]
    assert dg.build_init_resource_context(resources={"api": api}).resources.api.get() == [5]
    dg.Definitions.validate_loadable(dg.Definitions(assets=[by_key], jobs=[asking], resources={"api": api}))


def test_as_an_io_manager() -> None:
    manager = MagicMock()

    @dg.asset
    def three() -> int:
        return 3

    assert dg.materialize([three], resources={"io_manager": manager}).success
    (context, value), _ = manager.handle_output.call_args
    assert (context.asset_key, value) == (dg.AssetKey("three"), 3)
