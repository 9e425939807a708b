"""Copies of this process that user code makes: `os.fork`, and `multiprocessing`, which forks too.

A copy does what it was made for. Nothing of it is the run's: it tells no events, asks nobody, and where it comes back
to the frames that have called the user's code it ends there, as a script that has come to its end.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import NoReturn, Protocol
from weakref import WeakSet


class Copied(Protocol):
    """Something that must know that this process is a copy."""

    def copied(self) -> None:
        """Called in the copy, before user code goes on there."""
        ...


class Process:
    """This process among its copies."""

    def __init__(self) -> None:
        self.generation = 0
        """Goes up in each copy: who has kept another number was made, or called, by the process that was copied."""
        self.told: WeakSet[Copied] = WeakSet()
        """Who is told."""

    def copied(self) -> None:
        """This process is a copy."""
        self.generation += 1
        for each in list(self.told):
            each.copied()


PROCESS = Process()
os.register_at_fork(after_in_child=PROCESS.copied)


def end_copy(raised: BaseException | None) -> NoReturn:
    """End this copy: its code has returned, or raised."""
    code = 0
    if isinstance(raised, SystemExit):
        code = raised.code if isinstance(raised.code, int) else int(raised.code is not None)
        if code and raised.code is not code:
            sys.stderr.write(f"{raised.code}\n")
    elif raised is not None:
        code = 1
        traceback.print_exception(raised)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code & 0xFF)
