"""Section 12: types of values."""

# ruff: noqa: UP007, UP045 - annotations as users write them
from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Optional, Union

import dagster as dg
import pytest


def checked(annotation: Any, value: Any) -> bool:
    """Whether an asset with this return annotation may return the value."""

    def a():
        return value

    a.__annotations__["return"] = annotation
    result = dg.materialize_to_memory([dg.asset(a)], raise_on_error=False)
    return result.success


class Thing: ...


class SubThing(Thing): ...


Even = dg.DagsterType(name="Even", type_check_fn=lambda _, value: value % 2 == 0)


class TestAnnotations:
    @pytest.mark.parametrize(
        ("annotation", "good", "bad"),
        [
            (int, [1, True], ["1", 1.5]),
            (float, [1.5], [1, "x"]),
            (str, ["x"], [1]),
            (bool, [True], [1]),
            (Optional[int], [1, None], ["x"]),
            (int | None, [1, None], ["x"]),
            (list[int], [[], [1]], [["x"], (1,), 1]),
            (dict[str, int], [{}, {"a": 1}], [{"a": "x"}, {1: 1}, []]),
            (tuple[int, str], [(1, "x")], [(1, 2), (1,), [1, "x"]]),
            (set[int], [set(), {1}], [{"x"}, [1]]),
            (list, [[], ["x"]], [()]),
            (dict, [{}], [[]]),
            (list[list[int]], [[[1]]], [[["x"]]]),
            (Thing, [Thing(), SubThing()], [1, Thing]),
            (object, [1, "x", None], []),
            (Any, [1, "x", None], []),
            (Sequence[int], [[1], "x", 3], []),
        ],
        ids=str,
    )
    def test_what_fits(self, annotation: Any, good: list[Any], bad: list[Any]):
        assert [value for value in good if not checked(annotation, value)] == []
        assert [value for value in bad if checked(annotation, value)] == []

    def test_none_is_nothing(self):
        @dg.op
        def it() -> None: ...

        assert it.outs["result"].dagster_type is None or it.outs["result"].dagster_type is types.NoneType
        assert checked(None, None)
        assert not checked(None, 3)

    @pytest.mark.parametrize(
        "annotation",
        [Union[int, str], int | str, Literal["a"], Callable[[], int], Iterator[int]],
        ids=str,
    )
    @pytest.mark.parametrize("kind", ["op", "asset"])
    def test_row_28_unsupported_return_annotations(self, annotation: Any, kind: str):
        def it(): ...

        it.__annotations__["return"] = annotation
        with pytest.raises(
            dg.DagsterInvalidDefinitionError, match=r"Problem using type .* from return type annotation"
        ):
            getattr(dg, kind)(it)

    @pytest.mark.parametrize("annotation", [Union[int, str], Literal["a"], Callable[[], int], Iterator[int]], ids=str)
    @pytest.mark.parametrize("kind", ["op", "asset"])
    def test_row_28_unsupported_annotations_of_arguments(self, annotation: Any, kind: str):
        def it(x): ...

        it.__annotations__["x"] = annotation
        with pytest.raises(dg.DagsterInvalidDefinitionError, match=r"Problem using type .* for argument 'x'"):
            getattr(dg, kind)(it)

    @pytest.mark.parametrize(
        ("annotation", "name"),
        [
            (int, "Int"),
            (list[int], "[Int]"),
            (dict[str, int], "Dict[String,Int]"),
            (tuple[int, str], "Tuple[Int,String]"),
            (Optional[int], "Int?"),
            (set[int], "Set[Int]"),
            (Any, "Any"),
            (Thing, "Thing"),
            (Even, "Even"),
        ],
        ids=str,
    )
    def test_display_names(self, annotation: Any, name: str):
        def it(): ...

        it.__annotations__["return"] = annotation
        (node,) = dg.Definitions(assets=[dg.asset(it)]).manifest().ops
        assert node.outputs[0].type == name

    def test_differs_a_generator_may_be_annotated_as_one(self):
        """The peer refuses the annotation; what a generator yields are its outputs, so nothing is claimed falsely."""

        @dg.op
        def it() -> Iterator[dg.Output]:
            yield dg.Output(3)

        @dg.job
        def j():
            it()

        assert j.execute_in_process().output_for_node("it") == 3


