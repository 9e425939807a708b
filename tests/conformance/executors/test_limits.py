"""Time limits, crashes and places of a run, on the executors of one machine."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from rostrum.executors.in_process import InProcessExecutor
from rostrum.executors.multiprocess import MultiprocessExecutor
from rostrum.executors.threaded import AsyncExecutor, ThreadedExecutor
from rostrum.testing.conformance.executors import code, limits_code
from rostrum.testing.conformance.executors.bench import Bench
from rostrum.testing.conformance.executors.limits import CrashesSuite, FusedSuite, LimitsSuite, MixedSuite
from rostrum.testing.conformance.executors.suite import ExecutorSuite, IsolatingSuite

GRACE = 0.4


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROSTRUM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROSTRUM_TEST_FOLDER", str(tmp_path))
    return tmp_path


class TestInOneProcess(LimitsSuite):
    @pytest.fixture(
        params=[InProcessExecutor, partial(ThreadedExecutor, 2, grace_seconds=GRACE), AsyncExecutor],
        ids=["in_process", "threaded", "async"],
    )
    def limits(self, request: pytest.FixtureRequest, place: Path) -> Bench:
        return Bench(request.param, limits_code.defs, place, limits_code.__name__)


@pytest.mark.processes
class TestProcesses(CrashesSuite, MixedSuite):
    @pytest.fixture
    def limits(self, place: Path) -> Bench:
        make = partial(MultiprocessExecutor, 2, grace_seconds=GRACE)
        return Bench(make, limits_code.defs, place, limits_code.__name__)


@pytest.mark.processes
class TestFused(FusedSuite):
    @pytest.fixture(params=["fork", "spawn"])
    def limits(self, request: pytest.FixtureRequest, place: Path) -> Bench:
        make = partial(MultiprocessExecutor, 2, start_method=request.param, grace_seconds=GRACE, fuse=True)
        return Bench(make, limits_code.defs, place, limits_code.__name__)


@pytest.mark.processes
class TestShared(ExecutorSuite):
    """All steps in the process that steps share: the same promises."""

    test_swallowing = IsolatingSuite.test_a_step_that_swallows_interrupts_ends_with_its_children

    @pytest.fixture(params=["in_process", "thread"])
    def bench(self, request: pytest.FixtureRequest, place: Path) -> Bench:
        return Bench(partial(MultiprocessExecutor, 2, grace_seconds=GRACE, default=request.param), code.defs, place)

    def test_signals_that_are_ignored_do_not_hold_a_cancel_up(self, place: Path) -> None:
        bench = Bench(partial(MultiprocessExecutor, 2, grace_seconds=GRACE, default="in_process"), code.defs, place)
        IsolatingSuite.test_a_step_that_ignores_signals_is_killed(IsolatingSuite(), bench)
