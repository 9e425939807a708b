"""The boundary around user code: the only place of the product that catches what user code raises.

An exception becomes a `Raised`: the exception itself for those who raise it again in this process, and an `ErrorInfo`
that crosses processes. An interrupt is told apart: it cancels the run, or comes because that is being cancelled. All
else that user code can throw, `SystemExit` included, is its failure; so is a KeyboardInterrupt of its own in a process
that runs one step only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rostrum.definitions.error_info import error_info
from rostrum.model.errors import ErrorInfo


class Raised:
    """What user code raised."""

    __slots__ = ("exception", "where")

    def __init__(self, exception: BaseException, where: str = "") -> None:
        self.exception, self.where = exception, where

    @property
    def is_interrupt(self) -> bool:
        """True for an interrupt: from outside where the run is being cancelled, else user code raised it by itself."""
        return isinstance(self.exception, KeyboardInterrupt)

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
    """Call; None when it returned, else what it raised."""
    try:
        function(*args)
    except Wrapped as wrapped:
        return Raised(wrapped.exception, wrapped.where)
    except BaseException as exception:  # noqa: BLE001 - user code may raise anything
        return Raised(exception)
    return None


def placed(where: Callable[[], str], function: Callable[..., Any], *args: Any) -> Any:
    """Call user code other than the step's function; what it raises is told with what `where` says (`Kind: text`),
    which is asked only then. Interrupts pass.
    """
    try:
        return function(*args)
    except (KeyboardInterrupt, Wrapped):
        raise
    except BaseException as exception:
        raise Wrapped(exception, where()) from exception
