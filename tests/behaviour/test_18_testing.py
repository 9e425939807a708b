"""Section 18: helpers for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest


@dg.asset
def one() -> int:
    return 1


@dg.asset
def two(one: int) -> int:
    return one + 1


@dg.asset
def broken(two: int) -> None:
    raise ValueError("no")


@dg.op
def add(n: int) -> int:
    return n + 1


@dg.op
def start() -> int:
    return 1


@dg.graph
def inner() -> int:
    return add(start())


@dg.job
def counting() -> None:
    add.alias("last")(inner())


def test_the_result_of_assets() -> None:
    result = dg.materialize([one, two])
    assert isinstance(result, dg.ExecuteInProcessResult)
    assert result.success
    assert result.asset_value("two") == result.asset_value(dg.AssetKey("two")) == 2
    assert result.output_for_node("two") == 2
    assert result.output_for_node("two", "result") == 2
    assert result.run_id == result.dagster_run.run_id
    assert result.dagster_run.status == dg.DagsterRunStatus.SUCCESS
    assert [event.asset_key.path for event in result.get_asset_materialization_events()] == [["one"], ["two"]]
    assert len(result.get_step_success_events()) == 2
    assert result.get_failed_step_keys() == set()
    assert result.is_node_success("one")
    assert not result.is_node_failed("one")
    assert result.get_run_success_event().is_job_success
    with pytest.raises(dg.DagsterInvariantViolationError):
        result.get_run_failure_event()
    assert result.job_def.name == result.dagster_run.job_name


def test_the_result_of_a_failure() -> None:
    result = dg.materialize([one, two, broken], raise_on_error=False)
    assert not result.success
    assert result.get_failed_step_keys() == {"broken"}
    assert result.is_node_failed("broken")
    assert result.failure_data_for_node("broken").error.cause.message == "no"
    assert result.failure_data_for_node("one") is None
    assert [event.step_key for event in result.get_step_failure_events()] == ["broken"]
    assert result.get_run_failure_event().is_job_failure


def test_the_result_of_a_job() -> None:
    result = counting.execute_in_process()
    assert result.output_for_node("last") == 3
    assert result.output_for_node("inner.add") == 2
    assert len(result.events_for_node("last")) > 3
    assert all(event.is_step_event for event in result.all_node_events)
    started = result.filter_events(lambda event: event.event_type == dg.DagsterEventType.STEP_START)
    assert [event.step_key for event in started] == ["inner.start", "inner.add", "last"]


def test_the_result_of_a_graph_with_an_output() -> None:
    assert inner.execute_in_process().output_value() == 2


def test_row_55_unknown_nodes_and_outputs() -> None:
    result = counting.execute_in_process()
    with pytest.raises(dg.DagsterInvariantViolationError, match="has no op named"):
        result.output_for_node("nope")
    with pytest.raises(dg.DagsterInvariantViolationError, match="No outputs found"):
        result.output_for_node("last", "nope")
    with pytest.raises(dg.DagsterInvariantViolationError):
        result.output_value("nope")
    with pytest.raises(dg.DagsterInvariantViolationError):
        dg.materialize([one]).asset_value("nope")


def test_an_empty_list_and_unused_resources() -> None:
    assert dg.materialize([]).success
    assert dg.materialize([one], resources={"unused": 3}).success


def test_specs_and_sources_may_be_in_the_list() -> None:
    assert dg.materialize([one, dg.AssetSpec("outside"), dg.SourceAsset("other")]).success


def test_rule_1_the_user_s_own_exception_is_raised() -> None:
    error = ValueError("mine")

    @dg.asset
    def failing() -> None:
        raise error

    with pytest.raises(ValueError, match="mine") as caught:
        dg.materialize([failing])
    assert caught.value is error


def test_rule_1_exhausted_retries_raise_their_own_error() -> None:
    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    def failing() -> None:
        raise ValueError("mine")

    @dg.job
    def trying() -> None:
        failing()

    from dagster._core.errors import DagsterMaxRetriesExceededError

    with pytest.raises(DagsterMaxRetriesExceededError, match="ValueError: mine") as caught:
        trying.execute_in_process()
    assert isinstance(caught.value.__cause__, ValueError)


def test_without_an_instance_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DAGSTER_HOME", "ROSTRUM_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    assert dg.materialize([one, two]).asset_value("two") == 2
    assert list(tmp_path.iterdir()) == []


def test_row_30_rule_1_an_upstream_that_was_never_stored() -> None:
    with pytest.raises(FileNotFoundError, match="Materialize it first"):
        dg.materialize([one, two], selection=[two])


def test_rule_1_a_resource_raises_its_wrapper() -> None:
    class Bad(dg.ConfigurableResource):
        def setup_for_execution(self, context: dg.InitResourceContext) -> None:
            raise ValueError("mine")

    @dg.asset
    def needing(bad: Bad) -> None: ...

    with pytest.raises(dg.DagsterResourceFunctionError) as caught:
        dg.materialize([needing], resources={"bad": Bad()})
    assert isinstance(caught.value.__cause__, ValueError)


def test_rule_2_errors_before_the_run_are_raised_in_any_case() -> None:
    class Wanted(dg.Config):
        n: int

    @dg.asset
    def configured(config: Wanted) -> None: ...

    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.materialize([configured], raise_on_error=False)


def test_to_memory() -> None:
    result = dg.materialize_to_memory([one, two])
    assert result.asset_value("two") == 2


def test_partition_key_and_tags() -> None:
    found: list[Any] = []

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a"]))
    def parted(context: dg.AssetExecutionContext) -> None:
        found.append((context.partition_key, context.run_tags["t"]))

    dg.materialize([parted], partition_key="a", tags={"t": "v"})
    assert found == [("a", "v")]


def test_a_selection_loads_what_is_not_selected() -> None:
    with dg.instance_for_test() as instance:
        dg.materialize([one], instance=instance)
        result = dg.materialize([one, two], selection=[two], instance=instance)
    assert result.asset_value("two") == 2
    assert result.is_node_untouched("one")


@pytest.mark.parametrize("build", [dg.build_op_context, dg.build_asset_context, dg.build_asset_check_context])
def test_contexts_built_by_hand_belong_to_no_run(build: Any) -> None:
    assert build().run_id == "EPHEMERAL"


def test_resources_of_built_contexts_are_opened() -> None:
    class Client(dg.ConfigurableResource):
        name: str

    @dg.resource
    def old(_: Any) -> str:
        return "opened"

    context = dg.build_op_context(resources={"client": Client(name="x"), "old": old, "plain": 3})
    assert (context.resources.client.name, context.resources.old, context.resources.plain) == ("x", "opened", 3)


def test_a_built_context_becomes_that_of_the_asset_called() -> None:
    @dg.asset
    def called(context: dg.AssetExecutionContext) -> str:
        context.add_output_metadata({"n": 1})
        return context.asset_key.to_user_string()

    context = dg.build_asset_context()
    assert called(context) == "called"
    metadata = context.get_output_metadata("result")
    assert metadata is not None
    assert metadata["n"].value == 1


def test_a_built_context_has_partitions_and_tags() -> None:
    context = dg.build_asset_context(partition_key="2024-01-01", run_tags={"a": "b"})
    assert context.partition_key == "2024-01-01"
    assert context.run_tags == {"a": "b"}


def test_a_range_of_partitions() -> None:
    days = dg.DailyPartitionsDefinition(start_date="2024-01-01")

    @dg.asset(partitions_def=days)
    def ranged(context: dg.AssetExecutionContext) -> list[str]:
        with pytest.raises(dg.DagsterInvariantViolationError, match="partition_key_range"):
            _ = context.partition_key
        return list(context.partition_keys)

    between = dg.PartitionKeyRange("2024-01-01", "2024-01-03")
    assert ranged(dg.build_asset_context(partition_key_range=between)) == ["2024-01-01", "2024-01-02", "2024-01-03"]


def test_built_contexts_of_io_managers() -> None:
    output = dg.build_output_context(
        step_key="s", name="out", run_id="r", mapping_key="m", metadata={"a": 1}, dagster_type=int, config={"c": 2}
    )
    assert output.get_identifier() == ["r", "s", "out", "m"]
    assert (output.metadata, output.config) == ({"a": 1}, {"c": 2})
    assert output.dagster_type.typing_type is int
    given = dg.build_input_context(upstream_output=output, name="in", asset_key=["a", "b"], resources={"r": 1})
    assert given.get_identifier() == ["r", "s", "out", "m"]
    assert (given.name, given.asset_key, given.resources.r) == ("in", dg.AssetKey(["a", "b"]), 1)


def test_events_of_built_contexts_are_consumed() -> None:
    context = dg.build_output_context(asset_key="a")
    context.log_event(dg.AssetMaterialization("b"))
    context.add_output_metadata({"n": 1})
    assert [each.asset_key.path for each in context.get_logged_events()] == [["b"]]
    assert context.consume_logged_metadata()["n"].value == 1
    assert context.get_logged_metadata() == {}


def test_resources_outside_of_a_run() -> None:
    closed: list[str] = []

    @dg.resource
    def opened(_: Any) -> Any:
        yield "open"
        closed.append("x")

    with dg.build_resources({"opened": opened}) as resources:
        assert resources.opened == "open"
        assert closed == []
    assert closed == ["x"]


def test_an_init_context() -> None:
    context = dg.build_init_resource_context(config={"a": 1}, resources={"b": 2})
    assert (context.resource_config, context.resources.b) == ({"a": 1}, 2)


def test_config_of_a_built_context_is_checked_and_filled_when_the_op_is_called() -> None:
    @dg.op(config_schema={"n": int, "m": dg.Field(int, default_value=2)})
    def configured(context: Any) -> Any:
        return context.op_config

    assert configured(dg.build_op_context(op_config={"n": 1})) == {"n": 1, "m": 2}
    with pytest.raises(dg.DagsterInvalidConfigError):
        configured(dg.build_op_context(op_config={"n": "x"}))


def test_more_of_results() -> None:
    @dg.asset(output_required=False)
    def maybe() -> Any:
        yield from ()

    @dg.asset(deps=[maybe])
    def below(context: dg.AssetExecutionContext) -> None: ...

    result = dg.materialize([maybe, below])
    assert [event.step_key for event in result.get_step_skipped_events()] == ["below"]
    assert result.is_node_skipped("below")
    assert result.asset_observations_for_node("below") == []
    assert result.get_asset_check_evaluations() == []


def test_arguments_of_execute_in_process() -> None:
    job = dg.define_asset_job("some", selection=[one, two])
    made = dg.Definitions(assets=[one, two], jobs=[job]).resolve_job_def("some")
    with dg.DagsterInstance.ephemeral() as instance:
        result = made.execute_in_process(
            instance=instance, asset_selection=[one.key], run_id="11111111-2222-3333-4444-555555555555", tags={"a": "b"}
        )
        assert instance.get_run_by_id(result.run_id).tags["a"] == "b"
    assert result.run_id == "11111111-2222-3333-4444-555555555555"
    assert [event.step_key for event in result.get_step_success_events()] == ["one"]


def test_rule_2_selections_definitions_and_partitions_too() -> None:
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a"]))
    def parted() -> None: ...

    @dg.asset
    def orphan(nobody: int) -> None: ...

    with pytest.raises(dg.DagsterInvalidSubsetError):
        dg.materialize([one], selection=["nope"], raise_on_error=False)
    with pytest.raises(dg.DagsterUnknownPartitionError):
        dg.materialize([parted], partition_key="z", raise_on_error=False)
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.materialize([orphan], raise_on_error=False)


def test_rule_3_errors_of_a_selection_name_the_job() -> None:
    defs = dg.Definitions(assets=[one], jobs=[dg.define_asset_job("part", selection=["nope"])])
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="part") as caught:
        defs.resolve_job_def("part")
    assert isinstance(caught.value.__cause__, dg.DagsterInvalidSubsetError)


def test_rule_4_wrong_types_and_unknown_keywords() -> None:
    from dagster._check import CheckError

    with pytest.raises(CheckError):
        dg.AssetKey([1])  # type: ignore[list-item]
    with pytest.raises(CheckError):
        dg.RunRequest(run_key=5)  # type: ignore[arg-type]
    with pytest.raises(CheckError):
        dg.Definitions(assets=[3])  # type: ignore[list-item]
    assert not issubclass(CheckError, dg.DagsterInvalidDefinitionError)
    for make in (dg.AssetSpec, dg.ScheduleDefinition, dg.Definitions, dg.RetryPolicy, dg.In):
        with pytest.raises(TypeError):
            make("a", no_such_keyword=1)  # type: ignore[operator]


def test_instances_for_tests_have_a_queue_and_a_launcher() -> None:
    with dg.instance_for_test() as instance:
        assert isinstance(instance.run_coordinator, dg.QueuedRunCoordinator)
        assert isinstance(instance.run_launcher, dg.DefaultRunLauncher)
