"""Processes of the places, with children that do what a test says: real ones, without any definitions."""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rostrum.executors.journal import Journal
from rostrum.executors.places import Attempt, Ended
from rostrum.executors.process_place import ProcessPlace
from rostrum.executors.reactor import SelectorReactor
from rostrum.executors.rules import Rules
from rostrum.executors.schedule import Schedule
from rostrum.executors.shared_place import SharedProcess
from rostrum.executors.workers import Ear, WorkerProcesses
from rostrum.interfaces.frames import DONE, EVENTS, START, Done, FrameReader, Start, frame, start_decoder
from rostrum.model.events import (
    EngineMessage,
    Event,
    OutputStored,
    StepFailed,
    StepStarted,
    StepSucceeded,
    encode_events,
)
from rostrum.model.plans import FromStep, Plan, Step, StepInput
from rostrum.planning.placement import MAIN, TASK, THREAD, Chains
from rostrum.service.clock import SystemClock
from tests.unit.executors.test_schedule import Host

pytestmark = pytest.mark.processes
CLOCK = SystemClock()


class Child:
    """The other end of the line."""

    def __init__(self, descriptor: int) -> None:
        self._line, self._reader = socket.socket(fileno=descriptor), FrameReader()
        self._kept: list[tuple[int, bytes]] = []

    def next_start(self) -> Start | None:
        """None when nothing more comes."""
        while True:
            while self._kept:
                kind, body = self._kept.pop(0)
                if kind == START:
                    return start_decoder().decode(body)
            data = self._line.recv(65536)
            if not data:
                return None
            self._kept += self._reader.feed(data)

    def tell(self, *events: Event) -> None:
        self._line.sendall(frame(EVENTS, encode_events(events)))

    def begins(self, start: Start) -> None:
        self.tell(StepStarted(at=CLOCK.now(), step_key=start.step.key, attempt=start.attempt))

    def succeeds(self, start: Start) -> None:
        self.begins(start)
        self.tell(OutputStored(at=CLOCK.now(), step_key=start.step.key, output="result"))
        self.tell(StepSucceeded(at=CLOCK.now(), step_key=start.step.key))
        self._line.sendall(frame(DONE, msgspec.msgpack.encode([Done(start.step.key, start.attempt)])))

    def says(self, message: str) -> None:
        self.tell(EngineMessage(at=CLOCK.now(), message=message))


class Runner:
    """`does` is what each child does with its line."""

    def __init__(self, does: Callable[[Child], None]) -> None:
        self._does = does

    def serve(self, descriptor: int, lifeline: int, name: str) -> int:
        self._does(Child(descriptor))
        return 0

    def items(self, step: Step) -> None:
        return None

    def is_async(self, step: Step) -> bool:
        return False


class Reports:
    """What places tell."""

    def __init__(self) -> None:
        self.over: list[tuple[Attempt, Ended | None]] = []

    def events(self, attempt: Attempt, events: Sequence[Event], *, stored: bool = False) -> None:
        pass

    def ended(self, attempt: Attempt, how: Ended | None) -> None:
        self.over.append((attempt, how))


