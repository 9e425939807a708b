"""The suite of executors for those that run steps concurrently in one process."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.executors.threaded import AsyncExecutor, ThreadedExecutor
from rostrum.interfaces.execution import Executor
from rostrum.testing.conformance.executors import code, features_code
from rostrum.testing.conformance.executors.bench import Bench
from rostrum.testing.conformance.executors.features import FeaturesSuite
from rostrum.testing.conformance.executors.suite import ExecutorSuite


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROSTRUM_TEST_FOLDER", str(tmp_path))
    return tmp_path


def threaded() -> Executor:
    return ThreadedExecutor(2, grace_seconds=0.4)


def in_a_loop() -> Executor:
    return AsyncExecutor(2, grace_seconds=0.4)


class TestThreaded(ExecutorSuite):
    @pytest.fixture
    def bench(self, place: Path) -> Bench:
        return Bench(threaded, code.defs, place)


class TestAsync(ExecutorSuite):
    @pytest.fixture
    def bench(self, place: Path) -> Bench:
        return Bench(in_a_loop, code.defs, place)


class TestFeatures(FeaturesSuite):
    @pytest.fixture(params=[InProcessExecutor, threaded, in_a_loop], ids=["in_process", "threaded", "async"])
    def features(self, request: pytest.FixtureRequest, place: Path) -> Bench:
        return Bench(request.param, features_code.defs, place, features_code.__name__)


@pytest.mark.processes
class TestFeaturesInProcesses(FeaturesSuite):
    @pytest.fixture(params=["process", "async"], ids=["processes", "shared process"])
    def features(self, request: pytest.FixtureRequest, place: Path) -> Bench:
        executor = partial(MultiprocessExecutor, 2, grace_seconds=0.4, default=request.param)
        return Bench(executor, features_code.defs, place)
