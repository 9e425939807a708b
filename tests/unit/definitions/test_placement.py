"""Where steps run and how long they may take, as users write it; retry policies that name exceptions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import rostrum as ro
from rostrum.model.events import StepFailed
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.plans import Step
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import build_plan


def steps(definitions: ro.Definitions, job: str = ASSET_JOB) -> dict[str, Step]:
    resolved = definitions.resolved()
    plan = build_plan(resolved.manifest, RunTarget("test", job), resolved.graph)
    return {step.key: step for step in plan.steps}


def placed(step: Step) -> tuple[str | None, float | None]:
    return step.isolation, step.timeout_seconds


@ro.op(isolation="thread", timeout=timedelta(minutes=1))
def work() -> int:
    return 1


def test_ops_and_their_uses():
    @ro.graph
    def inner():
        work()
        work.tag({"rostrum/isolation": "async", "rostrum/timeout": "2.5"}).alias("other")()

    @ro.job
    def outer():
        work()
        inner.tag({"rostrum/timeout": 7})()

    found = steps(ro.Definitions(jobs=[outer]), "outer")
    assert placed(found["work"]) == ("thread", 60.0)
    assert placed(found["inner.work"]) == ("thread", 7.0)
    assert placed(found["inner.other"]) == ("async", 2.5)


def test_assets_and_checks():
    @ro.asset(isolation="process", timeout=1.5)
    def one() -> int:
        return 1

    @ro.asset(op_tags={"rostrum/isolation": "in_process", "rostrum/timeout": 3})
    def two() -> int:
        return 1

    @ro.multi_asset(specs=[ro.AssetSpec("a"), ro.AssetSpec("b")], isolation="remote", timeout=4)
    def several() -> None: ...

    @ro.asset_check(asset=one, isolation="container", timeout=5)
    def good() -> ro.AssetCheckResult:
        return ro.AssetCheckResult(passed=True)

    found = steps(ro.Definitions(assets=[one, two, several], asset_checks=[good]))
    assert {key: placed(step) for key, step in found.items()} == {
        "one": ("process", 1.5),
        "two": ("in_process", 3.0),
        "several": ("remote", 4.0),
        good.node_def.name: ("container", 5.0),
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"isolation": "tread"}, r"isolation is 'tread'; give one of in_process, thread,.* Did you mean 'thread'\?"),
        ({"isolation": 3}, "isolation is 3; give one of"),
        ({"timeout": -1}, "timeout is -1; give more than 0 seconds"),
        ({"timeout": timedelta(0)}, "timeout is 0; give more than 0 seconds"),
        ({"timeout": float("inf")}, "timeout is inf"),
        ({"timeout": "1m"}, r"timeout is a str; give seconds \(a number\) or a timedelta"),
        ({"timeout": True}, "timeout is a bool"),
        ({"tags": {"rostrum/timeout": "soon"}}, "tag rostrum/timeout is 'soon'; give seconds"),
        ({"tags": {"rostrum/isolation": "pod"}}, "tag rostrum/isolation: isolation is 'pod'"),
    ],
)
def test_mistakes_are_told_with_their_place(arguments: dict[str, Any], told: str):
    def define() -> None:
        @ro.op(**arguments)
        def wrong() -> None: ...

        ro.Definitions(jobs=[ro.GraphDefinition("g", node_defs=[wrong]).to_job()]).resolved()

    with pytest.raises(ro.DefinitionError, match=rf"test_placement\.py:\d+: op 'wrong': {told}"):
        define()


def test_a_use_with_a_wrong_tag_is_told_with_the_place_of_its_graph():
    def define() -> None:
        @ro.job
        def wrong():
            work.tag({"rostrum/timeout": "long"})()

        ro.Definitions(jobs=[wrong]).resolved()

    with pytest.raises(ro.DefinitionError, match=r"test_placement\.py:\d+: work: tag rostrum/timeout is 'long'"):
        define()


class Away(ConnectionError):
    pass


def test_policies_name_exceptions():
    policy = ro.RetryPolicy(on=[Away, OSError, "sqlite3.OperationalError"], max_infrastructure_retries=3)
    assert policy.node.on == (f"{__name__}.Away", "OSError", "sqlite3.OperationalError")
    assert policy.node.max_infrastructure_retries == 3
    assert ro.RetryPolicy(on=OSError).node.on == ("OSError",)
    assert ro.RetryPolicy(on=OSError) != ro.RetryPolicy()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"on": [3]}, "on has 3; give exception classes, or their names"),
        ({"on": "Value Error"}, "on has 'Value Error'; give exception classes, or their names"),
        ({"on": ["KeyError", " ValueError"]}, "on has ' ValueError'; give exception classes"),
        ({"on": int}, "on has <class 'int'>"),
        ({"on": []}, "on is empty"),
        ({"max_infrastructure_retries": -1}, "max_infrastructure_retries is -1; it cannot be negative"),
    ],
)
def test_policies_that_cannot_be(arguments: dict[str, Any], told: str):
    with pytest.raises(ro.DefinitionError, match=rf"test_placement\.py:\d+: RetryPolicy: {told}"):
        ro.RetryPolicy(**arguments)


def test_a_time_limit_holds_in_a_script():
    from threading import Event

    @ro.asset(timeout=0.05)
    def hangs() -> None:
        Event().wait(30)

    with pytest.raises(ro.StepTimeout, match=r"longer than its time limit of 0\.05 s"):
        ro.materialize([hangs])
    result = ro.materialize([hangs], raise_on_error=False)
    (failed,) = [event for event in result.events if isinstance(event, StepFailed)]
    assert failed.cause == "timeout"


def test_a_time_limit_holds_in_any_thread():
    from threading import Event, Thread

    @ro.op(timeout=0.05)
    def hangs() -> None:
        while True:
            Event().wait(0.005)

    @ro.op
    def goes_on() -> int:
        return 1

    @ro.job
    def both():
        hangs()
        goes_on()

    results: list[Any] = []
    thread = Thread(target=lambda: results.append(both.execute_in_process(raise_on_error=False)))
    thread.start()
    thread.join()
    (failed,) = [event for event in results[0].events if isinstance(event, StepFailed)]
    assert (failed.step_key, failed.cause) == ("hangs", "timeout")
    assert results[0].output_for_node("goes_on") == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it may come within a destructor
def test_a_step_whose_time_is_over_just_when_it_ends_has_one_end():
    from time import perf_counter

    @ro.op(timeout=0.003)
    def close() -> None:
        until = perf_counter() + 0.0029
        while perf_counter() < until:
            pass

    @ro.job
    def many():
        for _ in range(60):
            close()

    result = many.execute_in_process(raise_on_error=False)
    ends = [event.step_key for event in result.events if event.kind in ("step_succeeded", "step_failed")]
    assert len(ends) == len(set(ends)) == 60
    assert result.events[-1].kind in ("run_succeeded", "run_failed")