class RunningHost(Host):
    def output_ended(self, step_key: str, attempt: int) -> None:
        pass


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """The next one has a number beyond 1023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2000:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if hard > 0 else 4096, hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for each in opened:
        os.close(each)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def processes_of(does: Callable[[Child], None]) -> WorkerProcesses:
    return WorkerProcesses(Runner(does), "fork", 20.0)  # type: ignore[arg-type]


def listened(processes: WorkerProcesses, reactor: SelectorReactor, host: Host) -> Ear:
    def take(kind: int, body: Any) -> None:
        assert kind == EVENTS
        for event in body:
            host.record(event)

    return Ear(processes.start("process"), reactor, host, take, lambda: None)  # type: ignore[arg-type]


def tears_down(child: Child) -> None:
    """Says something when nothing more comes."""
    assert child.next_start() is None
    child.says("torn down")


def until(condition: Callable[[], object], reactor: SelectorReactor) -> None:
    for _ in range(1000):
        if condition():
            return
        reactor.turn(0.01)
    raise AssertionError("it did not happen in time")


@pytest.mark.usefixtures("many_descriptors")
def test_the_last_words_are_heard_where_many_files_are_open(reactor: SelectorReactor) -> None:
    host, processes = Host(), processes_of(tears_down)
    ear = listened(processes, reactor, host)
    assert ear.process.line.fileno() > 1023
    processes.let_go([ear], [ear], host)  # type: ignore[arg-type]
    assert [event.message for event in host.events if isinstance(event, EngineMessage)] == ["torn down"]
    assert processes.living == {}


def test_what_one_place_leaves_is_not_anothers(reactor: SelectorReactor) -> None:
    host, processes = Host(), processes_of(tears_down)
    one, other = listened(processes, reactor, host), listened(processes, reactor, host)
    processes.let_go([one], [], host)  # type: ignore[arg-type]
    assert list(processes.living) == [other.process.pid]
    processes.let_go([other], [other], host)  # type: ignore[arg-type]
    assert [event.message for event in host.events if isinstance(event, EngineMessage)] == ["torn down"]


def open_files() -> set[str]:
    links = set[str]()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of this look itself
            links.add(str(each.readlink()))
    return links


def test_no_descriptor_and_no_zombie_is_left(reactor: SelectorReactor) -> None:
    host, processes = Host(), processes_of(tears_down)
    before, pids = open_files(), set[int]()
    for _ in range(5):
        ears = [listened(processes, reactor, host) for _ in range(4)]
        pids |= set(processes.living)
        processes.let_go(ears, ears[:2], host)  # type: ignore[arg-type]
    assert open_files() - before == set()
    assert len(pids) == 20
    for pid in pids:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


CHAIN = (Step("a", "a"), Step("b", "b", inputs=(StepInput("a", (FromStep("a"),)),), upstream=("a",)))


def executed(steps: tuple[Step, ...], does: Callable[[Child], None], chains: Chains) -> Host:
    host, processes = Host(), processes_of(does)
    place = ProcessPlace(processes, host, 1, chains=chains, journal=Journal())  # type: ignore[arg-type]
    runner: Any = Runner(does)
    Schedule(Plan(steps), runner, host, [place], lambda _: place, Rules(), chains=chains).run()  # type: ignore[arg-type]
    assert processes.living == {}
    return host


def test_a_worker_that_dies_of_the_step_before_takes_the_next_one_not_along() -> None:
    def does(child: Child) -> None:
        first = child.next_start()
        assert first is not None
        child.succeeds(first)
        if child.next_start() is not None:  # the next one of its chain
            os._exit(9)

    host = executed(CHAIN, does, Chains(CHAIN, "process"))
    assert host.kinds("b") == [
        "step_worker_started",
        "step_worker_started",
        "step_started",
        "output_stored",
        "step_succeeded",
    ]


def test_a_worker_that_dies_before_its_first_word_has_crashed() -> None:
    def does(child: Child) -> None:
        child.next_start()
        os._exit(9)

    host = executed(CHAIN[:1], does, Chains())
    (failed,) = [event for event in host.events if isinstance(event, StepFailed)]
    assert (failed.cause, "exited with code 9" in failed.error.message) == ("crash", True)


def test_the_late_end_of_one_that_was_given_up_is_not_the_next_ones(reactor: SelectorReactor) -> None:
    def waits(child: Child) -> None:
        start = child.next_start()
        assert start is not None
        child.begins(start)
        child.next_start()

    reports, processes = Reports(), processes_of(waits)
    place = ProcessPlace(processes, Host(), 2)  # type: ignore[arg-type]
    place.open(reports, reactor)
    first, second = Attempt(CHAIN[0], 1), Attempt(CHAIN[0], 2)
    place.start(first)
    (pid,) = processes.living
    place.start(second)
    os.kill(pid, signal.SIGKILL)
    until(lambda: reports.over, reactor)
    place.interrupt(second, 3)
    until(lambda: len(reports.over) == 2, reactor)
    assert [attempt for attempt, _ in reports.over] == [first, second]
    place.close()


def test_a_process_that_cannot_be_replaced_is_told(reactor: SelectorReactor, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies_of_the_first(child: Child) -> None:
        for _ in range(2):
            start = child.next_start()
            assert start is not None
            if start.step.key == "a":
                child.begins(start)
        os._exit(9)

    host, reports, processes = RunningHost(), Reports(), processes_of(dies_of_the_first)
    runner: Any = Runner(dies_of_the_first)
    room = {MAIN: 1, THREAD: 2, TASK: 1}
    plan = Plan((Step("a", "a", isolation="thread"), Step("b", "b", isolation="thread")))
    shared = SharedProcess(processes, runner, host, plan, "process", room, Journal())  # type: ignore[arg-type]
    for place in shared.places:
        place.open(reports, reactor)

    def start_none(name: str) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    lane = shared.place_of(plan.steps[0])
    for each in plan.steps:
        lane.start(Attempt(each, 1))
    monkeypatch.setattr(processes, "start", start_none)
    until(lambda: len(reports.over) == 2, reactor)
    causes = {attempt.step.key: (how.cause, how.error.class_name) for attempt, how in reports.over if how is not None}
    assert causes == {"a": ("crash", "StepWorkerDied"), "b": ("lost", "BlockingIOError")}
    assert lane.has_room()
    for place in shared.places:
        place.close()
