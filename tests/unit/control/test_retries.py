from __future__ import annotations

from datetime import UTC, datetime

from rostrum.control.retries import unfinished
from rostrum.control.waiting import waiting_reasons
from rostrum.model.errors import ErrorInfo
from rostrum.model.events import AnyEvent, RunStarted, StepFailed, StepSkipped, StepStarted, StepSucceeded
from rostrum.model.manifest import OpNode, OutputNode
from rostrum.model.plans import Plan, Step
from rostrum.planning.queue import QueueLimits
from tests.control_plane import Plane

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLAN = Plan(
    (
        Step("list", "list"),
        Step("work", "work", upstream=("list",)),
        Step("more", "work", upstream=("work",)),
        Step("sum", "sum", upstream=("more",)),
        Step("alone", "sum"),
    )
)
OPS = {"list": OpNode("list", outputs=(OutputNode(dynamic=True),)), "work": OpNode("work"), "sum": OpNode("sum")}


def good(*keys: str) -> list[AnyEvent]:
    return [StepSucceeded(at=NOW, step_key=key) for key in keys]


def bad(key: str) -> AnyEvent:
    return StepFailed(at=NOW, step_key=key, error=ErrorInfo("E", "x"))


def test_interrupted_and_never_started_steps_are_left() -> None:
    events = [*good("list", "work[a]", "more[a]"), StepStarted(at=NOW, step_key="sum")]
    # `sum` collects items, which only a run of the steps that make them knows.
    assert unfinished(events, PLAN, OPS) == ["list", "work", "more", "sum", "alone"]
    plain = Plan((Step("a", "x"), Step("b", "x", upstream=("a",))))
    assert unfinished([*good("a"), StepStarted(at=NOW, step_key="b")], plain, {}) == ["b"]


def test_a_failed_item_brings_back_the_step_that_lists_the_items() -> None:
    events = [*good("list", "work[a]", "alone"), bad("work[b]")]
    assert unfinished(events, PLAN, OPS) == ["list", "work", "more", "sum"]


def test_skipped_is_done_and_a_later_attempt_counts() -> None:
    events: list[AnyEvent] = [bad("list"), *good("list"), StepSkipped(at=NOW, step_key="work")]
    assert unfinished(events, PLAN, OPS) == ["more", "sum", "alone"]


def test_a_later_worker_starts_over() -> None:
    events: list[AnyEvent] = [*good("list", "alone"), RunStarted(at=NOW, epoch=2), *good("alone")]
    assert unfinished(events, PLAN, OPS) == ["list", "work", "more", "sum"]


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
