from __future__ import annotations

import asyncio
import mmap
import threading
from pathlib import Path

import pytest

from rostrum.model.ids import is_id
from rostrum.service.clock import SystemClock
from rostrum.service.doorbells import LocalDoorbell, SqliteDoorbell, wait_async
from rostrum.service.futex import SharedWord
from rostrum.testing.clock import FakeClock


def test_waiting_ends_with_a_ring_or_in_time() -> None:
    bell = LocalDoorbell()
    assert bell.wait("queue", 0, 0.01) == 0
    bell.ring("queue")
    assert bell.wait("queue", 0, 5) == 1
    assert bell.count("other") == 0
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(bell.wait("queue", 1, 5)))
    thread.start()
    bell.ring("other")
    bell.ring("queue")
    thread.join(5)
    assert seen == [2]


def test_a_failing_subscriber_harms_nobody() -> None:
    bell = LocalDoorbell()
    heard: list[str] = []

    def fail(_topic: str) -> None:
        raise ValueError("no")

    end = bell.subscribe(fail)
    bell.subscribe(heard.append)
    bell.ring("a")
    end()
    end()
    bell.ring("b")
    assert heard == ["a", "b"]
    assert bell.subscribers == 1


def test_coroutines_wait_without_a_thread() -> None:
    bell = LocalDoorbell()

    async def listen() -> tuple[int, int, int]:
        missed = await wait_async(bell, "events", 0, 0.01)
        waiting = asyncio.create_task(wait_async(bell, "events", 0, 5))
        await asyncio.sleep(0)
        await asyncio.to_thread(bell.ring, "events")
        return missed, await waiting, await wait_async(bell, "events", 0, 5)

    assert asyncio.run(listen()) == (0, 1, 1)
    assert bell.subscribers == 0


@pytest.mark.parametrize("wakes", [True, False])
def test_rings_reach_other_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, wakes: bool) -> None:
    """Where the kernel wakes waiters of another process, and where they have to look."""
    if not wakes:

        def cannot(*_args: object) -> None:
            return None

        monkeypatch.setattr(SharedWord, "at", cannot)
    one, two = SqliteDoorbell(tmp_path / "r.db"), SqliteDoorbell(tmp_path / "r.db")
    try:
        heard: list[str] = []
        rung = threading.Event()

        def hear(topic: str) -> None:
            heard.append(topic)
            rung.set()

        assert one.count("queue") == one.count("runs") == 0
        end = one.subscribe(hear)
        one.ring("queue")
        assert heard == ["queue"]
        rung.clear()
        two.ring("other")
        two.ring("runs")
        assert rung.wait(5)
        assert heard == ["queue", "runs"]
        end()
        end()
        seen = one.count("queue")
        two.ring("queue")
        assert one.wait("queue", seen, 5) == seen + 1
        one.close()  # and can be used again
        seen = one.count("queue")
        assert one.wait("queue", seen, 0.02) == seen
        two.ring("queue")
        assert one.wait("queue", seen, 5) == seen + 1
    finally:
        one.close()
        two.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "doorbell"]


def test_a_shared_word_wakes_who_waits_for_it() -> None:
    with mmap.mmap(-1, 8) as shared:
        word = SharedWord.at(shared, 4)
        if word is None:
            pytest.skip("this system cannot wait for a word")
        assert not word.wait(word.value, 0.001)
        assert word.wait(word.value ^ 1, 60), "it has changed already"
        seen, heard = word.value, list[bool]()
        waiting = threading.Thread(target=lambda: heard.append(word.wait(seen, 60)))
        waiting.start()
        word.change()
        waiting.join(10)
        assert heard == [True]
        word.close()


def test_without_a_shared_file_rings_stay_here(tmp_path: Path) -> None:
    bell = SqliteDoorbell(tmp_path / "missing" / "r.db")
    assert bell.wait("queue", 0, 0.02) == 0
    bell.ring("queue")
    assert bell.wait("queue", 0, 5) == 1
    bell.close()


def test_clocks_make_ids_in_order() -> None:
    for clock in (SystemClock(), FakeClock()):
        ids = [clock.new_id() for _ in range(5000)]
        assert ids == sorted(set(ids))
        assert all(map(is_id, ids))
        assert clock.now() <= clock.now()
        assert 0 <= clock.random() < 1
        stop = threading.Event()
        stop.set()
        assert clock.wait(stop, 100)
    assert not SystemClock().wait(threading.Event(), 0.001)


def test_fake_clocks_repeat() -> None:
    assert FakeClock().new_id() == FakeClock().new_id()
    assert FakeClock(seed=1).new_id() != FakeClock(seed=2).new_id()
    assert FakeClock(seed=3).random() == FakeClock(seed=3).random()
    clock = FakeClock()
    assert clock.set(clock.now()) == clock.advance(0)
