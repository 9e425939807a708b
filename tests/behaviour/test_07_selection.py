"""Section 7: asset selection."""

from __future__ import annotations

import dagster as dg
import pytest
from dagster._check import CheckError
from dagster._core.errors import DagsterInvalidAssetSelectionError

A = dg.AssetSelection


@dg.asset(group_name="g1", deps=["src"], kinds={"python"})
def s1() -> None: ...


@dg.asset(group_name="g1", deps=[s1], tags={"t": "", "u": "v"}, owners=["team:x"])
def s2() -> None: ...


@dg.asset(group_name="g2", deps=[s2], owners=["me@x.com"], kinds={"dbt", "sql"})
def s3() -> None: ...


@dg.asset(key=["p", "s1"], group_name="g2", tags={"t": "v"})
def other() -> None: ...


@dg.asset_check(asset=s1)
def ok() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset_check(asset=s3)
def ok3() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


ALL = [dg.AssetSpec("src", group_name="g1"), s1, s2, s3, other, ok, ok3]
GRAPH = dg.Definitions(assets=ALL).resolve_asset_graph()


def chosen(selection: object) -> str:
    return " ".join(sorted(key.to_user_string() for key in A.from_coercible(selection).resolve(GRAPH)))


# --- text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", "p/s1 s1 s2 s3"),
        ('key:"s2"', "s2"),
        ("key:s2", "s2"),
        ("group:g1", "s1 s2"),
        ("tag:u=v", "s2"),
        ('tag:"u"="v"', "s2"),
        ("kind:dbt", "s3"),
        ('owner:"team:x"', "s2"),
        ('owner:"me@x.com"', "s3"),
        ("group:g1 and kind:python", "s1"),
        ("group:g1 AND kind:python", "s1"),
        ("kind:dbt or kind:python", "s1 s3"),
        ("kind:dbt OR kind:python", "s1 s3"),
        ("not group:g1", "p/s1 s3"),
        ("NOT group:g1", "p/s1 s3"),
        ("(kind:dbt or kind:python) and group:g1", "s1"),
        ("roots(*)", "p/s1 s1"),
        ("sinks(*)", "p/s1 s3"),
        ("roots(group:g2)", "p/s1 s3"),
        ("sinks(group:g1)", "s2"),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    assert chosen(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('+key:"s3"', "s1 s2 s3"),
        ('key:"s1"+', "s1 s2 s3"),
        ('1+key:"s3"', "s2 s3"),
        ('key:"s1"+1', "s1 s2"),
        ('2+key:"s3"', "s1 s2 s3"),
        ('+key:"s2"+', "s1 s2 s3"),
    ],
)
def test_traversal(text: str, expected: str) -> None:
    assert chosen(text) == expected


def test_not_binds_tighter_than_and_and_tighter_than_or() -> None:
    assert chosen("key:s1 or key:s1 and key:s2") == "s1"
    assert chosen("not key:s1 and group:g1") == "s2"


@pytest.mark.parametrize(
    ("text", "expected"), [("key:s*", "s1 s2 s3"), ("key:*s3", "s3"), ('key:"p/*"', "p/s1"), ("key:*s1", "p/s1 s1")]
)
def test_wildcards_in_keys(text: str, expected: str) -> None:
    assert chosen(text) == expected


@pytest.mark.parametrize("text", ["key:*", "kind:k*", "key:s1++"])
def test_wildcards_and_signs_that_are_not_allowed(text: str) -> None:
    with pytest.raises(DagsterInvalidAssetSelectionError):
        A.from_string(text)


def test_a_tag_without_value_is_the_empty_value() -> None:
    assert chosen("tag:t") == "s2"
    assert chosen("tag:t=v") == "p/s1"


def test_assets_without_kinds() -> None:
    assert chosen("kind:<null>") == "p/s1 s2"


@pytest.mark.parametrize("text", ["tag:<null>", "owner:null", 'group:""', "key:nothing", 'key:"no such"'])
def test_what_matches_nothing_is_silent(text: str) -> None:
    assert chosen(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s2", "s2"),
        ("p/s1", "p/s1"),
        ("s1+", "s1 s2"),
        ("s1++", "s1 s2 s3"),
        ("s1*", "s1 s2 s3"),
        ("+s3", "s2 s3"),
        ("++s3", "s1 s2 s3"),
        ("*s3", "s1 s2 s3"),
    ],
)
def test_the_simple_grammar(text: str, expected: str) -> None:
    assert chosen(text) == expected


