from __future__ import annotations

import threading
from datetime import datetime

import pytest

from rostrum.model.errors import Unavailable
from rostrum.service.doorbells import LocalDoorbell
from rostrum.service.leases import LeaseKeeper
from rostrum.service.loops import Loop
from rostrum.service.supervisor import Supervisor, leading
from rostrum.storage.memory import MemoryStorage
from rostrum.testing.clock import FakeClock


class Counter:
    def __init__(self, pause: float = 60.0) -> None:
        self.pause = pause
        self.calls: list[datetime] = []
        self.error: Exception | None = None

    def __call__(self, now: datetime) -> float:
        self.calls.append(now)
        if self.error is not None:
            raise self.error
        return self.pause


def loop_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("loop-")]


def test_runs_when_its_time_has_come() -> None:
    clock, counter = FakeClock(), Counter()
    loop = Loop("one", counter, clock)
    loop.stop()
    loop.start()
    loop.start()
    assert loop.wait_for_iterations(1)
    assert clock.wait_for_waiters(1)
    clock.advance(59)
    assert not loop.wait_for_iterations(2, 0.05)
    clock.advance(1)
    assert loop.wait_for_iterations(2)
    loop.stop()
    loop.stop()
    assert not loop.is_running
    loop.start()
    assert loop.wait_for_iterations(3)
    loop.stop()
    assert "loop-one" not in loop_threads()


def test_an_exception_is_counted_and_retried_with_backoff(caplog: pytest.LogCaptureFixture) -> None:
    clock, counter = FakeClock(), Counter()
    counter.error = ValueError("broken")
    loop = Loop("bad", counter, clock, retry_after=4.0)
    pauses = [loop.iterate() for _ in range(8)]
    assert loop.health.failures == 8
    assert loop.health.last_error is not None
    assert loop.health.last_error.class_name == "ValueError"
    assert 3.0 <= pauses[0] <= 5.0
    assert 6.0 <= pauses[1] <= 10.0
    assert pauses[-1] <= 60 * 1.25
    assert "loop bad: broken" in caplog.text
    counter.error = Unavailable("away")
    caplog.clear()
    loop.iterate()
    assert "Traceback" not in caplog.text
    counter.error = None
    assert loop.iterate() == 60.0
    assert loop.health.failures == 0
    assert loop.health.last_error is None


def test_a_failing_iteration_does_not_end_the_thread() -> None:
    clock, counter = FakeClock(), Counter()
    counter.error = Unavailable("away")
    loop = Loop("bad", counter, clock)
    loop.start()
    try:
        for _ in range(500):
            if loop.wait_for_iterations(3, 0.01):
                break
            clock.advance(100)
        assert loop.health.iterations >= 3
    finally:
        loop.stop()


def test_a_doorbell_wakes_it_even_while_it_works() -> None:
    clock, bell = FakeClock(), LocalDoorbell()
    inside, go = threading.Event(), threading.Event()
    calls: list[datetime] = []

    def run_once(now: datetime) -> float:
        calls.append(now)
        inside.set()
        assert go.wait(5)
        return 1000.0

    loop = Loop("bell", run_once, clock, doorbell=bell, topics=("queue",))
    loop.start()
    try:
        assert inside.wait(5)
        bell.ring("queue")  # while the iteration runs: another one must follow
        go.set()
        assert loop.wait_for_iterations(2)
        bell.ring("other")
        assert not loop.wait_for_iterations(3, 0.05)
        bell.ring("queue")
        assert loop.wait_for_iterations(3)
    finally:
        loop.stop()
    assert bell.subscribers == 0


def test_stop_from_inside_only_asks() -> None:
    clock = FakeClock()
    loops: list[Loop] = []

    def run_once(_now: datetime) -> float:
        loops[0].stop()
        return 0.0

    loops.append(Loop("self", run_once, clock))
    loops[0].start()
    assert loops[0].wait_for_iterations(1)
    loops[0].stop()
    assert loops[0].health.iterations == 1


def test_start_and_stop_from_many_threads_leave_nothing_behind() -> None:
    clock, bell = FakeClock(), LocalDoorbell()
    loop = Loop("stress", lambda _now: 10.0, clock, doorbell=bell, topics=("x",))
    supervisor = Supervisor(MemoryStorage(clock), clock, [loop])

    def churn(number: int) -> None:
        for turn in range(50):
            target = supervisor if number % 3 == 0 and turn % 5 == 0 else loop
            target.start() if (turn + number) % 2 else target.stop()
            bell.ring("x")

    threads = [threading.Thread(target=churn, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    supervisor.stop()
    assert "loop-stress" not in loop_threads()
    assert "loop-heartbeat" not in loop_threads()
    assert bell.subscribers == 0


def test_supervisor_writes_heartbeats_and_leads_by_lease() -> None:
    clock = FakeClock()
    storage = MemoryStorage(clock)
    counters = [Counter(), Counter()]
    keepers = [LeaseKeeper(storage, clock, owner, seconds=10) for owner in ("a", "b")]
    guarded = [leading(keeper, "work", counter) for keeper, counter in zip(keepers, counters, strict=True)]
    assert guarded[0](clock.now()) == 60.0
    assert guarded[1](clock.now()) == 5.0
    assert [len(counter.calls) for counter in counters] == [1, 0]
    clock.advance(6)
    keepers[0].renew()
    clock.advance(6)
    guarded[1](clock.now())
    assert counters[1].calls == []
    keepers[0].release()
    guarded[1](clock.now())
    assert len(counters[1].calls) == 1
    # The first one has lost it; a dead owner's lease ends by itself.
    guarded[0](clock.now())
    assert len(counters[0].calls) == 1
    clock.advance(11)
    guarded[0](clock.now())
    assert len(counters[0].calls) == 2

    loop = Loop("work", counters[0], clock)
    supervisor = Supervisor(storage, clock, [loop], keeper=keepers[0])
    supervisor.start()
    try:
        assert loop.wait_for_iterations(1)
        assert supervisor._heart.wait_for_iterations(1)
    finally:
        supervisor.stop()
    with storage.begin() as session:
        assert [(state.loop, state.owner) for state in session.locations.daemons()] == [("work", "a")]
    assert supervisor.health()["work"].iterations >= 1
    assert keepers[0].held() == []
