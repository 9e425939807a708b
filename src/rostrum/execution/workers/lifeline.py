"""Processes that die with their parent, and are known dead for certain.

A lifeline is a pipe whose writing end only the parent holds: when the parent is gone, for whatever reason, the kernel
sends SIGKILL to the child's process group, although the child may hold the interpreter lock, and grandchildren go with
it. PR_SET_PDEATHSIG is an addition only: it fires when the forking *thread* ends, and never if the parent was gone
before.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys

if sys.platform == "linux":
    import fcntl

_PR_SET_PDEATHSIG = 1


def hold_lifeline(reading_end: int, *, with_parent: bool = True) -> None:
    """Bind the calling process group's life to the pipe's other end. To be called by a process that leads its group.

    `with_parent`: PR_SET_PDEATHSIG too. Where the parent has several threads it may come before the lifeline's end, and
    then spares the rest of the group.
    """
    if sys.platform != "linux":
        return
    fcntl.fcntl(reading_end, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(reading_end, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(reading_end, fcntl.F_GETFL)
    fcntl.fcntl(reading_end, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
    if with_parent:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the lines above: the signal is sent on a change only.
    poll = select.poll()
    poll.register(reading_end, select.POLLIN | select.POLLHUP)
    if poll.poll(0):
        os.killpg(os.getpgrp(), signal.SIGKILL)


def release_lifeline(reading_end: int) -> None:
    """End what `hold_lifeline` began without `with_parent`: now its end is only seen by who looks at it."""
    if sys.platform != "linux":
        return
    flags = fcntl.fcntl(reading_end, fcntl.F_GETFL)
    fcntl.fcntl(reading_end, fcntl.F_SETFL, flags & ~os.O_ASYNC)
