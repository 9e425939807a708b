"""What functions may return and yield, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from rostrum import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetMaterialization,
    AssetSpec,
    Failure,
    MaterializeResult,
    Output,
    asset,
    asset_check,
    job,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
)
from rostrum.definitions.events.outcome import ExecutionResult
from rostrum.model.events import AssetMaterialized


def made(result: ExecutionResult) -> list[str]:
    return [str(event.asset_key) for event in [e.record for e in result.get_asset_materialization_events()]]


def run(*assets: Any, **options: Any) -> ExecutionResult:
    return materialize_to_memory(list(assets), **options)


def test_a_plain_value_is_stored_and_told() -> None:
    @asset
    def a():
        return [1]

    @asset
    def b(a):
        return [*a, 2]

    result = run(a, b)
    assert result.success
    assert result.asset_value("b") == [1, 2]
    assert [e.kind for e in result.events if e.step_key == "b"] == [
        "step_started",
        "input_loaded",
        "output_stored",
        "asset_materialized",
        "step_succeeded",
    ]


def test_none_is_a_value_unless_annotated() -> None:
    @asset
    def a():
        return None

    @asset
    def b(a):
        return a is None

    assert run(a, b).asset_value("b") is True

    @asset
    def nothing() -> None:
        pass

    result = run(nothing)
    assert made(result) == ["nothing"]
    assert repr(result.asset_value("nothing")) == "NO_VALUE"


def test_a_result_without_value_is_told_and_not_stored() -> None:
    @asset
    def a() -> MaterializeResult:
        return MaterializeResult(metadata={"rows": 3}, data_version="v1", tags={"x": "y"})

    (event,) = [e.record for e in run(a).get_asset_materialization_events()]
    assert event.metadata["rows"].value == 3  # type: ignore[union-attr]
    assert event.data_version == "v1"
    assert event.tags == {"x": "y"}


def test_a_result_with_value_is_stored() -> None:
    @asset
    def a():
        return MaterializeResult(value=5)

    @asset
    def b(a):
        return Output(a + 1, metadata={"m": 1})

    result = run(a, b)
    assert result.asset_value("b") == 6


def test_generators() -> None:
    @asset
    def a() -> Iterator[Output]:
        yield Output(1)

    @asset
    def b() -> Iterator[MaterializeResult]:
        yield MaterializeResult(metadata={"k": "v"})

    result = run(a, b)
    assert result.asset_value("a") == 1
    assert sorted(made(result)) == ["a", "b"]


def test_async_functions_and_generators() -> None:
    @op
    async def value() -> int:
        return 3

    @op
    async def values() -> AsyncIterator[Output]:
        yield Output(4)

    @job
    def both() -> None:
        value()
        values()

    result = both.execute_in_process()
    assert (result.output_for_node("value"), result.output_for_node("values")) == (3, 4)


def test_a_required_output_that_is_not_yielded_fails() -> None:
    @asset
    def a():
        yield from ()

    result = run(a, raise_on_error=False)
    assert not result.success
    assert "did not return an output" in next(e.record for e in result.get_step_failure_events()).error.message


def test_an_optional_output_that_is_not_yielded_skips() -> None:
    @asset(output_required=False)
    def a():
        yield from ()

    @asset
    def b(a): ...

    @asset(deps=[a])
    def c(): ...

    @asset(output_required=False)
    def d():
        return None

    result = run(a, b, c, d)
    assert result.success
    assert {e.step_key for e in result.get_step_skipped_events()} == {"b", "c"}
    assert made(result) == ["d"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (AssetMaterialization("a"), "yield it, or log it"),
        (MaterializeResult(asset_key="other"), "does not make asset other"),
    ],
)
def test_what_may_not_be_returned(value: Any, message: str) -> None:
    @asset
    def a():
        return value

    with pytest.raises(Exception, match=message):
        run(a)


def test_a_raw_value_may_not_be_yielded_nor_an_output_twice() -> None:
    @asset
    def a():
        yield 1

    with pytest.raises(Exception, match="yielded an int"):
        run(a)

    @asset
    def b():
        yield Output(1)
        yield Output(2)

    with pytest.raises(Exception, match="twice"):
        run(b)


def test_annotations_are_checked() -> None:
    @asset
    def a() -> int:
        return "x"  # type: ignore[return-value]

    with pytest.raises(Exception, match="expected type 'int', got 'x', a str"):
        run(a)

    @asset
    def b():
        return "x"

    @asset
    def c(b: int):
        return b

    result = run(b, c, raise_on_error=False)
    assert result.get_failed_step_keys() == {"c"}


def test_events_beside_the_output() -> None:
    @asset
    def a(context):
        context.log_event(AssetMaterialization("logged", metadata={"n": 1}))
        yield AssetMaterialization("yielded", partition="p")
        yield Output(1)

    result = run(a)
    assert made(result) == ["logged", "yielded", "a"]
    assert [e.step_key for e in [e.record for e in result.get_asset_materialization_events()]] == ["a"] * 3


def test_metadata_added_later_wins() -> None:
    @asset
    def a(context):
        context.add_output_metadata({"k": "context", "m": 1})
        context.add_output_metadata({"m": 2})
        return Output(1, metadata={"k": "output", "o": 1})

    (event,) = [e.record for e in run(a).get_asset_materialization_events()]
    assert {key: value.value for key, value in event.metadata.items()} == {"k": "context", "m": 2, "o": 1}  # type: ignore[union-attr]


class TestMultiAsset:
    def test_specs_are_completed(self) -> None:
        @multi_asset(specs=[AssetSpec("x"), AssetSpec("y", deps=["x"]), AssetSpec("z", skippable=True)])
        def many():
            yield MaterializeResult(asset_key="x", metadata={"n": 1})

        assert made(run(many)) == ["x", "y"]

    def test_a_tuple_in_order(self) -> None:
        @multi_asset(specs=[AssetSpec("x"), AssetSpec("y")])
        def many():
            return MaterializeResult(asset_key="y"), MaterializeResult(asset_key="x")

        assert sorted(made(run(many))) == ["x", "y"]

    def test_a_result_must_say_which(self) -> None:
        @multi_asset(specs=[AssetSpec("x"), AssetSpec("y")])
        def many():
            yield MaterializeResult()

        with pytest.raises(Exception, match="give MaterializeResult an asset_key"):
            run(many)

    def test_a_subset(self) -> None:
        @multi_asset(specs=[AssetSpec("x"), AssetSpec("y")], can_subset=True)
        def many(context):
            for key in context.selected_asset_keys:
                yield MaterializeResult(asset_key=key)

        assert made(run(many, selection=["x"])) == ["x"]


class TestChecks:
    def test_verdicts_are_recorded(self) -> None:
        @asset
        def a():
            return [1]

        @asset_check(asset=a)
        def good(a):
            return AssetCheckResult(passed=len(a) == 1, metadata={"n": 1})

        @asset_check(asset=a)
        def bad():
            return AssetCheckResult(passed=False, severity=AssetCheckSeverity.WARN, description="hm")

        result = run(a, good, bad)
        assert result.success
        verdicts = {e.check_key.name: e for e in result.get_asset_check_evaluations()}
        assert (verdicts["good"].passed, verdicts["bad"].passed) == (True, False)
        assert (verdicts["bad"].severity, verdicts["bad"].description) == (AssetCheckSeverity.WARN, "hm")
        assert result.run.checks_failed == 1

    def test_a_failing_blocking_check_stops_what_is_downstream(self) -> None:
        @asset
        def a():
            return 1

        @asset_check(asset=a, blocking=True)
        def gate():
            return AssetCheckResult(passed=False)

        @asset(deps=[a])
        def b(): ...

        result = run(a, gate, b, raise_on_error=False)
        assert not result.success
        assert result.is_node_untouched("b")
        assert made(result) == ["a"]
        assert (
            "1 blocking asset check failed with severity ERROR: a: gate"
            in next(e.record for e in result.get_step_failure_events()).error.message
        )

    def test_checks_inside_an_asset(self) -> None:
        @asset(check_specs=[AssetCheckSpec("c", asset="a"), AssetCheckSpec("d", asset="a")])
        def a():
            return MaterializeResult(
                value=1,
                check_results=[
                    AssetCheckResult(passed=True, check_name="c"),
                    AssetCheckResult(passed=False, check_name="d"),
                ],
            )

        result = run(a)
        assert result.success
        assert [e.check_key.name for e in result.get_asset_check_evaluations()] == ["c", "d"]

    def test_an_undeclared_or_missing_verdict_fails(self) -> None:
        @asset(check_specs=[AssetCheckSpec("c", asset="a")])
        def a():
            yield Output(1)
            yield AssetCheckResult(passed=True, check_name="other")

        with pytest.raises(Exception, match="does not declare"):
            run(a)

        @asset(check_specs=[AssetCheckSpec("c", asset="b")])
        def b():
            return 1

        with pytest.raises(Exception, match="no verdict for its check b:c"):
            run(b)

    def test_a_bool_is_no_verdict(self) -> None:
        @asset
        def a():
            return 1

        @asset_check(asset=a)
        def c():
            return False

        result = run(a, c)
        assert result.success
        assert not result.get_asset_check_evaluations()


class TestVersions:
    def test_versions_follow_code_and_inputs(self) -> None:
        @asset(code_version="1")
        def a():
            return 1

        @asset(code_version="1")
        def b(a):
            return a

        first, second = run(a, b), run(a, b)

        def version(result: ExecutionResult, key: str) -> AssetMaterialized:
            return next(
                e
                for e in [e.record for e in result.get_asset_materialization_events()]
                if e.asset_key == AssetKey((key,))
            )

        assert version(first, "a").data_version == version(second, "a").data_version
        assert version(first, "b").data_version == version(second, "b").data_version
        assert version(first, "b").input_versions == {"a": version(first, "a").data_version}
        assert version(first, "b").code_version == "1"

    def test_without_a_code_version_the_run_is_it(self) -> None:
        @asset
        def a():
            return 1

        result = run(a)
        assert next(e.record for e in result.get_asset_materialization_events()).code_version == result.run_id


class TestFailures:
    def test_the_users_exception_is_raised(self) -> None:
        @asset
        def a():
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            run(a)

    def test_a_failure_has_metadata(self) -> None:
        @asset
        def a():
            raise Failure("why", metadata={"n": 1})

        failed = next(e for e in run(a, raise_on_error=False).events if e.kind == "step_failed" and e.step_key == "a")
        assert failed is not None
        assert failed.metadata["n"].value == 1  # type: ignore[union-attr]
        assert failed.error.message == "why"

    def test_a_missing_upstream_value_names_it(self) -> None:
        @asset
        def a():
            return 1

        @asset
        def b(a):
            return a

        with pytest.raises(FileNotFoundError, match="asset a has no stored value"):
            materialize([a, b], selection=["b"])
