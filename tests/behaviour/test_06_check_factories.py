"""Section 6: checks that are built."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest


def verdicts(result) -> dict[str, bool]:  # type: ignore[no-untyped-def]
    return {str(each.asset_check_key): each.passed for each in result.get_asset_check_evaluations()}


def asset_with(metadata: dict[str, object]):  # type: ignore[no-untyped-def]
    @dg.asset(name="table")
    def table() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=metadata)

    return table


def columns(**types: str) -> dict[str, object]:
    return {"dagster/column_schema": dg.TableSchema([dg.TableColumn(name, kind) for name, kind in types.items()])}


def test_changes_of_columns() -> None:
    checks = dg.build_column_schema_change_checks(assets=["table"])
    with dg.DagsterInstance.ephemeral() as instance:
        first = dg.materialize([asset_with(columns(a="int")), *checks], instance=instance)
        assert verdicts(first) == {"table:column_schema_change": True}
        again = dg.materialize([asset_with(columns(a="int")), *checks], instance=instance)
        assert verdicts(again) == {"table:column_schema_change": True}
        changed = dg.materialize([asset_with(columns(a="str", b="int")), *checks], instance=instance)
        (evaluation,) = changed.get_asset_check_evaluations()
        assert not evaluation.passed
        assert evaluation.severity == dg.AssetCheckSeverity.WARN
        assert "added: b" in evaluation.description
        assert "a: int -> str" in evaluation.description


@pytest.mark.parametrize(
    ("bounds", "passed"),
    [
        ({"min_value": 5}, True),
        ({"min_value": 5, "exclusive_min": True}, False),
        ({"max_value": 4}, False),
        ({"min_value": 1, "max_value": 5}, True),
        ({"max_value": 5, "exclusive_max": True}, False),
    ],
)
def test_bounds_of_metadata(bounds: dict[str, object], passed: bool) -> None:
    checks = dg.build_metadata_bounds_checks(assets=["table"], metadata_key="rows", **bounds)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([asset_with({"rows": 5}), *checks], instance=instance)
    assert list(verdicts(result).values()) == [passed]


def test_bounds_of_metadata_that_is_not_there() -> None:
    checks = dg.build_metadata_bounds_checks(assets=["table"], metadata_key="rows", min_value=1)
    with dg.DagsterInstance.ephemeral() as instance:
        assert list(verdicts(dg.materialize([asset_with({}), *checks], instance=instance)).values()) == [False]


def test_the_last_update() -> None:
    checks = dg.build_last_update_freshness_checks(assets=["table"], lower_bound_delta=timedelta(hours=1))
    with dg.DagsterInstance.ephemeral() as instance:
        late = dg.materialize(
            [dg.AssetSpec("table"), *checks], selection=dg.AssetSelection.checks(*checks), instance=instance
        )
        assert verdicts(late) == {"table:freshness_check": False}
        fresh = dg.materialize([asset_with({}), *checks], instance=instance)
        assert verdicts(fresh) == {"table:freshness_check": True}


def test_the_last_partition() -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")

    @dg.asset(partitions_def=days)
    def daily() -> None: ...

    checks = dg.build_time_partition_freshness_checks(assets=[daily], deadline_cron="0 0 * * *")
    only_checks = dg.AssetSelection.checks(*checks)
    with dg.DagsterInstance.ephemeral() as instance:
        late = dg.materialize([daily, *checks], selection=only_checks, instance=instance)
        assert list(verdicts(late).values()) == [False]
        dg.materialize([daily], partition_key="2024-01-02", instance=instance)
        fresh = dg.materialize([daily, *checks], selection=only_checks, instance=instance)
        assert list(verdicts(fresh).values()) == [True]


def test_several_assets_at_once() -> None:
    checks = dg.build_last_update_freshness_checks(assets=["a", "b"], lower_bound_delta=timedelta(hours=1))
    assert {str(key) for each in checks for key in each.check_keys} == {"a:freshness_check", "b:freshness_check"}


def test_a_sensor_for_freshness_checks() -> None:
    checks = dg.build_last_update_freshness_checks(
        assets=["table"], lower_bound_delta=timedelta(hours=1), deadline_cron="0 0 * * *"
    )
    sensor = dg.build_sensor_for_freshness_checks(freshness_checks=checks)
    assert isinstance(sensor, dg.SensorDefinition)
    assert sensor.name == "freshness_checks_sensor"
    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED
    with dg.partition_loading_context(effective_dt=datetime(2024, 1, 1, 12, tzinfo=UTC)):
        context = dg.build_sensor_context()
        request = sensor(context)
        assert [str(key) for key in request.asset_check_keys] == ["table:freshness_check"]
        assert json.loads(context.cursor)
        assert isinstance(sensor(dg.build_sensor_context(cursor=context.cursor)), dg.SkipReason)
    with dg.partition_loading_context(effective_dt=datetime(2024, 1, 2, 1, tzinfo=UTC)):
        assert isinstance(sensor(dg.build_sensor_context(cursor=context.cursor)), dg.RunRequest)


def test_a_sensor_takes_freshness_checks_only() -> None:
    from dagster._check import CheckError

    with pytest.raises(CheckError):
        dg.build_sensor_for_freshness_checks(freshness_checks=dg.build_column_schema_change_checks(assets=["a"]))
