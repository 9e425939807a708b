"""How processes that serve until stopped learn that they are to end."""

from __future__ import annotations

import signal
import threading
from types import FrameType

_LOOK_SECONDS = 1.0


def wait_for(stop: threading.Event) -> None:
    """Wait in the main thread until the event is set. Looks up every second: of two signals that come at once the
    kernel may give one to another thread, and then nothing wakes the main thread, which alone runs handlers.
    """
    while not stop.wait(_LOOK_SECONDS):
        pass


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set.

    The event is set by a thread of its own: a handler runs inside whatever the main thread does, which may hold the
    event's lock already (a second signal, a wait that is just ending), and would then wait for itself for ever.
    """
    stop = threading.Event()
    told: list[int] = []

    def tell(number: int, _frame: FrameType | None) -> None:
        if not told:
            told.append(number)
            threading.Thread(target=stop.set, name="stop", daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    return stop
