"""Section 6: asset checks."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest


@dg.asset
def orders() -> list[int]:
    return [1, 2]


@dg.asset
def report(orders: list[int]) -> int:
    return len(orders)


def evaluations(result) -> dict[str, bool]:  # type: ignore[no-untyped-def]
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def failing(**options):  # type: ignore[no-untyped-def]
    result = dg.AssetCheckResult(passed=False, **options.pop("result", {}))

    @dg.asset_check(asset=orders, name="bad", **options)
    def bad():  # type: ignore[no-untyped-def]
        return result

    return bad


# --- names and parameters


def test_names() -> None:
    @dg.asset_check(asset=orders)
    def not_empty(orders):  # type: ignore[no-untyped-def]
        return dg.AssetCheckResult(passed=len(orders) > 0, metadata={"n": 1})

    assert isinstance(not_empty, dg.AssetChecksDefinition)
    assert isinstance(not_empty, dg.AssetsDefinition)
    assert not_empty.check_key == dg.AssetCheckKey(dg.AssetKey("orders"), "not_empty")
    assert not_empty.check_key.to_user_string() == "orders:not_empty"
    result = dg.materialize([orders, not_empty])
    assert [event.step_key for event in result.get_step_success_events()] == ["orders", "orders_not_empty"]
    assert evaluations(result) == {"not_empty": True}


def test_other_inputs_come_through_additional_ins() -> None:
    @dg.asset_check(asset=orders, additional_ins={"other": dg.AssetIn("report")})
    def same(orders, other):  # type: ignore[no-untyped-def]
        return dg.AssetCheckResult(passed=len(orders) == other)

    assert evaluations(dg.materialize([orders, report, same])) == {"same": True}


def test_additional_deps_only_order() -> None:
    seen = []

    @dg.asset
    def other() -> None:
        seen.append("other")

    @dg.asset_check(asset=orders, additional_deps=[other])
    def after() -> dg.AssetCheckResult:
        seen.append("check")
        return dg.AssetCheckResult(passed=True)

    assert dg.materialize([orders, other, after]).success
    assert seen == ["other", "check"]


def test_an_argument_that_is_neither_is_refused() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="additional_ins"):

        @dg.asset_check(asset=orders)
        def wrong(something):  # type: ignore[no-untyped-def]
            ...


def test_the_asset_itself_is_no_additional_dep() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.AssetCheckSpec("c", asset="orders", additional_deps=["orders"])


def test_checks_take_config_and_resources() -> None:
    class Limit(dg.Config):
        least: int = 1

    @dg.asset_check(asset=orders, required_resource_keys={"bonus"})
    def enough(context, config: Limit, orders):  # type: ignore[no-untyped-def]
        return dg.AssetCheckResult(passed=len(orders) + context.resources.bonus >= config.least)

    run_config = {"ops": {"orders_enough": {"config": {"least": 4}}}}
    result = dg.materialize([orders, enough], resources={"bonus": 2}, run_config=run_config)
    assert evaluations(result) == {"enough": True}


def test_async_checks() -> None:
    @dg.asset_check(asset=orders)
    async def later() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    assert evaluations(dg.materialize([orders, later])) == {"later": True}


# --- verdicts


def test_the_default_severity_is_error() -> None:
    assert dg.AssetCheckResult(passed=False).severity == dg.AssetCheckSeverity.ERROR
    assert dg.AssetCheckSeverity.WARN.value == "WARN"


def test_a_failed_check_that_does_not_block_fails_nothing() -> None:
    result = dg.materialize([orders, report, failing()])
    assert result.success
    assert evaluations(result) == {"bad": False}
    assert len(result.asset_materializations_for_node("report")) == 1


def test_a_warning_never_blocks() -> None:
    warning = failing(blocking=True, result={"severity": dg.AssetCheckSeverity.WARN})
    result = dg.materialize([orders, report, warning])
    assert result.success
    assert len(result.asset_materializations_for_node("report")) == 1


def test_row_40_a_blocking_error_stops_what_is_downstream() -> None:
    result = dg.materialize([orders, report, failing(blocking=True)], raise_on_error=False)
    assert not result.success
    assert [event.step_key for event in result.get_step_failure_events()] == ["orders_bad"]
    of_check = [e.event_type_value for e in result.all_events if e.step_key == "orders_bad"]
    assert of_check.index("ASSET_CHECK_EVALUATION") < of_check.index("STEP_FAILURE")
    assert "STEP_OUTPUT" in of_check
    assert not [event for event in result.all_events if event.step_key == "report"]


def test_row_40_the_class_and_the_list() -> None:
    from dagster._core.errors import DagsterAssetCheckFailedError

    with pytest.raises(DagsterAssetCheckFailedError, match=r"1 blocking asset check.*orders: bad"):
        dg.materialize([orders, failing(blocking=True)])


def test_a_blocking_check_comes_before_what_is_downstream() -> None:
    seen = []

    @dg.asset_check(asset=orders, blocking=True)
    def first() -> dg.AssetCheckResult:
        seen.append("check")
        return dg.AssetCheckResult(passed=True)

    @dg.asset(deps=[orders])
    def below() -> None:
        seen.append("below")

    assert dg.materialize([orders, below, first]).success
    assert seen == ["check", "below"]


@pytest.mark.parametrize("value", [True, False, None])
def test_anything_else_that_is_returned_is_no_verdict(value: object) -> None:
    @dg.asset_check(asset=orders)
    def bare():  # type: ignore[no-untyped-def]
        return value

    result = dg.materialize([orders, bare])
    assert result.success
    assert result.get_asset_check_evaluations() == []


def test_an_exception_in_a_check_fails_the_run() -> None:
    @dg.asset_check(asset=orders)
    def broken() -> dg.AssetCheckResult:
        raise ValueError("no")

    assert not dg.materialize([orders, broken], raise_on_error=False).success
    with pytest.raises(ValueError, match="no"):
        dg.materialize([orders, broken])


# --- in-asset checks


def test_yielded_after_the_output() -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("c", asset="a")])
    def a() -> Iterator[object]:
        yield dg.Output(1)
        yield dg.AssetCheckResult(check_name="c", passed=True)

    assert evaluations(dg.materialize([a])) == {"c": True}


def test_in_a_materialize_result() -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("c", asset="a")])
    def a() -> dg.MaterializeResult:
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="c", passed=False)])

    result = dg.materialize([a])
    assert result.success
    assert evaluations(result) == {"c": False}


def test_row_39_an_undeclared_check() -> None:
    @dg.asset
    def a() -> Iterator[object]:
        yield dg.Output(1)
        yield dg.AssetCheckResult(check_name="other", passed=True)

    with pytest.raises(dg.DagsterInvariantViolationError, match="unexpected AssetCheckResult"):
        dg.materialize([a])


def test_declared_but_a_plain_value_returned() -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("c", asset="a")])
    def a() -> int:
        return 1

    with pytest.raises(dg.DagsterInvariantViolationError):
        dg.materialize([a])


def test_a_spec_of_another_asset_is_refused() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):

        @dg.asset(check_specs=[dg.AssetCheckSpec("c", asset="elsewhere")])
        def a() -> int:
            return 1


def test_a_blocking_inline_check_fails_after_the_materialization() -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("c", asset="a", blocking=True)])
    def a() -> dg.MaterializeResult:
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="c", passed=False)])

    result = dg.materialize([a], raise_on_error=False)
    assert not result.success
    types = [event.event_type_value for event in result.all_events if event.step_key == "a"]
    assert types.index("ASSET_MATERIALIZATION") < types.index("STEP_FAILURE")


# --- several checks


def two(can_subset: bool = False):  # type: ignore[no-untyped-def]
    @dg.multi_asset_check(
        specs=[dg.AssetCheckSpec("one", asset="orders"), dg.AssetCheckSpec("two", asset="report")],
        can_subset=can_subset,
    )
    def both(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        for key in context.selected_asset_check_keys:
            yield dg.AssetCheckResult(check_name=key.name, asset_key=key.asset_key, passed=True)

    return both


def test_several_checks_of_one_function() -> None:
    assert evaluations(dg.materialize([orders, report, two()])) == {"one": True, "two": True}


def test_some_of_several() -> None:
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("orders"), "one"))
    assert evaluations(dg.materialize([orders, report, two(can_subset=True)], selection=selection)) == {"one": True}


def test_row_44_some_of_several_that_cannot_be_subset() -> None:
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(dg.AssetKey("orders"), "one"))
    with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"both .*can_subset=True") as told:
        dg.materialize([orders, report, two()], selection=selection)
    assert isinstance(told.value, dg.DagsterInvalidSubsetError)


# --- the event


def test_fields_of_an_evaluation() -> None:
    @dg.asset_check(asset=orders, blocking=True)
    def full() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(
            passed=True, metadata={"n": 2}, severity=dg.AssetCheckSeverity.WARN, description="told"
        )

    result = dg.materialize([orders, full])
    (evaluation,) = result.get_asset_check_evaluations()
    assert isinstance(evaluation, dg.AssetCheckEvaluation)
    assert evaluation.asset_key == dg.AssetKey("orders")
    assert evaluation.check_name == "full"
    assert evaluation.asset_check_key == full.check_key
    assert evaluation.passed is True
    assert evaluation.metadata["n"].value == 2
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    assert evaluation.description == "told"
    assert evaluation.blocking is True
    assert evaluation.partition is None
    target = evaluation.target_materialization_data
    assert target.run_id == result.run_id
    assert target.timestamp > 0
    assert target.storage_id is not None


def test_a_partitioned_check() -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01")

    @dg.asset(partitions_def=days)
    def daily() -> int:
        return 1

    @dg.asset_check(asset=daily, partitions_def=days)
    def of_day(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=context.partition_key == "2024-01-02")

    assert next(iter(of_day.check_specs)).partitions_def == days
    (evaluation,) = dg.materialize([daily, of_day], partition_key="2024-01-02").get_asset_check_evaluations()
    assert evaluation.passed
    assert evaluation.partition == "2024-01-02"


# --- selecting


def test_selecting_an_asset_selects_its_checks() -> None:
    result = dg.materialize([orders, report, failing()], selection=[orders])
    assert evaluations(result) == {"bad": False}


def test_without_checks() -> None:
    result = dg.materialize([orders, failing()], selection=dg.AssetSelection.assets(orders).without_checks())
    assert result.success
    assert evaluations(result) == {}


def test_only_checks() -> None:
    bad = failing()
    result = dg.materialize([orders, bad], selection=dg.AssetSelection.checks(bad))
    assert evaluations(result) == {"bad": False}
    assert not [event for event in result.all_events if event.step_key == "orders"]


# --- definitions


def test_checks_may_be_among_assets_and_assets_among_checks() -> None:
    bad = failing()
    for defs in (dg.Definitions(assets=[orders, bad]), dg.Definitions(asset_checks=[orders, bad])):
        job = defs.get_implicit_global_asset_job_def()
        assert evaluations(job.execute_in_process()) == {"bad": False}


def test_a_check_of_an_unknown_asset_loads() -> None:
    @dg.asset_check(asset="nowhere")
    def c() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    defs = dg.Definitions(asset_checks=[c])
    dg.Definitions.validate_loadable(defs)
    assert defs.get_asset_checks_def(c.check_key) is c


def test_row_2_two_checks_of_one_key() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="Duplicate asset check key"):
        dg.Definitions.validate_loadable(dg.Definitions(assets=[orders], asset_checks=[failing(), failing()]))


def test_the_same_check_twice_is_fine() -> None:
    bad = failing()
    defs = dg.Definitions(assets=[orders], asset_checks=[bad, bad])
    dg.Definitions.validate_loadable(defs)
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process()
    assert len(result.get_asset_check_evaluations()) == 1


def test_a_check_key_reads_and_writes_text() -> None:
    key = dg.AssetCheckKey.from_user_string("a/b:c")
    assert key == dg.AssetCheckKey(asset_key=dg.AssetKey(["a", "b"]), name="c")
    assert dg.AssetCheckKey.from_db_string(key.to_db_string()) == key
    assert key.replace_asset_key(dg.AssetKey("x")).to_user_string() == "x:c"


def test_direct_calls() -> None:
    @dg.asset_check(asset=orders)
    def not_empty(orders):  # type: ignore[no-untyped-def]
        return dg.AssetCheckResult(passed=len(orders) > 0)

    assert not not_empty([]).passed
