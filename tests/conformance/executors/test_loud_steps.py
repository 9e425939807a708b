"""Steps that tell events as fast as they can, beside others in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from rostrum.definitions.contexts.step import OpExecutionContext
from rostrum.definitions.events.outputs import AssetMaterialization
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.jobs import job
from rostrum.definitions.ops.ops import op
from rostrum.executors.concurrent import Engine
from rostrum.executors.places import Attempt
from rostrum.executors.threaded import AsyncExecutor, ThreadedExecutor
from rostrum.interfaces.execution import Executor, StepRunner
from rostrum.model.events import Event
from rostrum.model.plans import Step
from rostrum.planning.placement import THREAD
from rostrum.testing.conformance.executors.bench import Bench, only

LIMIT, LONG = 0.3, 30.0
MANY = 10_000
AT = datetime(2026, 1, 1, tzinfo=UTC)


@op(timeout=LIMIT)
def loud(context: OpExecutionContext) -> None:
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        context.log_event(AssetMaterialization("loud"))


@job
def telling() -> None:
    loud()
    loud.alias("louder")()


# An interrupt that comes up in a finalizer is lost there, with a warning; the next one comes.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("executor", [ThreadedExecutor, AsyncExecutor])
def test_its_time_limit_is_kept(executor: Callable[..., Executor], tmp_path: Path) -> None:
    bench = Bench(lambda: executor(2, grace_seconds=0.4), Definitions(jobs=[telling]), tmp_path)
    session = bench.run("telling")
    for key in ("loud", "louder"):
        failed = only(session, "step_failed", key)
        assert failed.cause == "timeout"
        assert failed.seconds < LONG / 2


class _Teller:
    """Stands for a step runner whose only step has much to tell."""

    def share(self) -> Any:
        return None

    def run_step(self, step: Step, number: int, emit: Callable[[Event], None]) -> None:
        for _ in range(MANY):
            emit(Event(at=AT, step_key=step.key))


def test_it_waits_while_what_it_has_told_waits() -> None:
    step = Step(key="loud", op="loud")
    woken = threading.Event()
    engine = Engine(cast("StepRunner", _Teller()), woken.set, threads=1)
    engine.start(Attempt(step, 1), THREAD)
    portions: list[int] = []
    is_done = False
    while not is_done:
        assert woken.wait(10)
        time.sleep(0.05)  # who does not wait has told all by then
        woken.clear()
        portions.append(0)
        for _, events, done in engine.collect():
            portions[-1] += len(events)
            is_done = is_done or done is not None
    engine.close()
    assert sum(portions) == MANY
    assert max(portions) <= 2100
