"""Output of steps that share a process, and how their files are followed."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any, Self

import pytest

from rostrum.execution.active import ACTIVE, Active
from rostrum.execution.output.attribution import Attribution
from rostrum.execution.output.capture import Tail, file_key
from rostrum.execution.output.logs import RunLog
from rostrum.model.events import Event, LogsCaptured
from rostrum.model.plans import Step
from rostrum.testing.clock import FakeClock


class Process:
    """A process whose output is attributed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, list[Event]()
        self.ended = list[tuple[str, int]]()
        self.log = RunLog(FakeClock())
        self.attribution = Attribution(folder, self.log, FakeClock(), 1)
        self.attribution.complete = lambda key, attempt: self.ended.append((key, attempt))

    def __enter__(self) -> Self:
        self._stdout, self._own = sys.stdout, (self.folder / "own.out").open("w+")
        sys.stdout = self._own
        self.attribution.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.attribution.stop()
        sys.stdout = self._stdout
        self._own.close()

    def enter(self, key: str, attempt: int = 1) -> Active:
        active = Active(Step(key, key), attempt, self.told.append, self.log, None)
        self.log.enter(active)
        return active

    def leave(self, active: Active) -> None:
        active.has_ended = True
        if active.output is not None:
            self.attribution.end(active)
        self.log.forget(active)
        ACTIVE.set(None)

    def written(self, key: str, stream: str = "out", attempt: int = 1) -> str:
        return (self.folder / f"{file_key(key, attempt)}.{stream}").read_text()


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path)


def test_a_file_is_made_when_something_is_written(process: Process) -> None:
    with process:
        silent = process.enter("silent")
        process.leave(silent)
        assert (process.told, process.ended) == ([], [])
        active = process.enter("a")
        print("one", 2, sep="-")
        sys.stderr.write("err\n")
        process.leave(active)
        (captured,) = process.told
        assert isinstance(captured, LogsCaptured)
        assert (captured.step_key, captured.step_keys, captured.pid) == ("a", ("a",), os.getpid())
        assert process.written("a") == "one-2\n"
        assert process.written("a", "err") == "err\n"
        assert process.ended == [("a", 1)]


def test_a_line_is_written_when_it_is_whole_or_flushed_or_all_is_over(process: Process) -> None:
    with process:
        active = process.enter("a")
        print("whole\nbegun", end="")
        assert process.written("a") == "whole\n"
        sys.stdout.flush()
        assert process.written("a") == "whole\nbegun"
        print(" and ended")
        print("rest", end="")
        process.leave(active)
        assert process.written("a") == "whole\nbegun and ended\nrest"


def test_what_is_long_is_not_kept_back(process: Process) -> None:
    with process:
        active = process.enter("a")
        sys.stdout.write("x" * 200_000)
        assert len(process.written("a")) == 200_000
        process.leave(active)


def test_bytes_and_odd_text_are_written_too(process: Process) -> None:
    with process:
        active = process.enter("a")
        sys.stdout.buffer.write(b"bytes\n")
        sys.stdout.writelines(["\udc80\n", "ä\n"])
        process.leave(active)
        assert process.written("a") == "bytes\n\\udc80\nä\n"
        assert sys.stdout.encoding == "utf-8"
        assert not sys.stdout.isatty()
        assert sys.stdout.writable()


def test_outside_of_steps_the_process_writes(process: Process) -> None:
    with process:
        print("nobody's")
        active = process.enter("a")
        process.leave(active)
        print("still nobody's")
        sys.stdout.flush()
        assert (process.folder / "own.out").read_text() == "nobody's\nstill nobody's\n"
        assert process.told == []


def test_a_thread_of_user_code_belongs_to_the_only_step_that_runs(process: Process) -> None:
    with process:
        active = process.enter("a")
        _in_thread("alone")
        other = process.enter("b")
        _in_thread("which?")
        process.leave(other)
        process.leave(active)
        assert process.written("a") == "alone\n"
        assert not (process.folder / "b.out").exists()


def test_many_steps_write_in_turn_with_few_files_open(process: Process) -> None:
    with process:
        before = open_files()
        actives = [process.enter(f"s{number}") for number in range(300)]
        for line in ("one", "two"):
            for active in actives:
                ACTIVE.set(active)
                print(line)
        assert open_files() - before <= 64
        for active in actives:
            process.leave(active)
        assert open_files() == before
        assert {process.written(f"s{number}") for number in range(300)} == {"one\ntwo\n"}


def test_streams_and_handlers_are_left_as_they_were(tmp_path: Path) -> None:
    handler = logging.StreamHandler(sys.__stderr__)
    logger = logging.getLogger("test.attribution")
    logger.addHandler(handler)
    before = sys.stdout, sys.stderr
    attribution = Attribution(tmp_path, RunLog(FakeClock()), FakeClock(), 1)
    attribution.start()
    try:
        kept: Any = sys.stdout
        assert handler.stream is sys.stderr
        assert kept is not before[0]
    finally:
        attribution.stop()
        logger.removeHandler(handler)
    assert (sys.stdout, sys.stderr) == before
    assert handler.stream is sys.__stderr__
    kept.write("")  # who holds on to it writes where the process does
    kept.close()
    attribution.stop()


def test_quiet_files_are_looked_at_less_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    stat = os.stat
    monkeypatch.setattr("rostrum.execution.output.capture.os.stat", lambda path: looks.append(path) or stat(path))
    written: list[bytes] = []
    tail = Tail(tmp_path, lambda key, stream, offset, data: written.append(data))
    for number in range(100):
        tail.follow(f"k{number}")
    for _ in range(40):
        tail.pump()
    assert len(looks) < 40 * 200 * 0.5
    (tmp_path / "k7.out").write_bytes(b"late")
    for _ in range(4):
        tail.pump()
    assert written == [b"late"], "within a second"
    (tmp_path / "k8.err").write_bytes(b"last")
    assert tail.finish("k8")
    assert written[1:] == [b"last"]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _in_thread(text: str) -> None:
    thread = threading.Thread(target=print, args=(text,))
    thread.start()
    thread.join()
