"""A notification that only shortens a wait: losing one costs latency, never correctness (law 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Doorbell(Protocol):
    """Topics are plain words: `queue`, `events`, `runs`, `locations`, `schedules`, `limits`."""

    def ring(self, topic: str) -> None:
        """Wake those who wait on the topic. Never blocks, never fails."""
        ...

    def wait(self, topic: str, seen: int, seconds: float) -> int:
        """Block until the topic's count differs from `seen`, at most `seconds`; returns the count."""
        ...

    def count(self, topic: str) -> int:
        """How often the topic has rung, as far as is known here."""
        ...

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Have `callback(topic)` called at each ring, in whichever thread rings: it must be quick. Returns what ends
        it.
        """
        ...
