"""Processes that are killed: who dies with whom, and what is told of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rostrum.testing.conformance.executors.suite import is_gone

pytestmark = pytest.mark.processes
MAIN = Path(__file__).with_name("worker_main.py")


class Started:
    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process, self.folder = process, folder

    def events(self) -> list[list[str]]:
        path = self.folder / "events"
        return [line.split(" ") for line in path.read_text().splitlines()] if path.exists() else []

    def wait_for(self, kind: str, step: str, seconds: float = 15.0) -> list[str]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for event in self.events():
                if event[:2] == [kind, step]:
                    return event
            time.sleep(0.01)
        raise AssertionError(f"no {kind} of {step}: {self.events()}")

    def pid_of(self, step: str) -> int:
        return int(self.wait_for("step_worker_started", step)[2])


Start = Callable[..., Started]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Started] = []

    def begin(job: str, executor: str = "multiprocess", start_method: str = "fork") -> Started:
        environment = {**os.environ, "ROSTRUM_HOME": str(tmp_path / "home"), "ROSTRUM_TEST_FOLDER": str(tmp_path)}
        command = [sys.executable, str(MAIN), job, executor, start_method, str(tmp_path)]
        started.append(Started(subprocess.Popen(command, env=environment), tmp_path))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.wait()


@pytest.mark.parametrize(
    ("executor", "start_method"), [("multiprocess", "fork"), ("multiprocess", "spawn"), ("shared", "fork")]
)
def test_steps_and_their_children_die_with_the_run_worker(start: Start, executor: str, start_method: str) -> None:
    worker = start("swallowing", executor, start_method)
    step = worker.pid_of("swallows")
    worker.wait_for("log_message", "swallows")
    grandchild = int((worker.folder / "grandchild").read_text())
    worker.process.kill()
    worker.process.wait()
    assert is_gone(step)
    assert is_gone(grandchild)


def test_a_step_worker_killed_from_outside_fails_its_step_only(start: Start) -> None:
    worker = start("waiting")
    step = worker.pid_of("waits")
    worker.wait_for("step_started", "waits")
    os.kill(step, signal.SIGKILL)
    assert worker.process.wait(10) == 1
    kinds = [event[0] for event in worker.events()]
    assert kinds[-3:] == ["step_failed", "step_not_run", "run_failed"]


@pytest.mark.parametrize("executor", ["in_process", "multiprocess"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_the_run(start: Start, executor: str, number: signal.Signals) -> None:
    worker = start("waiting", executor)
    worker.wait_for("step_started", "waits")
    worker.process.send_signal(number)
    assert worker.process.wait(15) == 1
    events = worker.events()
    assert [event[0] for event in events[-3:]] == ["step_canceled", "step_not_run", "run_canceled"]
    assert [int(event[3]) for event in events] == list(range(1, len(events) + 1))


def test_a_signal_to_the_whole_group_cancels_too(start: Start) -> None:
    worker = start("swallowing")
    worker.wait_for("log_message", "swallows")
    worker.process.send_signal(signal.SIGINT)
    os.killpg(worker.pid_of("swallows"), signal.SIGINT)
    assert worker.process.wait(15) == 1
    assert worker.events()[-1][0] == "run_canceled"
    assert is_gone(worker.pid_of("swallows"))