def test_surprise_2_layers_and_all_layers() -> None:
    assert chosen("s1+") != chosen('key:"s1"+')


def test_row_43_a_bare_key_that_does_not_exist() -> None:
    with pytest.raises(dg.DagsterInvalidSubsetError, match="no AssetsDefinition objects supply these keys"):
        chosen("s4")


def test_row_43_the_nearest_key_is_told() -> None:
    with pytest.raises(dg.DagsterInvalidSubsetError, match="Did you mean 'p/s1'"):
        chosen("p/s2")


def test_row_43_unknown_keys_of_a_selection_of_a_run() -> None:
    with pytest.raises(dg.DagsterInvalidSubsetError):
        dg.materialize([s1], selection=dg.AssetSelection.assets("nowhere"))


@pytest.mark.parametrize(
    "text", ["s1 or s2", "s1 and s2", "not s1", '"s2"', "(s2)", "roots(s2)", "s2 s3", "key:", "and", "owner:team:x", ""]
)
def test_row_42_what_does_not_parse(text: str) -> None:
    with pytest.raises(DagsterInvalidAssetSelectionError, match="Invalid selection string"):
        A.from_string(text)


@pytest.mark.parametrize("name", ["column", "table_name", "column_tag", "changed_in_branch", "status"])
def test_attributes_of_servers_parse_and_cannot_be_resolved_here(name: str) -> None:
    selection = A.from_string(f"{name}:x")
    with pytest.raises(NotImplementedError, match=name):
        selection.resolve(GRAPH)


def test_code_location_cannot_be_resolved_here() -> None:
    with pytest.raises(CheckError, match="code_location"):
        A.from_string("code_location:x").resolve(GRAPH)


# --- objects


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (A.all(), "p/s1 s1 s2 s3"),
        (A.all(include_sources=True), "p/s1 s1 s2 s3 src"),
        (A.assets("s1", "p/s1"), "p/s1 s1"),
        (A.assets(s1, other), "p/s1 s1"),
        (A.keys("s1", ["p", "s1"], dg.AssetKey("s2")), "p/s1 s1 s2"),
        (A.groups("g1"), "s1 s2"),
        (A.groups("g1", include_sources=True), "s1 s2 src"),
        (A.groups("g1", "g2"), "p/s1 s1 s2 s3"),
        (A.tag("u", "v"), "s2"),
        (A.tag_string("u=v"), "s2"),
        (A.kind("sql"), "s3"),
        (A.kind(None), "p/s1 s2"),
        (A.owner("team:x"), "s2"),
        (A.key_prefixes("p"), "p/s1"),
        (A.key_prefixes(["p"]), "p/s1"),
        (A.key_substring("s"), "p/s1 s1 s2 s3"),
        (A.key_substring("s", include_sources=True), "p/s1 s1 s2 s3 src"),
        (A.checks(ok), ""),
        (A.checks_for_assets(s1), ""),
        (A.all_asset_checks(), ""),
        (A.assets(s3).upstream(), "s1 s2 s3"),
        (A.assets(s3).upstream(depth=1), "s2 s3"),
        (A.assets(s3).upstream(depth=1, include_self=False), "s2"),
        (A.assets(s1).downstream(depth=1), "s1 s2"),
        (A.assets(s1).downstream(include_self=False), "s2 s3"),
        (A.groups("g2").roots(), "p/s1 s3"),
        (A.groups("g1").sinks(), "s2"),
        (A.groups("g1").sources(), "s1"),
        (A.assets(s1).upstream_source_assets(), "src"),
        (A.all(include_sources=True).materializable(), "p/s1 s1 s2 s3"),
        (A.groups("g1") | A.groups("g2"), "p/s1 s1 s2 s3"),
        (A.groups("g1") & A.kind("python"), "s1"),
        (A.all() - A.groups("g1"), "p/s1 s3"),
    ],
)
def test_selections(selection: dg.AssetSelection, expected: str) -> None:
    assert chosen(selection) == expected


def test_upstream_leaves_out_external_assets() -> None:
    assert "src" not in chosen(A.assets(s3).upstream())


