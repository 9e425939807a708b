"""What is told of the end of a process."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from rostrum.executors import processes
from rostrum.executors.processes import Exit, MemoryKills, crash_error, how_it_ended

KILLED = Exit(7, signal=signal.SIGKILL, peak_bytes=300 * 2**20)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "memory.events"
    file.write_text("low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 0\n")
    monkeypatch.setattr(processes, "_memory_events", lambda: file)
    return file


def test_a_kill_for_memory_is_told_as_such(told: Path):
    kills = MemoryKills()
    told.write_text(told.read_text().replace("oom_kill 1", "oom_kill 2"))
    error = crash_error(KILLED, kills)
    assert error.code == "out_of_memory"
    assert error.message == (
        "The process of this step (pid 7) was killed by SIGKILL: the kernel ended it because memory ran out. "
        "It held 300 MiB at most."
    )
    assert crash_error(KILLED, kills).code == "worker_died", "each kill explains one end"


def test_a_kill_by_somebody_is_not_put_down_to_memory(told: Path):
    error = crash_error(KILLED, MemoryKills())
    assert error.message == "The process of this step (pid 7) was killed by SIGKILL. It held 300 MiB at most."


def test_where_it_cannot_be_known_it_is_a_guess(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "_memory_events", lambda: None)
    assert "perhaps because the machine is out of memory" in crash_error(KILLED, MemoryKills()).message


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (Exit(7, code=3), "exited with code 3 before the step had ended."),
        (Exit(7, signal=signal.SIGSEGV), "was killed by SIGSEGV."),
        (Exit(7, signal=99), "was killed by signal 99."),
        (Exit(7), "has ended; its exit status is unknown."),
    ],
)
def test_other_ends(end: Exit, told: str):
    assert how_it_ended(end) == f"The process of this step (pid 7) {told}"
