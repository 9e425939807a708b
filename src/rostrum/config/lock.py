"""One `rostrum dev` a home folder: two would own the same sockets."""

from __future__ import annotations

import fcntl
import os

from rostrum.config.instance import Home
from rostrum.model.errors import Conflict

_held: list[int] = []
"""Descriptors kept open for the life of the process: the kernel lets go of the lock when it ends, however it ends."""


def hold_home(home: Home) -> None:
    """Take the home for this process. Raises Conflict when another has it."""
    descriptor = os.open(home.sockets / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Conflict(f"another rostrum process serves {home.folder}; stop it, or choose another --home") from None
    _held.append(descriptor)
