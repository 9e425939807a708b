"""Runs in several places whose processes are killed at any event: each step has one end, and nothing is left."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostrum.definitions.events.outputs import DynamicOutput
from rostrum.definitions.location.definitions import Definitions
from rostrum.definitions.ops.jobs import job
from rostrum.definitions.ops.ops import DynamicOut, op
from rostrum.execution.workers.run_worker import RunWork
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.model.events import STEP_ENDS, Event, StepWorkerStarted
from rostrum.model.manifest import RetryPolicy
from rostrum.model.plans import Plan
from rostrum.model.runs import RunTarget
from rostrum.planning.plan import build_plan
from rostrum.service.clock import SystemClock
from rostrum.testing.conformance.executors.suite import is_gone
from rostrum.testing.run_sessions import FakeRunSession

pytestmark = pytest.mark.processes
ROUNDS = 12


@op(out=DynamicOut(int))
def numbers() -> Iterator[DynamicOutput]:
    for number in range(8):
        yield DynamicOutput(number, mapping_key=f"n{number}")


@op
async def doubled(number: int) -> int:
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.005)
    return number * 2


@op
def plus_one(number: int) -> int:
    return number + 1


@op
def total(values: list[int]) -> int:
    return sum(values)


@job
def wide() -> None:
    total(numbers().map(doubled).map(plus_one).collect())


class Hostile(FakeRunSession):
    """Kills processes of steps, or cancels, when it hears of something."""

    chance: random.Random
    cancel: threading.Event
    kills_left = 0

    def append(self, events: Sequence[Event]) -> None:
        super().append(events)
        pids = self.pids()
        if pids and self.kills_left and self.chance.random() < 0.05:
            self.kills_left -= 1
            try:
                os.kill(self.chance.choice(pids[-3:]), signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.chance.random() < 0.002:
            self.cancel.set()

    def pids(self) -> list[int]:
        found = [event.pid for event in self.events if isinstance(event, StepWorkerStarted)]
        return list(dict.fromkeys(pid for pid in found if pid is not None))


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_every_step_has_one_end(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    chance, clock = random.Random(seed), SystemClock()
    resolved = Definitions(jobs=[wide]).resolved()
    session = Hostile.started(RunTarget("test", "wide"), clock)
    assert isinstance(session, Hostile)
    session.chance, session.cancel, session.kills_left = chance, threading.Event(), 3
    plan = build_plan(resolved.manifest, session.run.target, resolved.graph)
    policy = RetryPolicy(max_retries=chance.choice([0, 3]), max_infrastructure_retries=chance.choice([None, 0, 5]))
    isolations = ("in_process", "thread", "async", "process")
    work = RunWork(resolved, session.run, session, clock, session.cancel, capture=tmp_path / "logs")
    work.plan = Plan(
        tuple(replace(step, isolation=chance.choice(isolations), retry_policy=policy) for step in plan.steps)
    )
    work.run(MultiprocessExecutor(2, grace_seconds=0.2, fuse=True))
    ends = Counter(event.step_key for event in session.events if isinstance(event, STEP_ENDS))
    assert set(ends.values()) == {1}
    assert session.run.status.is_finished
    assert session.run.failure_reason in (None, "step_failure")
    assert [event.sequence for event in session.events] == list(range(1, len(session.events) + 1))
    assert all(is_gone(pid) for pid in session.pids())
