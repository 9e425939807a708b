"""The run config of a job as one JSON schema."""

from __future__ import annotations

from typing import Any

import pytest

from rostrum import Config, ConfigurableResource, Definitions, Field, asset, config_mapping, graph, job, op
from rostrum.model.runs import RunTarget
from rostrum.planning.config_schemas import config_problems
from rostrum.planning.graph import AssetGraph
from rostrum.planning.job_schemas import run_config_schema
from rostrum.planning.plan import build_plan, job_node


class Inner(Config):
    n: int


class Outer(Config):
    inner: Inner
    name: str = "x"


@op
def typed(config: Outer): ...


@op(config_schema={"a": int, "b": Field(str, default_value="b")})
def styled(context): ...


@op
def fed(x): ...


@graph
def nested():
    styled()


class Db(ConfigurableResource):
    url: str
    password: str = "p"


def schema_of(definitions: Definitions, name: str) -> dict[str, Any]:
    manifest = definitions.manifest()
    index = AssetGraph(manifest)
    plan = build_plan(manifest, RunTarget(location="", job=name), index)
    return run_config_schema(manifest, job_node(manifest, name), plan.steps, index)


@job
def whole():
    typed()
    nested()
    fed()


GOOD: dict[str, Any] = {
    "ops": {
        "typed": {"config": {"inner": {"n": 1}}},
        "nested": {"ops": {"styled": {"config": {"a": 1}}}},
        "fed": {"inputs": {"x": 3}},
    }
}


def test_sections_and_what_must_be_given() -> None:
    schema = schema_of(Definitions(jobs=[whole], resources={"db": Db(url="u")}), "whole")
    assert schema["required"] == ["ops"]
    assert config_problems(schema, GOOD, "config") == []
    assert config_problems(schema, {**GOOD, "resources": {"db": {"config": {"url": "v"}}}}, "config") == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("ops", "typed", "config", "inner", "n"), "x", "ops.typed.config.inner.n"),
        (("ops", "nested", "ops", "styled", "config", "a"), "x", "ops.styled.config.a"),
        (("ops", "other"), {}, "config.ops.other: unknown key"),
        (("solids",), {}, "config.solids: unknown key"),
        (("resources",), {"db": {"config": {"ur": 1}}}, "resources.db.config.ur: unknown key"),
    ],
)
def test_mistakes(path: tuple[str, ...], value: Any, told: str) -> None:
    schema = schema_of(Definitions(jobs=[whole], resources={"db": Db(url="u")}), "whole")
    config: dict[str, Any] = _copied(GOOD)
    place = config
    for part in path[:-1]:
        place = place.setdefault(part, {})
    place[path[-1]] = value
    assert any(told in problem for problem in config_problems(schema, config, "config"))


def test_what_is_missing() -> None:
    schema = schema_of(Definitions(jobs=[whole]), "whole")
    assert any(problem.startswith("config.ops: missing") for problem in config_problems(schema, {}, "config"))


def test_no_secrets() -> None:
    assert "'p'" not in repr(schema_of(Definitions(jobs=[whole], resources={"db": Db(url="u")}), "whole"))


def test_a_mapping_has_its_own_schema() -> None:
    @config_mapping(config_schema={"simple": int})
    def simple(given: Any) -> Any:
        return {"ops": {"styled": {"config": {"a": given["simple"]}}}}

    @job(config=simple)
    def mapped():
        styled()

    schema = schema_of(Definitions(jobs=[mapped]), "mapped")
    assert config_problems(schema, {"simple": 1}, "config") == []
    assert mapped.execute_in_process(run_config={"simple": 4}).success


def test_assets_have_theirs_too() -> None:
    @asset(key_prefix="p")
    def made(config: Inner): ...

    schema = schema_of(Definitions(assets=[made]), "__asset_job__")
    assert config_problems(schema, {"ops": {"p__made": {"config": {"n": 1}}}}, "config") == []
    assert config_problems(schema, {"ops": {"p__made": {"config": {}}}}, "config")


def _copied(value: Any) -> Any:
    return {key: _copied(each) for key, each in value.items()} if isinstance(value, dict) else value
