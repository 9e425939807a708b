"""Loops of coroutines, and what is left in them when they are closed."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator

import pytest

from rostrum.definitions import coroutines
from rostrum.definitions.coroutines import Coroutines


def test_of_code_that_does_not_end_the_closed_loop_says_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(coroutines, "_CLOSE_SECONDS", 1.0)
    begun = threading.Event()

    async def stays() -> AsyncIterator[int]:
        while True:
            try:
                begun.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue
        yield 1

    async def uses() -> None:
        async for _ in stays():
            pass

    runner = Coroutines()
    runner.share()
    loop = runner.loop()
    tasks: list[asyncio.Task[None]] = []
    loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(uses())))
    assert begun.wait(10)
    runner.close()
    assert loop.is_closed()
    tasks.clear()
    gc.collect()
    assert not caplog.records
