"""Section 2: `@asset`, its arguments, what it may return."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Literal

import dagster as dg
import pytest


def run(*assets: Any, **options: Any) -> Any:
    """Make assets in memory, whatever happens."""
    return dg.materialize_to_memory(list(assets), raise_on_error=False, **options)


def kinds(result: Any, step: str) -> list[str]:
    """Kinds of the events of a step, start left out."""
    return [event.kind for event in result.events if event.step_key == step and event.kind != "step_started"]


STORED = ["output_stored", "asset_materialized", "step_succeeded"]


@dg.asset
def up() -> int:
    """The first one."""
    return 1


class Db(dg.ConfigurableResource):
    """A resource."""

    url: str = "here"


class TestDecorator:
    def test_bare_and_called(self) -> None:
        @dg.asset()
        def called() -> None: ...

        assert (up.key, called.key) == (dg.AssetKey("up"), dg.AssetKey("called"))

    def test_the_docstring_is_the_description_unless_one_is_given(self) -> None:
        @dg.asset(description="told")
        def other() -> None:
            """Not this."""

        assert up.get_asset_spec().description == "The first one."
        assert other.get_asset_spec().description == "told"

    @pytest.mark.parametrize("more", [{"name": "x"}, {"key_prefix": "x"}])
    def test_row_24_key_excludes_name_and_prefix(self, more: dict[str, str]) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="Cannot specify a name or key prefix"):

            @dg.asset(key=["a"], **more)  # type: ignore[call-overload]
            def _made() -> None: ...

    def test_a_key_with_a_slash_needs_a_list(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="a list"):

            @dg.asset(key="a/b")
            def _made() -> None: ...

        @dg.asset(key=["a", "b"])
        def made() -> None: ...

        assert made.key.path == ["a", "b"]

    def test_name_and_prefix_make_the_key(self) -> None:
        @dg.asset(name="n", key_prefix=["p", "q"])
        def _made() -> None: ...

        assert _made.key.path == ["p", "q", "n"]

    def test_everything_else_is_accepted(self) -> None:
        @dg.success_hook
        def told(context: Any) -> None: ...

        @dg.asset(
            hooks={told},
            retry_policy=dg.RetryPolicy(1),
            pool="db",
            op_tags={"cpu": 2},
            backfill_policy=dg.BackfillPolicy.single_run(),
            automation_condition=dg.AutomationCondition.eager(),
            freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=1)),
            is_virtual=True,
        )
        def made() -> None: ...

        assert made.op.pool == "db"
        assert made.op.tags == {"cpu": "2"}
        assert made.hook_defs == {told}
        assert made.get_asset_spec().is_virtual
        assert dg.Definitions(assets=[made]).manifest().assets[0].is_virtual


class TestParameters:
    def test_parameters_are_upstream_assets(self) -> None:
        @dg.asset
        def down(context: dg.AssetExecutionContext, up: int) -> int:
            return up + 1

        assert run(up, down).output_for_node("down") == 2

    def test_underscore_is_the_context(self) -> None:
        @dg.asset
        def made(_: Any) -> str:
            return str(_.asset_key)

        assert run(made).output_for_node("made") == "made"

    def test_differs_ctx_annotated_with_a_context_is_refused(self) -> None:
        """The peer takes it for an upstream asset `ctx`, which no code location can have meant: loading then fails
        with a message about that asset. Ours refuses the function where it is defined, and says what to rename.
        """

        @dg.asset
        def plain(ctx: int) -> None: ...

        assert plain.dependency_keys == {dg.AssetKey("ctx")}
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="rename 'ctx' to `context`"):

            @dg.asset
            def made(ctx: dg.AssetExecutionContext) -> None: ...

    def test_context_in_a_later_position_is_an_error(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="first"):

            @dg.asset
            def _made(up: int, context: Any) -> None: ...

    def test_config_and_resources_are_no_inputs(self) -> None:
        class Settings(dg.Config):
            n: int = 2

        @dg.asset
        def made(config: Settings, db: Db, raw: dg.ResourceParam[str]) -> str:
            return f"{config.n} {db.url} {raw}"

        assert made.dependency_keys == frozenset()
        assert made.required_resource_keys == {"db", "raw", "io_manager"}
        assert run(made, resources={"db": Db(), "raw": "r"}).output_for_node("made") == "2 here r"

    def test_star_args_are_an_error(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"\*args"):

            @dg.asset
            def _made(*args: Any) -> None: ...

    def test_a_default_does_not_make_it_optional(self) -> None:
        @dg.asset
        def made(up: int = 3) -> int:
            return up

        assert made.dependency_keys == {dg.AssetKey("up")}
        assert run(up, made).output_for_node("made") == 1

    def test_the_prefix_is_not_for_inputs(self) -> None:
        @dg.asset(key_prefix="p")
        def d(up: int) -> None: ...

        assert d.key.path == ["p", "d"]
        assert d.dependency_keys == {dg.AssetKey("up")}

    def test_ins_rename_or_prefix(self) -> None:
        @dg.asset(ins={"x": dg.AssetIn(key="up"), "y": dg.AssetIn(key_prefix="p")})
        def made(x: int, y: int) -> None: ...

        assert made.dependency_keys == {dg.AssetKey("up"), dg.AssetKey(["p", "y"])}
        assert made.keys_by_input_name == {"x": dg.AssetKey("up"), "y": dg.AssetKey(["p", "y"])}

    def test_row_25_ins_without_an_argument(self) -> None:
        with pytest.raises(
            dg.DagsterInvalidDefinitionError, match="does not correspond to any of the names of the arguments"
        ):

            @dg.asset(ins={"nope": dg.AssetIn(key="up")})
            def _made(up: int) -> None: ...

    def test_row_27_the_context_of_another_kind(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="Cannot annotate"):

            @dg.asset
            def _made(context: dg.InitResourceContext) -> None: ...

        with pytest.raises(dg.DagsterInvalidDefinitionError, match="Cannot annotate"):

            @dg.asset
            def _text(context: str) -> None: ...


class TestDependencies:
    def test_deps_take_every_form(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("m1"), dg.AssetSpec("m2")])
        def pair() -> None: ...

        @dg.asset(deps=["s", dg.AssetKey(["k", "k"]), dg.AssetDep("d"), dg.AssetSpec("spec"), up, pair])
        def made() -> None: ...

        assert {key.to_user_string() for key in made.dependency_keys} == {"s", "k/k", "d", "spec", "up", "m1", "m2"}

    def test_deps_order_and_load_nothing(self) -> None:
        @dg.asset(deps=[up])
        def made() -> None: ...

        result = run(made, up)
        assert "input_loaded" not in kinds(result, "made")
        order = [event.step_key for event in result.events if event.kind == "step_started"]
        assert order == ["up", "made"]

    def test_the_same_asset_as_dependency_and_argument_is_one(self) -> None:
        @dg.asset(deps=[up])
        def made(up: int) -> int:
            return up

        assert [dep.asset_key for dep in made.get_asset_spec().deps] == [dg.AssetKey("up")]
        assert run(up, made).output_for_node("made") == 1

    def test_duplicate_deps_of_a_spec_are_one(self) -> None:
        assert len(list(dg.AssetSpec("a", deps=["b", dg.AssetKey("b"), dg.AssetDep("b")]).deps)) == 1

    def test_an_unknown_dependency_becomes_an_external_asset(self) -> None:
        @dg.asset(deps=["nobody"])
        def made() -> None: ...

        defs = dg.Definitions(assets=[made])
        assert dg.AssetKey("nobody") in defs.resolve_all_asset_keys()
        assert run(made).success

    def test_row_29_an_unknown_argument_is_an_error(self) -> None:
        @dg.asset
        def made(nobody: int) -> None: ...

        with pytest.raises(
            dg.DagsterInvalidDefinitionError, match=r"Input asset .* is not produced by any of the provided asset ops"
        ):
            dg.materialize([made])
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="nobody"):
            dg.Definitions.validate_loadable(dg.Definitions(assets=[made]))

    def test_row_30_an_upstream_that_is_not_there_yet(self, tmp_path: Any) -> None:
        @dg.asset
        def made(up: int) -> None: ...

        with pytest.raises(FileNotFoundError):
            dg.materialize(
                [up, made], selection=["made"], resources={"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))}
            )


class TestIOManagers:
    def test_a_value_needs_the_io_manager(self) -> None:
        @dg.asset(io_manager_key="other")
        def made() -> int:
            return 1

        assert up.required_resource_keys == {"io_manager"}
        assert made.required_resource_keys == {"other"}

    def test_an_own_io_manager_has_a_key_of_its_own(self) -> None:
        manager = dg.InMemoryIOManager()

        @dg.asset(key_prefix="p", io_manager_def=manager)
        def made() -> int:
            return 1

        @dg.asset(ins={"x": dg.AssetIn(key=["p", "made"])})
        def down(x: int) -> int:
            return x + 1

        assert made.required_resource_keys == {"p__made__io_manager"}
        assert made.resource_defs == {"p__made__io_manager": manager}
        assert dg.materialize([made, down]).output_for_node("down") == 2

    def test_definition_and_key_together_are_an_error(self) -> None:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="io_manager_def and io_manager_key"):

            @dg.asset(io_manager_def=dg.InMemoryIOManager(), io_manager_key="x")
            def _made() -> None: ...


class TestReturns:
    def test_a_plain_value_is_stored(self) -> None:
        result = run(up)
        assert kinds(result, "up") == STORED
        assert result.output_for_node("up") == 1

    def test_an_implicit_none_is_a_value(self) -> None:
        @dg.asset
        def nothing(): ...  # type: ignore[no-untyped-def]

        @dg.asset
        def down(nothing) -> str:  # type: ignore[no-untyped-def]
            return repr(nothing)

        result = run(nothing, down)
        assert kinds(result, "nothing") == STORED
        assert result.output_for_node("down") == "None"

    def test_annotated_none_stores_nothing(self) -> None:
        @dg.asset
        def nothing() -> None: ...

        @dg.asset
        def down(nothing: Any) -> None: ...

        result = run(nothing, down)
        assert kinds(result, "nothing") == STORED
        assert kinds(result, "down")[-1] == "step_failed"

    def test_a_result_without_a_value_stores_nothing(self) -> None:
        @dg.asset
        def told() -> dg.MaterializeResult:
            return dg.MaterializeResult(metadata={"n": 1})

        @dg.asset
        def down(told: Any) -> None: ...

        result = run(told, down)
        assert kinds(result, "told") == STORED
        assert kinds(result, "down")[-1] == "step_failed"
        value = run(told).output_for_node("told")
        assert value is not None

    def test_a_result_with_a_value_is_stored(self) -> None:
        @dg.asset
        def made() -> Any:
            return dg.MaterializeResult(value=4, metadata={"n": 1})

        assert run(made).output_for_node("made") == 4

    def test_an_output_is_stored(self) -> None:
        @dg.asset
        def made() -> dg.Output[int]:
            return dg.Output(4, metadata={"n": 1}, data_version=dg.DataVersion("v"), tags={"a": "b"})

        result = run(made)
        (event,) = [event for event in result.events if event.kind == "asset_materialized"]
        assert result.output_for_node("made") == 4
        assert (event.data_version, event.tags["a"]) == ("v", "b")
        assert event.metadata["n"].value == 1

    @pytest.mark.parametrize("item", [dg.Output(3), dg.MaterializeResult(value=3)])
    def test_generators_yield_results(self, item: Any) -> None:
        @dg.asset
        def made() -> Iterator[Any]:
            yield item

        assert run(made).output_for_node("made") == 3

    def test_row_34_a_generator_that_yields_nothing_fails(self) -> None:
        @dg.asset
        def made() -> Iterator[Any]:
            yield from ()

        with pytest.raises(dg.DagsterStepOutputNotFoundError, match="did not return an output for non-optional output"):
            dg.materialize_to_memory([made])

    def test_an_optional_output_that_is_not_yielded_skips_what_is_below(self) -> None:
        @dg.asset(output_required=False)
        def maybe() -> Iterator[Any]:
            yield from ()

        @dg.asset
        def below(maybe: Any) -> None: ...

        @dg.asset(deps=[maybe])
        def after() -> None: ...

        result = run(maybe, below, after)
        assert result.success
        assert kinds(result, "maybe") == ["step_succeeded"]
        assert kinds(result, "below") == ["step_skipped"]
        assert kinds(result, "after") == ["step_skipped"]

    def test_an_optional_output_that_is_returned_is_made(self) -> None:
        @dg.asset(output_required=False)
        def maybe():  # type: ignore[no-untyped-def]
            return None

        assert kinds(run(maybe), "maybe") == STORED

    @pytest.mark.parametrize("value", [[dg.MaterializeResult()], dg.ObserveResult()])
    def test_lists_of_results_and_observations_are_values(self, value: Any) -> None:
        @dg.asset
        def made():  # type: ignore[no-untyped-def]
            return value

        result = run(made)
        assert kinds(result, "made") == STORED
        assert result.output_for_node("made") is value

    def test_row_35_events_are_not_returned(self) -> None:
        @dg.asset
        def made():  # type: ignore[no-untyped-def]
            return dg.AssetMaterialization("x")

        with pytest.raises(dg.DagsterInvariantViolationError, match="yield it"):
            dg.materialize_to_memory([made])

    def test_row_35_raw_values_are_not_yielded(self) -> None:
        @dg.asset
        def made() -> Iterator[Any]:
            yield 3

        with pytest.raises(dg.DagsterInvariantViolationError, match="yield Output"):
            dg.materialize_to_memory([made])

    def test_row_35_nothing_is_yielded_twice(self) -> None:
        @dg.asset
        def made() -> Iterator[Any]:
            yield dg.Output(1)
            yield dg.Output(2)

        with pytest.raises(dg.DagsterInvariantViolationError, match="twice"):
            dg.materialize_to_memory([made])

    def test_row_38_a_result_of_a_foreign_key(self) -> None:
        @dg.asset
        def made() -> Any:
            return dg.MaterializeResult(asset_key="other")

        with pytest.raises(dg.DagsterInvariantViolationError, match="other"):
            dg.materialize_to_memory([made])

    @pytest.mark.parametrize(
        ("annotation", "value"),
        [(int, "x"), (dg.Output[int], dg.Output("x")), (dg.MaterializeResult[int], dg.MaterializeResult(value="x"))],
    )
    def test_annotations_are_checked(self, annotation: Any, value: Any) -> None:
        def made() -> Any:
            return value

        made.__annotations__["return"] = annotation
        with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="made"):
            dg.materialize_to_memory([dg.asset(made)])

    def test_async_functions_and_generators(self) -> None:
        @dg.asset
        async def one() -> int:
            return 1

        @dg.asset
        async def two(one: int) -> AsyncIterator[Any]:
            yield dg.Output(one + 1)

        assert run(one, two).output_for_node("two") == 2

    @pytest.mark.parametrize("annotation", ["int | str", "Literal['a']", "Callable[[int], int]"])
    def test_row_28_unions_literals_and_callables_are_no_types(self, annotation: str) -> None:
        def made() -> Any:
            return 1

        made.__annotations__["return"] = eval(annotation, {"Literal": Literal, "Callable": Callable})
        with pytest.raises(
            dg.DagsterInvalidDefinitionError, match=r"Problem using type .* from return type annotation"
        ):
            dg.asset(made)


class TestMaterializations:
    def test_code_and_data_versions(self) -> None:
        @dg.asset(code_version="3")
        def coded() -> int:
            return 1

        result = run(coded, up)
        events = {event.asset_key: event for event in result.events if event.kind == "asset_materialized"}
        assert events[coded.key].code_version == "3"
        assert events[up.key].code_version == result.run.run_id
        assert events[coded.key].data_version
        assert not events[coded.key].is_user_version

    def test_given_data_versions_are_marked(self) -> None:
        @dg.asset
        def made() -> Any:
            return dg.MaterializeResult(data_version=dg.DataVersion("v1"))

        (event,) = [event for event in run(made).events if event.kind == "asset_materialized"]
        assert (event.data_version, event.is_user_version) == ("v1", True)

    def test_versions_of_what_was_used(self) -> None:
        @dg.asset
        def down(up: int) -> None: ...

        result = run(up, down)
        events = {event.asset_key: event for event in result.events if event.kind == "asset_materialized"}
        assert events[down.key].input_versions == {"up": events[up.key].data_version}
        assert set(events[down.key].input_events) == {"up"}

    def test_file_paths_are_metadata(self, tmp_path: Any) -> None:
        result = dg.materialize([up], resources={"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))})
        (event,) = [event for event in result.events if event.kind == "asset_materialized"]
        assert str(event.metadata["path"].value).startswith(str(tmp_path))

    def test_metadata_is_merged_and_the_later_wins(self) -> None:
        @dg.asset
        def made(context: dg.AssetExecutionContext) -> dg.Output[int]:
            context.add_output_metadata({"a": 1, "b": 1})
            context.add_output_metadata({"b": 2, "c": 2})
            return dg.Output(1, metadata={"c": 3, "d": 3})

        (event,) = [event for event in run(made).events if event.kind == "asset_materialized"]
        assert {name: value.value for name, value in event.metadata.items()} == {"a": 1, "b": 2, "c": 2, "d": 3}

    def test_versions_are_tags_of_the_materialization(self) -> None:
        @dg.asset
        def made(up: int) -> Any:
            return dg.MaterializeResult(data_version=dg.DataVersion("v1"), tags={"mine": "1"})

        result = run(up, made)
        (above,) = result.asset_materializations_for_node("up")
        (event,) = result.asset_materializations_for_node("made")
        assert event.tags["dagster/code_version"] == result.run_id
        assert event.tags["dagster/data_version"] == "v1"
        assert event.tags["dagster/data_version_is_user_provided"] == "true"
        assert event.tags["dagster/input_data_version/up"] == above.tags["dagster/data_version"]
        assert "dagster/input_event_pointer/up" in event.tags
        assert event.tags["mine"] == "1"
        assert "dagster/data_version_is_user_provided" not in above.tags

    def test_the_default_io_manager_loads_what_is_external(self) -> None:
        class Fixed(dg.IOManager):
            def handle_output(self, context: Any, obj: Any) -> None: ...
            def load_input(self, context: Any) -> Any:
                return "loaded"

        @dg.asset
        def below(src: str) -> str:
            return src

        result = dg.materialize([dg.AssetSpec("src"), below], resources={"io_manager": Fixed()})
        assert result.output_for_node("below") == "loaded"


class TestDirectCalls:
    def test_plain_calls(self) -> None:
        @dg.asset
        def down(up: int) -> int:
            return up + 1

        assert (up(), down(3), down(up=4)) == (1, 4, 5)

    def test_row_52_missing_inputs_and_contexts(self) -> None:
        @dg.asset
        def down(context: dg.AssetExecutionContext, up: int) -> int:
            return up

        with pytest.raises(dg.DagsterInvalidInvocationError, match="has context argument, but no context was provided"):
            down()
        with pytest.raises(dg.DagsterInvalidInvocationError, match="No value provided for required input"):
            down(dg.build_asset_context())
        assert down(dg.build_asset_context(), 3) == 3

    @pytest.mark.parametrize("value", [5, "x", [1], {"a": 1}, None])
    def test_row_52_a_plain_value_is_no_context(self, value: Any) -> None:
        @dg.asset
        def made(context: dg.AssetExecutionContext) -> int:
            return 1

        with pytest.raises(dg.DagsterInvalidInvocationError, match="has context argument, but no context was provided"):
            made(value)

    def test_a_stand_in_may_be_the_context(self) -> None:
        @dg.asset
        def made(context: Any, up: int) -> Any:
            return context.asset_key, up

        assert made(SimpleNamespace(asset_key="told"), 2) == ("told", 2)

    def test_config_by_position_or_name(self) -> None:
        class Settings(dg.Config):
            n: int

        @dg.asset
        def made(config: Settings) -> int:
            return config.n

        assert (made(Settings(n=1)), made(config=Settings(n=2))) == (1, 2)

    def test_resources_by_name_or_context(self) -> None:
        @dg.asset
        def made(db: Db) -> str:
            return db.url

        assert made(db=Db(url="a")) == "a"
        assert made(dg.build_asset_context(resources={"db": Db(url="b")})) == "b"

    def test_results_come_back_as_they_are(self) -> None:
        @dg.asset
        def made() -> Any:
            return dg.MaterializeResult(metadata={"n": 1})

        assert isinstance(made(), dg.MaterializeResult)


class TestDefinitionSurface:
    def test_single(self) -> None:
        part = dg.StaticPartitionsDefinition(["x"])

        @dg.asset(
            deps=["d"],
            group_name="g",
            metadata={"m": 1},
            tags={"t": "1"},
            owners=["team:a"],
            code_version="1",
            description="told",
            partitions_def=part,
            check_specs=[dg.AssetCheckSpec("c", asset="made")],
        )
        def made() -> None: ...

        key = made.key
        assert made.keys == {key}
        assert made.node_def is made.op
        assert [spec.key for spec in made.specs] == [key]
        assert made.get_asset_spec(key) is made.get_asset_spec()
        assert made.asset_deps == {key: {dg.AssetKey("d")}}
        assert made.group_names_by_key == {key: "g"}
        assert made.metadata_by_key[key]["m"] == 1
        assert made.tags_by_key == {key: {"t": "1"}}
        assert made.owners_by_key == {key: ["team:a"]}
        assert made.code_versions_by_key == {key: "1"}
        assert made.descriptions_by_key == {key: "told"}
        assert [spec.name for spec in made.check_specs] == ["c"]
        assert made.check_keys == {dg.AssetCheckKey(key, "c")}
        assert made.partitions_def == part
        assert not made.can_subset
        assert (made.is_external, made.is_executable, made.is_materializable, made.is_observable) == (
            False,
            True,
            True,
            False,
        )

    def test_row_70_the_key_of_several(self) -> None:
        @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
        def pair() -> None: ...

        from dagster._check import CheckError

        with pytest.raises(CheckError, match="choose one"):
            _ = pair.key
        assert pair.keys == {dg.AssetKey("a"), dg.AssetKey("b")}

    def test_with_attributes(self) -> None:
        @dg.asset(deps=["d"], check_specs=[dg.AssetCheckSpec("c", asset="made")])
        def made(up: int) -> Any:
            return dg.MaterializeResult(value=up, check_results=[dg.AssetCheckResult(passed=True)])

        new = dg.AssetKey(["p", "made"])
        moved = made.with_attributes(
            asset_key_replacements={made.key: new, up.key: dg.AssetKey(["p", "up"])},
            group_names_by_key={made.key: "g"},
            tags_by_key={made.key: {"a": "b"}},
            metadata_by_key={made.key: {"m": 1}},
        )
        assert moved.key == new
        assert moved.group_names_by_key == {new: "g"}
        assert moved.tags_by_key == {new: {"a": "b"}}
        assert moved.dependency_keys == {dg.AssetKey("d"), dg.AssetKey(["p", "up"])}
        assert moved.check_keys == {dg.AssetCheckKey(new, "c")}
        above = up.with_attributes(asset_key_replacements={up.key: dg.AssetKey(["p", "up"])})
        result = run(above, moved)
        assert result.success
        assert result.asset_value(new) == 1

    def test_with_resources(self) -> None:
        @dg.asset
        def made(db: Db) -> str:
            return db.url

        (bound,) = dg.with_resources([made], {"db": Db(url="bound"), "unused": 1})
        assert run(bound).output_for_node("made") == "bound"
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="db"):
            dg.with_resources([made], {})

    def test_to_source_assets(self) -> None:
        @dg.asset(group_name="g", io_manager_key="lake")
        def made() -> int:
            return 1

        source = made.to_source_asset()
        assert source.key == made.key
        assert dg.Definitions(assets=[source], resources={}).manifest().assets[0].io_manager_key == "lake"
        assert [each.key for each in made.to_source_assets()] == [made.key]

    def test_from_op(self) -> None:
        @dg.op(ins={"x": dg.In(int)})
        def plus(x: int) -> int:
            return x + 1

        made = dg.AssetsDefinition.from_op(
            plus, keys_by_input_name={"x": up.key}, keys_by_output_name={"result": dg.AssetKey("total")}
        )
        assert made.keys == {dg.AssetKey("total")}
        assert run(up, made).output_for_node("plus") == 2

    def test_from_graph(self) -> None:
        @dg.op
        def plus(x: int) -> int:
            return x + 1

        @dg.graph
        def twice(x):  # type: ignore[no-untyped-def]
            return plus(plus(x))

        made = dg.AssetsDefinition.from_graph(twice, keys_by_input_name={"x": up.key}, group_name="g")
        assert made.key == dg.AssetKey("twice")
        assert made.node_def is twice
        assert made.group_names_by_key == {made.key: "g"}
        assert run(up, made).asset_value("twice") == 3


class TestSpecs:
    def test_specs_are_immutable(self) -> None:
        with pytest.raises(AttributeError):
            dg.AssetSpec("a").key = dg.AssetKey("b")  # type: ignore[misc]

    def test_key_text_is_one_segment(self) -> None:
        assert dg.AssetSpec("a/b").key.path == ["a/b"]

    def test_replace_overwrites_and_merge_merges(self) -> None:
        spec = dg.AssetSpec("a", deps=["b"], metadata={"x": 1}, tags={"t": "1"}, owners=["team:a"], kinds={"k"})
        replaced = spec.replace_attributes(metadata={"y": 2}, kinds={"j"}, deps=["c"])
        assert (dict(replaced.metadata), set(replaced.kinds)) == ({"y": 2}, {"j"})
        assert [dep.asset_key.path for dep in replaced.deps] == [["c"]]
        merged = spec.merge_attributes(deps=["c"], metadata={"y": 2}, tags={"u": "2"}, owners=["team:b"], kinds={"j"})
        assert dict(merged.metadata) == {"x": 1, "y": 2}
        assert dict(merged.tags) == {"t": "1", "u": "2"}
        assert list(merged.owners) == ["team:a", "team:b"]
        assert set(merged.kinds) == {"k", "j"}
        assert [dep.asset_key.path for dep in merged.deps] == [["b"], ["c"]]
        assert dict(spec.metadata) == {"x": 1}

    def test_deps_are_normalised(self) -> None:
        assert all(isinstance(dep, dg.AssetDep) for dep in dg.AssetSpec("a", deps=["b", dg.AssetSpec("c")]).deps)

    def test_the_io_manager_key_of_a_spec_loads_its_value(self) -> None:
        class Fixed(dg.IOManager):
            def handle_output(self, context: Any, obj: Any) -> None: ...

            def load_input(self, context: Any) -> Any:
                return "loaded"

        @dg.asset
        def down(src: str) -> str:
            return src

        for spec in (
            dg.AssetSpec("src").with_io_manager_key("m"),
            dg.AssetSpec("src", metadata={"dagster/io_manager_key": "m"}),
        ):
            result = dg.materialize([spec, down], resources={"m": Fixed()})
            assert result.output_for_node("down") == "loaded"

    def test_differs_the_io_manager_key_is_metadata_under_our_name(self) -> None:
        """Dagster's `with_io_manager_key` writes `dagster/io_manager_key`; ours writes its own name, and reads both."""
        assert dict(dg.AssetSpec("a").with_io_manager_key("m").metadata) == {"rostrum/io_manager_key": "m"}

    def test_a_spec_alone_is_external(self) -> None:
        defs = dg.Definitions(assets=[dg.AssetSpec("src"), up])
        held = defs.resolve_assets_def("src")
        assert (held.is_external, held.is_executable) == (True, False)
        graph = defs.resolve_asset_graph()
        assert dg.AssetSelection.all().resolve(graph) == {up.key}
        assert dg.AssetSelection.all(include_sources=True).resolve(graph) == {up.key, dg.AssetKey("src")}

    def test_map_asset_specs(self) -> None:
        mixed = [up, dg.AssetSpec("src")]
        mapped = dg.map_asset_specs(lambda spec: spec.replace_attributes(group_name="g"), mixed)
        assert [type(each) for each in mapped] == [type(each) for each in mixed]
        assert mapped[0].group_names_by_key == {up.key: "g"}
        assert mapped[1].group_name == "g"

    def test_a_spec_may_depend_on_itself(self) -> None:
        assert [dep.asset_key.path for dep in dg.AssetSpec("a", deps=["a"]).deps] == [["a"]]


