"""The boundary around user code: the only place of the product that catches what user code raises.

An exception becomes a `Raised`: the exception itself for those who raise it again in this process, and an `ErrorInfo`
that crosses processes. An interrupt is told apart: it cancels the run, or comes because that is being cancelled. All
else that user code can throw, `SystemExit` included, is its failure; so is a KeyboardInterrupt of its own in a process
that runs one step only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import Any

from rostrum.definitions.error_info import error_info
from rostrum.execution.active import Active, Interrupter
from rostrum.execution.copies import PROCESS, end_copy
from rostrum.model.errors import ErrorInfo, StepTimeout


class Raised:
    """What user code raised."""

    __slots__ = ("exception", "where")

    def __init__(self, exception: BaseException, where: str = "") -> None:
        self.exception, self.where = exception, where

    @property
    def is_interrupt(self) -> bool:
        """True for an interrupt: from outside where the run is being cancelled, else user code raised it by itself. The
        end of a step's time is a failure.
        """
        return isinstance(self.exception, KeyboardInterrupt) and not isinstance(self.exception, StepTimeout)

    def info(self) -> ErrorInfo:
        """The exception as a value, told with the place where it came up when that was not the user's function."""
        info = error_info(self.exception)
        if not self.where:
            return info
        kind, _, text = self.where.partition(": ")
        return ErrorInfo(class_name=kind, message=f"{text}: {info.first_line}", cause=info)


class Wrapped(Exception):
    """Carries an exception of user code through our frames, with the place where it came up (`Kind: text`)."""

    def __init__(self, exception: BaseException, where: str) -> None:
        super().__init__(where)
        self.exception, self.where = exception, where


def guard(function: Callable[..., Any], *args: Any) -> Raised | None:
    """Call; None when it returned, else what it raised. A copy of this process does not come back."""
    called, raised = PROCESS.generation, None
    try:
        function(*args)
    except Wrapped as wrapped:
        raised = Raised(wrapped.exception, wrapped.where)
    except BaseException as exception:  # noqa: BLE001 - user code may raise anything
        raised = Raised(exception)
    if PROCESS.generation != called:
        end_copy(raised.exception if raised is not None else None)
    return raised


def guard_interruptible(
    interrupter: Interrupter, active: Active, thread: int, function: Callable[[Active], Any]
) -> Raised | None:
    """The same for the code of an attempt that may be interrupted at any line, and only inside of this call."""
    raised = None
    try:
        interrupter.open(active, thread)
        raised = guard(function, active)
    except BaseException as interrupt:  # noqa: BLE001 - it came before anything had begun, or when all was over
        raised = raised or Raised(interrupt)
    while True:
        try:
            interrupter.close(active)
            return raised
        except BaseException as interrupt:  # noqa: BLE001 - once, since none is sent twice
            raised = raised or Raised(interrupt)


async def guard_task(
    interrupter: Interrupter | None, active: Active, task: Any, function: Callable[[Active], Coroutine[Any, Any, Any]]
) -> Raised | None:
    """The same for code that is awaited: the task's cancellation is an interrupt, a CancelledError of the code's own
    is not.
    """
    called, raised = PROCESS.generation, None
    try:
        if interrupter is not None:
            interrupter.open(active, task)
        await function(active)
    except Wrapped as wrapped:
        raised = Raised(wrapped.exception, wrapped.where)
    except BaseException as exception:  # noqa: BLE001 - user code may raise anything
        raised = Raised(exception)
        if task.cancelling() and type(exception).__name__ == "CancelledError":
            active.interrupt = active.interrupt or KeyboardInterrupt
            raised = Raised(active.interrupt().with_traceback(exception.__traceback__))
    if PROCESS.generation != called:
        end_copy(raised.exception if raised is not None else None)
    if interrupter is not None:
        interrupter.close(active)
    return raised


async def contained(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Await user code in a thread that its caller waits for: a copy of this process has no caller there."""
    called = PROCESS.generation
    try:
        return await coroutine
    finally:
        if PROCESS.generation != called:
            end_copy(sys.exception())


def placed(where: Callable[[], str], function: Callable[..., Any], *args: Any) -> Any:
    """Call user code other than the step's function; what it raises is told with what `where` says (`Kind: text`),
    which is asked only then. Interrupts pass.
    """
    called = PROCESS.generation
    try:
        result = function(*args)
    except (KeyboardInterrupt, Wrapped):
        raise
    except BaseException as exception:
        raise Wrapped(exception, where()) from exception
    if PROCESS.generation != called:
        end_copy(None)
    return result