class TestMismatch:
    def test_row_36_outputs(self):
        @dg.op
        def it() -> int:
            return "x"  # type: ignore[return-value]

        @dg.job
        def j():
            it()

        with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="Type check failed for step output"):
            j.execute_in_process()

    def test_row_36_inputs(self):
        @dg.op
        def up():
            return "x"

        @dg.op
        def down(x: int): ...

        @dg.job
        def j():
            down(up())

        with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="Type check failed for step input"):
            j.execute_in_process()

    def test_what_the_error_tells(self):
        def check(_, value: Any) -> dg.TypeCheck:
            return dg.TypeCheck(success=False, description="too odd", metadata={"value": value})

        kind = dg.DagsterType(name="Even", type_check_fn=check)

        @dg.op(out=dg.Out(kind))
        def it():
            return 3

        @dg.job
        def j():
            it()

        with pytest.raises(dg.DagsterTypeCheckDidNotPass) as caught:
            j.execute_in_process()
        assert caught.value.description == "too odd"
        assert set(caught.value.metadata) == {"value"}

    def test_row_37_neither_bool_nor_type_check(self):
        kind = dg.DagsterType(name="Odd", type_check_fn=lambda _, value: "yes")

        @dg.op(out=dg.Out(kind))
        def it():
            return 3

        @dg.job
        def j():
            it()

        with pytest.raises(dg.DagsterInvariantViolationError, match="must return a bool or a TypeCheck"):
            j.execute_in_process()

    def test_what_the_function_raises_is_raised(self):
        def check(_, value: Any) -> bool:
            raise ZeroDivisionError

        kind = dg.DagsterType(name="Bad", type_check_fn=check)

        @dg.op(out=dg.Out(kind))
        def it():
            return 3

        @dg.job
        def j():
            it()

        with pytest.raises(ZeroDivisionError):
            j.execute_in_process()


class TestTypes:
    def test_as_an_annotation_and_in_outs(self):
        assert checked(Even, 4)
        assert not checked(Even, 3)

        @dg.op(ins={"x": dg.In(Even)}, out=dg.Out(dagster_type=Even))
        def it(x):
            return x

        @dg.job
        def j():
            it()

        def run(value: int) -> bool:
            config = {"ops": {"it": {"inputs": {"x": {"value": value}}}}}
            return j.execute_in_process(run_config=config, raise_on_error=False).success

        assert run(2)
        assert not run(3)

    def test_inside_containers(self):
        assert checked(list[Even], [2, 4])
        assert not checked(list[Even], [2, 3])
        assert checked(typing.Optional[Even], None)

    def test_check_dagster_type(self):
        assert dg.check_dagster_type(Even, 2).success
        found = dg.check_dagster_type(Even, 3)
        assert isinstance(found, dg.TypeCheck)
        assert not found.success
        assert dg.check_dagster_type(int, 3).success
        assert not dg.check_dagster_type(dict[str, int], {"a": "b"}).success

    def test_python_objects(self):
        one = dg.PythonObjectDagsterType(Thing, name="A thing")
        many = dg.PythonObjectDagsterType((int, str))
        assert one.display_name == "A thing"
        assert isinstance(one, dg.DagsterType)
        assert checked(one, SubThing())
        assert not checked(one, 1)
        assert checked(many, "x")
        assert not checked(many, 1.5)

    def test_usable_as_dagster_type(self):
        @dg.usable_as_dagster_type(name="Named", description="told")
        class Mine: ...

        @dg.usable_as_dagster_type
        class Bare: ...

        assert checked(Mine, Mine())
        assert not checked(Mine, 1)
        assert checked(Bare, Bare())

        @dg.asset
        def a() -> Mine:
            return Mine()

        assert dg.Definitions(assets=[a]).manifest().ops[0].outputs[0].type == "Named"

    def test_make_python_type_usable(self):
        class Small(int): ...

        kind = dg.DagsterType(name="Small", type_check_fn=lambda _, value: value < 10)
        dg.make_python_type_usable_as_dagster_type(Small, kind)
        assert checked(Small, 3)
        assert not checked(Small, 11)
        with pytest.raises(dg.DagsterInvalidDefinitionError):
            dg.make_python_type_usable_as_dagster_type(Small, Even)

    def test_attributes(self):
        kind = dg.DagsterType(name="K", type_check_fn=lambda *_: True, description="d", metadata={"a": 1})
        assert (kind.display_name, kind.unique_name, kind.description) == ("K", "K", "d")
        assert set(kind.metadata) == {"a"}
        assert kind.type_check(None, 3).success


