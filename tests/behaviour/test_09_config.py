"""Section 9: config that is declared by classes, and by the schema of one value."""

# ruff: noqa: UP007, UP045, RUF012 - annotations as users write them
from __future__ import annotations

import enum
from typing import Any, Literal, Optional, Union

import dagster as dg
import pydantic
import pytest
from dagster._core.errors import DagsterInvalidPythonicConfigDefinitionError


class Sub(dg.Config):
    x: int = 1


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


def given(config_class: type, config: Any = None, **run: Any) -> Any:
    """What an op with such a config parameter gets."""

    @dg.op
    def it(config: config_class):
        return config

    @dg.job
    def j():
        it()

    run_config = {"ops": {"it": {"config": config}}} if config is not None else {}
    return j.execute_in_process(run_config=run_config, **run).output_for_node("it")


class C(dg.Config):
    a: int
    b: str = "z"
    s: Sub = Sub()
    kind: Literal["x", "y"] = "x"


class TestConfigClasses:
    def test_values_defaults_and_nested_config(self):
        c = given(C, {"a": 3, "s": {"x": 5}, "kind": "y"})
        assert (c.a, c.b, c.s.x, c.kind) == (3, "z", 5, "y")

    def test_row_13_config_is_frozen(self):
        with pytest.raises(dg.DagsterInvalidInvocationError, match="does not support item assignment"):
            C(a=1).a = 2

    def test_extra_keyword_arguments_of_the_constructor_are_ignored(self):
        with pytest.warns(UserWarning, match="C has no field 'nope', it is ignored"):
            assert not hasattr(C(a=1, nope=2), "nope")

    def test_row_16_extra_keys_in_run_config_are_errors(self):
        with pytest.raises(dg.DagsterInvalidConfigError, match='Received unexpected config entry "nope"'):
            given(C, {"a": 1, "nope": 2})

    def test_permissive_config_keeps_extras_as_attributes(self):
        class Open(dg.PermissiveConfig):
            a: int = 1

        c = given(Open, {"a": 2, "more": "x"})
        assert (c.a, c.more) == (2, "x")
        assert Open(other=3).other == 3

    def test_row_12_wrong_values_in_the_constructor(self):
        with pytest.raises(pydantic.ValidationError):
            C(a="no")
        with pytest.raises(pydantic.ValidationError):
            C()


class TestStages:
    class Small(dg.Config):
        n: int = pydantic.Field(gt=0)

        @pydantic.field_validator("n")
        @classmethod
        def not_seven(cls, value: int) -> int:
            if value == 7:
                raise ValueError("seven")
            return value

    def test_schema_errors_come_before_the_run(self):
        with pytest.raises(dg.DagsterInvalidConfigError):
            given(self.Small, {"n": "x"}, raise_on_error=False)

    @pytest.mark.parametrize("value", [-1, 7])
    def test_row_19_constraints_and_validators_at_the_start_of_the_step(self, value: int):
        with pytest.raises(pydantic.ValidationError):
            given(self.Small, {"n": value})

    def test_row_19_the_run_fails(self):
        @dg.op
        def it(config: TestStages.Small): ...

        @dg.job
        def j():
            it()

        result = j.execute_in_process(run_config={"ops": {"it": {"config": {"n": -1}}}}, raise_on_error=False)
        assert not result.success


class Cat(dg.Config):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(dg.Config):
    kind: Literal["dog"] = "dog"
    x: int = 0


class Everything(dg.Config):
    i: int = 0
    f: float = 0.5
    b: bool = False
    s: str = ""
    o: Optional[int] = None
    numbers: list[int] = []
    by_name: dict[str, int] = {}
    inner: Sub = Sub()
    inners: list[Sub] = []
    named: dict[str, Sub] = {}
    mode: Literal["fast", "slow"] = "fast"
    colour: Colour = Colour.RED
    pet: Union[Cat, Dog] = pydantic.Field(default=Cat(), discriminator="kind")


