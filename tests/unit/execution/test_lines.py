"""The step worker's end of the line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from rostrum.execution.workers.lines import Line
from rostrum.interfaces.frames import ANSWER, QUESTION, FrameReader, frame
from rostrum.model.errors import Unavailable


class Other:
    """The run worker's end, answering as it is told."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.line, self.socket, self._reader = Line(theirs.detach()), ours, FrameReader()

    def question(self) -> bytes:
        while True:
            for kind, body in self._reader.feed(self.socket.recv(1 << 16)):
                assert kind == QUESTION
                return body

    def answer(self, body: bytes) -> None:
        self.socket.sendall(frame(ANSWER, body))


@pytest.fixture(params=["alone", "shared"])
def other(request: pytest.FixtureRequest) -> Iterator[Other]:
    made = Other()
    receiver = threading.Thread(target=made.line.next_frame, daemon=True)
    if request.param == "shared":
        made.line.share()
        receiver.start()
    yield made
    made.socket.close()
    if receiver.is_alive():
        receiver.join(10)
    made.line._socket.close()  # pyright: ignore[reportPrivateUsage] - it is the process's to its end


def test_an_answer_that_nobody_waits_for_is_not_the_next_ones(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    line = other.line
    with monkeypatch.context() as patch:
        source = line._answers if line._answers is not None else line  # pyright: ignore[reportPrivateUsage]
        name = "get" if line._answers is not None else "_take"  # pyright: ignore[reportPrivateUsage]
        if name == "get":
            patch.setattr(line, "_answers", _Interrupted())
        else:
            patch.setattr(source, name, _interrupted)
        with pytest.raises(KeyboardInterrupt):
            line.ask(b"one")
    assert other.question() == b"one"
    other.answer(b"of one")
    other.answer(b"of two")
    assert line.ask(b"two") == b"of two"


def test_a_closed_line_says_so(other: Other) -> None:
    other.socket.shutdown(socket.SHUT_WR)
    with pytest.raises(Unavailable, match="closed the line"):
        other.line.ask(b"anybody?")


def _interrupted(wanted: int) -> tuple[int, bytes]:
    raise KeyboardInterrupt


class _Interrupted:
    def get(self) -> None:
        raise KeyboardInterrupt