def test_neighbours_of_a_multi_asset() -> None:
    @dg.multi_asset(specs=[dg.AssetSpec("m1"), dg.AssetSpec("m2")])
    def both() -> None: ...

    found = A.assets("m1").required_multi_asset_neighbors().resolve([both])
    assert found == {dg.AssetKey("m1"), dg.AssetKey("m2")}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (A.assets("s2").downstream(depth=1), 'key:"s2"+1'),
        (A.assets("s2").upstream(), '+key:"s2"'),
        (A.all() & A.groups("g1"), '* and group:"g1"'),
        (A.all() - A.assets("s1"), 'not key:"s1"'),
        (A.assets("s1", "s2"), 'key:"s1" or key:"s2"'),
        (A.tag("u", "v"), 'tag:"u"="v"'),
        (A.all().roots(), "roots(*)"),
    ],
)
def test_printed_as_an_expression(selection: dg.AssetSelection, expected: str) -> None:
    assert str(selection) == expected
    assert chosen(str(selection)) == chosen(selection)


# --- from_coercible and resolve


def test_coerced() -> None:
    assert chosen("s1") == "s1"
    assert chosen(["s1", "s2+"]) == "s1 s2 s3"
    assert chosen([s1, s2]) == "s1 s2"
    assert chosen([dg.AssetKey("s1"), dg.AssetKey(["p", "s1"])]) == "p/s1 s1"
    assert A.from_coercible(A.all()) == A.all()


@pytest.mark.parametrize("value", [3, None, {"a": 1}])
def test_what_cannot_be_coerced(value: object) -> None:
    with pytest.raises(CheckError):
        A.from_coercible(value)


def test_differs_a_list_of_keys_and_definitions() -> None:
    """The peer refuses a list that holds keys and definitions; here what each selects is selected."""
    assert chosen([dg.AssetKey("s1"), s2]) == "s1 s2"


def test_resolved_against_definitions() -> None:
    assert A.groups("g1").resolve([s1, s2, s3]) == {dg.AssetKey("s1"), dg.AssetKey("s2")}
    assert A.assets("s1").downstream().resolve([s1, s2]) == {dg.AssetKey("s1"), dg.AssetKey("s2")}


def test_missing_keys_may_be_allowed() -> None:
    assert A.assets("s1", "gone").resolve(GRAPH, allow_missing=True) == {dg.AssetKey("s1")}


def test_checks_of_selections() -> None:
    keys = {ok.check_key, ok3.check_key}
    assert A.all().resolve_checks(GRAPH) == keys
    assert A.assets(s1).resolve_checks(GRAPH) == {ok.check_key}
    assert A.assets(s1).without_checks().resolve_checks(GRAPH) == set()
    assert A.checks(ok3).resolve_checks(GRAPH) == {ok3.check_key}
    assert A.checks(ok3.check_key).resolve_checks(GRAPH) == {ok3.check_key}
    assert A.checks_for_assets(s1).resolve_checks(GRAPH) == {ok.check_key}
    assert A.all_asset_checks().resolve_checks(GRAPH) == keys
    assert (A.all() - A.all_asset_checks()).resolve_checks(GRAPH) == set()
    assert (A.all() - A.checks(ok)).resolve_checks(GRAPH) == {ok3.check_key}


# --- jobs


def job_of(selection: object, *assets: object) -> dg.JobDefinition:
    job = dg.define_asset_job("some", selection=selection)
    return dg.Definitions(assets=list(assets) or ALL, jobs=[job]).resolve_job_def("some")


def steps(job: dg.JobDefinition) -> list[str]:
    return [event.step_key for event in job.execute_in_process().get_step_success_events()]


def test_a_job_selects_everything_by_default() -> None:
    job = dg.define_asset_job("everything")
    resolved = dg.Definitions(assets=[s1, s2], jobs=[job]).resolve_job_def("everything")
    assert steps(resolved) == ["s1", "s2"]


def test_a_job_of_text() -> None:
    assert steps(job_of('key:"s2"+')) == ["s2", "s3", "s3_ok3"]


def test_row_43_a_job_of_an_unknown_key() -> None:
    with pytest.raises(
        dg.DagsterInvalidDefinitionError, match=r"test_07_selection\.py:\d+: job some: .*nowhere"
    ) as told:
        job_of("nowhere")
    assert isinstance(told.value.__cause__, dg.DagsterInvalidSubsetError)


def test_a_job_of_an_empty_selection_has_no_steps() -> None:
    job = job_of(dg.AssetSelection.groups("nobody"))
    assert job.execute_in_process().success
    assert steps(job) == []


def test_row_44_a_part_of_what_is_made_together() -> None:
    @dg.multi_asset(specs=[dg.AssetSpec("m1"), dg.AssetSpec("m2")])
    def both() -> None: ...

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="can_subset"):
        dg.materialize([both], selection="m1")
    with pytest.raises(dg.DagsterInvalidSubsetError):
        dg.materialize([both], selection="m1")