class TestOfAssets:
    def test_the_type_of_an_input(self):
        @dg.asset
        def up():
            return "x"

        @dg.asset(ins={"up": dg.AssetIn(dagster_type=int)})
        def down(up): ...

        with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="Type check failed for step input 'up'"):
            dg.materialize([up, down])

    def test_the_type_of_an_output(self):
        @dg.multi_asset(outs={"a": dg.AssetOut(dagster_type=int)})
        def made():
            return "x"

        with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="Type check failed for step output 'a'"):
            dg.materialize([made])

    def test_the_type_of_the_only_output(self):
        @dg.asset(dagster_type=Even)
        def made():
            return 3

        with pytest.raises(dg.DagsterTypeCheckDidNotPass, match="expected type 'Even', got 3, an int"):
            dg.materialize([made])


class TestLoaders:
    def test_values_from_config(self):
        @dg.dagster_type_loader({"n": int})
        def load(context, config):
            return Thing() if config["n"] else None

        @dg.usable_as_dagster_type(loader=load)
        class Loaded: ...

        kind = dg.PythonObjectDagsterType(Thing, name="Loaded", loader=load)

        @dg.op(ins={"x": dg.In(kind)})
        def it(x):
            return type(x)

        @dg.job
        def j():
            it()

        config = {"ops": {"it": {"inputs": {"x": {"n": 1}}}}}
        assert j.execute_in_process(run_config=config).output_for_node("it") is Thing
        with pytest.raises(dg.DagsterInvalidConfigError):
            j.execute_in_process(run_config={"ops": {"it": {"inputs": {"x": {"n": "x"}}}}})

    def test_the_first_parameter_is_called_context(self):
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="must be called `context`"):

            @dg.dagster_type_loader(int)
            def load(ctx, config): ...

    def test_row_31_without_a_value(self):
        @dg.op
        def it(x: int): ...

        @dg.job
        def j():
            it()

        with pytest.raises(dg.DagsterInvalidConfigError, match='Missing required config entry "ops"') as caught:
            j.execute_in_process()
        assert "inputs" in str(caught.value)

    @pytest.mark.parametrize("given", [4, {"value": 4}])
    def test_built_in_scalars(self, given: Any):
        @dg.op
        def it(x: int):
            return x

        @dg.job
        def j():
            it()

        config = {"ops": {"it": {"inputs": {"x": given}}}}
        assert j.execute_in_process(run_config=config).output_for_node("it") == 4


class TestNames:
    def test_python_classes(self):
        assert (dg.Int, dg.Float, dg.String, dg.Bool) == (int, float, str, bool)
        assert dg.Nothing is types.NoneType
        assert dg.Any is Any

    @pytest.mark.parametrize(
        ("annotation", "good", "bad"),
        [
            (dg.List[int], [1], ["x"]),
            (dg.List[Even], [2], [3]),
            (dg.Dict[str, int], {"a": 1}, {"a": "x"}),
            (dg.Set[int], {1}, {"x"}),
            (dg.Tuple[int, str], (1, "x"), ("x", 1)),
            (dg.Optional[int], None, "x"),
            (dg.List, ["x"], 3),
            (dg.Dict, {}, 3),
        ],
        ids=str,
    )
    def test_containers_with_brackets(self, annotation: Any, good: Any, bad: Any):
        assert checked(annotation, good)
        assert not checked(annotation, bad)

    def test_nothing_orders_only(self):
        @dg.op(out=dg.Out(dg.Nothing))
        def first(): ...

        @dg.op(ins={"start": dg.In(dg.Nothing)})
        def then():
            return 1

        @dg.job
        def j():
            then(start=first())

        assert j.execute_in_process().output_for_node("then") == 1


class TestResourcesOfTypes:
    def test_checks_and_loaders_use_resources(self):
        @dg.dagster_type_loader(int, required_resource_keys={"factor"})
        def load(context, config):
            return config * context.resources.factor

        kind = dg.DagsterType(
            name="Limited",
            type_check_fn=lambda context, value: value <= context.resources.limit,
            required_resource_keys={"limit"},
            loader=load,
        )

        @dg.op(ins={"x": dg.In(kind)})
        def it(x):
            return x

        @dg.job(resource_defs={"limit": 10, "factor": 2})
        def j():
            it()

        def run(value: int) -> bool:
            config = {"ops": {"it": {"inputs": {"x": value}}}}
            return j.execute_in_process(run_config=config, raise_on_error=False).success

        assert run(5)
        assert not run(6)
