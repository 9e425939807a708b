"""Section 25: event types and the order in which they are told."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

RUN_BEGINS = ["RUN_START", "ENGINE_EVENT", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS", "LOGS_CAPTURED"]
RUN_ENDS = ["ENGINE_EVENT", "RUN_SUCCESS"]
MADE = ["STEP_OUTPUT", "ASSET_MATERIALIZATION", "HANDLED_OUTPUT"]


def names(events: Any) -> list[str]:
    return [event.event_type.name for event in events]


@dg.asset
def one() -> int:
    return 1


@dg.asset
def two(one: int) -> int:
    return one + 1


@dg.asset
def broken() -> None:
    raise ValueError("no")


@dg.asset(deps=[broken])
def after_broken() -> None: ...


@pytest.mark.parametrize(
    "name", ["ENQUEUED", "DEQUEUED", "STARTING", "START", "SUCCESS", "FAILURE", "CANCELING", "CANCELED"]
)
def test_values_of_run_events_begin_with_pipeline(name: str) -> None:
    assert dg.DagsterEventType[f"RUN_{name}"].value == f"PIPELINE_{name}"


def test_all_members() -> None:
    names = """
        STEP_OUTPUT STEP_INPUT STEP_FAILURE STEP_START STEP_SUCCESS STEP_SKIPPED STEP_WORKER_STARTING
        STEP_WORKER_STARTED RESOURCE_INIT_STARTED RESOURCE_INIT_SUCCESS RESOURCE_INIT_FAILURE STEP_UP_FOR_RETRY
        STEP_RESTARTED ASSET_MATERIALIZATION ASSET_MATERIALIZATION_PLANNED ASSET_FAILED_TO_MATERIALIZE
        ASSET_OBSERVATION STEP_EXPECTATION_RESULT ASSET_CHECK_EVALUATION_PLANNED ASSET_CHECK_EVALUATION
        ASSET_HEALTH_CHANGED ASSET_WIPED RUN_ENQUEUED RUN_DEQUEUED RUN_STARTING RUN_START RUN_SUCCESS RUN_FAILURE
        RUN_CANCELING RUN_CANCELED RUN_SUSPENDED RUN_RESUMED OBJECT_STORE_OPERATION ASSET_STORE_OPERATION
        LOADED_INPUT HANDLED_OUTPUT ENGINE_EVENT HOOK_COMPLETED HOOK_ERRORED HOOK_SKIPPED ALERT_START ALERT_SUCCESS
        ALERT_FAILURE LOGS_CAPTURED FRESHNESS_STATE_EVALUATION FRESHNESS_STATE_CHANGE CODE_LOCATION_UPDATED
    """.split()
    assert {kind.name for kind in dg.DagsterEventType} == set(names)


def test_all_other_values_equal_their_names() -> None:
    run = {"RUN_ENQUEUED", "RUN_DEQUEUED", "RUN_STARTING", "RUN_START", "RUN_SUCCESS", "RUN_FAILURE"}
    run |= {"RUN_CANCELING", "RUN_CANCELED"}
    for kind in dg.DagsterEventType:
        assert kind.name in run or kind.value == kind.name
    assert {"STEP_OUTPUT", "ASSET_CHECK_EVALUATION", "RUN_SUSPENDED", "FRESHNESS_STATE_CHANGE"} <= {
        kind.name for kind in dg.DagsterEventType
    }
    assert len(dg.DagsterEventType) == 47


def test_two_linked_assets_in_process() -> None:
    assert names(dg.materialize([one, two]).all_events) == [
        *RUN_BEGINS,
        *["STEP_START", *MADE, "STEP_SUCCESS"],
        *["STEP_START", "LOADED_INPUT", "STEP_INPUT", *MADE, "STEP_SUCCESS"],
        *RUN_ENDS,
    ]


def test_all_inputs_are_loaded_before_any_is_told_as_input() -> None:
    @dg.asset
    def three(one: int, two: int) -> int:
        return one + two

    result = dg.materialize([one, two, three])
    loaded = ["LOADED_INPUT", "LOADED_INPUT", "STEP_INPUT", "STEP_INPUT"]
    assert names(result.events_for_node("three"))[1:5] == loaded


def test_inline_checks_come_after_the_materialization() -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("fine", asset="checked")])
    def checked() -> Any:
        yield dg.Output(1)
        yield dg.AssetCheckResult(passed=True)

    checks = ["STEP_OUTPUT", "ASSET_CHECK_EVALUATION"]
    result = dg.materialize([checked])
    assert names(result.events_for_node("checked")) == ["STEP_START", *MADE, *checks, "STEP_SUCCESS"]


def test_planned_events_are_in_the_instance_s_log_only_and_before_the_start() -> None:
    with dg.instance_for_test() as instance:
        result = dg.materialize([one, two], instance=instance)
        logged = [entry.dagster_event_type.name for entry in instance.all_logs(result.run_id) if entry.is_dagster_event]
    assert logged[:3] == ["ASSET_MATERIALIZATION_PLANNED", "ASSET_MATERIALIZATION_PLANNED", "RUN_START"]
    assert "ASSET_MATERIALIZATION_PLANNED" not in names(result.all_events)
    assert logged[2:] == names(result.all_events)


def test_planned_checks_follow_planned_assets() -> None:
    @dg.asset_check(asset=one)
    def fine() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    with dg.instance_for_test() as instance:
        result = dg.materialize([one, fine], instance=instance)
        logged = [entry.dagster_event_type.name for entry in instance.all_logs(result.run_id) if entry.is_dagster_event]
    assert logged[:3] == ["ASSET_MATERIALIZATION_PLANNED", "ASSET_CHECK_EVALUATION_PLANNED", "RUN_START"]


def test_a_failure() -> None:
    result = dg.materialize([broken], raise_on_error=False)
    assert names(result.all_events) == [*RUN_BEGINS, "STEP_START", "STEP_FAILURE", "ENGINE_EVENT", "RUN_FAILURE"]


def test_a_blocked_step_tells_nothing() -> None:
    result = dg.materialize([broken, after_broken], raise_on_error=False)
    assert not [event for event in result.all_events if event.step_key == "after_broken"]
    assert result.is_node_untouched("after_broken")


def test_a_failing_resource_has_no_closing_engine_event() -> None:
    class Bad(dg.ConfigurableResource):
        def setup_for_execution(self, context: dg.InitResourceContext) -> None:
            raise ValueError("no")

    @dg.asset
    def needing(bad: Bad) -> None: ...

    result = dg.materialize([needing], resources={"bad": Bad()}, raise_on_error=False)
    assert names(result.all_events) == [
        "RUN_START",
        "ENGINE_EVENT",
        "RESOURCE_INIT_STARTED",
        "RESOURCE_INIT_FAILURE",
        "RUN_FAILURE",
    ]


def test_resource_events_carry_a_step_key_only_in_a_run_of_one_step() -> None:
    def keys(*assets: Any) -> set[Any]:
        events = dg.materialize(list(assets)).all_events
        return {event.step_key for event in events if event.event_type_value.startswith("RESOURCE_INIT")}

    assert keys(one) == {"one"}
    assert keys(one, two) == {None}


def test_a_run_of_no_steps_sets_up_no_resources() -> None:
    assert "RESOURCE_INIT_STARTED" not in names(dg.materialize([]).all_events)


def test_an_asset_without_a_value_still_sets_up_the_io_manager() -> None:
    @dg.asset
    def nothing() -> None: ...

    told = names(dg.materialize([nothing]).all_events)
    assert "RESOURCE_INIT_SUCCESS" in told
    assert "HANDLED_OUTPUT" not in told


def test_steps_run_in_the_order_in_which_they_become_ready() -> None:
    @dg.asset
    def z() -> None: ...

    @dg.asset(deps=[z])
    def a() -> None: ...

    @dg.asset
    def b() -> None: ...

    @dg.asset(deps=[b])
    def c() -> None: ...

    started = [event.step_key for event in dg.materialize([a, b, c, z]).all_events if event.is_step_start]
    assert started == ["b", "z", "c", "a"]


def test_a_retried_step_is_restarted() -> None:
    tried: list[int] = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    def flaky() -> int:
        tried.append(1)
        if len(tried) == 1:
            raise ValueError("again")
        return 1

    @dg.job
    def trying() -> None:
        flaky()

    result = trying.execute_in_process()
    assert names(result.events_for_node("flaky")) == [
        "STEP_START",
        "STEP_UP_FOR_RETRY",
        "STEP_RESTARTED",
        "STEP_OUTPUT",
        "HANDLED_OUTPUT",
        "STEP_SUCCESS",
    ]
    assert result.retry_attempts_for_node("flaky") == 1


def test_events_say_what_they_are() -> None:
    result = dg.materialize([one, two])
    (made,) = [event for event in result.events_for_node("two") if event.is_step_materialization]
    assert made.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
    assert made.event_type_value == "ASSET_MATERIALIZATION"
    assert made.asset_key == dg.AssetKey("two")
    assert made.node_name == made.step_key == "two"
    assert isinstance(made, dg.DagsterEvent)
    assert made.step_materialization_data.materialization is made.materialization
    assert isinstance(made.materialization, dg.AssetMaterialization)
    (output,) = [event for event in result.events_for_node("two") if event.is_successful_output]
    assert output.step_output_data.step_output_handle.output_name == "result"
    (loaded,) = [event for event in result.all_events if event.is_loaded_input]
    assert loaded.event_specific_data.input_name == "one"
    with pytest.raises(dg.DagsterInvariantViolationError):
        _ = output.step_failure_data


def test_a_failure_carries_the_user_s_error_as_its_cause() -> None:
    result = dg.materialize([broken], raise_on_error=False)
    (failed,) = [event for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    assert failed.is_failure
    error = failed.step_failure_data.error
    assert (error.cause.cls_name, error.cause.message) == ("ValueError", "no")
    assert "ValueError: no" in error.to_string()


def test_differs_wrappers_have_the_names_of_our_classes() -> None:
    """Dagster records the wrapper's class name with its prefix; ours is the name of the same class as we call it, so a
    comparison with `__name__` holds in both.
    """
    error = dg.materialize([broken], raise_on_error=False).failure_data_for_node("broken").error
    assert error.cls_name == dg.DagsterExecutionStepExecutionError.__name__


def test_differs_materialize_s_job_has_the_name_of_every_job_of_assets() -> None:
    """Dagster calls it `__ephemeral_asset_job__`; here all runs of plain assets are of `__asset_job__`, so that scripts
    and servers show one history.
    """
    assert dg.materialize([one]).dagster_run.job_name == "__asset_job__"
