"""Worker processes of this host, by identity: pid, start time and boot, so that a reused pid is never mistaken for a
worker.

Linux only (`/proc`, pidfd). A worker is the leader of a session of its own, so all that it started can be found and
killed, whoever is left to ask.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
from pathlib import Path

import msgspec

from rostrum.interfaces.launching import WorkerRef, WorkerStatus

_PROC = Path("/proc")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class ProcessStat(msgspec.Struct, frozen=True):
    """The part of `/proc/<pid>/stat` that identifies a process."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start_time: float
    """Seconds since boot."""


def read_stat(pid: int) -> ProcessStat | None:
    """Stat of a process; None when there is none."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the name before may hold spaces and brackets
    state, parent, group, session = fields[0], int(fields[1]), int(fields[2]), int(fields[3])
    return ProcessStat(pid, state, parent, group, session, int(fields[19]) / _TICKS_A_SECOND)


def start_time(pid: int) -> float:
    """When a process started, in seconds since boot; 0 when there is none."""
    stat = read_stat(pid)
    return stat.start_time if stat else 0.0


def boot_id() -> str:
    """Identifies this boot of the kernel; empty where that cannot be told."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def host_name() -> str:
    """Name of this host (of the container, inside one: pids are its own there)."""
    return socket.gethostname()


def is_alive(pid: int, started: float) -> bool:
    """True while exactly that process runs; a zombie does not."""
    stat = read_stat(pid)
    return stat is not None and stat.start_time == started and stat.state not in "ZX"


def is_zombie(pid: int, started: float) -> bool:
    """True when exactly that process has ended and nobody has taken its exit status yet."""
    stat = read_stat(pid)
    return stat is not None and stat.start_time == started and stat.state in "ZX"


def identity(unique: str) -> str:
    """A name for this process by which others of its kernel and pid namespace can tell that it is no more (`is_gone`):
    which process it is, where that can be told, and `unique`.
    """
    place = _place()
    return f"{place}.{os.getpid()}.{start_time(os.getpid()):.2f}@{unique}" if place else unique


def is_gone(name: str) -> bool:
    """True when the process that goes by this `identity` is known to have ended: False where that cannot be told."""
    place, *process = name.partition("@")[0].split(".", 2)
    if len(process) != 2 or not process[0].isdecimal() or not place or place != _place():
        return False
    stat = read_stat(int(process[0]))
    return stat is None or f"{stat.start_time:.2f}" != process[1] or stat.state in "ZX"


def _place() -> str:
    """Where pids mean the same: a boot of a kernel and a pid namespace; empty where that cannot be told."""
    try:
        place = f"{boot_id()} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""
    return hashlib.blake2b(place.encode(), digest_size=6).hexdigest()


def session_members(leader: int, not_before: float) -> list[ProcessStat]:
    """Processes of the leader's session, and whatever descends from them, the leader first. Older processes are none
    of ours.
    """
    stats = [stat for entry in _PROC.iterdir() if entry.name.isdigit() and (stat := read_stat(int(entry.name)))]
    chosen = {stat.pid for stat in stats if stat.session == leader and stat.start_time >= not_before}
    grown = True
    while grown:
        more = {stat.pid for stat in stats if stat.parent in chosen and stat.pid not in chosen}
        chosen |= more
        grown = bool(more)
    return sorted((stat for stat in stats if stat.pid in chosen), key=lambda stat: stat.pid != leader)


def send_signal(pid: int, started: float, number: int) -> bool:
    """Signal exactly that process: a pidfd is opened before the identity is checked, so the pid cannot be reused in
    between.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except (ProcessLookupError, OSError):
        return False
    try:
        if start_time(pid) != started:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(descriptor)
    return True


def kill_session(leader: int, started: float) -> None:
    """Kill every process of a session, repeatedly until none is left (a dying one may have forked in between)."""
    now = read_stat(leader)
    if now is not None and now.start_time != started:
        return  # the pid is another process now, so no process of the old session is left
    for _ in range(5):
        members = [stat for stat in session_members(leader, started) if stat.state not in "ZX"]
        if not members:
            return
        for stat in members:
            with contextlib.suppress(OSError):
                send_signal(stat.pid, stat.start_time, signal.SIGKILL)


def memory_kills(root: Path = Path("/")) -> int | None:
    """How many processes of our control group the kernel has ended so far because memory ran out; None where it does
    not say.
    """
    try:
        lines = [line.split(":", 2) for line in (root / "proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return None
    for _, controllers, group in (line for line in lines if len(line) == 3):
        if controllers == "memory":  # the first version of control groups
            mount, name = root / "sys/fs/cgroup/memory", "memory.oom_control"
        elif not controllers:
            mount, name = root / "sys/fs/cgroup", "memory.events"
        else:
            continue
        # In a container the path is that of the host: then the root of what is mounted here is ours.
        for folder in (mount / group.lstrip("/"), mount):
            with contextlib.suppress(OSError, ValueError, KeyError):
                return int(
                    dict(line.split(maxsplit=1) for line in (folder / name).read_text().splitlines())["oom_kill"]
                )
    return None


class LocalProcesses:
    """`HostProcesses` of this host."""

    def __init__(self) -> None:
        self._host, self._boot_id = host_name(), boot_id()

    def is_here(self, ref: WorkerRef) -> bool:
        """True when the worker was started on this host."""
        return ref.pid > 0 and ref.host == self._host

    def status(self, ref: WorkerRef) -> WorkerStatus:
        """What the kernel says; the exit code is not known here."""
        if not self.is_here(ref):
            return WorkerStatus(state="unknown", reason=f"the worker runs on {ref.host or 'another host'}")
        if ref.boot_id != self._boot_id:
            return WorkerStatus(state="exited", reason="the host has been restarted")
        if is_alive(ref.pid, ref.start_time):
            return WorkerStatus(state="running")
        return WorkerStatus(state="exited", reason="exit status unknown")

    def terminate(self, ref: WorkerRef, *, force: bool) -> None:
        """SIGTERM to the worker (it ends its own), or SIGKILL to its whole session."""
        if not self.is_here(ref) or ref.boot_id != self._boot_id:
            return
        if force:
            kill_session(ref.pid, ref.start_time)
        else:
            send_signal(ref.pid, ref.start_time, signal.SIGTERM)
