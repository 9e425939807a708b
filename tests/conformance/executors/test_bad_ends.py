"""Hooks and resources of steps in processes of their own that end badly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from rostrum.definitions.events.story import story
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.hooks import HookContext, failure_hook
from rostrum.definitions.ops.jobs import job
from rostrum.definitions.ops.ops import op
from rostrum.definitions.resources.lifecycle import resource
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.model.events import HookCompleted
from rostrum.model.runs import RunStatus
from rostrum.testing.conformance.executors.bench import Bench, kinds, only

pytestmark = pytest.mark.processes


@failure_hook
def mourns(context: HookContext) -> None:
    context.log.error("mourned")


@resource
def opens_never(context: object) -> int:
    raise RuntimeError("no connection")


@resource
def closes_badly(context: object) -> Iterator[int]:
    yield 1
    raise RuntimeError("teardown fails")


@op
def dies() -> None:
    os._exit(3)


@op(required_resource_keys={"one"})
def uses() -> None:
    pass


@job(hooks={mourns})
def dying() -> None:
    dies()


@job(hooks={mourns}, resource_defs={"one": opens_never})
def opening() -> None:
    uses()


@job(resource_defs={"one": closes_badly})
def closing() -> None:
    uses()


@pytest.fixture(params=["process", "thread"], ids=["own process", "shared process"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    defs = Definitions(jobs=[dying, opening, closing])
    return Bench(partial(MultiprocessExecutor, 2, grace_seconds=0.4, default=request.param), defs, tmp_path)


@pytest.mark.parametrize(
    ("name", "key", "why"),
    [
        ("dying", "dies", "exited with code 3"),
        ("opening", "uses", "(RuntimeError: no connection"),
    ],
)
def test_a_hook_that_could_not_run_is_told_with_the_reason(bench: Bench, name: str, key: str, why: str) -> None:
    session = bench.run(name)
    assert kinds(session, key)[-1] == "hook_completed"
    skipped = only(session, "hook_completed", key)
    assert isinstance(skipped, HookCompleted)
    assert (skipped.hook, skipped.outcome) == ("mourns", "skipped")
    assert skipped.error is not None
    assert why in skipped.error.message
    told = [each for each in story(name, session.events) if each.event_type_value == "HOOK_SKIPPED"]
    assert [why in str(each.message) for each in told] == [True]


def test_a_teardown_that_raises_is_told_as_one(bench: Bench) -> None:
    session = bench.run("closing")
    assert session.run.status is RunStatus.SUCCESS
    assert only(session, "resource_failed").is_teardown
    told = {each.event_type_value: each.message for each in story("closing", session.events)}
    assert "RESOURCE_INIT_FAILURE" not in told
    assert "one could not be torn down." in [each.message for each in story("closing", session.events)]
