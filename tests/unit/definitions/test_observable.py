"""Options of observable assets that concern how their function is executed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rostrum.definitions.assets.data_versions import DataVersion
from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.observable import multi_observable_source_asset, observable_source_asset
from rostrum.definitions.assets.selection import AssetSelection
from rostrum.definitions.assets.specs import AssetSpec
from rostrum.definitions.events.outputs import ObserveResult
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.jobs import define_asset_job
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.model.events import AssetObserved

OPTIONS: dict[str, Any] = {
    "retry_policy": RetryPolicy(max_retries=2),
    "pool": "warehouse",
    "isolation": "thread",
    "timeout": 30,
}


def single(calls: list[int]) -> AssetsDefinition:
    @observable_source_asset(**OPTIONS)
    def prices() -> DataVersion:
        _third_time(calls)
        return DataVersion("7")

    return prices


def several(calls: list[int]) -> AssetsDefinition:
    @multi_observable_source_asset(specs=[AssetSpec("prices"), AssetSpec("rates")], **OPTIONS)
    def both() -> Iterator[ObserveResult]:
        _third_time(calls)
        for key in ("prices", "rates"):
            yield ObserveResult(asset_key=key, data_version=DataVersion("7"))

    return both


def _third_time(calls: list[int]) -> None:
    calls.append(1)
    if len(calls) < 3:
        raise ConnectionError("not yet")


@pytest.mark.parametrize("make", [single, several])
def test_options_are_those_of_the_op(make: Any) -> None:
    (op,) = Definitions(assets=[make([])]).manifest().ops
    assert op.retry_policy is not None
    assert (op.retry_policy.max_retries, op.pool, op.isolation, op.timeout_seconds) == (2, "warehouse", "thread", 30.0)


@pytest.mark.parametrize("make", [single, several])
def test_a_failed_observation_is_tried_again(make: Any) -> None:
    calls: list[int] = []
    asset = make(calls)
    look = define_asset_job("look", selection=AssetSelection.assets(*asset.keys))
    result = Definitions(assets=[asset], jobs=[look]).resolve_job_def("look").execute_in_process()
    assert result.success
    assert len(calls) == 3
    assert {event.data_version for event in result.events if isinstance(event, AssetObserved)} == {"7"}
