"""The API over a control plane in memory: what is written is what is read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from rostrum.model import events as ev
from rostrum.model.errors import ErrorInfo, Frame
from rostrum.model.metadata import FloatMetadata, IntMetadata
from rostrum.model.runs import Run
from rostrum.web.views.runs import RunView
from tests.integration.web.conftest import CHECK, CLEAN, RAW, Site

LAUNCH = """mutation($input: LaunchInput!) {
    launch(input: $input) { runs { id status title more partitionKey triggerName } backfill { id counts } }
}"""
ERROR = ErrorInfo(
    class_name="ValueError", message="no gust", frames=(Frame("shop.py", 14, "orders", ("x = 1",), 14, user=True),)
)


def launch(site: Site, **given: Any) -> Any:
    return site.ask(LAUNCH, input=given)["launch"]


def play(site: Site, run_id: str, *, fail: bool) -> Run:
    """What a worker would send."""
    with site.deployment.storage.begin(write=True) as session:
        run = session.runs.get(run_id)
        assert run is not None
        run = site.deployment.runs.mark_starting(session, run)
    now = site.deployment.clock.now()
    key = run.target.partition_key
    events: list[ev.Event] = [
        ev.RunStarted(at=now, epoch=run.epoch, step_keys=("raw__orders", "core__orders")),
        ev.StepStarted(at=now, step_key="raw__orders"),
        ev.AssetMaterialized(
            at=now,
            step_key="raw__orders",
            asset_key=RAW,
            partition_key=key,
            metadata={"rows": IntMetadata(10), "r": FloatMetadata(float("nan"))},
        ),
        ev.StepSucceeded(at=now, step_key="raw__orders", seconds=1.0),
        ev.StepStarted(at=now, step_key="core__orders"),
    ]
    if fail:
        events += [
            ev.StepFailed(at=now, step_key="core__orders", error=ERROR),
            ev.RunFailed(at=now, reason="step_failure", failed_step_keys=("core__orders",)),
        ]
    else:
        events += [
            ev.AssetMaterialized(at=now, step_key="core__orders", asset_key=CLEAN, partition_key=key),
            ev.CheckEvaluated(
                at=now,
                step_key="core__orders",
                check_key=CHECK,
                passed=False,
                severity="warn",
                description="2 rows twice",
            ),
            ev.StepSucceeded(at=now, step_key="core__orders"),
            ev.RunSucceeded(at=now + timedelta(seconds=2)),
        ]
    stream = ev.worker_stream(run.epoch)
    placed = [msgspec.structs.replace(e, run_id=run_id, stream=stream, sequence=n) for n, e in enumerate(events, 1)]
    site.deployment.events.append(run_id, run.epoch, placed)
    with site.deployment.storage.begin() as session:
        after = session.runs.get(run_id)
    assert after is not None
    return after


def test_launch_queues_a_run_with_its_assets_planned(site: Site) -> None:
    launched = launch(site, target={"job": "daily"}, partitionKeys=["d2"])
    (run,) = launched["runs"]
    assert (run["status"], run["title"], run["partitionKey"], run["triggerName"]) == ("queued", "daily", "d2", "local")
    data = site.ask(
        """query($id: String!) { run(id: $id) { waitsFor steps assetKeys canCancel canRetry } asset(key: "core/orders")
        { status health } }""",
        id=run["id"],
    )
    assert data["run"]["assetKeys"] == ["raw/orders", "core/orders"]
    assert [step["key"] for step in data["run"]["steps"]] == [
        "raw__orders",
        "core__orders",
        "core__orders_no_duplicates",
    ]
    assert data["run"]["waitsFor"]
    assert (data["run"]["canCancel"], data["run"]["canRetry"]) == (True, False)
    assert data["asset"]["status"] == "running"


def test_the_same_idempotency_key_is_the_same_run(site: Site) -> None:
    first = launch(site, target={"assetKeys": ["raw/orders"]}, partitionKeys=["d1"], idempotencyKey="k")
    again = launch(site, target={"assetKeys": ["raw/orders"]}, partitionKeys=["d1"], idempotencyKey="k")
    assert first["runs"][0]["id"] == again["runs"][0]["id"]
    assert site.ask("{ runFacets }")["runFacets"]["status"] == {"queued": 1}


def test_several_partitions_are_a_backfill_and_can_be_cancelled(site: Site) -> None:
    launched = launch(site, target={"job": "daily"}, partitionKeys=["d1", "d2", "d3"])
    backfill = launched["backfill"]
    assert backfill["counts"] == {"queued": 3}
    data = site.ask("mutation($id: String!) { cancelBackfill(id: $id) { counts canceledAt } }", id=backfill["id"])
    assert data["cancelBackfill"]["counts"] == {"canceled": 3}
    assert site.ask("{ queue { queued inProgress } }")["queue"] == {"queued": 0, "inProgress": 0}


def test_a_failed_run_tells_why_first_and_can_be_retried_from_failure(site: Site) -> None:
    run_id = launch(site, target={"job": "daily"}, partitionKeys=["d1"])["runs"][0]["id"]
    play(site, run_id, fail=True)
    run = site.ask(
        """query($id: String!) { run(id: $id) { status errorLine error failedStepKey errorSeen stepsDone stepsFailed
        steps retries { id } } }""",
        id=run_id,
    )["run"]
    assert (run["status"], run["errorLine"], run["failedStepKey"]) == ("failure", "ValueError: no gust", "core__orders")
    assert run["error"]["frames"][0]["file"] == "shop.py"
    assert run["errorSeen"] == 1
    assert [step["status"] for step in run["steps"]] == ["success", "failure"]
    now = site.ask("{ now { attention { kind title message href times } counts { failedRuns } } }")["now"]
    assert now["counts"]["failedRuns"] == 1
    assert (now["attention"][0]["kind"], now["attention"][0]["href"]) == ("run", f"/r/{run_id}")
    retried = site.ask("mutation($id: String!) { retryRun(id: $id) { id parentRunId triggerKind } }", id=run_id)[
        "retryRun"
    ]
    assert (retried["parentRunId"], retried["triggerKind"]) == (run_id, "retry")
    with site.deployment.storage.begin() as session:
        found = session.runs.get(retried["id"])
    assert found is not None
    assert "raw__orders" not in found.target.step_selection


def test_a_run_that_nobody_asked_for_is_listed_and_shown(site: Site) -> None:
    run_id = launch(site, target={"job": "daily"}, partitionKeys=["d1"])["runs"][0]["id"]
    play(site, run_id, fail=True)
    by_itself = site.deployment.runs.retry(run_id).run_id
    (run, _) = site.ask("{ runs { runs { id triggerKind triggerName } } }")["runs"]["runs"]
    assert run == {"id": by_itself, "triggerKind": "retry", "triggerName": ""}


def test_what_is_typical_does_not_count_the_run_itself(site: Site) -> None:
    question = "query($id: String!) { run(id: $id) { typicalSeconds } }"
    first, second = (
        launch(site, target={"job": "daily"}, partitionKeys=[key])["runs"][0]["id"] for key in ("d1", "d2")
    )
    play(site, first, fail=False)
    assert site.ask(question, id=first)["run"]["typicalSeconds"] is None
    assert site.ask(question, id=second)["run"]["typicalSeconds"] == 2.0


def test_what_nobody_foresaw_in_a_field_is_told_and_logged(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = launch(site, target={"job": "daily"}, partitionKeys=["d1"])["runs"][0]["id"]
    monkeypatch.setattr(RunView, "title", property(dict[str, str]().__getitem__))
    (error,) = site.errors("query($id: String!) { run(id: $id) { title } }", id=run_id)
    assert error["message"] == "the server failed in run.title: KeyError; its log says why"
    assert f"request {error['extensions']['requestId']}: run.title failed" in caplog.text
    assert "Traceback" in caplog.text


def test_a_success_shows_on_asset_partitions_checks_and_trends(site: Site) -> None:
    for key, fail in (("d1", False), ("d2", True)):
        play(site, launch(site, target={"job": "daily"}, partitionKeys=[key])["runs"][0]["id"], fail=fail)
    asset = site.ask(
        """{ asset(key: "raw/orders") { status lastMetadata trends recentRuns history downstream { key status } jobs
        automations partitionCounts } }"""
    )["asset"]
    assert asset["status"] == "materialized"
    assert asset["lastMetadata"]["r"] == {"kind": "float", "value": "NaN"}
    assert [point[1] for point in asset["trends"]["rows"]] == [10, 10]
    assert "r" not in asset["trends"]
    assert asset["downstream"][0]["key"] == "core/orders"
    assert (asset["jobs"], asset["automations"]) == (["daily"], ["mornings"])
    status = site.ask("""{ partitions(assetKey: "core/orders") checks { name status message } }""")
    assert status["partitions"]["counts"] == {"materialized": 1, "failed": 1, "running": 0, "missing": 1}
    assert status["partitions"]["ranges"] == [[0, 1, "materialized"], [1, 1, "failed"]]
    assert (status["checks"][0]["status"], status["checks"][0]["message"]) == ("failed", "2 rows twice")


def test_events_are_paged_by_cursor_to_their_end(site: Site) -> None:
    run_id = launch(site, target={"job": "daily"}, partitionKeys=["d1"])["runs"][0]["id"]
    play(site, run_id, fail=False)
    query = "query($id: String!, $after: Int!) { events(runId: $id, after: $after, limit: 4) { events cursor end } }"
    kinds: list[str] = []
    cursor = 0
    while True:
        page = site.ask(query, id=run_id, after=cursor)["events"]
        kinds += [event["kind"] for event in page["events"]]
        cursor = page["cursor"]
        if page["end"]:
            break
    assert kinds[:2] == ["run_queued", "run_planned"]
    assert kinds[-1] == "run_succeeded"
    assert len(kinds) == len(set(range(len(kinds))))


def test_schedules_are_switched_and_say_when_they_tick_next(site: Site) -> None:
    automation = site.ask("{ automations { name running words nextAt upcoming cron timezone } }")["automations"][0]
    assert (automation["running"], automation["nextAt"]) == (False, None)
    assert len(automation["upcoming"]) == 5
    data = site.ask(
        """mutation { setAutomation(location: "shop.py", name: "mornings", running: true) { running nextAt } }"""
    )["setAutomation"]
    assert data["running"] is True
    assert data["nextAt"] == automation["upcoming"][0]


def test_reload_and_what_it_finds(site: Site) -> None:
    location = site.ask("""mutation { reloadLocation(name: "shop.py") { status assets jobs schedules fork } }""")[
        "reloadLocation"
    ]
    assert location == {"status": "ready", "assets": 2, "jobs": 1, "schedules": 1, "fork": "fork"}


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ({"job": "dayly"}, "not_found", "did you mean daily"),
        ({"assetKeys": ["core/order"]}, "not_found", "did you mean core/orders"),
        ({}, "config", "a job or at least one asset"),
        ({"job": "daily", "location": "nowhere.py"}, "not_found", "nowhere.py"),
    ],
)
def test_wrong_targets_are_answered_with_the_nearest_right_one(
    site: Site, target: dict[str, Any], code: str, said: str
) -> None:
    (error,) = site.errors(LAUNCH, input={"target": target})
    assert error["extensions"]["code"] == code
    assert said in error["message"]


def test_an_unknown_partition_and_config_are_refused_and_nothing_is_stored(site: Site) -> None:
    (error,) = site.errors(LAUNCH, input={"target": {"job": "daily"}, "partitionKeys": ["d9"]})
    assert "d9" in error["message"]
    (error,) = site.errors(LAUNCH, input={"target": {"job": "daily"}, "partitionKeys": ["d1", "d9"]})
    assert "d9" in error["message"]
    assert site.ask("{ runFacets }")["runFacets"]["status"] == {}


def test_plan_preview_counts_runs_and_steps(site: Site) -> None:
    query = """query($keys: [String!]) {
        planPreview(target: {job: "daily"}, partitionKeys: $keys) { runs steps stepKeys problems }
    }"""
    assert site.ask(query, keys=["d1", "d2"])["planPreview"]["steps"] == 6


def test_search_finds_everything_that_has_a_name(site: Site) -> None:
    kinds = {hit["kind"] for hit in site.ask("""{ search(text: "or") { kind title href } }""")["search"]}
    assert {"asset", "automation", "check"} <= kinds


def test_queries_too_deep_or_too_long_are_refused(site: Site) -> None:
    deep = "{ runs { runs " + "{ retries " * 25 + "{ id }" + " }" * 25 + " } }"
    assert "deeper" in site.errors(deep)[0]["message"]
    hidden = "query { runs { runs { ...a } } } " + " ".join(
        f"fragment f{n} on Run {{ retries {{ ...f{n + 1} }} }}" for n in range(25)
    )
    hidden = hidden.replace("...a", "...f0") + " fragment f25 on Run { id }"
    assert "deeper" in site.errors(hidden)[0]["message"]
    assert "longer" in site.errors("{ deployment { name } }" + " " * 30_000)[0]["message"]
