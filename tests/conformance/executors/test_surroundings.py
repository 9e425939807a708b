"""Hooks, resources and IO managers on every executor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.executors.threaded import AsyncExecutor, ThreadedExecutor
from rostrum.interfaces.execution import Executor
from rostrum.testing.conformance.executors import surroundings_code
from rostrum.testing.conformance.executors.bench import Bench
from rostrum.testing.conformance.executors.surroundings import CrashSurroundingsSuite, SurroundingsSuite

Make = Callable[[Callable[[], Executor]], Bench]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROSTRUM_TEST_FOLDER", str(tmp_path))
    return lambda executor: Bench(executor, surroundings_code.definitions(), tmp_path, surroundings_code.__name__)


SHARED: dict[str, Callable[[], Executor]] = {
    "in_process": InProcessExecutor,
    "threaded": lambda: ThreadedExecutor(2, grace_seconds=0.4),
    "async": lambda: AsyncExecutor(2, grace_seconds=0.4),
}
FORKED = partial(MultiprocessExecutor, 2, start_method="fork", grace_seconds=0.4)


class TestInOneProcess(SurroundingsSuite):
    @pytest.fixture(params=SHARED)
    def surrounded(self, make: Make, request: pytest.FixtureRequest) -> Bench:
        return make(SHARED[request.param])


@pytest.mark.processes
class TestSharedProcess(SurroundingsSuite):
    @pytest.fixture
    def surrounded(self, make: Make) -> Bench:
        return make(partial(FORKED, default="async"))


@pytest.mark.processes
class TestFork(CrashSurroundingsSuite):
    @pytest.fixture
    def surrounded(self, make: Make) -> Bench:
        return make(FORKED)


@pytest.mark.processes
class TestSpawn:
    """What may depend on how a process begins."""

    test_hooks = CrashSurroundingsSuite.test_hooks_know_outputs_and_exceptions
    test_partitions = CrashSurroundingsSuite.test_typed_values_of_partitions
    test_a_crash = CrashSurroundingsSuite.test_a_crash_takes_no_other_resources_along

    @pytest.fixture
    def surrounded(self, make: Make) -> Bench:
        return make(lambda: MultiprocessExecutor(2, start_method="spawn", grace_seconds=0.4))
