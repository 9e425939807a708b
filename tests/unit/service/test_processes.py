from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rostrum.service.processes import identity, is_gone, memory_kills


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("groups", "place"),
    [
        ("0::/app\n", "sys/fs/cgroup/app/memory.events"),
        ("0::/docker/abc\n", "sys/fs/cgroup/memory.events"),
        ("8:pids:/\n4:memory:/app\n0::/\n", "sys/fs/cgroup/memory/app/memory.oom_control"),
        ("4:memory:/docker/abc\n", "sys/fs/cgroup/memory/memory.oom_control"),
    ],
)
def test_the_kernel_is_asked_how_often_memory_ran_out(tmp_path: Path, groups: str, place: str) -> None:
    write(tmp_path, "proc/self/cgroup", groups)
    write(tmp_path, place, "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    assert memory_kills(tmp_path) == 3


def test_where_it_does_not_say_nothing_is_known(tmp_path: Path) -> None:
    assert memory_kills(tmp_path) is None
    write(tmp_path, "proc/self/cgroup", "0::/\n")
    assert memory_kills(tmp_path) is None
    write(tmp_path, "sys/fs/cgroup/memory.events", "low 0\n")
    assert memory_kills(tmp_path) is None


def test_a_process_is_known_to_be_gone_by_its_name_alone() -> None:
    """One that lives is not, nor one of elsewhere, or with a name that says nothing."""
    ours = identity("x")
    place, pid, *_ = ours.split(".")
    assert ours.endswith("@x")
    assert not is_gone(ours)
    reused = f"{place}.{pid}.1.00@x"
    assert is_gone(reused), "the pid is another process's now"
    assert not is_gone(f"elsewhere.{pid}.1.00@x")
    with subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(name), "not reaped yet"
    assert is_gone(name)
    for unknown in ("", "x", "@", f"{place}@x", f"{place}.x.1@x", f"{place}.{pid}@x"):
        assert not is_gone(unknown)


CHILD = "from rostrum.service.processes import identity; print(identity('child'), flush=True)"
