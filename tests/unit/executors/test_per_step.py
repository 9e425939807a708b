"""What a place of containers does besides starting them: tidy up after an earlier worker, give up, leave nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from rostrum.executors.per_step import PerStepExecutor, PerStepPlace
from rostrum.executors.places import Attempt, Ended
from rostrum.interfaces.execution import RemoteAttempt
from rostrum.interfaces.launching import GatewayAccess, GatewayAddress, LaunchSpec, WorkerRef, WorkerStatus
from rostrum.model.errors import InvocationError
from rostrum.model.events import AnyEvent, Event
from rostrum.model.plans import Step
from rostrum.model.principals import StepScope
from rostrum.model.runs import Run, RunTarget
from rostrum.service.clock import SystemClock

RUN = Run(run_id="r1", target=RunTarget("shop", "daily"), created_at=datetime(2026, 1, 1, tzinfo=UTC), epoch=3)


class Engine:
    """A launcher whose containers are entries in a table."""

    def __init__(self) -> None:
        self.left: list[WorkerRef] = []
        self.launched: list[LaunchSpec] = []
        self.ended: list[tuple[WorkerRef, bool]] = []
        self.status = WorkerStatus(state="running")
        self.changed = threading.Condition()

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        with self.changed:
            self.launched.append(spec)
            self.changed.notify_all()
        assert spec.step is not None
        return self.ref(spec.epoch, spec.step.step_key)

    def ref(self, epoch: int, step_key: str | None) -> WorkerRef:
        return WorkerRef(
            launcher="engine", run_id="r1", epoch=epoch, step_key=step_key, attempt=1, host=f"c-{step_key}"
        )

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        with self.changed:
            self.ended.append((ref, force))
            self.changed.notify_all()

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        return self.status

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        assert run_ids == ["r1"]
        return self.left


class Steps:
    """A line on which nobody says anything."""

    def access(self, scope: StepScope) -> GatewayAccess:
        return GatewayAccess(GatewayAddress("http://gateway:1"), f"token-of-{scope.step_key}")

    def follow(self, after: int, seconds: float) -> tuple[Sequence[AnyEvent], int]:
        threading.Event().wait(min(seconds, 0.01))
        return (), after


class Host:
    clock = SystemClock()
    stop = threading.Event()
    steps: Any = Steps()


class Runner:
    def remote(self, step: Step, attempt: int, apart: int) -> RemoteAttempt:
        scope = StepScope(step.key, attempt, f"{step.key}-{attempt}")
        return RemoteAttempt(scope=scope, work=b"work", entry="none:none", run=RUN, code={"module_name": "shop"})


class Loop:
    """Takes what a place tells."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.over: list[tuple[str, Ended | None]] = []
        self.calls: list[Callable[[], None]] = []

    def events(self, attempt: Attempt, events: Sequence[Event], *, stored: bool = False) -> None:
        self.told.extend(events)

    def ended(self, attempt: Attempt, how: Ended | None) -> None:
        self.over.append((attempt.step.key, how))

    def call(self, function: Callable[[], None]) -> None:
        self.calls.append(function)

    def until(self, condition: Callable[[], bool], each: Callable[[], None] = lambda: None) -> None:
        for _ in range(1000):
            while self.calls:
                self.calls.pop(0)()
            if condition():
                return
            each()
            threading.Event().wait(0.005)
        raise AssertionError("it did not happen in time")


class Bench:
    def __init__(self) -> None:
        self.engine, self.loop = Engine(), Loop()
        executor = PerStepExecutor(self.engine, look_seconds=0.0, grace_seconds=0.1)
        self.place = PerStepPlace(executor, Runner(), Host())  # type: ignore[arg-type]
        self.place.open(self.loop, self.loop)  # type: ignore[arg-type]

    def start(self, key: str = "load") -> Attempt:
        attempt = Attempt(Step(key, key, tags={"rostrum/cpu": "2"}), 1)
        self.place.start(attempt)
        return attempt


@pytest.fixture
def bench() -> Any:
    bench = Bench()
    yield bench
    bench.place.close()


def test_a_container_is_told_what_it_needs(bench: Bench) -> None:
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    (spec,) = bench.engine.launched
    assert (spec.token, spec.gateway.url, spec.code) == ("token-of-load", "http://gateway:1", {"module_name": "shop"})
    assert spec.step is not None
    assert (spec.step.step_key, spec.step.work, spec.step.tags) == ("load", b"work", {"rostrum/cpu": "2"})
    (started,) = bench.loop.told
    assert (started.kind, started.worker) == ("step_worker_started", "c-load")  # type: ignore[attr-defined]


def test_containers_that_an_earlier_worker_has_left_are_killed(bench: Bench) -> None:
    old, own, run = bench.engine.ref(2, "load"), bench.engine.ref(3, "other"), bench.engine.ref(2, None)
    bench.engine.left = [old, own, run]
    bench.start()
    bench.start("more")
    bench.loop.until(lambda: len(bench.loop.told) == 2)
    assert bench.engine.ended == [(old, True)]


def test_how_a_container_ended_is_told(bench: Bench) -> None:
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    bench.engine.status = WorkerStatus(state="exited", exit_code=137, reason="out of memory")
    bench.loop.until(lambda: bool(bench.loop.over), bench.place.look)
    ((key, how),) = bench.loop.over
    assert (key, how and how.cause) == ("load", "crash")
    assert how is not None
    assert "exited with code 137 (out of memory)" in how.error.message


def test_a_kill_ends_the_attempt_and_its_container(bench: Bench) -> None:
    attempt = bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    bench.place.interrupt(attempt, 1)
    bench.place.interrupt(attempt, 3)
    bench.loop.until(lambda: bool(bench.loop.over))
    bench.loop.until(lambda: bool(bench.engine.ended))
    assert [(ref.step_key, force) for ref, force in bench.engine.ended] == [("load", True)]


def test_closing_leaves_no_container(bench: Bench) -> None:
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    bench.place.close()
    assert [(ref.step_key, force) for ref, force in bench.engine.ended] == [("load", True)]


def test_without_a_gateway_it_is_told() -> None:
    host = Host()
    host.steps = None
    place = PerStepPlace(PerStepExecutor(Engine()), Runner(), host)  # type: ignore[arg-type]
    with pytest.raises(InvocationError, match="needs an instance"):
        place.open(Loop(), Loop())  # type: ignore[arg-type]
    place.close()


def test_no_room_at_all_is_refused() -> None:
    with pytest.raises(InvocationError, match="from 1"):
        PerStepExecutor(Engine(), max_concurrent=0)
