from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from rostrum.model.assets import AssetKey
from rostrum.model.errors import Conflict, ErrorInfo, StateError, StepNotFound, SubsetError
from rostrum.model.events import (
    AnyEvent,
    OutputStored,
    RunStarted,
    StepFailed,
    StepRetrying,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    StepWorkerStarted,
)
from rostrum.model.plans import FromAsset, FromStep, Plan, Step, StepInput, Tried
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.dynamic import absent_outputs
from rostrum.planning.progress import PlanProgress, without_passed_over
from rostrum.planning.reruns import rerun_target, selected_steps
from rostrum.planning.standing import Standing, output_origins, passed_over, still_passed_over

T0 = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = (
    Step("a", "a"),
    Step("core__b", "b", upstream=("a",), asset_keys=(AssetKey.of("core/b"),)),
    Step("work[x]", "w", upstream=("core__b",), mapping_keys=("x",)),
    Step("work[y]", "w", upstream=("core__b",), mapping_keys=("y",)),
    Step("inner.end", "e", upstream=("work[x]", "work[y]")),
)
ERROR = ErrorInfo("E", "x")


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        (["a"], ["a"]),
        (["core/b"], ["core__b"]),
        (["work"], ["work[x]", "work[y]"]),
        (["work[y]"], ["work[y]"]),
        (["inner"], ["inner.end"]),
        (["a+"], ["a", "core__b"]),
        (["a++"], ["a", "core__b", "work[x]", "work[y]"]),
        (["core/b*"], ["core__b", "work[x]", "work[y]", "inner.end"]),
        (["*core__b"], ["a", "core__b"]),
        (["+inner.end"], ["work[x]", "work[y]", "inner.end"]),
        (["a", "inner.end"], ["a", "inner.end"]),
        (["*"], [step.key for step in STEPS]),
    ],
)
def test_clauses(clauses: list[str], found: list[str]) -> None:
    assert selected_steps(STEPS, clauses) == found


def test_wrong_clauses_are_told() -> None:
    with pytest.raises(StepNotFound, match=r"no step or asset 'core/c'.*Did you mean 'core/b'"):
        selected_steps(STEPS, ["core/c+"])
    with pytest.raises(SubsetError, match="cannot be read"):
        selected_steps(STEPS, ["+"])


def run(status: RunStatus) -> Run:
    return Run(run_id="r", target=RunTarget("l", "j"), created_at=T0, status=status)


def test_targets() -> None:
    standing = Standing([StepSucceeded(at=T0, step_key="a")])
    plan = Plan(STEPS[:2])
    rest = rerun_target(run(RunStatus.FAILURE), "from_failure", standing, plan, {})
    assert rest.step_selection == ("core__b",)
    assert rerun_target(run(RunStatus.FAILURE), "all", standing, plan, {}).step_selection == ()
    chosen = rerun_target(run(RunStatus.SUCCESS), "from_failure", standing, plan, {}, ["a"])
    assert chosen.step_selection == ("a",)
    with pytest.raises(Conflict, match="can be retried once it has ended"):
        rerun_target(run(RunStatus.RUNNING), "all", standing, plan, {})
    with pytest.raises(Conflict, match="nothing is left"):
        rerun_target(run(RunStatus.SUCCESS), "from_failure", standing, plan, {})
    with pytest.raises(StateError, match="no retry strategy 'some'"):
        rerun_target(run(RunStatus.FAILURE), "some", standing, plan, {})


