"""IO managers, input managers, loaders of types and checks of types that users write as classes or functions."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest


class Shelf(dg.IOManager):
    """Keeps values by step and output."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        self.values[context.step_key, context.name] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        above = context.upstream_output
        assert above is not None
        return self.values[above.step_key, above.name]


class Doubling(Shelf):
    """An IO manager made of another one."""

    def load_input(self, context: dg.InputContext) -> Any:
        return super().load_input(context) * 2


class FromTable(dg.InputManager):
    """Loads what nothing upstream makes."""

    def __init__(self, table: dict[str, int]) -> None:
        self.table = table

    def load_input(self, context: dg.InputContext) -> Any:
        return self.table[context.name]


class Prefixed(dg.ConfigurableIOManager):
    """With config."""

    prefix: str

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        KEPT[f"{self.prefix}{context.step_key}"] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        assert context.upstream_output is not None
        return KEPT[f"{self.prefix}{context.upstream_output.step_key}"]


KEPT: dict[str, Any] = {}


@dg.op
def one() -> int:
    return 1


@dg.op
def plus_one(number: int) -> int:
    return number + 1


@pytest.mark.parametrize(("manager", "found"), [(Shelf(), 2), (Doubling(), 3)])
def test_io_managers(manager: Any, found: int) -> None:
    @dg.job(resource_defs={"io_manager": dg.IOManagerDefinition.hardcoded_io_manager(manager)})
    def job() -> None:
        plus_one(one())

    assert job.execute_in_process().success
    assert manager.values["one", "result"] == 1
    assert manager.values["plus_one", "result"] == found


def test_an_io_manager_with_config() -> None:
    @dg.asset
    def first() -> int:
        return 5

    @dg.asset
    def second(first: int) -> int:
        return first + 1

    dg.materialize([first, second], resources={"io_manager": Prefixed(prefix="p/")})
    assert KEPT == {"p/first": 5, "p/second": 6}


def test_an_io_manager_of_a_function_that_takes_its_config() -> None:
    seen: list[Any] = []

    @dg.io_manager(config_schema={"base": str}, output_config_schema={"suffix": str}, required_resource_keys={"tool"})
    def manager(context: dg.InitResourceContext) -> Any:
        class Telling(Shelf):
            def handle_output(self, inner: dg.OutputContext, obj: Any) -> None:
                seen.append((context.resource_config["base"], inner.config["suffix"], context.resources.tool))
                super().handle_output(inner, obj)

        return Telling()

    @dg.job(resource_defs={"io_manager": manager, "tool": dg.ResourceDefinition.hardcoded_resource("hammer")})
    def job() -> None:
        one()

    config = {
        "resources": {"io_manager": {"config": {"base": "b"}}},
        "ops": {"one": {"outputs": {"result": {"suffix": "s"}}}},
    }
    assert job.execute_in_process(run_config=config).success
    assert seen == [("b", "s", "hammer")]


def test_input_managers_of_ones_own_class() -> None:
    table = dg.InputManagerDefinition(resource_fn=lambda _context: FromTable({"number": 41}))

    @dg.op(ins={"number": dg.In(input_manager_key="table")})
    def plus(number: int) -> int:
        return number + 1

    @dg.job(resource_defs={"table": table})
    def job() -> None:
        plus()

    assert job.execute_in_process().output_for_node("plus") == 42


class Celsius(dg.DagsterTypeLoader):
    """Loads degrees from text."""

    @property
    def schema_type(self) -> Any:
        return dg.Field(str).config_type

    def construct_from_config_value(self, context: dg.DagsterTypeLoaderContext, config_value: Any) -> float:
        return float(str(config_value).removesuffix("C"))


def test_a_loader_of_ones_own_class() -> None:
    degrees = dg.DagsterType(name="Degrees", type_check_fn=lambda _, value: isinstance(value, float), loader=Celsius())

    @dg.op(ins={"at": dg.In(degrees)})
    def told(at: Any) -> float:
        return at

    @dg.job
    def job() -> None:
        told()

    result = job.execute_in_process(run_config={"ops": {"told": {"inputs": {"at": "21.5C"}}}})
    assert result.output_for_node("told") == 21.5


class Even(dg.DagsterType):
    """A type of one's own class, whose check tells why."""

    def __init__(self) -> None:
        super().__init__(name="Even", type_check_fn=self.is_even)

    def is_even(self, _context: dg.TypeCheckContext, value: Any) -> dg.TypeCheck:
        return dg.TypeCheck(success=value % 2 == 0, description=f"{value} is odd", metadata={"value": value})


def test_a_type_of_ones_own_class() -> None:
    even = Even()

    @dg.op(out=dg.Out(even))
    def made() -> int:
        return 3

    @dg.job
    def job() -> None:
        made()

    assert dg.check_dagster_type(even, 4).success
    result = job.execute_in_process(raise_on_error=False)
    assert not result.success
    failure = result.failure_data_for_node("made")
    assert failure is not None
    assert failure.error is not None
    assert "3 is odd" in failure.error.to_string()


class Clock(dg.ConfigurableResource):  # type: ignore[type-arg]
    """A resource with a base of one's own."""

    at: int = 0

    def now(self) -> int:
        return self.at


class Later(Clock):
    """A resource made of another one."""

    by: int = 1

    def now(self) -> int:
        return super().now() + self.by


def test_resources_of_ones_own_classes() -> None:
    @dg.asset
    def told(clock: Clock) -> int:
        return clock.now()

    assert dg.materialize([told], resources={"clock": Later(at=5)}).output_for_node("told") == 6


class Named(dg.DagsterError):
    """An error of one's own."""


def test_errors_of_ones_own_classes() -> None:
    @dg.op
    def fails() -> None:
        raise Named("mine")

    @dg.job
    def job() -> None:
        fails()

    with pytest.raises(Named, match="mine"):
        job.execute_in_process()
