"""The loop's waiting: nobody is called back for what is not watched any more, nor woken once it is over."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from rostrum.executors.reactor import SelectorReactor


@pytest.fixture
def readable() -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(2)]
        for ours, theirs in pairs:
            stack.callback(ours.close)
            stack.callback(theirs.close)
            theirs.send(b"!")
        yield [ours for ours, _ in pairs]


def test_what_another_one_closed_in_the_same_turn_is_not_called(
    reactor: SelectorReactor, readable: list[socket.socket]
) -> None:
    called: list[int] = []

    def close_all(number: int) -> None:
        called.append(number)
        for each in readable:
            reactor.unwatch(each)
            each.close()

    for number, each in enumerate(readable):
        reactor.watch(each, lambda number=number: close_all(number))
    reactor.turn(1.0)
    assert len(called) == 1


def test_what_has_got_the_number_of_another_one_is_not_called_for_it(
    reactor: SelectorReactor, readable: list[socket.socket]
) -> None:
    called: list[str] = []
    new = socket.socketpair()

    def replace(number: int) -> None:
        called.append("old")
        other = readable[1 - number].fileno()
        for each in readable:
            reactor.unwatch(each.fileno())
        os.dup2(new[0].fileno(), other)
        reactor.watch(other, lambda: called.append("new"))

    for number, each in enumerate(readable):
        reactor.watch(each.fileno(), lambda number=number: replace(number))
    reactor.turn(1.0)
    assert called == ["old"]
    new[1].send(b"!")
    reactor.turn(1.0)
    assert called == ["old", "new"]
    for each in new:
        each.close()


def test_who_calls_when_the_loop_is_over_writes_to_nobody_else() -> None:
    reactor = SelectorReactor()
    reactor.close()
    pairs = [socket.socketpair() for _ in range(4)]  # they get the numbers that it had
    reactor.call(lambda: None)
    for each in (end for pair in pairs for end in pair):
        each.setblocking(False)
        with pytest.raises(BlockingIOError):
            each.recv(1)
    for each in (end for pair in pairs for end in pair):
        each.close()
