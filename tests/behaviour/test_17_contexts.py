"""Section 17: contexts of assets, ops and checks."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
from dagster._core.errors import DagsterInvalidPropertyError


def seen_by(function: Any) -> Any:
    """What an asset's function gets from its context."""
    found: list[Any] = []

    @dg.asset(name="it", code_version="v")
    def it(context: dg.AssetExecutionContext) -> None:
        found.append(function(context))

    dg.materialize([it], tags={"team": "x"})
    return found[0]


def test_an_asset_gets_its_context_without_an_annotation() -> None:
    kinds: list[type] = []

    @dg.asset
    def bare(context) -> None:  # type: ignore[no-untyped-def]
        kinds.append(type(context))

    @dg.asset
    def as_op(context: dg.OpExecutionContext) -> None:
        kinds.append(type(context))

    dg.materialize([bare])
    dg.materialize([as_op])
    assert kinds == [dg.AssetExecutionContext, dg.OpExecutionContext]


@pytest.mark.parametrize("annotation", [dg.AssetExecutionContext, int, dg.OutputContext])
def test_another_annotation_on_an_op_is_refused(annotation: Any) -> None:
    def function(context: Any) -> None: ...

    function.__annotations__["context"] = annotation
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.op(function)


def test_the_context_is_found_from_inside_and_not_from_outside() -> None:
    def same(context: Any) -> bool:
        return dg.AssetExecutionContext.get().run_id == context.run_id

    assert seen_by(same)
    with pytest.raises(dg.DagsterInvariantViolationError):
        dg.AssetExecutionContext.get()
    with pytest.raises(dg.DagsterInvariantViolationError):
        dg.OpExecutionContext.get()


def test_the_context_is_found_in_async_functions() -> None:
    found: list[Any] = []

    @dg.asset
    async def later() -> None:
        found.append(dg.AssetExecutionContext.get().asset_key)

    @dg.asset(deps=[later])
    async def still_later() -> None:
        found.append(dg.AssetExecutionContext.get().asset_key)

    dg.materialize([later, still_later])
    assert [key.to_user_string() for key in found] == ["later", "still_later"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("run_tags", {"team": "x"}),
        ("retry_number", 0),
        ("run_config", {}),
        ("asset_key", dg.AssetKey("it")),
        ("selected_asset_keys", {dg.AssetKey("it")}),
        ("selected_asset_check_keys", set()),
        ("selected_output_names", {"result"}),
        ("is_subset", False),
        ("has_partition_key", False),
        ("has_assets_def", True),
        ("op_config", None),
        ("step_launcher", None),
    ],
)
def test_members(name: str, value: Any) -> None:
    assert seen_by(lambda context: getattr(context, name)) == value


def test_more_members() -> None:
    assert seen_by(lambda context: context.run.run_id == context.run_id == context.dagster_run.run_id)
    assert seen_by(lambda context: context.run.job_name == context.job_name)
    assert seen_by(lambda context: (context.op_handle.name, str(context.op_handle))) == ("it", "it")
    assert seen_by(lambda context: (context.op.name, context.op_def.name)) == ("it", "it")
    assert seen_by(lambda context: (context.has_tag("team"), context.get_tag("team"))) == (True, "x")
    assert seen_by(lambda context: (context.has_tag("no"), context.get_tag("no"))) == (False, None)
    assert seen_by(lambda context: context.get_mapping_key()) is None
    assert "it" in seen_by(lambda context: context.describe_op())
    assert seen_by(lambda context: context.job_def.name == context.job_name)
    assert seen_by(lambda context: context.asset_key_for_output("result")) == dg.AssetKey("it")
    assert seen_by(lambda context: context.output_for_asset_key(dg.AssetKey("it"))) == "result"
    assert seen_by(lambda context: type(context.op_execution_context)) is dg.OpExecutionContext
    assert seen_by(lambda context: hasattr(context.pdb, "set_trace"))
    assert seen_by(lambda context: list(context.assets_def.keys)) == [dg.AssetKey("it")]
    assert seen_by(lambda context: context.instance.get_dynamic_partitions("x")) is not None


def test_op_config() -> None:
    @dg.op(config_schema={"n": int})
    def configured(context: dg.OpExecutionContext) -> int:
        return context.op_config["n"]

    @dg.job
    def counting() -> None:
        configured()

    result = counting.execute_in_process(run_config={"ops": {"configured": {"config": {"n": 3}}}})
    assert result.output_for_node("configured") == 3


def test_the_key_of_a_dynamic_item() -> None:
    keys: list[Any] = []

    @dg.op(out=dg.DynamicOut(int))
    def items() -> Any:
        yield dg.DynamicOutput(1, mapping_key="k")

    @dg.op
    def one(context: dg.OpExecutionContext, n: int) -> None:
        keys.append(context.get_mapping_key())

    @dg.job
    def mapped() -> None:
        items().map(one)

    mapped.execute_in_process()
    assert keys == ["k"]


