from __future__ import annotations

import threading
from typing import Any

from rostrum import Definitions, FilesystemIOManager, job, op
from rostrum.execution.resuming import rest_of
from rostrum.execution.sessions import MemoryRunSession
from rostrum.execution.worker import RunWork
from rostrum.executors.in_process import InProcessExecutor
from rostrum.interfaces.runs import ReadSteps, RunAnswer
from rostrum.model.errors import Unavailable
from rostrum.model.events import OutputStored, RunStarted, StepStarted, StepSucceeded
from rostrum.model.runs import Run, RunStatus, RunTarget
from rostrum.planning.plan import build_plan
from rostrum.testing.clock import FakeClock


class Quick(FakeClock):
    """Waits for nothing."""

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        return stop.is_set()


CLOCK = Quick()


@op
def first() -> int:
    return 1


@op
def second(first: int) -> int:
    return first + 1


@job
def chain() -> None:
    second(first())


DEFINITIONS = Definitions(jobs=[chain], resources={"io_manager": FilesystemIOManager("/nowhere")})


def run(**more: Any) -> Run:
    target = RunTarget("here", "chain")
    return Run(run_id="r", target=target, created_at=CLOCK.now(), status=RunStatus.STARTING, epoch=1, **more)


class Away(MemoryRunSession):
    """Answers the third time."""

    asked = 0

    def read(self, query: Any) -> RunAnswer:
        if isinstance(query, ReadSteps):
            self.asked += 1
            if self.asked < 3:
                raise Unavailable("away")
        return super().read(query)


def rest(session: MemoryRunSession, stop: threading.Event) -> tuple[Run, tuple[str, ...]]:
    resolved = DEFINITIONS.resolved()
    plan = build_plan(resolved.manifest, session.run.target, resolved.graph)
    found, left = rest_of(resolved, session.run, plan, session, CLOCK, stop, lambda: None)
    return found, left.step_keys


def test_only_the_rest_is_planned_and_what_it_needs_is_known() -> None:
    session = Away(run(resumes=1))
    session.append(
        [
            RunStarted(at=CLOCK.now(), epoch=1, step_keys=("first", "second")),
            OutputStored(at=CLOCK.now(), step_key="first"),
            StepSucceeded(at=CLOCK.now(), step_key="first"),
        ]
    )
    stop = threading.Event()
    found, left = rest(session, stop)
    assert (left, found.output_origins) == (("second",), {"first:result": "r"})
    assert session.asked == 3, "it asks until it is answered"
    session.append([StepSucceeded(at=CLOCK.now(), step_key="second")])
    assert rest(session, stop)[1] == (), "nothing is left but the end"


def test_a_stop_ends_the_asking() -> None:
    session = Away(run(resumes=1))
    stop = threading.Event()
    stop.set()
    assert rest(session, stop)[1] == ("first", "second")


class Breaking(InProcessExecutor):
    """Fails outside of any step, while one is under way."""

    def execute(self, plan: Any, runner: Any, host: Any) -> bool:
        host.record(StepStarted(at=host.clock.now(), step_key="first"))
        raise RuntimeError("the engine broke")


def test_an_engine_that_breaks_leaves_no_step_open() -> None:
    session = MemoryRunSession(run())
    work = RunWork(DEFINITIONS, session.run, session, CLOCK, threading.Event())
    work.heartbeat = False
    assert not work.run(Breaking())
    told = [(event.kind, event.step_key) for event in session.events if event.kind.startswith(("step", "run"))]
    assert told[1:] == [
        ("step_started", "first"),
        ("step_failed", "first"),
        ("step_not_run", "second"),
        ("run_failed", None),
    ]
    assert session.run.failure_reason == "engine_error"
