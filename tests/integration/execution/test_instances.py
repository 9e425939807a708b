"""Runs of scripts that are kept in an instance: `Instance.open`, `Instance.ephemeral`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostrum import (
    AssetCheckResult,
    AssetKey,
    AssetPartitionStatus,
    ConfigError,
    DailyPartitionsDefinition,
    Instance,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    job,
    materialize,
    materialize_to_memory,
    op,
)
from rostrum.model.errors import InvocationError, RostrumError
from rostrum.model.runs import RunStatus


@pytest.fixture(params=["persistent", "ephemeral"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Instance]:
    with Instance.open(tmp_path / "home") if request.param == "persistent" else Instance.ephemeral() as opened:
        yield opened


@asset
def one() -> int:
    return 1


@asset
def two(one: int) -> int:
    return one + 1


def test_a_run_is_kept_with_what_follows_from_it(instance: Instance) -> None:
    result = materialize([one, two], instance=instance, tags={"who": "me"})
    assert result.success
    assert result.asset_value("two") == 2
    (run,) = instance.get_runs()
    assert (run.run_id, run.status, run.steps_done, run.tags) == (result.run_id, RunStatus.SUCCESS, 2, {"who": "me"})
    assert run == result.run
    event = instance.get_latest_materialization_event("two")
    assert event is not None
    assert (event.run_id, event.asset_key) == (run.run_id, AssetKey(("two",)))
    assert instance.get_latest_materialization_event("unknown") is None
    state = instance.get_asset_state("one")
    assert state is not None
    assert (state.status, state.last_materialized_run_id) == ("materialized", run.run_id)


def test_the_next_script_finds_values_and_runs(tmp_path: Path) -> None:
    home = os.environ.get("ROSTRUM_HOME")
    with Instance.open(tmp_path) as instance:
        materialize([one, two], instance=instance)
    with Instance.open(tmp_path) as instance:
        result = materialize([one, two], selection=[two], instance=instance)
        assert result.asset_value("two") == 2
        assert [run.target.asset_selection for run in instance.get_runs(limit=1)] == [(AssetKey(("two",)),)]
        assert len(instance.get_runs(statuses=["success"])) == 2
        assert not instance.get_runs(statuses=["failure"])
    assert os.environ.get("ROSTRUM_HOME") == home
    assert (tmp_path / "storage" / "one").exists()


def test_failures_are_raised_and_kept(instance: Instance) -> None:
    @asset
    def broken() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        materialize([broken], instance=instance)
    (run,) = instance.get_runs(statuses=["failure"])
    assert run.failed_step_key == "broken"
    assert instance.get_run_by_id(run.run_id) == run
    assert instance.get_run_by_id("0") is None


def test_partitions(instance: Instance) -> None:
    days = DailyPartitionsDefinition(start_date="2026-01-01")

    @asset(partitions_def=days)
    def daily() -> int:
        return 1

    @asset
    def whole(daily: Any) -> int:
        return 2

    @asset_check(asset=daily)
    def fine() -> AssetCheckResult:
        return AssetCheckResult(passed=True)

    materialize([daily, whole, fine], partition_key="2026-01-02", instance=instance)
    assert instance.get_status_by_partition("daily") == {"2026-01-02": AssetPartitionStatus.MATERIALIZED}
    assert instance.get_status_by_partition("whole") == {}, "an asset without partitions gets no marks"
    event = instance.get_latest_materialization_event("daily", "2026-01-02")
    assert event is not None
    assert event.partition_key == "2026-01-02"
    assert instance.get_latest_materialization_event("daily", "2026-01-03") is None
    with pytest.raises(InvocationError, match="of no partition"):
        materialize([daily], instance=instance)


def test_a_failed_partitioned_run_marks_partitioned_assets_only(instance: Instance) -> None:
    letters = StaticPartitionsDefinition(["a", "b"])

    @asset(partitions_def=letters)
    def part() -> int:
        raise ValueError("no")

    @asset
    def whole() -> int:
        raise ValueError("no")

    materialize([part, whole], partition_key="b", instance=instance, raise_on_error=False)
    assert instance.get_status_by_partition("part") == {"b": AssetPartitionStatus.FAILED}
    assert instance.get_status_by_partition("whole") == {}
    state = instance.get_asset_state("whole")
    assert state is not None
    assert state.status == "failed"


def test_jobs_inputs_and_run_ids(instance: Instance) -> None:
    @op
    def double(value: Any) -> Any:
        return value * 2

    @job
    def doubling(value: Any) -> None:
        double(value)

    anything = object()
    doubling.execute_in_process(input_values={"value": 3}, instance=instance, run_id="mine")
    run = instance.get_run_by_id("mine")
    assert run is not None
    assert (run.target.job, run.status, run.config) == ("doubling", RunStatus.SUCCESS, {})
    with pytest.raises(TypeError):
        doubling.execute_in_process(input_values={"value": anything}, instance=instance)
    with pytest.raises(ConfigError, match="Did you mean"):
        doubling.execute_in_process({"ops": {"duble": {}}}, instance=instance)
    with pytest.raises(RostrumError):
        doubling.execute_in_process(input_values={"value": 3}, instance=instance, run_id="mine")


def test_user_code_asks_the_instance(instance: Instance) -> None:
    materialize_to_memory([one], instance=instance)

    @asset
    def asks(context: Any) -> list[Any]:
        context.instance.add_dynamic_partitions("names", ["x"])
        return [context.instance.get_asset_state("one").status, *context.instance.get_dynamic_partitions("names")]

    assert materialize([asks], instance=instance).asset_value("asks") == ["materialized", "x"]
    assert list(instance.get_dynamic_partitions("names")) == ["x"]
    instance.delete_dynamic_partition("names", "x")
    assert not instance.has_dynamic_partition("names", "x")