def test_where_a_run_stands_over_two_workers() -> None:
    """What the first has done stays done when the second resumes, and is forgotten when it starts over."""
    first: list[AnyEvent] = [
        RunStarted(at=T0, epoch=1, step_keys=("a", "b", "c")),
        OutputStored(at=T0, step_key="a"),
        StepSucceeded(at=T0, step_key="a"),
        StepWorkerStarted(at=T0, step_key="b"),
        StepStarted(at=T0, step_key="b", attempt=2),
    ]
    standing = Standing(first)
    assert (standing.good, standing.under_way, standing.waiting) == ({"a"}, {"b": 2}, ["c"])
    lost = StepRetrying(at=T0, step_key="b", error=ERROR, attempt=2, cause="lost")
    assert Standing([*first, lost]).waiting == ["b", "c"]
    resumed = Standing([*first, lost, RunStarted(at=T0, epoch=2, step_keys=("b", "c"), resumed=True)])
    assert (resumed.good, resumed.outputs, resumed.waiting) == ({"a"}, {"a:result"}, ["b", "c"])
    anew = Standing([*first, RunStarted(at=T0, epoch=2, step_keys=("a", "b", "c"))])
    assert (anew.good, anew.outputs, anew.waiting) == (set(), set(), ["a", "b", "c"])
    assert Standing([*first, StepFailed(at=T0, step_key="b", error=ERROR)]).under_way == {}


def test_what_was_not_produced_passes_over_what_needs_it() -> None:
    """`a` ended well without its output `two`: `b` was passed over, and so is what needs `b` in the rest."""
    plan = Plan(
        (
            Step("a", "a"),
            Step("b", "b", (StepInput("x", (FromStep("a", "two"),)),), ("a",)),
            Step("u", "u", (StepInput("x", (FromStep("a", "one"),)),), ("a",)),
            Step("d", "d", (StepInput("x", (FromStep("b"),)), StepInput("y", (FromStep("u"),))), ("b", "u")),
            Step("f", "f", (StepInput("xs", (FromStep("b"), FromStep("u")), fan_in=True),), ("b", "u")),
            Step("g", "g", (StepInput("x", (FromStep("d"),)),), ("d",)),
        )
    )
    told: list[AnyEvent] = [
        OutputStored(at=T0, step_key="a", output="one"),
        StepSucceeded(at=T0, step_key="a"),
        StepSkipped(at=T0, step_key="b"),
        StepFailed(at=T0, step_key="u", error=ERROR),
    ]
    standing = Standing(told)
    left = standing.unfinished(plan, {})
    assert left == ["u", "d", "f", "g"]
    rest = Plan(
        tuple(replace(s, upstream=tuple(u for u in s.upstream if u in left)) for s in plan.steps if s.key in left)
    )
    origins = output_origins(run(RunStatus.FAILURE), standing, rest)
    assert origins == {"a:one": "r", "b:result": ""}
    progress = PlanProgress(replace(rest, absent=absent_outputs(origins)))
    progress.succeeded("u")
    assert [step.key for step in progress.newly_skipped()] == ["d", "g"]
    assert [step.key for step in progress.ready()] == ["u", "f"]
    # The worker was lost after `u`: `d` is passed over from the start.
    standing = Standing([*told[:3], OutputStored(at=T0, step_key="u"), StepSucceeded(at=T0, step_key="u")])
    rest = Plan(tuple(replace(s, upstream=("d",) if s.key == "g" else ()) for s in plan.steps if s.key in "dfg"))
    origins = output_origins(run(RunStatus.FAILURE), standing, rest)
    kept, passed = without_passed_over(replace(rest, absent=absent_outputs(origins)))
    assert ([step.key for step in kept.steps], [step.key for step in passed]) == (["f"], ["d", "g"])


RAW, MAYBE, REPORT = (AssetKey.of(name) for name in ("raw", "maybe", "report"))
ASSETS = (
    Step("pair", "pair", asset_keys=(RAW, MAYBE)),
    Step("alone", "alone", asset_keys=(AssetKey.of("alone"),)),
    Step("late", "late"),
    Step("loads", "l", inputs=(StepInput("x", (FromAsset(MAYBE),)),), upstream=("pair", "late")),
    Step("takes", "t", inputs=(StepInput("x", (FromAsset(RAW),)),), upstream=("pair", "late")),
    Step("follows", "f", upstream=("pair", "late")),
    Step("after", "f", upstream=("alone", "late"), asset_keys=(REPORT,)),
    Step("last", "f", inputs=(StepInput("x", (FromAsset(REPORT),)),), upstream=("after",)),
)
REST = ("late", "loads", "takes", "follows", "after", "last")