class TestFieldTypes:
    @pytest.mark.parametrize(
        ("field", "raw", "value"),
        [
            ("i", 3, 3),
            ("f", 1.5, 1.5),
            ("b", True, True),
            ("s", "x", "x"),
            ("o", 3, 3),
            ("o", None, None),
            ("numbers", [1, 2], [1, 2]),
            ("by_name", {"a": 1}, {"a": 1}),
            ("inner", {"x": 2}, Sub(x=2)),
            ("inners", [{"x": 2}], [Sub(x=2)]),
            ("named", {"n": {"x": 2}}, {"n": Sub(x=2)}),
            ("mode", "slow", "slow"),
            ("colour", "BLUE", Colour.BLUE),
            ("pet", {"dog": {"x": 5}}, Dog(x=5)),
            ("pet", {"cat": {}}, Cat()),
        ],
    )
    def test_supported(self, field: str, raw: Any, value: Any):
        assert getattr(given(Everything, {field: raw}), field) == value

    def test_an_int_literal_is_a_float(self):
        assert isinstance(given(Everything, {"f": 2}).f, float)

    @pytest.mark.parametrize(
        ("field", "raw"),
        [
            ("i", True),
            ("i", "3"),
            ("i", 1.5),
            ("s", 3),
            ("f", "1.5"),
            ("b", "true"),
            ("mode", "medium"),
            ("colour", "b"),
            ("pet", {"cow": {}}),
            ("pet", {"cat": {}, "dog": {}}),
            ("numbers", 3),
            ("by_name", [1]),
        ],
    )
    def test_row_14_wrong_types(self, field: str, raw: Any):
        with pytest.raises(dg.DagsterInvalidConfigError, match=f"root:ops:it:config:{field}"):
            given(Everything, {field: raw})

    def test_enum_values_are_no_names(self):
        with pytest.raises(dg.DagsterInvalidConfigError, match="none of RED, BLUE"):
            given(Everything, {"colour": "r"})

    def test_differs_a_union_without_discriminator_is_read_by_pydantic(self):
        """The peer refuses such a field; here pydantic reads it, at the start of the step."""

        class Either(dg.Config):
            x: int | str

        assert given(Either, {"x": "a"}).x == "a"


