"""How a cancel and the end of a step's time reach user code: by signals in the main thread, without ever tearing an
event out of the stream.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rostrum.execution.active import ACTIVE
from rostrum.execution.unbroken import interrupt_here, interrupt_in
from rostrum.interfaces.frames import LIMIT_SIGNAL
from rostrum.model.errors import StepTimeout
from rostrum.model.plans import Step

_AGAIN_SECONDS = 5.0
"""A step that swallows the end of its time is told again after this time."""


class Interrupts:
    """Owns SIGINT of this process for a while, where it can (in the main thread); elsewhere it does nothing.

    `raising`: SIGINT raises KeyboardInterrupt in user code (steps run in this process); else it only calls
    `on_interrupt`.
    """

    def __init__(self, on_interrupt: Callable[[], None], *, raising: bool) -> None:
        self._on_interrupt, self._raising = on_interrupt, raising
        self._limit: float | None = None
        """Seconds that the step may take whose code runs."""
        self._is_over_time = False
        """The next signal says that they are over; it is no cancel."""
        self._before: Any = None
        self.is_owner = threading.current_thread() is threading.main_thread()

    def start(self) -> None:
        if self.is_owner:
            self._before = signal.signal(signal.SIGINT, self._handle)

    def calm(self) -> None:
        """From now on raise nothing: the steps have ended."""
        self._raising = False

    def stop(self) -> None:
        if self.is_owner and self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def limit(self, seconds: float) -> Generator[None]:
        """While it is open, raise StepTimeout in the calling thread when so many seconds are over, and again while that
        is swallowed. A blocking call wakes up in the main thread only.
        """
        done = threading.Event()
        executing = threading.get_ident()
        self._limit = seconds

        def watch() -> None:
            wait = seconds
            while not done.wait(wait):
                wait = _AGAIN_SECONDS
                self._expire(executing)

        thread = threading.Thread(target=watch, name="rostrum-limit", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self._limit = None

    def _expire(self, executing: int) -> None:
        if self.is_owner:
            self._is_over_time = True
            signal.pthread_kill(executing, signal.SIGINT)
        else:
            interrupt_in(executing, StepTimeout)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_over_time:
            self._is_over_time = False
            if self._limit is None or not _runs_code():
                return  # the attempt has ended meanwhile
            interrupt_here(StepTimeout.of(self._limit))
            return
        self._on_interrupt()
        if self._raising:
            interrupt_here(KeyboardInterrupt())


class StepSignals:
    """The signals of a step worker: a cancel raises KeyboardInterrupt in user code, and stays known; the end of the
    step's time raises StepTimeout. For the main thread.
    """

    def __init__(self) -> None:
        self._is_canceled = False
        self._step: Step | None = None
        signal.signal(signal.SIGINT, self._cancel)
        signal.signal(LIMIT_SIGNAL, self._expire)

    def is_canceled(self) -> bool:
        """Say whether a cancel has come."""
        return self._is_canceled

    @contextmanager
    def about(self, step: Step) -> Generator[None]:
        """The step whose time may end."""
        self._step = step
        try:
            yield
        except StepTimeout:
            pass  # it came when all was over
        finally:
            self._step = None

    def _cancel(self, number: int, frame: FrameType | None) -> None:
        self._is_canceled = True
        interrupt_here(KeyboardInterrupt())

    def _expire(self, number: int, frame: FrameType | None) -> None:
        if self._step is not None and _runs_code():
            interrupt_here(StepTimeout.of(self._step.timeout_seconds or 0.0))


def _runs_code() -> bool:
    """Whether code of a step runs in this thread, beneath the boundary that catches what it raises."""
    active = ACTIVE.get()
    return active is not None and active.is_open
