"""Names of log files as they come from outside, checked before anything is made of them."""

from __future__ import annotations

import re

from rostrum.interfaces.logs import STREAMS
from rostrum.model.errors import Conflict, InvocationError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")


def checked_run(run_id: str) -> str:
    """A run id that can be a name. Raises InvocationError."""
    return _checked(run_id, "run id")


def checked_key(file_key: str) -> str:
    """A file key that can be a name. Raises InvocationError."""
    return _checked(file_key, "file key")


def checked_stream(stream: str) -> str:
    """`out` or `err`. Raises InvocationError."""
    if stream not in STREAMS:
        raise InvocationError(f"{stream!r} is not a stream of captured output: `out` or `err`")
    return stream


def require_no_gap(what: str, size: int, offset: int, *, leave_out: bool) -> None:
    """Raises Conflict where bytes at `offset` cannot follow a file of `size`."""
    if offset < 0 or (offset > size and not leave_out):
        raise Conflict(f"{what} has {size} bytes: bytes from offset {offset} on would leave a gap. Continue at {size}.")


def _checked(name: str, what: str) -> str:
    if not _NAME.fullmatch(name) or set(name) == {"."}:
        raise InvocationError(f"{name[:80]!r} is not a {what}: letters, digits, `_`, `.` and `-`, at most 200")
    return name
