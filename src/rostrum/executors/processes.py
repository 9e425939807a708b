"""Ends of child processes: exact signals, and death known for certain before anything is reaped."""

from __future__ import annotations

import os
import signal


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


def reap(pid: int) -> tuple[int | None, int | None]:
    """Kill what is left of an ended child's group, then reap it. Returns (exit code, signal); both None when somebody
    else reaped it.
    """
    kill_group(pid)
    try:
        _, status = os.waitpid(pid, 0)
    except ChildProcessError:
        return None, None
    code = os.waitstatus_to_exitcode(status)
    return (code, None) if code >= 0 else (None, -code)
