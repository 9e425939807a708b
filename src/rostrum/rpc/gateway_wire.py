"""What run workers and the gateway say to each other: bodies of the plain POSTs, in msgpack.

Every path begins with `/gateway/runs/<run id>/` and every request carries `Authorization: Bearer <run token>`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Annotated

import msgspec

from rostrum.interfaces.logs import LogLimits
from rostrum.interfaces.runs import Orders
from rostrum.model.pools import SlotWish
from rostrum.model.runs import Run

PREFIX = "/gateway"
MSGPACK = "application/msgpack"
MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request's body, as sent and after decompression; more is answered with 413."""

EPOCH_IS_OVER = 410
"""Status of the answer to output of a worker whose run belongs to another one: it is refused for good."""


Place = Annotated[int, msgspec.Meta(ge=0, le=2**50)]
"""An offset or a sequence number: what is larger is none."""


class AppendReply(msgspec.Struct, frozen=True):
    """To `events` (body: a list of events): what the stream holds now. Go on after `last_sequence`, whatever was
    sent.
    """

    stored: int
    last_sequence: int
    orders: Orders


class LogPart(msgspec.Struct, frozen=True, array_like=True):
    """Bytes of a log file. `left_out` says that what lies between the stored bytes and these will never come."""

    file_key: str
    stream: str
    offset: Place
    data: bytes
    left_out: bool = False


class LogBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """To `logs`: parts of files, and keys of files of which both streams are complete."""

    parts: tuple[LogPart, ...] = ()
    complete: tuple[str, ...] = ()


class LogReply(msgspec.Struct, frozen=True):
    """To `logs`: the stored size after each part, where to go on (also where a part would have left a gap), and how
    much is kept of a log file.
    """

    sizes: tuple[int, ...] = ()
    head: int = LogLimits().head
    tail: int = LogLimits().tail


class PartitionsRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """To `partitions`: add keys to a dynamic partitions definition, or delete them."""

    name: str
    add: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()


class SlotRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """To `slots/claim`; answered with a `SlotAnswer`."""

    wish: SlotWish | None = None
    others: tuple[SlotWish, ...] = ()
    after: Place = 0
    """Sequence of the worker's last event before this: an end that comes later is not one of an attempt before."""
    pool: str = ""
    """With `step_key` in place of `wish`: from a worker of the version before, during an upgrade."""
    step_key: str = ""


FOLLOW_SECONDS = 20.0
"""A call of `follow` waits no longer, whatever it asks for."""


class FollowRequest(msgspec.Struct, frozen=True):
    """To `follow`: what the run's step workers have told after a cursor; wait for it at most `seconds`."""

    after: Place
    seconds: float


class FollowReply(msgspec.Struct, frozen=True):
    """Events of the epoch's step streams, as `encode_events` makes them, and the cursor behind them."""

    events: bytes
    cursor: int


class Bootstrap(msgspec.Struct, frozen=True):
    """To `bootstrap`: the run that the token's holder is to execute."""

    run: Run
    epoch: int


class ErrorReply(msgspec.Struct, frozen=True):
    """Body of every answer that is not 200."""

    code: str
    message: str


def join_batch(encoded: Sequence[bytes]) -> bytes:
    """One msgpack array out of events that are encoded already."""
    count = len(encoded)
    if count < 16:
        head = bytes((0x90 | count,))
    elif count < 65536:
        head = struct.pack(">BH", 0xDC, count)
    else:
        head = struct.pack(">BI", 0xDD, count)
    return head + b"".join(encoded)
