from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rostrum.control.retries import Rerun, items_after
from rostrum.control.waiting import waiting_reasons
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo, NotPartitioned, UnknownPartition
from rostrum.model.events import AnyEvent, OutputStored, RunStarted, StepFailed, StepSkipped, StepStarted, StepSucceeded
from rostrum.model.manifest import OpNode, OutputNode
from rostrum.model.plans import FromStep, Plan, Step, StepInput
from rostrum.model.runs import Run, RunTarget
from rostrum.planning.dynamic import known_items
from rostrum.planning.queue import QueueLimits
from rostrum.planning.standing import Standing, output_origins
from tests.control_plane import Plane

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ITEMS = (("list", "result"),)
PLAN = Plan(
    (
        Step("list", "list"),
        Step("work", "work", (StepInput("x", (FromStep("list", over="item"),)),), ("list",), mapped_over=ITEMS),
        Step("more", "work", (StepInput("x", (FromStep("work"),)),), ("work",), mapped_over=ITEMS),
        Step("sum", "sum", (StepInput("xs", (FromStep("more", over="steps"),), fan_in=True),), ("more",)),
        Step("alone", "sum"),
    )
)
OPS = {"list": OpNode("list", outputs=(OutputNode(dynamic=True),)), "work": OpNode("work"), "sum": OpNode("sum")}


def good(*keys: str) -> list[AnyEvent]:
    return [StepSucceeded(at=NOW, step_key=key) for key in keys]


def bad(key: str) -> AnyEvent:
    return StepFailed(at=NOW, step_key=key, error=ErrorInfo("E", "x"))


def item(key: str) -> AnyEvent:
    return OutputStored(at=NOW, step_key="list", mapping_key=key)


def test_interrupted_and_never_started_steps_are_left() -> None:
    events = [item("a"), *good("list", "work[a]", "more[a]"), StepStarted(at=NOW, step_key="sum")]
    assert list(Standing(events).unfinished(PLAN, OPS)) == ["alone", "sum"]
    plain = Plan((Step("a", "x"), Step("b", "x", upstream=("a",))))
    assert list(Standing([*good("a"), StepStarted(at=NOW, step_key="b")]).unfinished(plain, {})) == ["b"]


def test_only_the_failed_item_is_done_again() -> None:
    events = [item("a"), item("b"), *good("list", "work[a]", "more[a]", "alone"), bad("work[b]")]
    assert list(Standing(events).unfinished(PLAN, OPS)) == ["work[b]", "more[b]", "sum"]
    run = Run(run_id="r", target=RunTarget("here", "j"), created_at=NOW)
    known = items_after(run, Standing(events), PLAN, OPS)
    assert known == {"list": {"result": ("a", "b")}}
    origins = output_origins(run, Standing([*events, OutputStored(at=NOW, step_key="more[a]")]), PLAN, known)
    assert known_items(dict.fromkeys(origins, "r")) == {}  # the plan is that of all steps: it yields them anew
    part = Plan((Step("sum", "sum", (StepInput("xs", (FromStep("more[a]"), FromStep("more[b]"))),)),))
    origins = output_origins(run, Standing([*events, OutputStored(at=NOW, step_key="more[a]")]), part, known)
    assert origins == {"list:result[a]": "r", "list:result[b]": "r", "more[a]:result": "r"}
    assert known_items(origins) == known


def test_that_there_are_no_items_is_known_too() -> None:
    run = Run(run_id="r", target=RunTarget("here", "j"), created_at=NOW)
    known = items_after(run, Standing(good("list")), PLAN, OPS)
    origins = output_origins(run, Standing(good("list")), Plan((Step("sum", "sum"),)), known)
    assert known_items(origins) == {"list": {"result": ()}}


def test_skipped_is_done_and_a_later_attempt_counts() -> None:
    events: list[AnyEvent] = [bad("list"), *good("list"), StepSkipped(at=NOW, step_key="alone")]
    assert list(Standing(events).unfinished(PLAN, OPS)) == ["sum"]


def test_a_later_worker_starts_over() -> None:
    events: list[AnyEvent] = [*good("list", "alone"), RunStarted(at=NOW, epoch=2), *good("alone")]
    assert list(Standing(events).unfinished(PLAN, OPS)) == ["list", "work", "more", "sum"]


def test_why_runs_wait() -> None:
    plane = Plane()
    with plane.storage.begin() as session:
        assert waiting_reasons(session, QueueLimits(), NOW) == {}
    first, second = plane.submit(), plane.submit()
    plane.starting(first)
    with plane.storage.begin() as session:
        reasons = waiting_reasons(session, QueueLimits(max_concurrent_runs=1), NOW)
    assert {run_id: reason.message for run_id, reason in reasons.items()} == {
        second.run_id: "waits for a free slot: 1 of 1 runs in progress"
    }


def test_what_is_below_a_skipped_asset_stays_passed_over(plane: Plane) -> None:
    """However often the rest is repeated; not where the asset itself is made again."""
    first = plane.submit_assets("raw", "clean", "report", partition_key="2026-03-01")
    plane.starting(first)
    plane.begin(first.run_id, steps=("raw", "clean", "report"))
    made = OutputStored(at=NOW, step_key="raw", asset_key=AssetKey.of("raw"))
    plane.work(first.run_id, 1, made, *good("raw", "clean"))
    plane.runs.fail(first.run_id, "worker_died")
    second = plane.runs.retry(first.run_id)
    left = ("report_not_empty", "report")
    assert (second.target.step_selection, second.output_origins) == (left, {"report:": ""})
    plane.runs.cancel(second.run_id)
    third = plane.runs.retry(second.run_id)
    assert (third.target.step_selection, third.output_origins) == (left, {"report:": ""})
    assert plane.runs.retry(second.run_id, "all").output_origins == {"report:": ""}
    chosen = plane.runs.retry(second.run_id, how=Rerun(steps=("report",)))
    assert chosen.output_origins == {"report:": ""}
    assert plane.runs.retry(second.run_id, how=Rerun(steps=("clean+",))).output_origins == {}
    assert plane.runs.retry(first.run_id, "all").output_origins == {}


def test_the_rest_of_a_run_keeps_its_partition() -> None:
    """Though nothing in it has partitions: it may load what has."""
    plane = Plane()
    first = plane.submit_assets("raw", "clean", "report", partition_key="2026-03-01")
    plane.starting(first)
    plane.begin(first.run_id, steps=("raw", "clean", "report"))
    plane.work(first.run_id, 1, *good("raw", "clean"))
    plane.runs.fail(first.run_id, "worker_died")
    second = plane.runs.retry(first.run_id)
    assert (second.target.step_selection, second.target.partition_key) == (("report_not_empty", "report"), "2026-03-01")
    with pytest.raises(NotPartitioned, match="asset 'report' is not partitioned"):
        plane.submit_assets("report", partition_key="2026-03-01")
    with pytest.raises(UnknownPartition):
        plane.submit_assets("raw", "report", partition_key="2020-03-01", step_selection=("report",))
