"""Ends of child processes: exact signals, and death known for certain before anything is reaped."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple

from rostrum.model.errors import ErrorInfo

_CGROUPS = Path("/sys/fs/cgroup")


class Exit(NamedTuple):
    """How a process has ended."""

    pid: int
    code: int | None = None
    signal: int | None = None
    """That killed it. Code and signal are both None when somebody else has reaped it."""
    peak_bytes: int = 0
    """Most memory that it held at once; 0 where that is not known."""
    nonsense: str = ""
    """What is wrong with what it has told, where it was killed for that."""


def kill_group(pid: int, signal_number: int = signal.SIGKILL) -> None:
    """Signal the group that `pid` leads, or `pid` alone while it has no group yet. Nothing happens when it is gone.

    Safe only while `pid` is not reaped: until then neither it nor its group can be another's.
    """
    try:
        os.killpg(pid, signal_number)
    except ProcessLookupError:
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            pass
    except PermissionError:
        pass  # macOS says this of a group of zombies


def has_exited(pid: int) -> bool:
    """Say whether a child has ended, without reaping it."""
    try:
        found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return found is not None


def reap(pid: int) -> Exit:
    """Kill what is left of an ended child's group, then reap it."""
    kill_group(pid)
    try:
        _, status, used = os.wait4(pid, 0)
    except ChildProcessError:
        return Exit(pid)
    code = os.waitstatus_to_exitcode(status)
    peak = used.ru_maxrss * (1024 if os.uname().sysname == "Linux" else 1)
    return Exit(pid, code, None, peak) if code >= 0 else Exit(pid, None, -code, peak)


class MemoryKills:
    """Tells whether the kernel has killed a process of this control group for its memory, where that can be read."""

    def __init__(self) -> None:
        self._file = _memory_events()
        self._seen = self._count()

    def is_new(self) -> bool | None:
        """Whether there was one since the last question; None where it cannot be known."""
        before, self._seen = self._seen, self._count()
        return self._seen > before if self._seen is not None and before is not None else None

    def _count(self) -> int | None:
        if self._file is None:
            return None
        try:
            lines = self._file.read_text().splitlines()
        except OSError:
            return None
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def _memory_events() -> Path | None:
    try:
        group = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    # In a container the path is that of the host: then the root of what is mounted here is ours.
    places = (_CGROUPS / group.lstrip("/") / "memory.events", _CGROUPS / "memory.events")
    return next((place for place in places if place.exists()), None)


def how_it_ended(end: Exit, out_of_memory: bool | None = None) -> str:
    """A sentence on the end of a step worker that had not told the end of its step."""
    about = f"The process of this step (pid {end.pid})"
    if end.nonsense:
        return f"{about} was killed, since what it told cannot be read: {end.nonsense}."
    peak = f" It held {end.peak_bytes / 2**20:.0f} MiB at most." if end.peak_bytes else ""
    if end.signal is not None:
        try:
            name = signal.Signals(end.signal).name
        except ValueError:
            name = f"signal {end.signal}"
        if end.signal != signal.SIGKILL or out_of_memory is False:
            return f"{about} was killed by {name}.{peak}"
        if out_of_memory:
            return f"{about} was killed by {name}: the kernel ended it because memory ran out.{peak}"
        return f"{about} was killed by {name}, perhaps because the machine is out of memory.{peak}"
    if end.code is None:
        return f"{about} has ended; its exit status is unknown."
    return f"{about} exited with code {end.code} before the step had ended.{peak}"


def crash_error(end: Exit, kills: MemoryKills) -> ErrorInfo:
    """The same as the error of the attempt."""
    asked = kills.is_new() if end.signal == signal.SIGKILL and not end.nonsense else None
    code = "out_of_memory" if asked else "worker_died"
    return ErrorInfo(class_name="StepWorkerDied", message=how_it_ended(end, asked), code=code)
