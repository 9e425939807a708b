"""Attempts that run now in this process: what log lines and output belong to, and what can be interrupted.

A context variable says which attempt the code of a thread or task belongs to. Threads that user code starts have a
context of their own: what they write belongs to the one attempt that runs, where it is the only one, else to the run.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any

from rostrum.definitions.contexts.step_scope import StepScope
from rostrum.execution.steps.hook_records import HookRecord
from rostrum.execution.unbroken import interrupt_here, interrupt_in, withdraw
from rostrum.model.events import Event
from rostrum.model.plans import Step

Emit = Callable[[Event], None]


class Active:
    """One attempt of a step under way."""

    # On the class, since most attempts have none of these, and making an attempt is on the hot path.
    scope: StepScope | None = None
    record: HookRecord | None = None
    """What hooks are told, where the step has hooks."""
    blocked: list[Any] | None = None
    """Verdicts that fail the step."""
    output: Any = None
    """Where its output goes: see `attribution`."""
    handle: Any = None
    """The thread (its number) or task that runs its code, while `is_open`."""
    is_open = False
    """Whether its user code runs, so that an interrupt may come."""
    interrupt: type[BaseException] | None = None
    """What it has been asked to end by: where its code raises that, it is no failure of its own."""
    has_ended = False
    """Nothing more is taken from it."""
    is_copy = False
    """This process is a copy of the one that runs it."""

    def __init__(self, step: Step, attempt: int, emit: Emit, run_log: Any, around: Active | None) -> None:
        self.step, self.attempt, self.emit, self.run_log = step, attempt, emit, run_log
        self.around = around
        """The attempt in whose code this one's run is executed, where there is one."""


ACTIVE: ContextVar[Active | None] = ContextVar("rostrum_attempt", default=None)
"""The attempt whose code runs now in this thread or task."""


class Interrupter:
    """Interrupts single attempts of a process that runs several: in its threads, its main thread, its tasks.

    A thread is interrupted between two lines of Python; a call that blocks in it is not woken up. The main thread is
    woken up by a SIGINT, which ends in this object's handler; one that nobody here has sent goes to the handler before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: Any = None
        self._owns_signal = threading.current_thread() is threading.main_thread()
        self._main = threading.main_thread().ident
        self._fired: Active | None = None
        """Attempt in the main thread that is to end."""
        self._sent = False
        """A signal for the main thread is under way that is no cancel of the run."""
        if self._owns_signal:
            self._before = signal.signal(signal.SIGINT, self._handle)

    def stop(self) -> None:
        """Leave signals as they were."""
        if self._owns_signal and self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def open(self, active: Active, handle: Any) -> None:
        """User code of the attempt begins in this thread or task. Raises the interrupt where it is to end already."""
        with self._lock:
            active.handle, active.is_open = handle, True
            wanted = active.interrupt
        if wanted is not None:
            raise wanted

    def close(self, active: Active) -> None:
        """It is over in this thread: after this no interrupt comes any more."""
        with self._lock:
            active.is_open = False
            if self._fired is active:
                self._fired = None
            if active.interrupt is not None and isinstance(active.handle, int):
                withdraw(active.handle)

    def interrupt(self, active: Active, raising: type[BaseException]) -> None:
        """Have its user code end by this exception, or by CancelledError in a task. From any thread."""
        with self._lock:
            active.interrupt = raising
            if not active.is_open:
                return
            handle = active.handle
            if not isinstance(handle, int):
                handle.get_loop().call_soon_threadsafe(self._cancel, active)
            elif handle == self._main and self._owns_signal:
                self._fired, self._sent = active, True
                signal.pthread_kill(handle, signal.SIGINT)
            else:
                interrupt_in(handle, raising)

    def _cancel(self, active: Active) -> None:
        if active.is_open:
            active.handle.cancel()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._sent:
            if callable(self._before):
                self._before(number, frame)
            return
        fired, self._fired, self._sent = self._fired, None, False
        if fired is not None and fired.is_open and fired.interrupt is not None:
            interrupt_here(fired.interrupt())
