"""A resource that hangs while it is set up or torn down in the run worker's own process: the control plane hears the
worker all the same, and a cancel ends the run.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from rostrum import Definitions, In, Nothing, Out, job, mem_io_manager, op, resource
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.workers import run_worker
from rostrum.execution.workers.run_worker import RunWork
from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.threaded import AsyncExecutor, ThreadedExecutor
from rostrum.interfaces.runs import Orders
from rostrum.model.events import Event
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.service.clock import SystemClock

CLOCK = SystemClock()
HANGS = threading.Event()
"""Set once the resource does."""


def hang() -> None:
    HANGS.set()
    time.sleep(30)


@resource
def slow_to_come(_context: Any) -> int:
    hang()
    return 1


@resource
def slow_to_go(_context: Any) -> Iterator[int]:
    yield 1
    hang()


@op(required_resource_keys={"thing"}, out=Out(Nothing))
def use() -> None: ...


@op(ins={"use": In(Nothing)})
def after() -> None: ...


@job
def work() -> None:
    after(use())


class Canceled(MemoryRunSession):
    """Whose user cancels once the resource hangs; only a heartbeat tells."""

    def heartbeat(self) -> Orders:
        return Orders(cancel=HANGS.is_set())


@pytest.mark.parametrize(
    "executor",
    [InProcessExecutor(), ThreadedExecutor(max_concurrent=2), AsyncExecutor()],
    ids=lambda executor: executor.name,
)
@pytest.mark.parametrize("thing", [slow_to_come, slow_to_go], ids=["setup", "teardown"])
def test_a_cancel_ends_it(executor: Any, thing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_worker, "_BEAT_SECONDS", 0.05)
    HANGS.clear()
    target = RunTarget("here", "work")
    run = Run(run_id="r", target=target, created_at=CLOCK.now(), status=RunStatus.STARTING, epoch=1)
    session = Canceled(run)
    before = signal.getsignal(signal.SIGINT)
    definitions = Definitions(jobs=[work], resources={"thing": thing, "io_manager": mem_io_manager})
    began = time.monotonic()
    assert not RunWork(definitions, run, session, CLOCK, threading.Event()).run(executor)
    assert time.monotonic() - began < 20
    assert session.run.status is RunStatus.CANCELED, session.run.error
    assert signal.getsignal(signal.SIGINT) is before
    open_steps = {"use", "after"} - {str(event.step_key) for event in session.events if is_end(event)}
    assert open_steps == set()


def is_end(event: Event) -> bool:
    return event.kind in ("step_succeeded", "step_not_run", "step_canceled")
