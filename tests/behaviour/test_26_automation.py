"""Section 26: automation conditions and freshness policies, as data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

C = dg.AutomationCondition
NO_ARGUMENTS = [
    "eager",
    "on_missing",
    "missing",
    "newly_missing",
    "in_progress",
    "run_in_progress",
    "backfill_in_progress",
    "execution_failed",
    "newly_updated",
    "newly_requested",
    "will_be_requested",
    "initial_evaluation",
    "code_version_changed",
    "data_version_changed",
    "in_latest_time_window",
    "check_passed",
    "check_failed",
    "freshness_passed",
    "freshness_warned",
    "freshness_failed",
    "executed_with_root_target",
    "any_deps_updated",
    "any_deps_missing",
    "any_deps_in_progress",
    "all_deps_blocking_checks_passed",
    "any_downstream_conditions",
]
MISSING = C.missing()
WITH_ARGUMENTS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("on_cron", ("0 6 * * *",), {}),
    ("on_cron", ("@daily", "Europe/Berlin"), {}),
    ("cron_tick_passed", ("0 6 * * *",), {}),
    ("all_deps_updated_since_cron", ("0 6 * * *",), {}),
    ("in_latest_time_window", (timedelta(days=3),), {}),
    ("any_deps_match", (MISSING,), {}),
    ("all_deps_match", (MISSING,), {}),
    ("any_checks_match", (C.check_failed(),), {"blocking_only": True}),
    ("all_checks_match", (C.check_passed(),), {}),
    ("asset_matches", ("other", MISSING), {}),
    ("executed_with_tags", (), {"tag_keys": {"a"}}),
    ("any_new_update_has_run_tags", (), {"tag_values": {"a": "b"}}),
    ("all_new_updates_have_run_tags", (), {"tag_keys": {"a"}, "tag_values": {"a": "b"}}),
    ("any_job_root_assets_match", (MISSING,), {}),
    ("all_job_root_assets_match", (MISSING,), {}),
]


def compiled(condition: Any) -> Any:
    @dg.asset(automation_condition=condition)
    def made() -> None: ...

    manifest = dg.Definitions(assets=[made]).manifest()
    return manifest.conditions[manifest.assets[0].automation]


@pytest.mark.parametrize(
    ("name", "args", "kwargs"), [*((name, (), {}) for name in NO_ARGUMENTS), *WITH_ARGUMENTS], ids=str
)
def test_every_constructor_makes_a_condition_that_the_manifest_carries(name: str, args: Any, kwargs: Any) -> None:
    made = getattr(C, name)(*args, **kwargs)
    assert isinstance(made, dg.AutomationCondition)
    assert made == getattr(C, name)(*args, **kwargs)
    assert str(made)
    assert compiled(made) == made.node


def test_all_public_constructors_are_tried() -> None:
    tried = {*NO_ARGUMENTS, *(name for name, _, _ in WITH_ARGUMENTS)}
    constructors = {name for name, value in vars(C).items() if isinstance(value, staticmethod)}
    assert constructors <= tried


def test_combinations() -> None:
    both = C.missing() & C.in_latest_time_window()
    either = C.missing() | C.code_version_changed()
    assert (both.operator_type, either.operator_type, (~both).operator_type) == ("and", "or", "not")
    assert [str(each) for each in both.children] == ["missing", "in_latest_time_window"]
    assert both & C.newly_updated() == C.missing() & C.in_latest_time_window() & C.newly_updated()
    assert C.missing().since(C.newly_updated()) != C.missing().newly_true()
    assert C.missing().since_last_handled().children[1].get_label() == "handled"
    assert hash(both) == hash(C.missing() & C.in_latest_time_window())


def test_labels() -> None:
    labeled = (C.missing() & C.newly_updated()).with_label("mine")
    assert labeled.get_label() == "mine"
    assert str(labeled) == "mine"
    assert str(~labeled) == "(NOT mine)"
    assert labeled != C.missing() & C.newly_updated()
    assert labeled.get_node_unique_id() == (C.missing() & C.newly_updated()).get_node_unique_id()
    assert C.eager().get_label() == "eager"


def test_replace_by_label_and_by_condition() -> None:
    without = C.eager().replace("any_deps_updated", C.any_deps_match(C.newly_updated()))
    assert "any_deps_updated" not in without.description
    older = C.eager().replace(C.in_latest_time_window(), C.in_latest_time_window(timedelta(days=2)))
    assert "172800s" in older.description
    assert C.eager().replace("no such label", C.missing()) == C.eager()


def test_without() -> None:
    part = ~C.any_deps_missing()
    assert "any_deps_missing" in C.eager().description
    assert "any_deps_missing" not in C.eager().without(part).description


def test_allow_and_ignore() -> None:
    narrowed = C.any_deps_updated().ignore(dg.AssetSelection.groups("g"))
    assert narrowed.node.ignore
    assert compiled(narrowed).ignore == narrowed.node.ignore
    eager = C.eager().allow(dg.AssetSelection.assets("a"))
    assert "allow=" in eager.description
    assert "allow=" not in C.eager().description
    twice = C.any_deps_missing().ignore("a").ignore("b")
    assert "a" in (twice.node.ignore or "")
    assert "b" in (twice.node.ignore or "")


@pytest.mark.parametrize("make", [C.on_cron, C.cron_tick_passed])
def test_a_bad_cron(make: Any) -> None:
    with pytest.raises(dg.DagsterInvalidDefinitionError):
        make("nonsense")


def test_conditions_are_combined_with_conditions() -> None:
    with pytest.raises(Exception, match="condition"):
        _ = C.missing() & "x"  # type: ignore[operator]


def test_equal_conditions_are_in_the_manifest_once() -> None:
    def made(name: str) -> Any:
        @dg.asset(name=name, automation_condition=C.eager())
        def asset() -> None: ...

        return asset

    manifest = dg.Definitions(assets=[made("a"), made("b")]).manifest()
    assert len(manifest.conditions) == 1
    assert manifest.assets[0].automation == manifest.assets[1].automation


def test_automation_sensor() -> None:
    @dg.asset(automation_condition=C.eager())
    def made() -> None: ...

    @dg.asset
    def other() -> None: ...

    sensor = dg.AutomationConditionSensorDefinition(
        "auto",
        target=dg.AssetSelection.assets(made),
        run_tags={"team": "x"},
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        default_condition=C.on_missing(),
        emit_backfills=False,
    )
    assert isinstance(sensor, dg.SensorDefinition)
    manifest = dg.Definitions(assets=[made, other], sensors=[sensor]).manifest()
    (node,) = manifest.sensors
    assert (node.kind, node.monitored_assets, node.interval_seconds) == ("automation", (dg.AssetKey("made"),), 10)
    assert (node.run_tags, node.default_running, node.emits_backfills) == ({"team": "x"}, True, False)
    assert manifest.conditions[node.default_condition or ""] == C.on_missing().node


def test_conditions_that_no_sensor_covers_have_one_by_default() -> None:
    @dg.asset(automation_condition=C.eager())
    def covered() -> None: ...

    @dg.asset(automation_condition=C.eager())
    def rest() -> None: ...

    @dg.asset
    def plain() -> None: ...

    sensor = dg.AutomationConditionSensorDefinition("auto", target="covered")
    manifest = dg.Definitions(assets=[covered, rest, plain], sensors=[sensor]).manifest()
    nodes = {node.name: node for node in manifest.sensors}
    default = nodes["default_automation_condition_sensor"]
    assert default.monitored_assets == (dg.AssetKey("rest"),)
    assert not default.default_running
    assert dg.Definitions(assets=[plain]).manifest().sensors == ()


# --- freshness


def test_freshness_of_a_time_window() -> None:
    policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=24), warn_window=timedelta(hours=12))

    @dg.asset(freshness_policy=policy)
    def made() -> None: ...

    (node,) = dg.Definitions(assets=[made]).manifest().assets
    assert node.freshness == policy.node
    assert policy == dg.FreshnessPolicy.time_window(timedelta(hours=24), timedelta(hours=12))


def test_freshness_of_a_cron() -> None:
    policy = dg.FreshnessPolicy.cron("0 9 * * *", timedelta(hours=1), timezone="Europe/Berlin")

    @dg.asset(freshness_policy=policy)
    def made() -> None: ...

    (node,) = dg.Definitions(assets=[made]).manifest().assets
    assert node.freshness == policy.node


@pytest.mark.parametrize(
    "make",
    [
        lambda: dg.FreshnessPolicy.time_window(timedelta(hours=1), timedelta(hours=2)),
        lambda: dg.FreshnessPolicy.time_window(timedelta(seconds=5)),
        lambda: dg.FreshnessPolicy.cron("nonsense", timedelta(hours=1)),
        lambda: dg.FreshnessPolicy.cron("@daily", timedelta(hours=1), "Mars/Base"),
    ],
)
def test_policies_that_make_no_sense(make: Any) -> None:
    with pytest.raises(dg.DagsterError):
        make()


def test_apply_freshness_policy() -> None:
    from dagster.preview.freshness import apply_freshness_policy

    first = dg.FreshnessPolicy.time_window(timedelta(hours=1))
    second = dg.FreshnessPolicy.time_window(timedelta(hours=2))
    spec = apply_freshness_policy(dg.AssetSpec("a"), first)
    assert spec.freshness_policy == first
    assert apply_freshness_policy(spec, second).freshness_policy == second
    assert apply_freshness_policy(spec, second, overwrite_existing=False).freshness_policy == first


# --- what was there before


def test_auto_materialize_policy_is_a_condition() -> None:
    policy = dg.AutoMaterializePolicy.eager().without_rules(dg.AutoMaterializeRule.skip_on_parent_missing())
    added = policy.with_rules(dg.AutoMaterializeRule.materialize_on_cron("@daily"))
    assert len(added.materialize_rules) == len(policy.materialize_rules) + 1
    condition = added.to_automation_condition()
    assert isinstance(condition, dg.AutomationCondition)
    assert "materialize_on_cron" in str(condition)
    assert dg.AutoMaterializePolicy.eager() == dg.AutoMaterializePolicy.eager()

    @dg.asset(auto_materialize_policy=dg.AutoMaterializePolicy.eager())
    def made() -> None: ...

    (node,) = dg.Definitions(assets=[made]).manifest().assets
    assert node.automation == dg.AutoMaterializePolicy.eager().node.identity
    assert dg.AutoMaterializePolicy.lazy() != dg.AutoMaterializePolicy.eager()
    assert dg.AutoMaterializePolicy.from_automation_condition(C.missing()).to_automation_condition() == C.missing()


def test_legacy_freshness_policy() -> None:
    from datetime import UTC, datetime

    policy = dg.LegacyFreshnessPolicy(maximum_lag_minutes=60, cron_schedule="0 9 * * *")
    assert policy.maximum_lag_delta == timedelta(hours=1)
    at = datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert policy.get_evaluation_tick(at) == datetime(2024, 1, 1, 9, tzinfo=UTC)
    overdue = policy.minutes_overdue(datetime(2024, 1, 1, 7, 30, tzinfo=UTC), at)
    assert (overdue.overdue_minutes, overdue.lag_minutes) == (30, 90)
