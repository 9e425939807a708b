"""A step worker's end of the line to its run worker: see `interfaces.frames`."""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Sequence
from queue import SimpleQueue

import msgspec

from rostrum.execution.copies import PROCESS
from rostrum.execution.unbroken import UNBROKEN
from rostrum.interfaces.frames import (
    ANSWER,
    DONE,
    EVENTS,
    QUESTION,
    START,
    Done,
    FrameReader,
    Start,
    frame,
    start_decoder,
)
from rostrum.model.errors import Unavailable
from rostrum.model.events import Event, encode_events

_READ_BYTES = 1 << 16


class Line:
    """For one thread that receives. Threads of user code may log, so sending is locked."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(True)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._reader = FrameReader()
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, bytes, int]] = deque()
        """Frames that have come while another one was waited for; an answer with its number."""
        self._generation = PROCESS.generation
        self._answers: SimpleQueue[tuple[int, bytes] | None] | None = None
        """Of a thread that receives for all others."""
        self._asked = self._answered = 0
        """Questions sent, answers received. They come in order, and who has asked may have been interrupted meanwhile:
        an answer that nobody waits for is not the next one's."""

    def emit(self, event: Event) -> None:
        """Send one event."""
        self.send((event,))

    def send(self, events: Sequence[Event]) -> None:
        """Send events."""
        self._send(EVENTS, encode_events(events))

    def done(self, attempts: Sequence[Done]) -> None:
        """Tell that these attempts are over, with all that they have to tell."""
        self._send(DONE, msgspec.msgpack.encode(attempts))

    def ask(self, question: bytes) -> bytes:
        """Ask the run worker; one question at a time. Raises Unavailable when it is gone."""
        if PROCESS.generation != self._generation:
            raise Unavailable(
                "a copy of the step's process (os.fork, multiprocessing) cannot ask the run worker: ask before"
            )
        with UNBROKEN:
            self._send(QUESTION, question)
            self._asked += 1
            number = self._asked
        while True:
            answer = self._answers.get() if self._answers is not None else self._take(ANSWER)
            if answer is None:
                raise _closed()
            if answer[0] >= number:
                return answer[1]

    def next_start(self) -> Start | None:
        """Wait for the next attempt; None when there is none."""
        try:
            return start_decoder().decode(self.receive(START))
        except Unavailable:
            return None

    def receive(self, wanted: int) -> bytes:
        """Wait for a frame of a kind. Raises Unavailable when the run worker has closed the line."""
        return self._take(wanted)[1]

    def _take(self, wanted: int) -> tuple[int, bytes]:
        while True:
            for place, (kind, body, number) in enumerate(self._kept):
                if kind == wanted:
                    del self._kept[place]
                    return number, body
            self._read()

    def share(self) -> None:
        """From now on one thread receives for all (`next_frame`); others may ask meanwhile."""
        self._answers = SimpleQueue()

    def next_frame(self) -> tuple[int, bytes] | None:
        """Wait for the next frame that is no answer; None when the run worker has closed the line. After `share`."""
        assert self._answers is not None
        while True:
            while self._kept:
                kind, body, number = self._kept.popleft()
                if kind != ANSWER:
                    return kind, body
                self._answers.put((number, body))
            try:
                self._read()
            except (Unavailable, OSError):
                self._answers.put(None)
                return None

    def _read(self) -> None:
        self._poll.poll()  # may be interrupted: nothing has been taken yet
        with UNBROKEN:
            data = self._socket.recv(_READ_BYTES)
            for kind, body in self._reader.feed(data):
                self._answered += kind == ANSWER
                self._kept.append((kind, body, self._answered))
        if not data:
            raise _closed()

    def _send(self, kind: int, body: bytes) -> None:
        if PROCESS.generation != self._generation:
            return  # a copy has nothing to say
        data = frame(kind, body)
        with UNBROKEN, self._lock:
            self._socket.sendall(data)


def _closed() -> Unavailable:
    return Unavailable("the run worker has closed the line")
