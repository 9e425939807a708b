"""Assets: keys, arguments, dependencies, outputs."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from rostrum.definitions.assets.decorator import asset
from rostrum.definitions.assets.definition import AssetsDefinition
from rostrum.definitions.assets.multi import multi_asset
from rostrum.definitions.assets.ports import AssetIn, AssetOut
from rostrum.definitions.assets.specs import AssetDep, AssetSpec
from rostrum.definitions.checks.specs import AssetCheckSpec
from rostrum.definitions.contexts.step import AssetExecutionContext
from rostrum.definitions.events.outputs import MaterializeResult, Output
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.retries import RetryPolicy
from rostrum.definitions.ops.signatures import MISSING
from rostrum.definitions.partitions.backfill_policy import BackfillPolicy
from rostrum.definitions.partitions.definition import StaticPartitionsDefinition
from rostrum.definitions.partitions.mappings import TimeWindowPartitionMapping
from rostrum.definitions.resources.param import ResourceParam
from rostrum.definitions.resources.resources import ConfigurableResource
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ArgumentError, DefinitionError
from rostrum.model.manifest import AssetNode, OpNode
from rostrum.model.partitions import TimeWindowMapping


def compiled(definition: AssetsDefinition, *others: Any) -> tuple[AssetNode, OpNode]:
    manifest = Definitions(assets=[definition, *others]).manifest()
    node = next(each for each in manifest.assets if each.key == definition.specs[0].key)
    return node, next(op for op in manifest.ops if op.name == node.op)


def test_bare_and_called():
    @asset
    def users():
        """All users."""

    @asset(
        key_prefix=["raw"],
        group_name="ingest/web",
        kinds={"python"},
        owners=["team:data"],
        tags={"tier": "1"},
        metadata={"n": 1},
        code_version="3",
        retry_policy=RetryPolicy(3),
        pool="db",
        op_tags={"cpu": 2},
        backfill_policy=BackfillPolicy.single_run(),
        partitions_def=StaticPartitionsDefinition(["a"]),
        io_manager_key="io_manager",
    )
    def orders(): ...

    node, op = compiled(users)
    assert (str(node.key), node.group, node.description, op.name) == ("users", "default", "All users.", "users")
    node, op = compiled(orders)
    assert str(node.key) == "raw/orders"
    assert op.name == "raw__orders"
    assert (node.group, node.kinds, node.owners, node.tags) == (
        "ingest/web",
        ("python",),
        ("team:data",),
        {"tier": "1"},
    )
    assert (node.code_version, node.max_partitions_per_run, node.partitions) == ("3", None, "static")
    assert op.retry_policy is not None
    assert (op.retry_policy.max_retries, op.pool, op.tags) == (3, "db", {"cpu": "2"})


@pytest.mark.parametrize(("key", "name"), [("a-b.c", "a_b_c"), (["p", "q"], "p__q")])
def test_the_op_of_an_asset_has_a_name_made_of_its_key(key: Any, name: str):
    @asset(key=key)
    def anything(): ...

    assert anything.op.name == name


@pytest.mark.parametrize("options", [{"key": "a/b"}, {"name": "a b"}, {"key": "a", "name": "b"}, {"key": ["a", ""]}])
def test_keys_that_are_not_allowed(options: dict[str, Any]):
    with pytest.raises(DefinitionError, match=r"test_assets\.py:\d+"):

        @asset(**options)
        def anything(): ...


def test_parameters_are_context_config_resources_and_assets():
    class Db(ConfigurableResource):
        url: str = ""

    @asset(key_prefix="p", deps=["later", AssetSpec("spec")])
    def report(
        context: AssetExecutionContext,
        up: int,
        db: Db,
        client: ResourceParam[object],
        other: Annotated[int, "x"] = 3,
        *,
        config: dict,
    ): ...

    signature = report.op.signature
    assert (signature.context, signature.config) == ("context", "config")
    assert set(signature.resources) == {"db", "client"}
    assert signature.inputs == ("up", "other")
    # The prefix is of the asset itself, never of its arguments.
    assert [str(dep.asset_key) for dep in report.specs[0].deps] == ["up", "other", "later", "spec"]
    assert report.op.inputs["other"].default == 3
    assert report.op.inputs["up"].annotation is int


def test_only_the_first_parameter_named_context_is_one():
    @asset
    def first(_, ctx): ...

    assert first.op.signature.context == "_"
    assert first.op.signature.inputs == ("ctx",)
    with pytest.raises(DefinitionError, match="first one"):

        @asset
        def second(up, context): ...

    with pytest.raises(DefinitionError, match=r"\*args"):

        @asset
        def third(*args): ...


def test_a_name_for_type_checkers_only_does_not_break_the_definition():
    @asset
    def frame(up: pd.DataFrame) -> pd.DataFrame: ...  # type: ignore[name-defined] # noqa: F821

    assert frame.op.inputs["up"].annotation is MISSING


def test_ins_rename_and_prefix():
    @asset(
        ins={
            "x": AssetIn(key=["raw", "x1"], input_manager_key="io_manager"),
            "y": AssetIn(key_prefix="raw", partition_mapping=TimeWindowPartitionMapping(-1, -1)),
        }
    )
    def joined(x, y): ...

    assert [str(item.asset_key) for item in joined.op.inputs.values()] == ["raw/x1", "raw/y"]
    assert joined.op.inputs["y"].mapping == TimeWindowMapping(-1, -1)
    with pytest.raises(DefinitionError, match="'z'"):

        @asset(ins={"z": AssetIn("a")})
        def wrong(x): ...


def test_a_dependency_given_twice_counts_once():
    @asset(deps=["up", "up", AssetDep("other")])
    def down(up): ...

    node, _ = compiled(down, AssetSpec("up"))
    assert [str(dep.asset_key) for dep in node.deps] == ["up", "other"]


@pytest.mark.parametrize(
    ("annotation", "nothing", "kind"),
    [
        (MISSING, False, "Any"),
        (None, True, "Nothing"),
        (int, False, "Int"),
        (Output[int], False, "Int"),
        (MaterializeResult, False, "Any"),
        (MaterializeResult[str], False, "String"),
        (list[int], False, "[Int]"),
        (dict[str, float], False, "Dict[String,Float]"),
        (int | None, False, "Int?"),
        (AssetKey, False, "AssetKey"),
    ],
)
def test_the_return_annotation_is_the_type_of_the_output(annotation: Any, nothing: bool, kind: str):
    def made(): ...

    if annotation is not MISSING:
        made.__annotations__["return"] = annotation
    _, op = compiled(asset(made))
    assert (op.outputs[0].nothing, op.outputs[0].type) == (nothing, kind)


def test_several_assets_by_specs():
    @multi_asset(
        specs=[AssetSpec("x", deps=["up"]), AssetSpec("y", deps=["x"], skippable=True, group_name="own")],
        can_subset=True,
        check_specs=[AssetCheckSpec("ok", asset="x")],
    )
    def pair(): ...

    manifest = Definitions(assets=[pair]).manifest()
    (op,) = manifest.ops
    assert op.can_subset
    assert [(output.name, output.nothing, output.required) for output in op.outputs] == [
        ("x", True, True),
        ("y", True, False),
        ("x_ok", True, True),
    ]
    assert {str(node.key): node.op for node in manifest.assets} == {"x": "pair", "y": "pair", "up": None}
    assert manifest.checks[0].op == "pair"


def test_several_assets_by_outs():
    @multi_asset(
        outs={
            "a": AssetOut(key_prefix="p"),
            "b": AssetOut(is_required=False, io_manager_key="io_manager", group_name="g"),
        },
        internal_asset_deps={"b": {AssetKey(("p", "a"))}},
    )
    def both(up): ...

    manifest = Definitions(assets=[both, AssetSpec("up")]).manifest()
    nodes = {str(node.key): node for node in manifest.assets}
    assert [str(dep.asset_key) for dep in nodes["b"].deps] == ["p/a"]
    assert [str(dep.asset_key) for dep in nodes["p/a"].deps] == ["up"]
    assert nodes["b"].group == "g"


def test_mistakes_of_several_assets():
    with pytest.raises(DefinitionError, match="either"):

        @multi_asset()
        def none(): ...

    with pytest.raises(ArgumentError, match="group"):

        @multi_asset(specs=[AssetSpec("x", group_name="g")], group_name="h")
        def one(): ...

    with pytest.raises(DefinitionError, match="does not make"):

        @asset(check_specs=[AssetCheckSpec("c", asset="foreign")])
        def two(): ...

    with pytest.raises(ArgumentError, match="'z'"):

        @multi_asset(outs={"a": AssetOut()}, internal_asset_deps={"z": set()})
        def three(): ...


def test_a_call_is_a_call_of_the_function():
    @asset
    def doubled(up):
        return up * 2

    assert doubled(3) == doubled(up=3) == 6
    assert doubled.key == AssetKey(("doubled",))
