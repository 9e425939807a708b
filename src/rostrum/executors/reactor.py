"""Waiting for files and for other threads, in the one thread of a loop."""

from __future__ import annotations

import os
import selectors
from collections import deque
from collections.abc import Callable
from typing import Any


class _End:
    """An end of a pipe, open for as long as somebody has it: a thread that wakes a loop that is just over must not
    write to what has got the same number since. (No lock: user code that is interrupted there would never release it.)
    """

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.close(self.number)


class SelectorReactor:
    """See `places.Reactor`."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._calls: deque[Callable[[], None]] = deque()
        self._reading, writing = os.pipe()
        for end in (self._reading, writing):
            os.set_blocking(end, False)
        self._writing: _End | None = _End(writing)
        self._selector.register(self._reading, selectors.EVENT_READ, None)

    def watch(self, file: Any, on_readable: Callable[[], object]) -> None:
        """Call back in the loop's thread whenever `file` can be read."""
        self._selector.register(file, selectors.EVENT_READ, on_readable)

    def unwatch(self, file: Any) -> None:
        """No more. No error where it was not watched."""
        try:
            self._selector.unregister(file)
        except (KeyError, ValueError):
            pass

    def call(self, function: Callable[[], None]) -> None:
        """Have it called in the loop's thread soon. From any thread."""
        self._calls.append(function)
        writing = self._writing
        try:
            if writing is not None:
                os.write(writing.number, b"!")
        except OSError:
            pass  # full: it wakes up anyway; or the loop is over

    def turn(self, seconds: float) -> None:
        """Wait for at most so long, then call back what is due."""
        for key, _ in self._selector.select(0.0 if self._calls else max(0.0, seconds)):
            if key.data is None:
                os.read(self._reading, 4096)
            elif self._selector.get_map().get(key.fd) is key:  # not unwatched by one called before
                key.data()
        for _ in range(len(self._calls)):
            self._calls.popleft()()

    def close(self) -> None:
        """Free what it holds."""
        self._selector.close()
        os.close(self._reading)
        self._writing = None