class TestEnvironment:
    @pytest.mark.parametrize(("field", "text", "value"), [("i", "7", 7), ("s", "x", "x"), ("b", "true", True)])
    def test_values_of_variables(self, field: str, text: str, value: Any, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("CORPUS", text)
        assert getattr(given(Everything, {field: {"env": "CORPUS"}}), field) == value

    @pytest.mark.parametrize("field", ["f", "mode"])
    def test_floats_and_literals_take_no_variables(self, field: str, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("CORPUS", "1")
        with pytest.raises(dg.DagsterInvalidConfigError):
            given(Everything, {field: {"env": "CORPUS"}})

    def test_row_18_missing(self):
        with pytest.raises(
            dg.DagsterInvalidConfigError, match=r"Post processing at path root:ops:it:config:i.*'NO_SUCH'"
        ):
            given(Everything, {"i": {"env": "NO_SUCH"}}, raise_on_error=False)

    def test_row_18_not_a_number(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("CORPUS", "many")
        with pytest.raises(dg.DagsterInvalidConfigError, match=r"'CORPUS' is not a whole number"):
            given(Everything, {"i": {"env": "CORPUS"}})


class TestEnvVar:
    def test_it_is_text_that_tells_its_name_only(self, monkeypatch: pytest.MonkeyPatch):
        reference = dg.EnvVar("CORPUS")
        assert isinstance(reference, str)
        assert reference.env_var_name == "CORPUS"
        with pytest.raises(RuntimeError):
            str(reference)
        assert reference.get_value() is None
        assert reference.get_value("d") == "d"
        monkeypatch.setenv("CORPUS", "x")
        assert reference.get_value() == "x"

    def test_differs_its_representation_says_what_it_is(self):
        """Dagster's is the quoted name alone, which reads like a value. Ours says that it is a reference."""
        assert repr(dg.EnvVar("CORPUS")) == "EnvVar('CORPUS')"
        assert repr(dg.EnvVar.int("CORPUS")) == "EnvVar.int('CORPUS')"

    def test_of_a_number(self, monkeypatch: pytest.MonkeyPatch):
        reference = dg.EnvVar.int("CORPUS")
        assert isinstance(reference, int)
        monkeypatch.setenv("CORPUS", "7")
        assert reference.get_value() == 7
        with pytest.raises(RuntimeError):
            str(reference)

    def test_values_are_resolved_at_launch(self, monkeypatch: pytest.MonkeyPatch):
        config = dg.RunConfig(ops={"it": Everything(s=dg.EnvVar("CORPUS"), i=dg.EnvVar.int("NUMBER"))})
        monkeypatch.setenv("CORPUS", "later")
        monkeypatch.setenv("NUMBER", "8")

        @dg.op
        def it(config: Everything):
            return config.s, config.i

        @dg.job
        def j():
            it()

        assert j.execute_in_process(run_config=config).output_for_node("it") == ("later", 8)

    def test_inside_lists_and_maps(self, monkeypatch: pytest.MonkeyPatch):
        class Deep(dg.ConfigurableResource):
            names: list[str]
            by: dict[str, str]

        monkeypatch.setenv("CORPUS", "v")

        @dg.asset
        def a(deep: Deep):
            return deep.names[0], deep.by["k"]

        deep = Deep(names=[dg.EnvVar("CORPUS")], by={"k": dg.EnvVar("CORPUS")})
        assert dg.materialize([a], resources={"deep": deep}).output_for_node("a") == ("v", "v")

    def test_row_18_missing_at_the_start_of_the_run(self):
        class R(dg.ConfigurableResource):
            x: str

        @dg.asset
        def a(r: R): ...

        with pytest.raises(dg.DagsterInvalidConfigError, match="NO_SUCH"):
            dg.materialize([a], resources={"r": R(x=dg.EnvVar("NO_SUCH"))}, raise_on_error=False)


class TestPrimitiveConfig:
    def test_a_number_or_a_dict(self):
        assert given(int, 3) == 3
        assert given(dict, {"any": [1]}) == {"any": [1]}

    def test_wrong_type_and_missing(self):
        with pytest.raises(dg.DagsterInvalidConfigError, match="Invalid scalar at path root:ops:it:config"):
            given(int, "x")
        with pytest.raises(dg.DagsterInvalidConfigError, match='Missing required config entry "ops"'):
            given(int)

    def test_row_20_an_annotation_is_needed(self):
        with pytest.raises(DagsterInvalidPythonicConfigDefinitionError, match="needs an annotation"):

            @dg.op
            def it(config): ...

    def test_row_20_unsupported_type_of_a_field(self):
        class Thing: ...

        class Bad(dg.Config):
            thing: Thing

        with pytest.raises(DagsterInvalidPythonicConfigDefinitionError, match=r"Bad\.thing.*Use int, float, bool, str"):

            @dg.asset
            def it(config: Bad): ...

    def test_row_20_unsupported_type_of_the_parameter(self):
        class Thing: ...

        with pytest.raises(
            DagsterInvalidPythonicConfigDefinitionError, match="is annotated with Thing, which cannot be config"
        ):

            @dg.op
            def it(config: Thing): ...

    @pytest.mark.parametrize("decorator", ["op", "asset"])
    def test_row_21_parameter_and_schema(self, decorator: str):
        from dagster._check import ParameterCheckError

        def it(config: C): ...

        told = rf"test_09_config\.py:\d+: {decorator} 'it' has a `config` parameter and a config_schema"
        with pytest.raises(ParameterCheckError, match=told):
            getattr(dg, decorator)(config_schema={"a": int})(it)


class TestRunConfig:
    def test_four_keys_always(self):
        assert dg.RunConfig().to_config_dict() == {"loggers": {}, "resources": {}, "ops": {}, "execution": {}}

    def test_objects_are_wrapped_and_none_is_dropped(self):
        made = dg.RunConfig(ops={"it": Everything(colour=Colour.BLUE, i=2), "raw": {"config": {"y": 1}}})
        config = made.to_config_dict()["ops"]
        assert config["it"]["config"]["colour"] == "BLUE"
        assert "o" not in config["it"]["config"]
        assert config["raw"] == {"config": {"y": 1}}

    def test_a_union_is_written_as_a_selector(self):
        made = dg.RunConfig(ops={"it": Everything(pet=Dog(x=4))}).to_config_dict()
        assert made["ops"]["it"]["config"]["pet"] == {"dog": {"x": 4}}

    def test_config_of_ops_in_graphs_runs(self):
        @dg.op
        def it(config: Sub):
            return config.x

        @dg.graph
        def g():
            return it()

        @dg.job
        def j():
            g()

        config = dg.RunConfig(ops={"g": {"ops": {"it": Sub(x=2)}}})
        assert j.execute_in_process(run_config=config).output_for_node("g.it") == 2

    def test_graphs_nest(self):
        made = dg.RunConfig(ops={"g": {"ops": {"it": Sub(x=2)}}}).to_config_dict()
        assert made["ops"]["g"] == {"ops": {"it": {"config": {"x": 2}}}}
        said = dg.RunConfig(ops={"g": {"ops": {"it": {"config": Sub(x=2)}}}}).to_config_dict()
        assert said["ops"] == made["ops"]

    def test_resources(self):
        class R(dg.ConfigurableResource):
            x: int

        @dg.asset
        def a(r: R):
            return r.x

        config = dg.RunConfig(resources={"r": R(x=9)})
        assert config.to_config_dict()["resources"] == {"r": {"config": {"x": 9}}}
        assert dg.materialize([a], resources={"r": R(x=1)}, run_config=config).output_for_node("a") == 9


class TestOpConfig:
    def test_the_context_has_the_config_as_data(self):
        @dg.op
        def it(context: dg.OpExecutionContext, config: C):
            return context.op_config

        @dg.job
        def j():
            it()

        found = j.execute_in_process(run_config={"ops": {"it": {"config": {"a": 1}}}}).output_for_node("it")
        assert found["a"] == 1

    def test_a_default_of_the_parameter(self):
        @dg.op
        def it(config: C = C(a=4)):
            return config.a

        @dg.job
        def j():
            it()

        assert j.execute_in_process().output_for_node("it") == 4

    def test_calling_an_op_with_its_config(self):
        @dg.op
        def it(config: C):
            return config.a

        assert it(C(a=2)) == 2
        assert it(config=C(a=3)) == 3


class TestShapeOfRunConfig:
    def test_assets_with_a_prefix(self):
        @dg.asset(key_prefix=["p", "q"])
        def nm(config: Sub):
            return config.x

        config = {"ops": {"p__q__nm": {"config": {"x": 4}}}}
        assert dg.materialize_to_memory([nm], run_config=config).output_for_node("p__q__nm") == 4

    def test_graphs_have_ops(self):
        @dg.op
        def it(config: Sub):
            return config.x

        @dg.graph
        def g():
            return it()

        @dg.job
        def j():
            g()

        config = {"ops": {"g": {"ops": {"it": {"config": {"x": 5}}}}}}
        assert j.execute_in_process(run_config=config).output_for_node("g.it") == 5
        with pytest.raises(dg.DagsterInvalidConfigError, match="root:ops:g:ops:it:config:x"):
            j.execute_in_process(run_config={"ops": {"g": {"ops": {"it": {"config": {"x": "five"}}}}}})

    def test_inputs_of_the_job(self):
        @dg.op
        def it(x):
            return x

        @dg.job
        def j(x):
            it(x)

        assert j.execute_in_process(run_config={"inputs": {"x": {"value": 4}}}).output_for_node("it") == 4
        with pytest.raises(dg.DagsterInvalidConfigError, match='"inputs"'):
            j.execute_in_process()

    @pytest.mark.parametrize(
        "config",
        [
            {"solids": {}},
            {"loggers": {"nope": {}}},
            {"resources": {"nope": {}}},
            {"execution": {"config": {}}, "ops": {"it": {"configg": 1}}},
        ],
    )
    def test_row_16_keys_are_strict(self, config: dict[str, Any]):
        @dg.op
        def it(): ...

        @dg.job
        def j():
            it()

        with pytest.raises(dg.DagsterInvalidConfigError, match="Received unexpected config entry"):
            j.execute_in_process(run_config=config)

    def test_the_built_in_logger_is_called_console(self):
        @dg.op
        def it(): ...

        @dg.job
        def j():
            it()

        config = {"loggers": {"console": {"config": {"log_level": "INFO", "name": "x"}}}}
        assert j.execute_in_process(run_config=config).success


def test_row_20_functions_are_no_config():
    from collections.abc import Callable

    class Bad(dg.Config):
        call: Callable[[], int]

    with pytest.raises(DagsterInvalidPythonicConfigDefinitionError, match=r"Bad\.call"):

        @dg.op
        def it(config: Bad): ...