class TestEventsOfReturns:
    """The table of what a function returns, and the events of its step."""

    @pytest.mark.parametrize(
        ("annotation", "value", "io"),
        [
            (None, 1, True),
            (None, None, True),
            (type(None), None, False),
            (None, dg.MaterializeResult(), False),
            (None, dg.MaterializeResult(value=1), True),
            (None, dg.Output(1), True),
        ],
    )
    def test_each(self, annotation: Any, value: Any, io: bool, tmp_path: Any) -> None:
        def made() -> Any:
            return value

        made.__annotations__ = {} if annotation is None else {"return": None}
        manager = dg.FilesystemIOManager(base_dir=str(tmp_path))
        result = dg.materialize([dg.asset(made)], resources={"io_manager": manager})
        told = [event.event_type_value for event in result.events_for_node("made")]
        wanted = ["STEP_OUTPUT", "ASSET_MATERIALIZATION", *(["HANDLED_OUTPUT"] if io else [])]
        assert [kind for kind in told if kind not in ("STEP_START", "STEP_SUCCESS")] == wanted
        assert (tmp_path / "made").exists() is io

    def test_no_path_is_told_of_none(self) -> None:
        @dg.asset
        def nothing():  # type: ignore[no-untyped-def]
            return None

        result = dg.materialize([nothing, up])
        (of_none,) = result.asset_materializations_for_node("nothing")
        (of_value,) = result.asset_materializations_for_node("up")
        assert "path" not in of_none.metadata
        assert isinstance(of_value.metadata["path"], dg.PathMetadataValue)

    def test_a_value_for_nothing_fails_the_type_check(self) -> None:
        @dg.asset
        def made() -> None:
            return 3  # type: ignore[return-value]

        with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="Type check failed for step output 'result'"):
            dg.materialize([made])


def test_differs_pointers_to_events_are_identifiers() -> None:
    """Dagster points to the event of an input by a number of one database. An event here has an identifier that is
    known before it is stored: the run, who told it, and its place.
    """

    @dg.asset
    def down(up: int) -> None: ...

    result = run(up, down)
    (event,) = result.asset_materializations_for_node("down")
    pointer = event.tags["dagster/input_event_pointer/up"]
    assert pointer.startswith(f"{result.run_id}/")


def test_specs_are_mapped_by_a_method() -> None:
    mapped = up.map_asset_specs(lambda spec: spec.replace_attributes(group_name="g"))
    assert mapped.group_names_by_key == {up.key: "g"}
    assert mapped.required_resource_keys == up.required_resource_keys
