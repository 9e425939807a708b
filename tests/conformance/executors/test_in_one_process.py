"""The suite of executors for those that run steps concurrently in one process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rostrum.executors.threaded import AsyncExecutor, ThreadedExecutor
from rostrum.interfaces.execution import Executor
from rostrum.testing.conformance.executors import code
from rostrum.testing.conformance.executors.bench import Bench
from rostrum.testing.conformance.executors.suite import ExecutorSuite

Make = Callable[[Callable[[], Executor]], Bench]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROSTRUM_TEST_FOLDER", str(tmp_path))
    return lambda executor: Bench(executor, code.defs, tmp_path)


class TestThreaded(ExecutorSuite):
    @pytest.fixture
    def bench(self, make: Make) -> Bench:
        return make(lambda: ThreadedExecutor(2, grace_seconds=0.4))


class TestAsync(ExecutorSuite):
    @pytest.fixture
    def bench(self, make: Make) -> Bench:
        return make(lambda: AsyncExecutor(2, grace_seconds=0.4))
