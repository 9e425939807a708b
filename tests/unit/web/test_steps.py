"""Rows of the timeline are a fold of step events over the plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rostrum.model import events as ev
from rostrum.model.assets import AssetKey
from rostrum.model.errors import ErrorInfo
from rostrum.model.metadata import IntMetadata
from rostrum.model.plans import Plan, Step
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.web.steps import Where, step_rows

T0 = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = Plan(
    (
        Step(key="a", op="a", asset_keys=(AssetKey.of("raw/a"),)),
        Step(key="b", op="b", upstream=("a",)),
        Step(key="c", op="c", upstream=("b",)),
    )
)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def run(status: RunStatus = RunStatus.RUNNING) -> Run:
    return Run(run_id="r", target=RunTarget(location="l", job="j"), created_at=T0, status=status, ended_at=at(9))


def test_a_failed_step_has_its_error_and_what_follows_it_is_not_run() -> None:
    error = ErrorInfo(class_name="ValueError", message="no gust\nsecond line")
    events = [
        ev.RunStarted(at=at(0), epoch=1, step_keys=("a", "b", "c")),
        ev.StepStarted(at=at(1), step_key="a"),
        ev.StepSucceeded(at=at(2), step_key="a"),
        ev.StepStarted(at=at(3), step_key="b"),
        ev.StepFailed(at=at(4), step_key="b", error=error),
        ev.StepNotRun(at=at(4), step_key="c", because=("b",)),
    ]
    a, b, c = step_rows(run(RunStatus.FAILURE), PLAN, events)
    assert (a.title, a.status, a.queued_at, a.started_at, a.ended_at) == ("raw/a", "success", at(0), at(1), at(2))
    assert (b.status, b.queued_at, b.error) == ("failure", at(2), "ValueError: no gust")
    assert (c.status, c.started_at, c.ended_at) == ("not_run", None, None)


def test_a_failure_tells_its_metadata() -> None:
    error = ErrorInfo(class_name="Failure", message="no rows")
    begun = ev.StepStarted(at=at(1), step_key="a")
    failed = ev.StepFailed(at=at(2), step_key="a", error=error, metadata={"rows": IntMetadata(0)})
    (row, *_) = step_rows(run(), PLAN, [begun, failed])
    assert row.metadata == {"rows": IntMetadata(0)}


def test_a_step_that_waits_for_its_next_attempt_tells_the_one_that_failed() -> None:
    error = ErrorInfo(class_name="OSError", message="busy")
    begun = ev.StepStarted(at=at(1), step_key="a")
    events = [begun, ev.StepRetrying(at=at(2), step_key="a", error=error, attempt=1, delay_seconds=8)]
    (row, *_) = step_rows(run(), PLAN, events)
    assert (row.status, row.attempts, [(each.started_at, each.ended_at) for each in row.tries]) == (
        "retrying",
        1,
        [(at(1), at(2))],
    )
    assert step_rows(run(), PLAN, [begun])[0].tries == []


def test_steps_that_were_open_when_the_worker_died_are_not_shown_as_running() -> None:
    events = [ev.RunStarted(at=at(0), epoch=1, step_keys=("a", "b", "c")), ev.StepStarted(at=at(1), step_key="a")]
    rows = step_rows(run(RunStatus.FAILURE), PLAN, events)
    assert [row.status for row in rows] == ["failure", "not_run", "not_run"]
    assert rows[0].ended_at == at(9)


def test_a_retry_shows_only_the_steps_it_selected_and_counts_attempts() -> None:
    error = ErrorInfo(class_name="OSError", message="busy")
    events = [
        ev.RunStarted(at=at(0), epoch=1, step_keys=("b", "c")),
        ev.StepStarted(at=at(1), step_key="b", attempt=1),
        ev.StepRetrying(at=at(2), step_key="b", error=error, attempt=1),
        ev.StepStarted(at=at(3), step_key="b", attempt=2),
    ]
    rows = step_rows(run(), PLAN, events)
    assert [row.key for row in rows] == ["b", "c"]
    assert (rows[0].attempts, rows[0].status, rows[0].started_at) == (2, "running", at(1))


def test_mapped_steps_that_the_plan_does_not_know_come_last() -> None:
    events = [ev.RunStarted(at=at(0), epoch=1, step_keys=("a",)), ev.StepStarted(at=at(1), step_key="m[1]")]
    assert [row.key for row in step_rows(run(), PLAN, events)] == ["a", "m[1]"]


def test_a_step_that_killed_its_worker_at_once_was_run() -> None:
    events = [
        ev.RunStarted(at=at(0), epoch=1, step_keys=("a", "b", "c")),
        ev.StepWorkerStarted(at=at(1), step_key="a", pid=1),
    ]
    error = ErrorInfo(class_name="StepWorkerDied", message="SIGKILL")
    for more in (
        [],
        [ev.StepNotRun(at=at(2), step_key="a")],
        [ev.StepFailed(at=at(9), step_key="a", error=error)],
    ):
        a, b, _ = step_rows(run(RunStatus.FAILURE), PLAN, [*events, *more])
        assert (a.status, a.attempts, a.started_at, a.ended_at) == ("failure", 1, at(1), at(9))
        assert b.status == "not_run"


def test_steps_for_items_stand_in_the_place_of_the_one_that_stood_for_them() -> None:
    over = (("list", "result"),)
    plan = Plan(
        (
            Step(key="list", op="list"),
            Step(key="work", op="work", upstream=("list",), mapped_over=over),
            Step(key="more", op="work", upstream=("work",), mapped_over=over),
            Step(key="sum", op="sum", upstream=("more",)),
        )
    )
    before = [ev.RunStarted(at=at(0), epoch=1, step_keys=("list", "sum"))]
    assert [row.key for row in step_rows(run(), plan, before)] == ["list", "work", "more", "sum"]
    events = [
        *before,
        ev.StepsMapped(at=at(1), step_key="list", step_keys=("work[a]", "more[a]", "work[b]", "more[b]")),
        ev.StepStarted(at=at(2), step_key="work[a]"),
    ]
    rows = {row.key: row for row in step_rows(run(), plan, events)}
    assert list(rows) == ["list", "work[a]", "work[b]", "more[a]", "more[b]", "sum"]
    assert rows["work[a]"].status == "running"
    assert rows["more[b]"].upstream == ["work[b]"]
    assert rows["sum"].upstream == ["more[a]", "more[b]"]
    none = step_rows(run(), plan, [*before, ev.StepsMapped(at=at(1), step_key="list")])
    assert [(row.key, row.upstream) for row in none] == [("list", []), ("sum", [])]


def test_attempts_are_told_with_place_and_cause() -> None:
    """Two workers of the run, each counts its attempts from 1; who is resumed was queued once."""
    error = ErrorInfo(class_name="E", message="gone")
    events = [
        ev.RunStarted(at=at(0), epoch=1, step_keys=("a", "b", "c"), pid=1, host="vm"),
        ev.StepWorkerStarted(at=at(1), step_key="a", pid=7),
        ev.StepStarted(at=at(2), step_key="a"),
        ev.StepRetrying(at=at(3), step_key="a", error=error, attempt=1, cause="lost"),
        ev.RunStarted(at=at(4), epoch=2, step_keys=("a", "b", "c"), resumed=True, pid=2, host="vm"),
        ev.StepWorkerStarted(at=at(5), step_key="a", pid=8, place="thread"),
        ev.StepStarted(at=at(6), step_key="a"),
        ev.StepSucceeded(at=at(7), step_key="a"),
        ev.StepStarted(at=at(7), step_key="b"),
        ev.StepWorkerStarted(at=at(7), step_key="b", place="container", worker="etl", host="node"),
        ev.StepFailed(at=at(8), step_key="b", error=error, cause="crash"),
        ev.StepStarted(at=at(8), step_key="c"),
    ]
    a, b, c = step_rows(run(), PLAN, events)
    assert (a.attempts, a.queued_at, a.worker_at, a.started_at, a.ended_at) == (2, at(0), at(1), at(2), at(7))
    assert (a.where, a.error, a.cause) == (Where("thread", 8, "vm"), None, None)
    first, second = a.tries
    assert (first.where, first.ended_at, first.cause, first.error) == (
        Where("process", 7, "vm"), at(3), "lost", "E: gone"
    )  # fmt: skip
    assert (second.worker_at, second.started_at, second.ended_at, second.cause) == (at(5), at(6), at(7), None)
    assert (b.where, b.cause, b.error, b.tries) == (Where("container", None, "node", "etl"), "crash", "E: gone", [])
    assert (c.where, c.status, c.tries) == (Where("", 2, "vm"), "running", [])
