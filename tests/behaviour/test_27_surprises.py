"""Section 27: what an implementer would get wrong. One short test a surprise."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import dagster as dg
import pydantic
import pytest
from dagster._core.errors import DagsterMaxRetriesExceededError


def test_01_values_of_run_events_are_older_than_their_names() -> None:
    assert dg.DagsterEventType.RUN_START.value == "PIPELINE_START"
    assert dg.DagsterEventType.RUN_SUCCESS.value == "PIPELINE_SUCCESS"


def test_01_planned_events_are_not_among_those_of_a_result() -> None:
    @dg.asset
    def one() -> int:
        return 1

    kinds = {str(event.event_type_value) for event in dg.materialize([one]).all_events}
    assert "ASSET_MATERIALIZATION" in kinds
    assert "ASSET_MATERIALIZATION_PLANNED" not in kinds


@pytest.fixture
def chain() -> list[Any]:
    @dg.asset(tags={"t": "", "u": "x"})
    def s1(): ...

    @dg.asset(deps=[s1])
    def s2(): ...

    @dg.asset(deps=[s2])
    def s3(): ...

    @dg.asset(deps=[s3])
    def s4(): ...

    return [s1, s2, s3, s4]


def selected(text: str, assets: list[Any]) -> set[str]:
    keys = dg.AssetSelection.from_string(text).resolve(assets)
    return {key.to_user_string() for key in keys}


def test_02_a_plus_behind_a_bare_word_is_one_layer(chain: list[Any]) -> None:
    assert selected("s2+", chain) == {"s2", "s3"}
    assert selected('key:"s2"+', chain) == {"s2", "s3", "s4"}


def test_03_a_tag_without_a_value_is_the_empty_value(chain: list[Any]) -> None:
    assert selected("tag:t", chain) == {"s1"}
    assert selected("tag:u", chain) == set()


def test_04_the_constructor_does_not_split() -> None:
    assert dg.AssetKey("a/b") != dg.AssetKey(["a", "b"])
    assert dg.AssetKey.from_user_string("a/b") == dg.AssetKey(["a", "b"])


def test_05_returning_none_from_specs_makes_all_of_them() -> None:
    @dg.multi_asset(specs=[dg.AssetSpec("one"), dg.AssetSpec("two")])
    def both():
        return None

    made = dg.materialize([both]).get_asset_materialization_events()
    assert {event.asset_key.to_user_string() for event in made} == {"one", "two"}


def test_05_specs_that_are_not_returned_are_made_too() -> None:
    @dg.multi_asset(specs=[dg.AssetSpec("one"), dg.AssetSpec("two")])
    def both():
        yield dg.MaterializeResult(asset_key="one")

    made = dg.materialize([both]).get_asset_materialization_events()
    assert {event.asset_key.to_user_string() for event in made} == {"one", "two"}


def test_05_results_come_as_a_tuple_not_as_a_list() -> None:
    results = [dg.MaterializeResult(asset_key="one"), dg.MaterializeResult(asset_key="two")]

    @dg.multi_asset(specs=[dg.AssetSpec("one"), dg.AssetSpec("two")])
    def as_tuple():
        return tuple(results)

    @dg.multi_asset(specs=[dg.AssetSpec("one"), dg.AssetSpec("two")])
    def as_list():
        return results

    assert dg.materialize([as_tuple]).success
    with pytest.raises(dg.DagsterInvariantViolationError):
        dg.materialize([as_list])


class Seen(dg.IOManager):
    def __init__(self) -> None:
        self.stored: list[object] = []

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        self.stored.append(obj)

    def load_input(self, context: dg.InputContext) -> object:
        return None


def test_06_an_annotation_of_none_means_nothing_to_store() -> None:
    manager = Seen()

    @dg.asset
    def annotated() -> None: ...

    @dg.asset
    def bare(): ...

    assert dg.materialize([annotated], resources={"io_manager": manager}).success
    assert manager.stored == []
    assert dg.materialize([bare], resources={"io_manager": manager}).success
    assert manager.stored == [None]


def test_07_an_optional_output_is_left_out_by_yielding_nothing() -> None:
    @dg.asset(output_required=False)
    def yields():
        if False:
            yield dg.Output(1)

    @dg.asset(output_required=False)
    def returns():
        return None

    assert dg.materialize([yields]).get_asset_materialization_events() == []
    assert len(dg.materialize([returns]).get_asset_materialization_events()) == 1


def test_08_a_check_has_to_say_its_result() -> None:
    @dg.asset
    def one(): ...

    @dg.asset_check(asset=one)
    def looks_good():
        return dg.AssetCheckResult(passed=False)

    result = dg.materialize([one, looks_good])
    assert result.success
    assert [each.passed for each in result.get_asset_check_evaluations()] == [False]


def test_08_a_bool_of_a_check_is_no_result() -> None:
    @dg.asset
    def one(): ...

    @dg.asset_check(asset=one)
    def looks_good():
        return False

    result = dg.materialize([one, looks_good])
    assert result.success
    assert result.get_asset_check_evaluations() == []


def test_09_what_is_blocked_emits_nothing() -> None:
    @dg.op
    def fails():
        raise ValueError("no")

    @dg.op
    def after(value): ...

    @dg.job
    def job():
        after(fails())

    result = job.execute_in_process(raise_on_error=False)
    assert not result.success
    assert not [event for event in result.all_events if event.step_key == "after"]


def test_09_a_missing_optional_output_skips() -> None:
    @dg.op(out=dg.Out(is_required=False))
    def maybe():
        if False:
            yield dg.Output(1)

    @dg.op
    def after(value): ...

    @dg.job
    def job():
        after(maybe())

    events = [event for event in job.execute_in_process().all_events if event.step_key == "after"]
    assert [str(event.event_type_value) for event in events] == ["STEP_SKIPPED"]


def test_10_the_users_exception_is_raised() -> None:
    @dg.op
    def fails():
        raise KeyError("mine")

    @dg.job
    def job():
        fails()

    with pytest.raises(KeyError, match="mine"):
        job.execute_in_process()


def test_10_after_the_last_retry_another_one_is_raised() -> None:
    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    def fails():
        raise KeyError("mine")

    @dg.job
    def job():
        fails()

    with pytest.raises(DagsterMaxRetriesExceededError):
        job.execute_in_process()


class Color(Enum):
    RED = "#f00"


class Cat(dg.Config):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(dg.Config):
    kind: Literal["dog"] = "dog"


class Pets(dg.Config):
    color: Color = Color.RED
    pet: Cat | Dog = pydantic.Field(discriminator="kind", default=Dog())
    ratio: float = 1.0


def configured(config: dict[str, object]) -> Pets:
    seen: list[Pets] = []

    @dg.op
    def act(config: Pets) -> None:
        seen.append(config)

    @dg.job
    def job():
        act()

    assert job.execute_in_process(run_config={"ops": {"act": {"config": config}}}).success
    return seen[0]


def test_11_enums_go_by_the_name_of_the_member() -> None:
    assert configured({"color": "RED"}).color is Color.RED
    with pytest.raises(dg.DagsterInvalidConfigError):
        configured({"color": "#f00"})


def test_11_a_discriminated_union_is_a_selector() -> None:
    assert configured({"pet": {"cat": {"lives": 3}}}).pet == Cat(lives=3)


def test_11_a_float_does_not_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_TEST_RATIO", "2.5")
    with pytest.raises(dg.DagsterInvalidConfigError):
        configured({"ratio": {"env": "ROSTRUM_TEST_RATIO"}})


def test_12_unknown_arguments_are_ignored_but_unknown_keys_are_errors() -> None:
    with pytest.warns(UserWarning, match="it is ignored"):
        assert Cat(lives=1, wings=2) == Cat(lives=1)  # type: ignore[call-arg]
    with pytest.raises(dg.DagsterInvalidConfigError):
        configured({"wings": 2})


def test_13_config_of_a_job_is_merged_with_what_is_passed() -> None:
    seen: list[tuple[int, int]] = []

    class Two(dg.Config):
        a: int
        b: int

    @dg.op
    def act(config: Two) -> None:
        seen.append((config.a, config.b))

    @dg.job(config={"ops": {"act": {"config": {"a": 1, "b": 1}}}})
    def job():
        act()

    assert job.execute_in_process(run_config={"ops": {"act": {"config": {"b": 2}}}}).success
    assert seen == [(1, 2)]


def test_14_an_inner_resource_for_launch_time_is_a_resource_of_its_own() -> None:
    class Inner(dg.ConfigurableResource):
        url: str

    class Outer(dg.ConfigurableResource):
        inner: Inner

    @dg.asset
    def one(outer: Outer) -> None: ...

    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.Definitions(
            assets=[one], resources={"outer": Outer(inner=Inner.configure_at_launch())}
        ).resolve_all_job_defs()


def test_15_without_a_code_version_the_run_stands_for_it() -> None:
    @dg.asset
    def one() -> None: ...

    result = dg.materialize([one])
    (event,) = result.get_asset_materialization_events()
    assert event.step_materialization_data.materialization.tags["dagster/code_version"] == result.run_id


def test_16_int_takes_a_bool_and_float_takes_no_int() -> None:
    @dg.op(ins={"x": dg.In(int)})
    def whole(x): ...

    @dg.op(ins={"x": dg.In(float)})
    def real(x): ...

    def job_of(op_def: Any, value: object) -> Any:
        @dg.op
        def source():
            return value

        @dg.job
        def job():
            op_def(source())

        return job

    assert job_of(whole, True).execute_in_process().success
    with pytest.raises(dg.DagsterTypeCheckDidNotPass):
        job_of(real, 1).execute_in_process()
    assert configured({"ratio": 2}).ratio == 2


def test_17_weeks_begin_on_sunday() -> None:
    weekly = dg.WeeklyPartitionsDefinition(start_date="2024-01-01")
    keys = weekly.get_partition_keys(dt.datetime(2024, 1, 22, tzinfo=dt.UTC))
    assert keys[0] == "2024-01-07"


def test_18_keys_of_dimensions_are_in_the_order_of_their_names() -> None:
    key = dg.MultiPartitionKey({"b": "2", "a": "1"})
    assert key == "1|2"
    assert isinstance(key, str)


def test_19_the_clock_comes_from_the_loading_context() -> None:
    from dagster._core.definitions.partitions.context import partition_loading_context

    daily = dg.DailyPartitionsDefinition(start_date="2024-01-01")
    with partition_loading_context(effective_dt=dt.datetime(2024, 1, 5, tzinfo=dt.UTC)):
        assert daily.get_last_partition_key() == "2024-01-04"


def test_20_one_materialization_a_key_of_a_range() -> None:
    parts = dg.StaticPartitionsDefinition(["a", "b", "c"])
    seen: list[list[str]] = []

    @dg.asset(partitions_def=parts, backfill_policy=dg.BackfillPolicy.single_run())
    def one(context: dg.AssetExecutionContext) -> None:
        seen.append(list(context.partition_keys))
        with pytest.raises(dg.DagsterInvariantViolationError):
            _ = context.partition_key

    tags = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "b"}
    result = dg.materialize([one], tags=tags)
    assert seen == [["a", "b"]]
    assert len(result.get_asset_materialization_events()) == 2


def test_21_a_context_is_called_context() -> None:
    @dg.asset
    def one(ctx): ...

    assert dg.AssetKey("ctx") in one.asset_deps[dg.AssetKey("one")]


def test_22_steps_run_in_the_order_in_which_they_became_ready() -> None:
    order: list[str] = []

    @dg.op
    def z():
        order.append("z")
        return 1

    @dg.op
    def b(value):
        order.append("b")

    @dg.op
    def a():
        order.append("a")

    @dg.job
    def job():
        b(z())
        a()

    assert job.execute_in_process().success
    assert order.index("b") == 2


def test_23_variables_do_not_tell_their_value_as_text() -> None:
    variable = dg.EnvVar("ROSTRUM_TEST_NOT_SET")
    assert isinstance(variable, str)
    assert isinstance(dg.EnvVar.int("ROSTRUM_TEST_NOT_SET"), int)
    with pytest.raises(RuntimeError, match="EnvVar"):
        str(variable)


def test_24_a_definitions_function_hides_the_rest_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "hidden_rest/defs"
    folder.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.dg.project]\nroot_module = "hidden_rest"\n')
    (folder.parent / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "both.py").write_text(
        "import dagster as dg\n\n\n@dg.asset\ndef hidden(): ...\n\n\n@dg.definitions\n"
        "def defs():\n    return dg.Definitions(assets=[dg.AssetSpec('shown')])\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    loaded = dg.load_from_defs_folder(project_root=tmp_path)
    assert {key.to_user_string() for key in loaded.resolve_all_asset_keys()} == {"shown"}


def test_25_doubles_are_found_when_all_is_put_together() -> None:
    @dg.asset(name="same")
    def one(): ...

    @dg.asset(name="same")
    def two(): ...

    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.Definitions(assets=[one, two]).resolve_all_job_defs()