def rest_of_assets(*keys: str) -> Plan:
    steps = (step for step in ASSETS if step.key in keys)
    return Plan(tuple(replace(step, upstream=tuple(u for u in step.upstream if u in keys)) for step in steps))


def told_of_assets() -> list[AnyEvent]:
    return [
        RunStarted(at=T0, epoch=1, step_keys=tuple(step.key for step in ASSETS)),
        OutputStored(at=T0, step_key="pair", output="raw", asset_key=RAW),
        StepSucceeded(at=T0, step_key="pair"),
        StepSucceeded(at=T0, step_key="alone"),
        StepFailed(at=T0, step_key="late", error=ERROR),
    ]


def test_an_asset_that_was_skipped_is_absent_for_the_rest() -> None:
    """What loads it is passed over in its turn, and what follows a step that made nothing at all."""
    origins = passed_over(Standing(told_of_assets()), ASSETS, REST)
    assert origins == {"loads:": "", "after:": ""}
    progress = PlanProgress(replace(rest_of_assets(*REST), absent=absent_outputs(origins)))
    progress.succeeded("late")
    assert [step.key for step in progress.newly_skipped()] == ["after", "loads", "last"]
    assert [step.key for step in progress.ready()] == ["late", "follows", "takes"]


def test_an_asset_below_one_that_was_skipped_is_absent_too() -> None:
    told = [*told_of_assets()[:-1], StepSucceeded(at=T0, step_key="late")]
    rest = rest_of_assets("loads", "after", "last")
    rest = replace(rest, steps=(*rest.steps, Step("slow", "s"), Step("end", "e", upstream=("last", "slow"))))
    origins = passed_over(Standing(told), ASSETS, ("loads", "after", "last"))
    kept, passed = without_passed_over(replace(rest, absent=absent_outputs(origins)))
    assert [step.key for step in passed] == ["after", "loads", "last"]
    progress = PlanProgress(kept)
    progress.succeeded("slow")
    assert [step.key for step in progress.newly_skipped()] == ["end"]


def test_the_latest_run_tells_what_was_skipped() -> None:
    """An asset that a later run has made is there, and one that is made again is waited for."""
    settled: set[str] = set()
    made = OutputStored(at=T0, step_key="alone", asset_key=AssetKey.of("alone"))
    later = Standing([RunStarted(at=T0, epoch=1, step_keys=("alone",)), made, StepSucceeded(at=T0, step_key="alone")])
    assert passed_over(later, ASSETS, REST, settled) == {}
    assert passed_over(Standing(told_of_assets()), ASSETS, REST, settled) == {"loads:": ""}
    assert passed_over(Standing(told_of_assets()), ASSETS, ("pair", *REST)) == {"after:": ""}
    assert still_passed_over(replace(run(RunStatus.FAILURE), output_origins={"after:": "", "x:": ""}), REST) == {
        "after:": ""
    }


def test_what_is_left_of_a_delay() -> None:
    at = T0 + timedelta(seconds=100)
    waits = StepRetrying(at=T0, step_key="a", error=ERROR, attempt=2, delay_seconds=150.0)
    standing = Standing([RunStarted(at=T0, epoch=1, step_keys=("a", "b")), waits])
    assert standing.tried_before(("a", "b"), at) == {"a": Tried(2, delay_seconds=50.0)}
    assert standing.tried_before(("a",), at + timedelta(seconds=50)) == {"a": Tried(2)}
    assert standing.tried_before(("a",), T0 - timedelta(hours=1)) == {"a": Tried(2, delay_seconds=150.0)}, "two clocks"
    begun = [RunStarted(at=T0, epoch=1, step_keys=("a",)), waits, StepStarted(at=at, step_key="a", attempt=3)]
    assert Standing(begun).tried_before(("a",), at) == {"a": Tried(3)}
    lost = StepRetrying(at=at, step_key="a", error=ERROR, attempt=3, cause="lost", stream="control", run_id="r")
    assert Standing([*begun, lost]).tried_before(("a",), at) == {"a": Tried(3, interrupted=1)}
