"""What events and ticks tell of who loaded a value, and of assets outside of runs."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest


class Fixed(dg.IOManager):
    """Stores nothing; loads 1."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None: ...

    def load_input(self, context: dg.InputContext) -> Any:
        return 1


def loaded(result: Any) -> dict[str, Any]:
    events = [each for each in result.all_events if each.event_type is dg.DagsterEventType.LOADED_INPUT]
    return {each.event_specific_data.input_name: each.event_specific_data for each in events}


def test_the_manager_that_has_loaded_an_input() -> None:
    @dg.op(out={"left": dg.Out(io_manager_key="fixed"), "right": dg.Out()})
    def two() -> Any:
        yield dg.Output(5, "left")
        yield dg.Output(6, "right")

    @dg.op(ins={"c": dg.In(input_manager_key="fixed")})
    def both(a: int, b: int, c: int) -> int:
        return a + b + c

    @dg.job(resource_defs={"fixed": dg.IOManagerDefinition.hardcoded_io_manager(Fixed())})
    def job() -> None:
        left, right = two()
        both(left, right, right)

    result = job.execute_in_process()
    assert result.output_for_node("both") == 8
    found = loaded(result)
    assert {name: data.manager_key for name, data in found.items()} == {"a": "fixed", "b": "io_manager", "c": "fixed"}
    assert {name: data.upstream_output_name for name, data in found.items()} == {
        "a": "left",
        "b": "right",
        "c": "right",
    }
    assert {data.upstream_step_key for data in found.values()} == {"two"}


def test_the_manager_that_has_loaded_an_asset() -> None:
    @dg.asset(io_manager_key="fixed")
    def one() -> int:
        return 7

    @dg.asset
    def two(one: int) -> int:
        return one + 1

    result = dg.materialize([one, two], resources={"fixed": Fixed()})
    assert result.output_for_node("two") == 2
    assert loaded(result)["one"].manager_key == "fixed"


def sensor_of(*events: Any) -> dg.SensorDefinition:
    @dg.sensor(asset_selection="*")
    def tells(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return dg.SensorResult(asset_events=list(events))

    return tells


def test_what_a_sensor_tells_of_assets_is_in_its_tick() -> None:
    told = [
        dg.AssetMaterialization("outside", partition="a", metadata={"rows": 3}, tags={"dagster/data_version": "v1"}),
        dg.AssetObservation("seen", metadata={"size": 1}),
        dg.AssetCheckResult(asset_key="outside", check_name="fine", passed=False, severity=dg.AssetCheckSeverity.WARN),
    ]
    with dg.build_sensor_context() as context:
        assert sensor_of(*told).evaluate_tick(context).asset_events == told
        made, seen, checked = sensor_of(*told).evaluate(context).asset_events
    assert (made.asset_key, made.partition_key, made.data_version) == (dg.AssetKey("outside"), "a", "v1")
    assert made.run_id == ""
    assert made.at.tzinfo is not None
    assert made.metadata["rows"].value == 3
    assert seen.asset_key == dg.AssetKey("seen")
    assert (checked.check_key.name, checked.passed, checked.severity) == ("fine", False, "warn")


def test_a_verdict_without_its_check_is_refused() -> None:
    with dg.build_sensor_context() as context:
        outcome = sensor_of(dg.AssetCheckResult(passed=True))
        with pytest.raises(dg.DagsterError, match="give asset_key and check_name"):
            outcome.evaluate(context)