def test_metadata_of_outputs() -> None:
    @dg.asset
    def told(context: dg.AssetExecutionContext) -> int:
        context.add_output_metadata({"a": 1, "b": 1})
        context.add_output_metadata({"b": 2}, output_name="result")
        context.add_asset_metadata({"c": 3})
        assert context.get_output_metadata("result") is not None
        return 1

    (made,) = dg.materialize([told]).asset_materializations_for_node("told")
    assert {name: made.metadata[name].value for name in "abc"} == {"a": 1, "b": 2, "c": 3}


def test_metadata_of_one_of_several_assets() -> None:
    @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
    def both(context: dg.AssetExecutionContext) -> None:
        context.add_asset_metadata({"n": 1}, asset_key="b")
        with pytest.raises(dg.DagsterInvariantViolationError):
            context.add_asset_metadata({"n": 1})
        with pytest.raises(dg.DagsterInvariantViolationError):
            context.add_output_metadata({"n": 1}, output_name="nope")
        with pytest.raises(dg.DagsterInvariantViolationError):
            _ = context.asset_key

    made = {each.asset_key.path[0]: each for each in dg.materialize([both]).asset_materializations_for_node("both")}
    assert "n" not in made["a"].metadata
    assert made["b"].metadata["n"].value == 1


def test_metadata_of_one_partition() -> None:
    letters = dg.StaticPartitionsDefinition(["a", "b"])

    @dg.asset(partitions_def=letters)
    def parted(context: dg.AssetExecutionContext) -> None:
        context.add_asset_metadata({"n": 1}, partition_key="a")

    (made,) = dg.materialize([parted], partition_key="a").asset_materializations_for_node("parted")
    assert made.metadata["n"].value == 1


def test_outputs_of_checks_have_the_asset_s_and_the_check_s_name() -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("fine", asset="checked")])
    def checked(context: dg.AssetExecutionContext) -> Any:
        context.add_output_metadata({"n": 1}, output_name="checked_fine")
        yield dg.Output(1)
        yield dg.AssetCheckResult(passed=True)

    (verdict,) = dg.materialize([checked]).get_asset_check_evaluations()
    assert verdict.metadata["n"].value == 1


def test_differs_metadata_of_the_only_asset_need_no_output_name() -> None:
    """Dagster asks for `output_name` when the asset has checks too; what is meant is clear, and is done here."""

    @dg.asset(check_specs=[dg.AssetCheckSpec("fine", asset="checked")])
    def checked(context: dg.AssetExecutionContext) -> Any:
        context.add_output_metadata({"n": 1})
        yield dg.Output(1)
        yield dg.AssetCheckResult(passed=True)

    (made,) = dg.materialize([checked]).asset_materializations_for_node("checked")
    assert made.metadata["n"].value == 1


def test_a_stored_value_is_loaded_by_key() -> None:
    @dg.asset
    def stored() -> int:
        return 5

    @dg.asset(deps=[stored])
    def loading(context: dg.AssetExecutionContext) -> int:
        return context.load_asset_value(dg.AssetKey("stored")) + 1

    assert dg.materialize([stored, loading]).asset_value("loading") == 6


def test_a_data_version_is_set() -> None:
    @dg.asset
    def versioned(context: dg.AssetExecutionContext) -> None:
        context.set_data_version(dg.AssetKey("versioned"), dg.DataVersion("seven"))

    (made,) = dg.materialize([versioned]).asset_materializations_for_node("versioned")
    assert made.tags["dagster/data_version"] == "seven"


def test_provenance() -> None:
    @dg.asset(code_version="v1")
    def up() -> int:
        return 1

    @dg.asset(code_version="v2")
    def down(context: dg.AssetExecutionContext, up: int) -> None:
        assert context.get_asset_provenance(dg.AssetKey("down")) is None
        assert context.get_asset_provenance(dg.AssetKey("up")).code_version == "v1"

    assert dg.materialize([up, down]).success


def test_what_does_not_apply_raises() -> None:
    with pytest.raises(dg.DagsterInvariantViolationError):
        dg.build_op_context().asset_key  # noqa: B018
    with pytest.raises(DagsterInvalidPropertyError):
        dg.build_op_context().assets_def  # noqa: B018
    with pytest.raises(dg.DagsterInvariantViolationError, match="non-partitioned run"):
        dg.build_asset_context().partition_key  # noqa: B018
    assert issubclass(DagsterInvalidPropertyError, dg.DagsterError)


def test_a_check_s_context() -> None:
    found: list[Any] = []

    @dg.asset
    def it() -> None: ...

    @dg.asset_check(asset=it)
    def fine(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        found.append((context.run_id, [spec.key.name for spec in context.check_specs], context.op_def.name))
        found.append(context.selected_asset_check_keys)
        return dg.AssetCheckResult(passed=True)

    result = dg.materialize([it, fine])
    key = dg.AssetCheckKey(dg.AssetKey("it"), "fine")
    assert found[0][:2] == (result.run_id, ["fine"])
    assert found[1] == {key}
