"""Time, ids and randomness are arguments (law 7)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading  # importing the library needs none


class Clock(Protocol):
    """Time and identity. The real one is in `service/clock.py`, the fake in `testing/clock.py`."""

    def now(self) -> datetime:
        """Aware UTC time. Never goes backwards within a process."""
        ...

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Block until `stop` is set or `seconds` have passed; say whether `stop` is set."""
        ...

    def new_id(self) -> str:
        """A fresh uuid7."""
        ...

    def random(self) -> float:
        """Uniform in [0, 1): for jitter."""
        ...
