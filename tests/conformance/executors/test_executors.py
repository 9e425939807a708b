from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.interfaces.execution import Executor
from rostrum.testing.conformance.executors import code
from rostrum.testing.conformance.executors.bench import Bench
from rostrum.testing.conformance.executors.suite import ExecutorSuite, IsolatingSuite

Make = Callable[[Callable[[], Executor]], Bench]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROSTRUM_TEST_FOLDER", str(tmp_path))
    return lambda executor: Bench(executor, code.defs, tmp_path)


class TestInProcess(ExecutorSuite):
    @pytest.fixture
    def bench(self, make: Make) -> Bench:
        return make(InProcessExecutor)


@pytest.mark.processes
class TestMultiprocessFork(IsolatingSuite):
    @pytest.fixture
    def bench(self, make: Make) -> Bench:
        return make(lambda: MultiprocessExecutor(2, start_method="fork", grace_seconds=0.4))


@pytest.mark.processes
class TestMultiprocessSpawn(IsolatingSuite):
    @pytest.fixture
    def bench(self, make: Make) -> Bench:
        return make(lambda: MultiprocessExecutor(2, start_method="spawn", grace_seconds=0.4))
