"""Section 0: names, keys, groups, owners, tags, kinds."""

from __future__ import annotations

import dagster as dg
import pytest


def spec_of(**options: object) -> dg.AssetSpec:
    """The resolved spec of an asset with these options."""

    @dg.asset(**options)  # type: ignore[arg-type]
    def made() -> None: ...

    defs = dg.Definitions(assets=[made])
    dg.Definitions.validate_loadable(defs)
    return next(iter(defs.resolve_all_asset_specs()))


def test_key_constructor_does_not_split() -> None:
    assert dg.AssetKey("a/b").path == ["a/b"]
    assert dg.AssetKey(["a", "b"]).to_user_string() == "a/b"
    assert dg.AssetKey.from_user_string("a/b") == dg.AssetKey(["a", "b"])


RESERVED = ["input", "output", "type", "context", "conf", "config", "int", "None", "class", "a-b", "a b", "a/b", ""]


@pytest.mark.parametrize("name", RESERVED[:-1])
def test_reserved_and_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):

        @dg.op(name=name)
        def _op() -> None: ...


@pytest.mark.parametrize("name", ["input", "a-b"])
def test_row_23_jobs_and_graphs_too(name: str) -> None:
    with pytest.raises(
        dg.DagsterInvalidDefinitionError, match=rf"test_00_names\.py:\d+: '{name}' is not a valid name of a job"
    ):

        @dg.job(name=name)
        def _job() -> None: ...

    with pytest.raises(dg.DagsterInvalidDefinitionError, match=f"'{name}' is not a valid name of a graph"):

        @dg.graph(name=name)
        def _graph() -> None: ...


@pytest.mark.parametrize("name", ["list", "ins", "outs", "result", "true"])
def test_names_that_are_not_reserved(name: str) -> None:
    @dg.op(name=name)
    def _op() -> None: ...

    assert _op.name == name


def test_a_function_called_conf_cannot_be_an_op() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):

        @dg.op
        def conf() -> None: ...


def test_key_segments_may_hold_dots_and_dashes() -> None:
    @dg.asset(name="a-b.c")
    def _made() -> None: ...

    assert _made.key == dg.AssetKey("a-b.c")
    assert _made.op.name == "a_b_c"


@pytest.mark.parametrize("name", ["a/b", "a b"])
def test_slashes_and_blanks_in_asset_names_are_refused(name: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):

        @dg.asset(name=name)
        def _made() -> None: ...


def test_the_op_of_an_asset_has_the_key_joined() -> None:
    @dg.asset(key=["p", "q", "nm"])
    def _made() -> int:
        return 3

    assert _made.op.name == "p__q__nm"
    assert dg.materialize_to_memory([_made]).output_for_node("p__q__nm") == 3


def test_run_config_of_an_asset_is_under_the_joined_name() -> None:
    class Settings(dg.Config):
        n: int

    @dg.asset(key=["p", "q"])
    def _made(config: Settings) -> int:
        return config.n

    result = dg.materialize_to_memory([_made], run_config={"ops": {"p__q": {"config": {"n": 4}}}})
    assert result.output_for_node("p__q") == 4


@pytest.mark.parametrize("group", ["a", "a_1", "a/b", "a/b/c"])
def test_groups_that_are_fine(group: str) -> None:
    assert spec_of(group_name=group).group_name == group


@pytest.mark.parametrize("group", ["", "a b", "a-b", "/a", "a//b"])
def test_row_26_bad_groups(group: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="not a valid group"):
        spec_of(group_name=group)


def test_the_default_group_appears_once_resolved() -> None:
    @dg.asset
    def made() -> None: ...

    assert dg.AssetSpec("x").group_name is None
    assert made.group_names_by_key == {made.key: "default"}
    assert dg.Definitions(assets=[made]).manifest().assets[0].group == "default"


@pytest.mark.parametrize("owner", ["me@x.com", "team:data", "team:a b", "a.b+c@mail.example.org"])
def test_owners_that_are_fine(owner: str) -> None:
    assert list(spec_of(owners=[owner]).owners) == [owner]


@pytest.mark.parametrize("owner", ["a@b.c", "me", "me@", "data"])
def test_row_26_bad_owners(owner: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="not a valid owner"):
        spec_of(owners=[owner])


