"""Processes of steps: resources that hang before or after the step, hooks that take their time, values of a retry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from rostrum import (
    AssetSpec,
    DataVersion,
    Definitions,
    HookContext,
    ObserveResult,
    OpExecutionContext,
    RetryPolicy,
    job,
    multi_observable_source_asset,
    observable_source_asset,
    op,
    resource,
    success_hook,
)
from rostrum.execution.local import LocalRunner
from rostrum.executors import attempts
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.model.events import EngineMessage, StepFailed, StepRetrying
from rostrum.model.manifest import ASSET_JOB
from rostrum.model.runs import RunStatus
from tests.integration.execution.test_concurrently import run

pytestmark = pytest.mark.processes


@resource
def hangs_at_the_end() -> Iterator[int]:
    try:
        yield 1
    finally:
        time.sleep(60)


@resource
def hangs_at_the_start() -> Iterator[int]:
    time.sleep(60)
    yield 1


@op(required_resource_keys={"it"}, timeout=0.3)
def uses() -> None:
    pass


@job(resource_defs={"it": hangs_at_the_end})
def with_a_long_end() -> None:
    uses()


@job(resource_defs={"it": hangs_at_the_start})
def with_a_long_start() -> None:
    uses()


def test_a_worker_that_does_not_tear_down_is_killed_and_its_step_has_succeeded() -> None:
    ran = run(with_a_long_end, MultiprocessExecutor(grace_seconds=0.5))
    assert ran.run.status is RunStatus.SUCCESS
    assert ran.seconds < 20
    (told,) = [event for event in ran.events if isinstance(event, EngineMessage)]
    assert told.message == "The worker of this step (process) has not ended long after the step had: it is killed."


def test_resources_of_a_step_with_a_time_limit_do_not_hang_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_SET_UP_SECONDS", 0.1)
    ran = run(with_a_long_start, MultiprocessExecutor(grace_seconds=0.5))
    assert ran.failed("uses").cause == "timeout"
    assert ran.seconds < 20


@success_hook
def slow(context: HookContext) -> None:
    time.sleep(1.2)


@op
def plain() -> None:
    pass


@job(hooks={slow})
def hooked() -> None:
    plain()


def test_hooks_may_take_longer_than_the_grace() -> None:
    ran = run(hooked, MultiprocessExecutor(grace_seconds=0.3))
    assert ran.kinds("plain")[-1] == "hook_completed"
    assert not [event for event in ran.events if isinstance(event, EngineMessage)]


@op(isolation="in_process")
def makes() -> list[int]:
    return [1]


@op(isolation="thread", retry_policy=RetryPolicy(max_retries=1))
def changes(context: OpExecutionContext, value: list[int]) -> list[int]:
    value.append(2)
    if context.retry_number == 0:
        raise ValueError(value)
    return value


@op(isolation="thread")
def shows(value: list[int]) -> None:
    raise ValueError(value)


@job
def changing() -> None:
    shows(changes(makes()))


def test_a_retry_does_not_see_what_the_attempt_before_has_made_of_its_input(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path))
    ran = run(changing, MultiprocessExecutor(), in_memory=False)
    (retried,) = [event for event in ran.events if isinstance(event, StepRetrying)]
    assert retried.error.message == ran.failed("shows").error.message == "[1, 2]"


@observable_source_asset(isolation="process", timeout=0.3)
def one_table() -> DataVersion:
    time.sleep(30)
    return DataVersion("1")


@multi_observable_source_asset(specs=[AssetSpec("left"), AssetSpec("right")], isolation="process", timeout=0.3)
def two_tables() -> Iterator[ObserveResult]:
    time.sleep(30)
    yield ObserveResult(asset_key="left")


def test_observations_have_a_place_and_a_time_limit() -> None:
    definitions = Definitions(assets=[one_table, two_tables]).resolved()
    assert {(node.isolation, node.timeout_seconds) for node in definitions.manifest.ops} == {("process", 0.3)}
    selection = sorted(definitions.graph.nodes)
    result = LocalRunner().execute(
        definitions, job=ASSET_JOB, asset_selection=selection, executor="multiprocess", raise_on_error=False
    )
    ends = [event for event in result.events if isinstance(event, StepFailed)]
    assert [event.cause for event in ends] == ["timeout"] * 2
