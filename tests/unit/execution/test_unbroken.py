"""Stretches of a thread that no interrupt tears."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from rostrum.execution.unbroken import UNBROKEN, interrupt_here
from rostrum.model.errors import StepTimeout


@pytest.fixture
def interruptible() -> Iterator[None]:
    def handle(number: int, frame: FrameType | None) -> None:
        interrupt_here(StepTimeout.of(1))

    before = signal.signal(signal.SIGUSR1, handle)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_in_the_main_thread_a_signal_waits_for_the_end(interruptible: None) -> None:
    done: list[str] = []

    def stretches() -> None:
        with UNBROKEN:
            with UNBROKEN:
                signal.raise_signal(signal.SIGUSR1)
                done.append("inner")
            done.append("outer")

    with pytest.raises(StepTimeout):
        stretches()
    assert done == ["inner", "outer"]
    with pytest.raises(StepTimeout):
        signal.raise_signal(signal.SIGUSR1)
    with UNBROKEN:
        pass


def test_what_a_stretch_raises_does_not_leave_it_open(interruptible: None) -> None:
    with pytest.raises(ValueError, match="of its own"), UNBROKEN:
        raise ValueError("of its own")
    with pytest.raises(StepTimeout):
        signal.raise_signal(signal.SIGUSR1)
