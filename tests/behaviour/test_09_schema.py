"""Section 9: config that is declared by a schema of values."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import dagster as dg
import pytest


def given(schema: Any, *config: Any, **run: Any) -> Any:
    """`context.op_config` of an op with this schema."""

    @dg.op(config_schema=schema)
    def it(context: dg.OpExecutionContext):
        return context.op_config

    @dg.job
    def j():
        it()

    run_config = {"ops": {"it": {"config": config[0]}}} if config else {}
    return j.execute_in_process(run_config=run_config, **run).output_for_node("it")


def errors(schema: Any, *config: Any) -> list[Any]:
    """What is wrong with a config."""
    with pytest.raises(dg.DagsterInvalidConfigError) as caught:
        given(schema, *config)
    return caught.value.errors


def reasons(schema: Any, *config: Any) -> list[str]:
    return [each.reason.value for each in errors(schema, *config)]


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class TestField:
    def test_required_by_default(self):
        assert dg.Field(int).is_required
        assert reasons({"a": dg.Field(int)}, {}) == ["MISSING_REQUIRED_FIELD"]

    def test_a_default_makes_it_optional(self):
        field = dg.Field(int, default_value=3)
        assert not field.is_required
        assert field.default_provided
        assert field.default_value == 3
        assert given({"a": field}) == {"a": 3}

    def test_row_22_a_default_is_judged_at_once(self):
        with pytest.raises(dg.DagsterInvalidConfigError):
            dg.Field(int, default_value="x")

    def test_row_22_a_required_field_has_no_default(self):
        from dagster._check import ParameterCheckError

        with pytest.raises(ParameterCheckError):
            dg.Field(int, default_value=1, is_required=True)

    def test_optional_without_default_is_left_out(self):
        assert given({"a": dg.Field(int, is_required=False)}) == {}

    def test_what_it_tells(self):
        field = dg.Field(str, default_value="x", description="words", is_secret=True)
        assert (field.description, field.is_secret, field.default_value_as_json_str) == ("words", True, '"x"')

    def test_a_bad_schema_is_told_at_the_definition(self):
        with pytest.raises(dg.DagsterInvalidConfigDefinitionError, match="cannot be the type of config"):

            @dg.op(config_schema={"a": object()})
            def it(context): ...


class TestTypes:
    @pytest.mark.parametrize(
        ("schema", "raw", "value"),
        [
            (int, 3, 3),
            (float, 3, 3.0),
            (str, "x", "x"),
            (bool, True, True),
            (dg.Any, {"x": [1]}, {"x": [1]}),
            ({"a": int}, {"a": 1}, {"a": 1}),
            (dg.Shape({"a": int}), {"a": 1}, {"a": 1}),
            (dg.Permissive({"a": int}), {"a": 1, "b": 2}, {"a": 1, "b": 2}),
            (dg.Permissive(), {"b": 2}, {"b": 2}),
            (dict, {"b": 2}, {"b": 2}),
            (dg.Selector({"a": int, "b": str}), {"b": "x"}, {"b": "x"}),
            (dg.Map(str, int), {"k": 1}, {"k": 1}),
            ({str: int}, {"k": 1}, {"k": 1}),
            ([int], [1, 2], [1, 2]),
            (dg.Array(int), [1], [1]),
            (dg.Noneable(int), None, None),
            (dg.Noneable(int), 4, 4),
            (dg.ScalarUnion(int, {"x": int}), 3, 3),
            (dg.ScalarUnion(int, {"x": int}), {"x": 3}, {"x": 3}),
            (dg.Enum("E", [dg.EnumValue("one", python_value=1), dg.EnumValue("two")]), "one", 1),
            (dg.Enum("E", [dg.EnumValue("one", python_value=1), dg.EnumValue("two")]), "two", "two"),
            (dg.Enum.from_python_enum(Colour), "BLUE", Colour.BLUE),
            (dg.Shape({"long": int}, field_aliases={"long": "l"}), {"l": 1}, {"long": 1}),
            (dg.StringSource, "x", "x"),
            (dg.IntSource, 3, 3),
            (dg.BoolSource, False, False),
        ],
        ids=str,
    )
    def test_values(self, schema: Any, raw: Any, value: Any):
        assert given(schema, raw) == value

    @pytest.mark.parametrize(
        ("schema", "raw"),
        [
            (int, True),
            (int, "3"),
            (str, 3),
            (bool, 1),
            (float, "x"),
            ({"a": int}, 3),
            (dg.Map(str, int), {"k": "x"}),
            ([int], [1, "x"]),
            ([int], {}),
            (dg.Noneable(int), "x"),
            (dg.ScalarUnion(int, {"x": int}), "x"),
            (dg.Enum.from_python_enum(Colour), "r"),
            (dg.IntSource, "3"),
            (dg.BoolSource, "true"),
        ],
        ids=str,
    )
    def test_row_14_wrong_types(self, schema: Any, raw: Any):
        assert reasons(schema, raw) == ["RUNTIME_TYPE_MISMATCH"]

    def test_shapes_are_strict(self):
        assert reasons({"a": int}, {"a": 1, "b": 2}) == ["FIELD_NOT_DEFINED"]
        assert reasons({"a": int}, {"a": 1, "b": 2, "c": 3}) == ["FIELDS_NOT_DEFINED"]

    @pytest.mark.parametrize("raw", [{}, {"a": 1, "b": "x"}])
    def test_row_17_a_selector_takes_exactly_one(self, raw: Any):
        found = errors(dg.Selector({"a": int, "b": str}), raw)
        assert [each.reason.value for each in found] == ["SELECTOR_FIELD_ERROR"]
        assert ("can only specify a single field" if raw else "Must specify a field") in found[0].message

    def test_a_noneable_may_be_left_out(self):
        assert given({"a": dg.Noneable(int)}) == {"a": None}
        assert given({"a": dg.Field(dg.Noneable(int), is_required=False)}) == {"a": None}

    @pytest.mark.parametrize(
        ("source", "text", "value"),
        [
            (dg.StringSource, "x", "x"),
            (dg.IntSource, "3", 3),
            (dg.BoolSource, "true", True),
            (dg.BoolSource, "false", False),
        ],
        ids=str,
    )
    def test_sources_read_the_environment(self, source: Any, text: str, value: Any, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("CORPUS", text)
        assert given({"a": source}, {"a": {"env": "CORPUS"}}) == {"a": value}

    def test_row_18_missing_variable(self):
        assert reasons({"a": dg.IntSource}, {"a": {"env": "NO_SUCH"}}) == ["FAILED_POST_PROCESSING"]


class TestDefaults:
    def test_they_are_filled_recursively(self):
        schema = {"outer": {"inner": {"x": dg.Field(int, default_value=1), "y": dg.Field(str, is_required=False)}}}
        assert given(schema) == {"outer": {"inner": {"x": 1}}}

    @pytest.mark.parametrize("schema", [dict, dg.Permissive(), dg.Shape({}), {"p": dg.Permissive()}], ids=str)
    def test_what_needs_nothing_may_be_left_out(self, schema: Any):
        assert given(schema) == ({"p": {}} if isinstance(schema, dict) else {})

    def test_one_required_field_makes_its_parents_required(self):
        schema = {"outer": {"inner": {"x": int}}}
        found = errors(schema)
        assert 'Missing required config entry "ops" at the root' in found[0].message

    def test_a_shape_may_have_a_default_as_a_whole(self):
        assert given({"s": dg.Field({"x": int}, default_value={"x": 5})}) == {"s": {"x": 5}}


class TestErrors:
    def test_several_are_told_together(self):
        with pytest.raises(dg.DagsterInvalidConfigError) as caught:
            given({"a": int, "b": str}, {"a": "x", "b": 3, "c": 4})
        assert len(caught.value.errors) == 3
        assert all(f"Error {number}: " in str(caught.value) for number in (1, 2, 3))

    def test_levels_and_paths(self):
        found = errors({"a": int}, {"a": "x"})[0]
        assert found.stack.levels == ["ops", "it", "config", "a"]
        assert "Invalid scalar at path root:ops:it:config:a" in found.message

    def test_positions_and_keys(self):
        assert "root:ops:it:config[1]" in errors([int], [1, "x"])[0].message
        assert "root:ops:it:config:'a':value" in errors({str: int}, {"a": "x"})[0].message

    def test_row_15_missing_entries_with_an_example(self):
        found = errors({"a": int, "b": {"c": [str]}}, {})[0]
        assert found.reason.value == "MISSING_REQUIRED_FIELDS"
        assert found.error_data == ["a", "b"]
        assert "'b': {'c': ['...']}" in found.message

    def test_row_15_reported_at_the_highest_ancestor(self):
        found = errors({"a": int})
        assert [each.stack.levels for each in found] == [[]]
        assert 'Missing required config entry "ops" at the root' in found[0].message
        assert "{'ops': {'it': {'config': {'a': 0}}}}" in found[0].message

    @pytest.mark.parametrize("config", [{"solids": {}}, {"ops": {"other": {}}}, {"opss": {}}])
    def test_row_16_unknown_entries(self, config: dict[str, Any]):
        @dg.op
        def it(): ...

        @dg.job
        def j():
            it()

        with pytest.raises(dg.DagsterInvalidConfigError, match="Received unexpected config entry") as caught:
            j.execute_in_process(run_config=config, raise_on_error=False)
        assert "Expected:" in str(caught.value)

    def test_values_of_secrets_are_not_repeated(self):
        with pytest.raises(dg.DagsterInvalidConfigError) as caught:
            given({"password": int}, {"password": "hunter2"})
        assert "hunter2" not in str(caught.value)


class TestWhereSchemasGo:
    def test_assets(self):
        @dg.asset(config_schema={"n": dg.Field(int, default_value=2)})
        def a(context: dg.AssetExecutionContext):
            return context.op_execution_context.op_config["n"]

        assert dg.materialize([a]).output_for_node("a") == 2
        config = {"ops": {"a": {"config": {"n": 3}}}}
        assert dg.materialize([a], run_config=config).output_for_node("a") == 3

    def test_without_a_schema_any_config_is_taken(self):
        @dg.op
        def it(context):
            return context.op_config

        @dg.job
        def j():
            it()

        assert j.execute_in_process(run_config={"ops": {"it": {"config": [1]}}}).output_for_node("it") == [1]

    def test_config_classes_as_schemas(self):
        class C(dg.Config):
            a: int
            b: str = "z"

        assert given(C.to_config_schema(), {"a": 1}) == {"a": 1, "b": "z"}
        assert set(C.to_fields_dict()) == {"a", "b"}
        assert given({"c": C.to_config_schema()}, {"c": {"a": 1}}) == {"c": {"a": 1, "b": "z"}}


class TestRunConfigOfJobs:
    def test_validate_run_config_fills_all_defaults(self):
        @dg.op(config_schema={"a": dg.Field(int, default_value=1), "b": dg.Field(str, is_required=False)})
        def it(context): ...

        @dg.job
        def j():
            it()

        found = dg.validate_run_config(j, {"ops": {"it": {"config": {"b": "x"}}}})
        assert found["ops"]["it"]["config"] == {"a": 1, "b": "x"}
        assert found["loggers"] == {}
        assert "execution" in found
        assert "io_manager" in found["resources"]
        assert dg.validate_run_config(j)["ops"]["it"]["config"] == {"a": 1}
        with pytest.raises(dg.DagsterInvalidConfigError):
            dg.validate_run_config(j, {"ops": {"it": {"config": {"a": "x"}}}})

    def test_defaults_of_the_job_lie_below(self):
        @dg.op(config_schema={"a": int, "b": int})
        def it(context):
            return context.op_config

        @dg.job(config={"ops": {"it": {"config": {"a": 1, "b": 2}}}})
        def j():
            it()

        found = j.execute_in_process(run_config={"ops": {"it": {"config": {"b": 3}}}}).output_for_node("it")
        assert found == {"a": 1, "b": 3}

    def test_from_yaml(self, tmp_path: Path):
        (tmp_path / "a.yaml").write_text("ops: {x: {config: {a: 1, b: 1}}}")
        (tmp_path / "b.yaml").write_text("ops: {x: {config: {b: 2}}}")
        wanted = {"ops": {"x": {"config": {"a": 1, "b": 2}}}}
        assert dg.config_from_files([str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]) == wanted
        assert dg.config_from_files([str(tmp_path / "*.yaml")]) == wanted
        texts = [(tmp_path / name).read_text() for name in ("a.yaml", "b.yaml")]
        assert dg.config_from_yaml_strings(texts) == wanted
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="cannot be read"):
            dg.config_from_pkg_resources([("no_such_package", "x.yaml")])
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="produced no results"):
            dg.config_from_files([str(tmp_path / "none.yaml")])
        with pytest.raises(dg.DagsterInvariantViolationError):
            dg.config_from_yaml_strings(["--- : : {"])
