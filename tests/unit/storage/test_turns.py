from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from rostrum.storage.turns import Turns


def test_first_come_first_served() -> None:
    turns = Turns()
    order: list[int] = []
    assert turns.acquire(1)
    assert turns.is_mine

    def take(number: int) -> None:
        assert turns.acquire(30)
        order.append(number)
        turns.release()

    with ThreadPoolExecutor(5) as threads:
        for number in range(5):
            threads.submit(take, number)
            while len(turns._waiting) <= number:
                threading.Event().wait(0.0005)
        turns.release()
    assert order == [0, 1, 2, 3, 4]
    assert turns.acquire(0)


def test_patience_ends() -> None:
    turns = Turns()
    turns.acquire(1)
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(turns.acquire, 0.01).result() is False
    turns.release()
    assert not turns.is_mine
    assert turns.acquire(0)


def test_one_at_a_time() -> None:
    turns = Turns()
    inside: list[int] = []

    def work(_: int) -> None:
        for _ in range(200):
            assert turns.acquire(30)
            inside.append(1)
            assert len(inside) == 1
            inside.pop()
            turns.release()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
