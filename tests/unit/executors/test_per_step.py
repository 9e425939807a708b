"""What a place of containers does besides starting them: tidy up after an earlier worker, give up, leave nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from rostrum.executors import per_step
from rostrum.executors.per_step import PerStepExecutor, PerStepPlace
from rostrum.executors.places import Attempt, Ended
from rostrum.interfaces.execution import RemoteAttempt
from rostrum.interfaces.launching import GatewayAccess, GatewayAddress, LaunchSpec, WorkerRef, WorkerStatus
from rostrum.model.errors import InvocationError, Unavailable
from rostrum.model.events import AnyEvent, Event, StepSucceeded, step_stream
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
        self.broken = ""
        """What fails, in a way that no launcher should."""
        self.away = 0
        """So many launches fail, as those of an engine that is away."""
        self.asked = 0
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.may_go_on.set()

    def launch(self, spec: LaunchSpec) -> WorkerRef:
        self.begun.set()
        self.may_go_on.wait(10.0)
        self._fail_at("launch")
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
        self._fail_at("terminate")

    def inspect(self, ref: WorkerRef) -> WorkerStatus:
        self.asked += 1
        self._fail_at("inspect")
        return self.status

    def adopt(self, run_ids: list[str]) -> list[WorkerRef]:
        assert run_ids == ["r1"]
        self._fail_at("adopt")
        return self.left

    def _fail_at(self, call: str) -> None:
        if call == "launch" and self.away:
            self.away -= 1
            raise Unavailable("image shop:7: no such host")
        if self.broken == call:
            raise ValueError("not what it expected")


class Steps:
    """A line on which is said what a test says."""

    def __init__(self) -> None:
        self.told: list[AnyEvent] = []

    def access(self, scope: StepScope) -> GatewayAccess:
        return GatewayAccess(GatewayAddress("http://gateway:1"), f"token-of-{scope.step_key}")

    def follow(self, after: int, seconds: float) -> tuple[Sequence[AnyEvent], int]:
        threading.Event().wait(min(seconds, 0.01))
        return self.told[after:], len(self.told)

    def stop(self) -> None:
        pass


class Host:
    clock = SystemClock()
    stop = threading.Event()

    def __init__(self) -> None:
        self.steps: Any = Steps()
        self.recorded: list[Event] = []

    def record(self, event: Event) -> None:
        self.recorded.append(event)

    def tick(self) -> None:
        pass


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
        self.host = Host()
        self.place = PerStepPlace(executor, Runner(), self.host)  # type: ignore[arg-type]
        self.place.open(self.loop, self.loop)  # type: ignore[arg-type]

    def start(self, key: str = "load", number: int = 1) -> Attempt:
        attempt = Attempt(Step(key, key, tags={"rostrum/cpu": "2"}), number)
        self.place.start(attempt)
        return attempt

    def tell_end(self, attempt: Attempt) -> None:
        """As its worker does."""
        end = StepSucceeded(at=self.host.clock.now(), step_key=attempt.step.key)
        stream = step_stream(RUN.epoch, f"{attempt.step.key}-{attempt.number}")
        self.host.steps.told.append(structs.replace(end, run_id=RUN.run_id, stream=stream))


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
    bench.loop.until(lambda: len(bench.loop.told) == 2 and bool(bench.engine.ended))
    assert bench.engine.ended == [(old, True)]


def test_that_a_container_cannot_be_started_yet_is_told_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(per_step, "_FIRST_PAUSE", 0.01)
    bench.engine.away = 3
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    (message,) = bench.host.recorded
    assert (message.step_key, message.level) == ("load", "warning")  # type: ignore[attr-defined]
    assert message.message.endswith("tried again for 60 s: image shop:7: no such host")  # type: ignore[attr-defined]


def test_how_a_container_ended_is_told(bench: Bench) -> None:
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    bench.engine.status = WorkerStatus(state="exited", exit_code=137, reason="out of memory")
    bench.loop.until(lambda: bool(bench.loop.over), bench.place.look)
    ((key, how),) = bench.loop.over
    assert (key, how and how.cause) == ("load", "crash")
    assert how is not None
    assert "exited with code 137 (out of memory)" in how.error.message


def test_a_signal_is_told_once(bench: Bench) -> None:
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    bench.engine.status = WorkerStatus(state="exited", signal=9, reason="its container was ended by signal 9")
    bench.loop.until(lambda: bool(bench.loop.over), bench.place.look)
    ((_, how),) = bench.loop.over
    assert how is not None
    assert how.error is not None
    assert how.error.message == "The container of this step was killed by signal 9 before the step had ended."


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


def test_a_launcher_that_fails_to_start_as_none_should_is_told(bench: Bench) -> None:
    bench.engine.broken = "launch"
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.over))
    ((_, how),) = bench.loop.over
    assert how is not None
    assert (how.cause, how.error.class_name) == ("lost", "ValueError")
    assert how.error.message == "The container of this step could not be started: not what it expected"


def test_a_launcher_that_fails_to_look_as_none_should_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(per_step, "LOST_SECONDS", 0.0)
    bench.engine.broken = "inspect"
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    bench.loop.until(lambda: bool(bench.loop.over), bench.place.look)
    ((_, how),) = bench.loop.over
    assert how is not None
    assert (how.cause, how.error.code) == ("lost", "worker_lost")
    assert "Nothing is known of the container of this step: ValueError: not what it expected" in how.error.message


def test_one_look_that_fails_is_followed_by_others(bench: Bench) -> None:
    bench.engine.broken = "inspect"
    bench.start()
    bench.loop.until(lambda: bench.engine.asked >= 2, bench.place.look)
    bench.engine.broken, bench.engine.status = "", WorkerStatus(state="exited", exit_code=1)
    bench.loop.until(lambda: bool(bench.loop.over), bench.place.look)


def test_a_launcher_that_fails_to_end_as_none_should_is_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.engine.broken = "terminate"
    attempt = bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    bench.place.interrupt(attempt, 3)
    bench.loop.until(lambda: bool(bench.loop.over))
    bench.loop.until(lambda: bool(caplog.messages))
    assert caplog.messages == ["the container of step load could not be ended: ValueError: not what it expected"]


def test_a_launcher_that_fails_to_find_as_none_should_starts_all_the_same(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.engine.broken = "adopt"
    bench.start()
    bench.loop.until(lambda: bool(bench.loop.told) and bool(caplog.messages))
    assert caplog.messages == [
        "containers that may be left of an earlier worker are not looked for: ValueError: not what it expected"
    ]


def test_a_worker_that_is_done_before_the_launcher_knows_delivers_its_output(bench: Bench) -> None:
    bench.engine.may_go_on.clear()
    attempt = bench.start()
    bench.tell_end(attempt)
    bench.loop.until(lambda: bool(bench.loop.over))
    bench.engine.may_go_on.set()
    bench.loop.until(lambda: bench.engine.asked >= 2, bench.place.look)
    assert bench.engine.ended == [], "it is not killed"
    assert bench.loop.over == [("load", None)]


def test_a_launch_that_failed_only_to_be_heard_of_holds_no_room(bench: Bench) -> None:
    bench.engine.may_go_on.clear()
    bench.engine.broken = "launch"
    attempts = [bench.start(f"load{number}") for number in range(per_step.MOST_AT_ONCE)]
    for attempt in attempts:
        bench.tell_end(attempt)
    bench.loop.until(lambda: len(bench.loop.over) == len(attempts))
    bench.engine.may_go_on.set()
    bench.loop.until(bench.place.has_room)


def test_a_worker_of_which_nothing_is_known_does_not_hold_room_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(per_step, "LOST_SECONDS", 0.0)
    attempts = [bench.start(f"load{number}") for number in range(per_step.MOST_AT_ONCE)]
    bench.loop.until(lambda: len(bench.loop.told) == len(attempts))
    for attempt in attempts:
        bench.tell_end(attempt)
    bench.engine.broken = "inspect"
    bench.loop.until(bench.place.has_room, bench.place.look)


def test_what_is_heard_late_of_an_attempt_is_not_the_next_ones(bench: Bench) -> None:
    first = bench.start()
    bench.loop.until(lambda: bool(bench.loop.told))
    second = bench.start(number=2)  # the first one was given up
    bench.loop.until(lambda: len(bench.loop.told) == 2)
    bench.tell_end(first)
    bench.loop.until(lambda: bool(bench.loop.over))
    bench.place.interrupt(second, 3)
    bench.loop.until(lambda: len(bench.loop.over) == 2)
    bench.loop.until(lambda: bool(bench.engine.ended))


def test_a_container_that_starts_while_the_run_ends_is_not_left(bench: Bench) -> None:
    bench.engine.may_go_on.clear()
    bench.start()
    assert bench.engine.begun.wait(10.0)
    closing = threading.Thread(target=bench.place.close)
    closing.start()
    bench.loop.until(lambda: bench.place._workers == {})  # pyright: ignore[reportPrivateUsage]
    bench.engine.may_go_on.set()
    closing.join(10.0)
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
