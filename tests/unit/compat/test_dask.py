from __future__ import annotations

from typing import Any

import pytest

from rostrum.compat.dagster_dask import dask_executor
from rostrum.definitions.ops.executors import InitExecutorContext
from rostrum.executors.dask import DaskExecutor
from rostrum.model.errors import ConfigError


def made(config: dict[str, Any]) -> DaskExecutor:
    assert dask_executor.creator is not None
    return dask_executor.creator(InitExecutorContext(None, dask_executor, config, None))


def test_clusters_that_are_there_and_local_ones() -> None:
    there = made({"cluster": {"existing": {"address": "tcp://dask:8786"}}, "retries": {"disabled": {}}})
    assert (there.address, there.dedicated, there.retries) == ("tcp://dask:8786", False, False)
    local = made({"cluster": {"local": {"n_workers": 3, "host": "127.0.0.1"}}})
    assert (local.address, local.workers, local.dedicated, local.options) == (None, 3, True, {"host": "127.0.0.1"})
    assert made({}).address is None


@pytest.mark.parametrize("config", [{"cluster": {"yarn": {}}}, {"clusters": {}}, {"cluster": {"local": {}, "ssh": {}}}])
def test_other_clusters_are_told(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="give its address"):
        made(config)
