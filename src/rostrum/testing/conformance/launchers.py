"""What every `Launcher` promises. Subclass `LauncherConformance` in a test module and give it a `bench` fixture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from rostrum.interfaces.launching import Launcher, LaunchSpec, WorkerRef, WorkerStatus

PATIENCE_SECONDS = 20.0


class LauncherBench(Protocol):
    """A launcher of the kind under test, and workers to launch."""

    launcher: Launcher

    def spec(self, behaviour: str) -> LaunchSpec:
        """A new run whose worker does: `succeed`, `fail`, `wait` (until it is asked to end) or `stubborn` (it ignores
        being asked, and has started a process of its own).
        """
        ...

    def wait_started(self, spec: LaunchSpec) -> None:
        """Return when the worker's user code runs."""
        ...

    def processes(self, spec: LaunchSpec) -> int:
        """How many of the processes that the user code has told of are alive."""
        ...


def wait_until(what: str, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Poll until a condition holds; fails when time is up."""
    until = time.monotonic() + seconds
    pause = 0.002
    while not condition():
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        threading.Event().wait(pause)  # real processes take real time
        pause = min(pause * 1.5, 0.05)


def wait_exited(launcher: Launcher, ref: WorkerRef, seconds: float = PATIENCE_SECONDS) -> WorkerStatus:
    """The status of a worker after it has ended."""
    wait_until("the worker has ended", lambda: launcher.inspect(ref).state == "exited", seconds)
    return launcher.inspect(ref)


class LauncherConformance:
    """`Launcher`."""

    def test_worker_runs_and_its_exit_code_is_known(self, bench: LauncherBench) -> None:
        good, bad = bench.spec("succeed"), bench.spec("fail")
        good_ref, bad_ref = bench.launcher.launch(good), bench.launcher.launch(bad)
        assert (good_ref.run_id, good_ref.epoch) == (good.run.run_id, good.epoch)
        assert wait_exited(bench.launcher, good_ref).exit_code == 0
        assert wait_exited(bench.launcher, bad_ref).exit_code == 1

    def test_launch_is_idempotent(self, bench: LauncherBench) -> None:
        spec = bench.spec("wait")
        ref = bench.launcher.launch(spec)
        assert bench.launcher.launch(spec) == ref
        bench.wait_started(spec)
        assert bench.launcher.launch(spec) == ref
        bench.launcher.terminate(ref, force=True)
        wait_exited(bench.launcher, ref)

    def test_worker_that_has_ended_is_not_started_again(self, bench: LauncherBench) -> None:
        spec = bench.spec("succeed")
        ref = bench.launcher.launch(spec)
        wait_exited(bench.launcher, ref)
        assert bench.launcher.launch(spec) == ref, "a new worker needs a new epoch"
        assert bench.launcher.inspect(ref).state == "exited"

    def test_worker_that_was_killed_is_not_started_again(self, bench: LauncherBench) -> None:
        spec = bench.spec("wait")
        ref = bench.launcher.launch(spec)
        bench.launcher.terminate(ref, force=True)
        wait_exited(bench.launcher, ref)
        assert bench.launcher.launch(spec) == ref
        assert bench.launcher.inspect(ref).state == "exited"

    def test_worker_that_is_asked_ends(self, bench: LauncherBench) -> None:
        spec = bench.spec("wait")
        ref = bench.launcher.launch(spec)
        bench.wait_started(spec)
        assert bench.launcher.inspect(ref).state == "running"
        bench.launcher.terminate(ref, force=False)
        status = wait_exited(bench.launcher, ref)
        assert status.signal is None, "it ended by itself"

    def test_force_kills_all_processes(self, bench: LauncherBench) -> None:
        spec = bench.spec("stubborn")
        ref = bench.launcher.launch(spec)
        bench.wait_started(spec)
        assert bench.processes(spec) == 2
        bench.launcher.terminate(ref, force=True)
        assert wait_exited(bench.launcher, ref).exit_code != 0
        wait_until("no process is left", lambda: bench.processes(spec) == 0)

    def test_terminating_what_is_gone_is_no_error(self, bench: LauncherBench) -> None:
        ref = bench.launcher.launch(bench.spec("succeed"))
        wait_exited(bench.launcher, ref)
        bench.launcher.terminate(ref, force=False)
        bench.launcher.terminate(ref, force=True)

    def test_adopt_finds_those_that_live(self, bench: LauncherBench) -> None:
        living, ended = bench.spec("wait"), bench.spec("succeed")
        ref = bench.launcher.launch(living)
        wait_exited(bench.launcher, bench.launcher.launch(ended))
        bench.wait_started(living)
        asked = [living.run.run_id, ended.run.run_id, "01890a5d-ac96-774b-bcce-b302099a8057"]
        assert bench.launcher.adopt(asked) == [ref]
        assert bench.launcher.adopt([]) == []
        bench.launcher.terminate(ref, force=True)
        wait_exited(bench.launcher, ref)
        assert bench.launcher.adopt(asked) == []