@pytest.mark.parametrize(
    ("key", "value"), [("a", ""), ("ns/a.b-c_d", "x.y-z_1"), ("dagster/x", "1"), ("k" * 63, "v" * 63)]
)
def test_tags_that_are_fine(key: str, value: str) -> None:
    assert dict(spec_of(tags={key: value}).tags) == {key: value}


@pytest.mark.parametrize(
    ("key", "value"), [("a b", ""), ("a/b/c", ""), ("k" * 64, ""), ("a", "x y"), ("a", "v" * 64), ("a", 3), ("", "x")]
)
def test_row_26_bad_tags(key: str, value: object) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="tag"):
        spec_of(tags={key: value})


def test_op_and_job_tags_are_written_as_json() -> None:
    @dg.op(tags={"a": {"x": 1}})
    def one() -> None: ...

    @dg.job(tags={"a b": {"x": 1}})
    def all_of() -> None:
        one()

    assert one.tags == {"a": '{"x": 1}'}
    assert all_of.tags == {"a b": '{"x": 1}'}


def test_kinds_are_a_set_of_any_number_in_any_case() -> None:
    kinds = {"Python", "duckdb", "a b", "s3"}
    assert set(spec_of(kinds=kinds).kinds) == kinds


def test_kinds_given_as_tags_are_kinds() -> None:
    spec = spec_of(tags={"dagster/kind/python": "", "tier": "1"})
    assert set(spec.kinds) == {"python"}


def test_differs_kinds_are_not_listed_among_the_tags() -> None:
    """Dagster keeps a kind as the tag `dagster/kind/<kind>`. Ours keeps kinds apart from the tags that users give, and
    reads such tags as kinds.
    """
    spec = spec_of(kinds={"python"}, tags={"tier": "1"})
    assert dict(spec.tags) == {"tier": "1"}


def test_differs_compute_kind_is_a_kind() -> None:
    """Dagster keeps `compute_kind` as a tag of the op that is no kind. Ours takes it for the kind that was meant."""
    assert set(spec_of(compute_kind="python").kinds) == {"python"}


def test_compute_kind_and_kinds_together_are_refused() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="compute_kind"):
        spec_of(compute_kind="python", kinds={"sql"})


def test_unknown_keyword_arguments_are_type_errors() -> None:
    with pytest.raises(TypeError, match="no_such_thing"):

        @dg.asset(no_such_thing=1)
        def _made() -> None: ...

    with pytest.raises(TypeError, match="no_such_thing"):
        dg.AssetSpec("a", no_such_thing=1)


def test_deprecated_keyword_arguments_warn() -> None:
    with pytest.warns(DeprecationWarning, match="legacy_freshness_policy"):
        dg.AssetSpec("a", legacy_freshness_policy=object())


@pytest.mark.parametrize("name", ["a-b", "a b", "", "a.b"])
def test_names_of_outputs_and_mapping_keys_follow_the_rule(name: str) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):

        @dg.op(out={name: dg.Out()})
        def _op() -> None: ...

    with pytest.raises(dg.DagsterInvalidDefinitionError):
        dg.DynamicOutput(1, mapping_key=name)


def test_differs_no_warning_at_each_call_of_a_young_name(recwarn: pytest.WarningsRecorder) -> None:
    """Dagster warns at each call of what is preview, beta, superseded or deprecated there. What is a name here is
    supported; the classes of warnings are there, for the filters that projects have.
    """
    dg.MultiToSingleDimensionPartitionMapping("a")
    dg.SourceAsset("a")
    dg.AssetSpec("a", is_virtual=True)
    assert not recwarn.list
    for kind in (dg.PreviewWarning, dg.BetaWarning, dg.SupersessionWarning):
        assert issubclass(kind, Warning)
    assert issubclass(dg.SupersessionWarning, FutureWarning)


def test_keys_of_resources_follow_the_rule() -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="'a-b' is not a valid name"):
        dg.Definitions.validate_loadable(dg.Definitions(resources={"a-b": 1}))


@pytest.mark.parametrize(("part", "fits"), [("n" * 63, True), ("n" * 64, False)])
def test_each_section_of_a_tag_key_has_at_most_63_characters(part: str, fits: bool) -> None:
    if fits:
        assert dict(spec_of(tags={f"{part}/{part}": ""}).tags) == {f"{part}/{part}": ""}
    else:
        with pytest.raises(dg.DagsterInvalidDefinitionError, match="at most 63"):
            spec_of(tags={f"{part}/a": ""})
