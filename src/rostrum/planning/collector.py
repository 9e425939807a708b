"""Seldom collecting garbage while many objects are made that stay: definitions, manifests, plans, the steps of a run.

The collector looks through young objects after every few hundred that are made, and through all after a quarter more
has come. Where ten thousand assets are being made nothing is garbage, and half of the time goes into looking for it.
While ten thousand steps of a run wait in one process, nothing old is garbage: looking through all of them again and
again takes a third of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

_SELDOM = (200_000, 10, 10)
_SELDOM_ALL = 100
"""All objects are looked through after so many looks through younger ones, at least."""

_Thresholds = tuple[int, int, int]


class _Uses:
    """Of this process: nested and concurrent uses count as one. Without a lock: when threads come between, some of the
    work is done with other thresholds.
    """

    def __init__(self) -> None:
        self.making = self.running = 0
        self._usual: _Thresholds = (700, 10, 10)
        """Of who uses this process."""
        self._ours: _Thresholds | None = None
        """What was set here last; anything else is somebody else's wish."""

    def begin(self) -> None:
        now = gc.get_threshold()
        if now != self._ours:
            self._usual = now
        self._set()

    def end(self) -> None:
        if gc.get_threshold() == self._ours:
            self._set()

    def _set(self) -> None:
        young, middle, old = self._usual
        if not young:
            return  # the collector is switched off, and stays so
        if self.making:
            self._ours = _SELDOM
        elif self.running:
            self._ours = (young, middle, max(old, _SELDOM_ALL))
        else:
            gc.set_threshold(young, middle, old)
            self._ours = None
            return
        gc.set_threshold(*self._ours)


_uses = _Uses()


@contextmanager
def seldom_collecting() -> Generator[None, None, None]:
    """Inside, garbage is looked for after every 200 000 objects only: for code of ours that makes what stays. Where the
    collector is switched off it stays so.
    """
    _uses.making += 1
    _uses.begin()
    try:
        yield
    finally:
        _uses.making -= 1
        _uses.end()


@contextmanager
def seldom_collecting_all() -> Generator[None, None, None]:
    """Inside, young garbage is collected as usual, and all objects are looked through a tenth as often: for code of
    users, whose young garbage may hold much memory.
    """
    _uses.running += 1
    _uses.begin()
    try:
        yield
    finally:
        _uses.running -= 1
        _uses.end()
