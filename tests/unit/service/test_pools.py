from __future__ import annotations

import threading

import pytest

from rostrum.service.pools import Pool


def test_runs_everything_with_few_threads(caplog: pytest.LogCaptureFixture) -> None:
    pool = Pool(3, "test")
    assert pool.wait(0)
    assert pool.close()
    names: set[str] = set()
    done: list[int] = []

    def work(number: int) -> None:
        names.add(threading.current_thread().name)
        done.append(number)
        if number == 7:
            raise ValueError("seven")

    for number in range(50):
        pool.submit(lambda number=number: work(number))  # type: ignore[misc]
    assert pool.wait(5)
    assert sorted(done) == list(range(50))
    assert names <= {"test-0", "test-1", "test-2"}
    assert "seven" in caplog.text
    assert pool.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("test-")]
    pool.submit(lambda: done.append(50))
    assert pool.close()
    assert 50 in done


def test_a_call_that_hangs_is_left_behind() -> None:
    pool, go = Pool(1, "hang"), threading.Event()
    pool.submit(go.wait)
    assert not pool.close(0.02)
    go.set()
    assert pool.wait(5)
