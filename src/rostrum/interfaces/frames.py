"""The line between a run worker and a step worker: length-prefixed frames on a socket pair. Pure bytes, no IO.

A frame is four bytes of length (big endian, of what follows), one byte of kind, and a body. The step worker sends
`EVENTS` (a batch, `encode_events`) and `QUESTION`; the run worker sends `WORK` (first, to fresh interpreters only) and
`ANSWER`.
"""

from __future__ import annotations

import struct

EVENTS, QUESTION, WORK, ANSWER = 1, 2, 3, 4
MAX_FRAME = 1 << 30

_HEAD = struct.Struct(">IB")


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
