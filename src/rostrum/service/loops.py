"""`Loop`: one thread that calls `run_once(now)` again and again, when its time has come or a doorbell rings.

Loops tolerate being started and stopped in any order, any number of times, from any thread. An exception of `run_once`
is reported, counted and retried with growing backoff; it never ends the thread. `stop()` joins: from inside `run_once`
it only asks (like `request_stop`).
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from rostrum.interfaces.clock import Clock
from rostrum.interfaces.doorbell import Doorbell
from rostrum.model.errors import ErrorInfo, Frame, RostrumError

_log = logging.getLogger(__name__)

RunOnce = Callable[[datetime], float]
"""One iteration: takes the present time, returns the seconds until it wants to be called again."""

MAX_BACKOFF_SECONDS = 60.0


class LoopHealth(msgspec.Struct, frozen=True):
    """How a loop fares."""

    iterations: int = 0
    failures: int = 0
    """Failures in a row; 0 after an iteration that went well."""
    last_error: ErrorInfo | None = None
    """Of the last iteration, when it failed."""
    last_ended_at: datetime | None = None
    last_seconds: float = 0.0


class _Life:
    """One life of a loop's thread."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.wake = threading.Event()
        self.thread: threading.Thread | None = None

    def request_stop(self) -> None:
        self.stop.set()
        self.wake.set()


class Loop:
    """A thread around `run_once`. With a doorbell it is also woken by rings of `topics`.

    `rest_seconds` pass between two iterations however often it rings. `stop()` waits `join_seconds` at most for an
    iteration that blocks (a long poll); None: until it ends.
    """

    def __init__(
        self,
        name: str,
        run_once: RunOnce,
        clock: Clock,
        retry_after: float = 1.0,
        *,
        doorbell: Doorbell | None = None,
        topics: Sequence[str] = (),
        rest_seconds: float = 0.0,
        join_seconds: float | None = None,
    ) -> None:
        self.name = name
        self._run_once = run_once
        self._clock = clock
        self._retry_after = retry_after
        self._doorbell = doorbell
        self._topics = frozenset(topics)
        self._rest_seconds = rest_seconds
        self._join_seconds = join_seconds
        self._lock = threading.Lock()
        self._life: _Life | None = None
        self._health = LoopHealth()
        self._iterated = threading.Condition()

    @property
    def health(self) -> LoopHealth:
        """How it fares, as of the last iteration."""
        return self._health

    @property
    def is_running(self) -> bool:
        """True between start and stop."""
        life = self._life
        return life is not None and not life.stop.is_set()

    def start(self) -> None:
        """Start the thread, unless it runs."""
        if self._inside():
            return
        with self._lock:
            if self._life is not None and not self._life.stop.is_set():
                return
            self._join()
            life = _Life()
            life.thread = threading.Thread(target=self._main, args=(life,), name=f"loop-{self.name}", daemon=True)
            self._life = life
            life.thread.start()

    def stop(self) -> None:
        """Stop the thread and wait for the end of its iteration. Does nothing when it does not run."""
        self.request_stop()
        if self._inside():
            return
        with self._lock:
            if self._life is not None:
                self._life.request_stop()
            self._join()

    def request_stop(self) -> None:
        """Ask the thread to end after the present iteration; returns at once."""
        life = self._life
        if life is not None:
            life.request_stop()

    def wake(self) -> None:
        """Have the next iteration begin now."""
        life = self._life
        if life is not None:
            life.wake.set()

    def wait_for_iterations(self, number: int, seconds: float = 5.0) -> bool:
        """Block until `number` iterations have ended since the loop was made; False when time ran out. For tests."""
        with self._iterated:
            return self._iterated.wait_for(lambda: self._health.iterations >= number, seconds)

    def iterate(self) -> float:
        """One guarded iteration in the calling thread; returns the seconds until the next."""
        began = time.monotonic()
        error: ErrorInfo | None = None
        try:
            pause = self._run_once(self._clock.now())
        except Exception as exception:  # noqa: BLE001 - the boundary that keeps a loop alive
            error = _report(self.name, exception)
            pause = self._backoff(self._health.failures + 1)
        with self._iterated:
            self._health = LoopHealth(
                iterations=self._health.iterations + 1,
                failures=self._health.failures + 1 if error else 0,
                last_error=error,
                last_ended_at=self._clock.now(),
                last_seconds=time.monotonic() - began,
            )
            self._iterated.notify_all()
        return pause

    def _main(self, life: _Life) -> None:
        unsubscribe = self._listen(life)
        try:
            while not life.stop.is_set():
                # Cleared before the truth is read: a ring while the iteration runs makes another one follow.
                life.wake.clear()
                if life.stop.is_set():
                    return
                self._clock.wait(life.wake, self.iterate())
                # Rings do not cut all of the pause short, or a failing loop would spin with what it fails on.
                rest = max(self._rest_seconds, min(self._retry_after, 0.1) if self._health.failures else 0.0)
                if rest and not life.stop.is_set():
                    self._clock.wait(life.stop, rest)
        finally:
            unsubscribe()

    def _listen(self, life: _Life) -> Callable[[], None]:
        if self._doorbell is None or not self._topics:
            return lambda: None
        for topic in self._topics:
            self._doorbell.count(topic)  # makes the topic known to doorbells that poll

        def ring(topic: str) -> None:
            if topic in self._topics:
                life.wake.set()

        return self._doorbell.subscribe(ring)

    def _backoff(self, failures: int) -> float:
        pause = min(self._retry_after * 2 ** min(failures - 1, 10), MAX_BACKOFF_SECONDS)
        return pause * (0.75 + 0.5 * self._clock.random())

    def _inside(self) -> bool:
        life = self._life
        return life is not None and life.thread is threading.current_thread()

    def _join(self) -> None:
        if self._life is not None and self._life.thread is not None:
            self._life.thread.join(self._join_seconds)
        self._life = None


def _report(name: str, exception: Exception) -> ErrorInfo:
    retryable = isinstance(exception, RostrumError) and exception.retryable
    _log.log(logging.WARNING if retryable else logging.ERROR, "loop %s: %s", name, exception, exc_info=not retryable)
    return describe(exception)


def describe(exception: BaseException) -> ErrorInfo:
    """An exception of our own code as a value, with its frames."""
    frames = tuple(
        Frame(file=frame.filename, line=frame.lineno or 0, function=frame.name)
        for frame in traceback.extract_tb(exception.__traceback__)
    )
    cause = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
    return ErrorInfo(
        class_name=type(exception).__name__,
        message=str(exception),
        frames=frames,
        cause=describe(cause) if cause is not None else None,
        code=getattr(exception, "code", "") if isinstance(exception, RostrumError) else "",
    )
