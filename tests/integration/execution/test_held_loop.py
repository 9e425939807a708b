"""An async step that blocks the event loop: others are not held up for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from rostrum import job, op
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.executors.threaded import AsyncExecutor
from rostrum.model.reserved_names import PRIORITY_TAG
from rostrum.model.runs import RunStatus
from tests.integration.execution.test_concurrently import run


@op(timeout=0.3, isolation="async")
async def blocks() -> None:
    until = time.monotonic() + 3
    while time.monotonic() < until:
        try:
            time.sleep(0.5)  # noqa: ASYNC251 - the classic mistake
        except BaseException:  # and what makes it worse
            pass


@op(timeout=5, isolation="async")
async def behaves() -> None:
    await asyncio.sleep(0.05)


@op(isolation="async")
async def waits() -> None:
    await asyncio.sleep(30)


@job
def two() -> None:
    blocks()
    behaves()


@job
def with_one_under_way() -> None:
    waits()
    blocks()


def first(step_key: str) -> dict[str, dict[str, dict[str, str]]]:
    return {step_key: {"tags": {PRIORITY_TAG: "10"}}}


def test_in_one_process_the_others_of_the_loop_are_lost() -> None:
    ran = run(two, AsyncExecutor(grace_seconds=1), changes=first("blocks"))
    assert ran.run.status is RunStatus.FAILURE
    assert ran.failed("blocks").cause == "timeout"
    lost = ran.failed("behaves")
    assert lost.cause == "lost"
    assert "The event loop of this process is held by code that blocks" in lost.error.message
    assert ran.seconds < 20


@pytest.mark.processes
def test_in_a_shared_process_what_has_not_begun_goes_on_in_another_one() -> None:
    ran = run(two, MultiprocessExecutor(grace_seconds=1), changes=first("blocks"))
    assert ran.failed("blocks").cause == "timeout"
    assert ran.kinds("behaves")[-1] == "step_succeeded"
    assert ran.kinds("behaves").count("step_started") == 1
    assert ran.seconds < 20


@pytest.mark.processes
def test_in_a_shared_process_what_has_begun_is_lost() -> None:
    ran = run(with_one_under_way, MultiprocessExecutor(grace_seconds=1), changes=first("waits"))
    assert ran.failed("blocks").cause == "timeout"
    assert ran.failed("waits").cause == "lost"
    assert ran.seconds < 20
