"""Stretches of a thread that no interrupt tears: an event is told, a frame is sent, whole or not at all.

What interrupts user code is an exception that comes up between any two of its lines, by a signal in the main thread, by
the interpreter in others. The code of steps calls ours, so it may come up there, too. One that comes while a stretch
lasts is raised at its end.
"""

from __future__ import annotations

import ctypes
import threading
from threading import get_ident
from typing import Any
from weakref import WeakValueDictionary


class Stretch:
    """Of one thread, which alone begins and ends it. Stretches may lie in each other."""

    __slots__ = ("__weakref__", "depth", "is_main", "pending")

    def __init__(self) -> None:
        self.depth = 0
        self.pending: BaseException | type[BaseException] | None = None
        self.is_main = threading.current_thread() is threading.main_thread()
        _threads[get_ident()] = self

    def begin(self) -> None:
        """From here on nothing comes up."""
        if self.is_main or self.depth:
            self.depth += 1  # handlers of signals run in this thread itself
            return
        try:
            with _turn:
                self.depth = 1
            _now()
        except BaseException:
            self.depth = 0
            raise

    def end(self) -> None:
        """Raise what came meanwhile."""
        if self.is_main:
            self.depth -= 1
        else:
            with _turn:
                self.depth -= 1
        if self.pending is not None and not self.depth:
            pending, self.pending = self.pending, None
            raise pending


_threads: WeakValueDictionary[int, Stretch] = WeakValueDictionary()
"""By thread; those that have had a stretch."""
_turn = threading.Lock()


class Unbroken(threading.local):
    """A stretch of whatever thread comes here, as a context manager."""

    def __init__(self) -> None:
        self.stretch = Stretch()

    def __enter__(self) -> None:
        self.stretch.begin()

    def __exit__(self, *raised: object) -> None:
        self.stretch.end()


UNBROKEN = Unbroken()


def interrupt_here(raising: BaseException) -> None:
    """Raise it, or put it off. For handlers of signals."""
    stretch = UNBROKEN.stretch
    if not stretch.depth:
        raise raising
    stretch.pending = raising


def interrupt_in(thread: int, raising: type[BaseException]) -> None:
    """Have it come up in another thread, by its number."""
    with _turn:
        stretch = _threads.get(thread)
        if stretch is not None and stretch.depth:
            stretch.pending = raising
        else:
            _set(thread, ctypes.py_object(raising))


def withdraw(thread: int) -> None:
    """Nothing comes up any more that has not come yet. Called in that thread, or where it cannot come."""
    _set(thread, None)


def _set(thread: int, raising: Any) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raising)


def _now() -> None:
    """What has been set for this thread before comes up when a function is called, so here at the latest."""
