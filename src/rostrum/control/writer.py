"""Group commit: many callers' requests become one transaction, made by one thread; each caller gets its own answer.

While one group is being committed the next one gathers, so no caller waits for a timer, and a hundred workers cost as
many transactions as one. A request that fails takes only itself down: its group is repeated one by one.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from rostrum.model.errors import Unavailable

R = TypeVar("R")

MAX_GROUP = 512
"""Requests a transaction, so that a group's latency stays bounded."""
MAX_WEIGHT = 5000
"""Weight (events) a transaction: others that write to the database wait no longer than this takes."""


def _one(_request: object) -> int:
    return 1


class Pending(Generic[R]):
    """A request and where its answer goes."""

    __slots__ = ("future", "request")

    def __init__(self, request: R) -> None:
        self.request = request
        self.future: Future[Any] = Future()


class GroupWriter(Generic[R]):
    """Gathers requests for `commit`, which makes one transaction of a group and returns one answer each (or raises:
    nothing done).

    Without `start()` each request is committed at once in the caller's thread. `start` and `stop` may be called in any
    order, any number of times; what was submitted before `stop` is still answered.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[R]], Sequence[Any]],
        *,
        weigh: Callable[[R], int] = _one,
        gather_seconds: float = 0.0,
    ) -> None:
        self._weigh = weigh
        self._commit = commit
        self._gather_seconds = gather_seconds
        self._queue: queue.SimpleQueue[Pending[R] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._inline = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the writer thread."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="event-writer", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Answer what is waiting, then end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join()

    def submit(self, request: R) -> Future[Any]:
        """Hand a request over; the future's result is its answer."""
        pending = Pending(request)
        with self._lock:
            if self._thread is not None:
                self._queue.put(pending)
                return pending.future
        with self._inline:
            self._answer([pending])
        return pending.future

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, last = self._gather(first)
            self._answer(group)
            if last:
                return

    def _gather(self, first: Pending[R]) -> tuple[list[Pending[R]], bool]:
        group = [first]
        weight = self._weigh(first.request)
        until = time.monotonic() + self._gather_seconds
        while len(group) < MAX_GROUP and weight < MAX_WEIGHT:
            try:
                left = until - time.monotonic()
                more = self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return group, True
            group.append(more)
            weight += self._weigh(more.request)
        return group, False

    def _answer(self, group: list[Pending[R]]) -> None:
        group = [pending for pending in group if pending.future.set_running_or_notify_cancel()]
        if not group:
            return
        try:
            answers = self._commit([pending.request for pending in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the callers, and the thread must go on
            self._blame(group, error)
            return
        for pending, answer in zip(group, answers, strict=True):
            if isinstance(answer, Exception):
                pending.future.set_exception(answer)
            else:
                pending.future.set_result(answer)

    def _blame(self, group: list[Pending[R]], error: Exception) -> None:
        if len(group) == 1 or isinstance(error, Unavailable):
            for pending in group:
                pending.future.set_exception(error)
            return
        for pending in group:
            try:
                (answer,) = self._commit([pending.request])
            except Exception as own:  # noqa: BLE001 - as above
                answer = own
            if isinstance(answer, Exception):
                pending.future.set_exception(answer)
            else:
                pending.future.set_result(answer)
