"""What code server, zygote and their children say to each other over unix sockets: length-prefixed msgpack, one struct
a message.

Both ends belong to one user on one host (sockets are 0600 in a 0700 directory, the peer's uid is checked) and to one
version of Rostrum, so nothing here is versioned.
"""

from __future__ import annotations

import os
import select
import socket
import struct

import msgspec

from rostrum.interfaces.launching import LaunchSpec
from rostrum.model.errors import ErrorInfo
from rostrum.model.ticks import TickRequest, TickResult

MAX_MESSAGE = 1 << 31
_LENGTH = struct.Struct(">I")


class ZygoteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of a zygote, as JSON on its command line. Holds no secret."""

    location: str
    target: msgspec.Raw
    """JSON of the `CodeTarget`."""
    listener: int
    """Descriptor of the listening socket."""
    lifeline: int
    """Descriptor of a pipe that ends with the code server."""
    workers_dir: str
    fork: str = "auto"
    sources: int = -1
    """Descriptor of kept source files to import instead of those on disk; negative: none."""


class Describe(msgspec.Struct, frozen=True, tag=True):
    """Tell what you have loaded; answered with Loaded or NotLoaded once loading has ended."""


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The code has loaded."""

    manifest_hash: str
    manifest: bytes
    fork: str
    """`fork`, or `fresh: <reason>`."""
    seconds: float
    files: tuple[str, ...] = ()
    """Files of the user's code that were imported: what to watch."""
    data: dict[str, int] = {}
    """Other files that were read, see `rostrum.codeserver.reads`."""


class NotLoaded(msgspec.Struct, frozen=True, tag=True):
    """The code has not loaded."""

    error: ErrorInfo
    files: tuple[str, ...] = ()
    """Files of the user's code that were imported, or are named by the error: what to watch."""
    data: dict[str, int] = {}
    """As in `Loaded`."""


class StartWorker(msgspec.Struct, frozen=True, tag=True):
    """Start a run worker; answered with Started or Refused."""

    spec: LaunchSpec
    until: float = float("inf")
    """Time (CLOCK_MONOTONIC, which all processes of a host share) after which the asker has given up."""


class StartEvaluator(msgspec.Struct, frozen=True, tag=True):
    """Start an evaluator; answered with Started or Refused. The connection is the evaluator's from then on."""


class Started(msgspec.Struct, frozen=True, tag=True):
    """A child has been started (or, for a worker, had been before under the same run and epoch)."""

    pid: int
    start_time: float


class Refused(msgspec.Struct, frozen=True, tag=True):
    """No child was started."""

    message: str
    again: bool = False
    """It may be asked for once more."""


class Count(msgspec.Struct, frozen=True, tag=True):
    """Ask how many children live; answered with Counted."""


class Counted(msgspec.Struct, frozen=True, tag=True):
    """Living children."""

    workers: int
    evaluators: int


class Retire(msgspec.Struct, frozen=True, tag=True):
    """Take no more requests, end the evaluators, and end when the last worker has ended. Not answered."""


class Evaluate(msgspec.Struct, frozen=True, tag=True):
    """To an evaluator: evaluate one tick; answered with Evaluated."""

    request: TickRequest


class Evaluated(msgspec.Struct, frozen=True, tag=True):
    """Outcome of a tick."""

    result: TickResult


class ListPartitionKeys(msgspec.Struct, frozen=True, tag=True):
    """To an evaluator: keys of a partitions definition; answered with PartitionKeys or Failed."""

    name: str


class PartitionKeys(msgspec.Struct, frozen=True, tag=True):
    """Keys of a partitions definition."""

    keys: tuple[str, ...]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The request could not be answered; `error.code` tells the class of ours."""

    error: ErrorInfo


Message = (
    Describe | Loaded | NotLoaded | StartWorker | StartEvaluator | Started | Refused | Count | Counted | Retire
    | Evaluate | Evaluated | ListPartitionKeys | PartitionKeys | Failed
)  # fmt: skip

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def send(connection: socket.socket, message: Message) -> None:
    """Send one message. Raises OSError when the peer is gone."""
    body = _ENCODER.encode(message)
    connection.sendall(_LENGTH.pack(len(body)) + body)


def receive(connection: socket.socket) -> Message | None:
    """Receive one message; None when the peer has ended. Raises OSError (TimeoutError by the socket's timeout)."""
    head = _receive_exactly(connection, _LENGTH.size)
    if head is None:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > MAX_MESSAGE:
        raise OSError(f"a message of {size} bytes cannot be")
    body = _receive_exactly(connection, size)
    return None if body is None else _DECODER.decode(body)


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    pieces = bytearray()
    while len(pieces) < size:
        try:
            piece = connection.recv(min(size - len(pieces), 1 << 20))
        except ConnectionResetError:
            return None
        if not piece:
            return None
        pieces += piece
    return bytes(pieces)


def has_hung_up(connection: socket.socket) -> bool:
    """The peer has closed its end: nobody waits for an answer."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if not poll.poll(0):  # (with a timeout of its own a socket would wait for that long)
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def is_same_user(connection: socket.socket) -> bool:
    """True when the peer of a unix socket runs as this user."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the mode of the directory alone has to do
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return bool(uid == os.getuid())
