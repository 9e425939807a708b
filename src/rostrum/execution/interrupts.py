"""SIGINT while a run is executed: how a cancel reaches user code, without ever tearing an event out of the stream."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Interrupts:
    """Owns SIGINT of this process for a while, where it can (in the main thread); elsewhere it does nothing.

    `raising`: SIGINT raises KeyboardInterrupt in user code (steps run in this process); else it only calls
    `on_interrupt`. While `hold` is true the exception is put off until `release`.
    """

    def __init__(self, on_interrupt: Callable[[], None], *, raising: bool) -> None:
        self._on_interrupt, self._raising = on_interrupt, raising
        self._pending = False
        self.hold = False
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

    def release(self) -> None:
        """End of the held part: raise what came meanwhile."""
        self.hold = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._on_interrupt()
        if not self._raising:
            return
        if self.hold:
            self._pending = True
        else:
            raise KeyboardInterrupt
