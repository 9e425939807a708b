"""The line between a run worker and a step worker: length-prefixed frames on a socket pair. Pure bytes, no IO.

A frame is four bytes of length (big endian, of what follows), one byte of kind, and a body. The run worker sends `WORK`
(first, to fresh interpreters only), `START` for each attempt, and `ANSWER`; to a process that runs several attempts at
once `OPEN` (first: what it is for), `INTERRUPT` and `FORGET` too. The step worker sends `EVENTS` (a batch,
`encode_events`), `QUESTION`, and `DONE` when it does nothing more for some attempts. It serves until the line closes,
or until a `Start` that is its last one is done.
"""

from __future__ import annotations

import signal
import struct
from functools import cache

import msgspec

from rostrum.model.errors import ErrorInfo
from rostrum.model.plans import Step

EVENTS, QUESTION, WORK, ANSWER, START, DONE, OPEN, INTERRUPT, FORGET = range(1, 10)
MAX_FRAME = 1 << 30
LIMIT_SIGNAL = signal.SIGRTMIN + 6 if hasattr(signal, "SIGRTMIN") else signal.SIGUSR2
"""Sent to a step worker beside the line: the time of its step is over."""

_HEAD = struct.Struct(">IB")


class Start(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An attempt for the step worker, with what has become known since it was started."""

    step: Step
    attempt: int
    apart: int = 0
    """How many attempts before it have failed through no fault of the code's, where those are counted apart."""
    steps: tuple[Step, ...] = ()
    """Steps that have joined the run, or of which more is known."""
    events: bytes = b""
    """Events of the run that matter to later steps (`encode_events`)."""
    is_last: bool = False
    """No other one follows: the process ends after it."""
    lane: str = ""
    """In a process that runs several at once: `in_process`, `thread` or `async`."""


@cache
def start_decoder() -> msgspec.msgpack.Decoder[Start]:
    """Reads the body of `START`. Making it takes milliseconds: who forks makes it before."""
    return msgspec.msgpack.Decoder(Start)


class Done(msgspec.Struct, frozen=True, omit_defaults=True):
    """Nothing more comes of an attempt. A `DONE` frame is a list of these."""

    step_key: str
    attempt: int
    cause: str = ""
    """Where it has no end of its own: as in `StepFailed.cause`."""
    error: ErrorInfo | None = None


class Open(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a process that runs several attempts at once is for."""

    steps: tuple[str, ...]
    """Keys of all steps that may come: their resources are set up first."""
    threads: int
    number: int
    """Of the process in its run, from 1."""


class Interrupt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the attempts of a process that runs several is to end."""

    step_key: str
    attempt: int
    level: int
    """As in `executors.places.Place.interrupt`."""


def frame(kind: int, body: bytes) -> bytes:
    """One frame, ready to be sent."""
    return _HEAD.pack(len(body) + 1, kind) + body


class FrameReader:
    """Puts frames together from pieces as they come. A frame cut short by the sender's death stays unfinished and is
    never seen.
    """

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Add received bytes; returns the frames that are whole now, as (kind, body). Raises ValueError on an
        impossible length.
        """
        buffer = self._buffer
        buffer += data
        frames: list[tuple[int, bytes]] = []
        start = 0
        while len(buffer) - start >= _HEAD.size:
            size, kind = _HEAD.unpack_from(buffer, start)
            if not 1 <= size <= MAX_FRAME:
                raise ValueError(f"a frame of {size} bytes cannot be")
            end = start + 4 + size
            if len(buffer) < end:
                break
            frames.append((kind, bytes(buffer[start + _HEAD.size : end])))
            start = end
        del buffer[:start]
        return frames
